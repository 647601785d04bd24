"""`pollux bench`: promises measured beside their peers, from a checkout, where the measurements are."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from pollux.errors import SetupError

NAMES = {
    "ensemble": "ensemble",
    "ensemble-odeint": "ensemble",
    "ensemble-jax": "ensemble",
    "single": "ensemble",
    "circulation": "ensemble",
    "stiff": "stiff",
    "stiff-odeint": "stiff",
    "noise": "noise",
    "step": "step",
    "step-circulation": "step",
    "first": "first",
    "first-import": "first",
    "fork": "fork",
    "coupling": "coupling",
    "coupling-many": "coupling",
    "co-simulation": "coupling",
    "what-if": "whatif",
    "ingest": "ingest",
    "ingest-batched": "ingest",
    "samples": "samples",
    "samples-binary": "samples",
    "connections": "many",
    "recovery": "recovery",
    "ingest-tls": "tls",
    "ingest-sealed": "sealed",
    "ingest-paced": "latency",
    "latency": "latency",
    "coap": "coap",
    "coap-many": "coap",
    "coap-endpoint": "coap",
    "coap-dtls": "coap",
    "edge": "edge",
    "edge-messages": "edge",
    "edge-columns": "edge",
    "edge-summaries": "edge",
    "edge-check": "edge",
    "edge-check-fast": "edge",
    "edge-live": "edge",
    "edge-live-missed": "edge",
    "edge-fast": "edge",
    "fmu": "fmu",
    "fmu-isolated": "fmu",
    "events": "events",
    "events-queue": "events",
    "events-processes": "events",
}


class Measured(Protocol):
    """One line of the table."""

    @property
    def name(self) -> str: ...

    @property
    def value(self) -> float: ...

    @property
    def unit(self) -> str: ...

    @property
    def goal(self) -> str: ...

    @property
    def peer(self) -> str | None: ...

    @property
    def peer_value(self) -> float | None: ...

    @property
    def ratio(self) -> float | None: ...

    @property
    def conditions(self) -> Mapping[str, str]: ...


def run(options: argparse.Namespace) -> int:
    """Measure what is named, or everything, and print it."""
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        raise SetupError(f"no benchmark {unknown[0]!r}", hint=f"there are {', '.join(NAMES)}")
    for line in measured(options.names or list(NAMES)):
        print(json.dumps(as_plain(line)) if options.json else as_row(line), flush=True)
    return 0


def measured(names: Iterable[str]) -> Iterator[Measured]:
    """Run the measurements that hold these names, each module once."""
    root = Path.cwd()
    if not (root / "tests" / "promises").is_dir():
        raise SetupError("the measurements are not here", hint="run it in a checkout of Pollux: make bench")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    wanted = set(names)
    for module in dict.fromkeys(NAMES[name] for name in names):
        for line in import_module(f"tests.promises.{module}").measure():
            if line.name in wanted:
                yield line


def as_plain(line: Measured) -> dict[str, str | float | dict[str, str] | None]:
    """A line as JSON has it, with the conditions of both sides: solver, tolerance, error, cores, warm or cold."""
    return {
        "name": line.name,
        "value": line.value,
        "unit": line.unit,
        "goal": line.goal,
        "peer": line.peer,
        "peer_value": line.peer_value,
        "ratio": line.ratio,
        "conditions": dict(line.conditions),
    }


def as_row(line: Measured) -> str:
    """A line for people, and below it the conditions of both sides."""
    goal = f"goal {line.goal}"
    peer = "" if line.peer is None else f"{line.peer} {_number(line.peer_value)}"
    ratio = "" if line.ratio is None else f"ratio {line.ratio:.3g}"
    head = f"{line.name:16} {line.value:12.4g} {line.unit:22} {goal:12} {peer} {ratio}".rstrip()
    return "\n".join([head, *(f"{'':16} {name}: {text}" for name, text in line.conditions.items())])


def _number(value: float | None) -> str:
    return "not here" if value is None else f"{value:.4g}"
