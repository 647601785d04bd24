"""Figures for operators in the text format of Prometheus. No label names a person, a twin or a device."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, final

from pollux.show.facts import Metric

MEDIA: Final = "text/plain; version=0.0.4"
LABELS: Final = frozenset(
    ("broker", "tenant", "type", "route", "method", "status", "kind", "protocol", "reason", "queue", "promise", "le")
)
"""Labels that may appear; whatever else a part of the house reports is left out, with its samples added up."""


@final
class Tally:
    """What the server counts of itself, in the event loop alone; `beside` are those who count for themselves."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.links = 0
        self.frames = 0
        self.frame_bytes = 0
        self.skipped = 0
        self.holes = 0
        self.beside: list[Callable[[], Iterable[Metric]]] = []

    def metrics(self) -> Iterable[Metric]:
        """The counts."""
        yield Metric(
            "pollux_http_requests_total",
            "counter",
            "Requests answered, by route and status.",
            tuple(
                ({"method": method, "route": route, "status": str(status)}, float(n))
                for (method, route, status), n in sorted(self.requests.items())
            ),
        )
        for told in self.beside:
            yield from told()
        yield one("pollux_live_links", "gauge", "Open live links.", self.links)
        yield one("pollux_live_frames_total", "counter", "Frames sent over live links.", self.frames)
        yield one("pollux_live_bytes_total", "counter", "Bytes sent over live links.", self.frame_bytes)
        yield one("pollux_live_skipped_total", "counter", "Ticks that slow live links skipped.", self.skipped)
        yield one("pollux_live_holes_total", "counter", "Ticks at which samples had been forgotten.", self.holes)


def one(name: str, kind: Literal["counter", "gauge"], said: str, value: float) -> Metric:
    """A figure without labels."""
    return Metric(name, kind, said, (({}, float(value)),))


def text(metrics: Iterable[Metric], *, tenants: bool) -> bytes:
    """Metrics as text; tenants are named for the operator alone.

    >>> print(text([Metric("a_total", "counter", "As.", (({"tenant": "x", "twin": "P"}, 2),))], tenants=True).decode())
    # HELP a_total As.
    # TYPE a_total counter
    a_total{tenant="x"} 2
    <BLANKLINE>
    """
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} {metric.kind}"]
        added: dict[tuple[tuple[str, str], ...], float] = {}
        for labels, value in metric.samples:
            key = _allowed(labels, tenants)
            added[key] = added.get(key, 0.0) + value
        lines += [f"{metric.name}{_braces(labels)} {_number(value)}" for labels, value in added.items()]
    return ("\n".join(lines) + "\n").encode()


def _allowed(labels: Mapping[str, str], tenants: bool) -> tuple[tuple[str, str], ...]:
    hidden: frozenset[str] = frozenset() if tenants else frozenset(("tenant",))
    return tuple(sorted((key, value) for key, value in labels.items() if key in LABELS - hidden))


def _braces(labels: tuple[tuple[str, str], ...]) -> str:
    inside = ",".join(f'{key}="{_escaped(value, quotes=True)}"' for key, value in labels)
    return f"{{{inside}}}" if inside else ""


def _escaped(said: str, *, quotes: bool = False) -> str:
    plain = said.replace("\\", "\\\\").replace("\n", "\\n")
    return plain.replace('"', '\\"') if quotes else plain


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))
