"""The digest of a schema: the same in every process, another when anything that counts is changed."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pollux.model.graph import Expr, Settled, Window
from pollux.model.priors import lognormal, normal, uniform
from pollux.model.schema import Command, Link, Schema, Signal
from pollux.model.units import Unit
from pollux.model.walk import topological

_VERSION = 1


def digest(schema: Schema) -> str:
    """SHA-256 of the canonical form of a schema; names, units, numbers and equations count, documentation does not."""
    return _sha256(_canonical_schema(schema))


def digest_of(*roots: Expr) -> str:
    """SHA-256 of the canonical form of expressions, to know a compiled kernel by."""
    nodes = _Nodes(roots)
    return _sha256([nodes.table(), [nodes.place[one] for one in roots]])


def _sha256(form: Any) -> str:
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical_schema(schema: Schema) -> Any:
    nodes = _Nodes(_roots(schema))
    return {
        "version": _VERSION,
        "name": schema.name,
        "personal": schema.personal,
        "signals": [_signal(one) for one in schema.signals],
        "states": schema.states,
        "params": schema.params,
        "nodes": nodes.table(),
        "rates": nodes.places(schema.rates),
        "derived": nodes.places(schema.derived),
        "readings": nodes.places(schema.readings),
        "events": nodes.places({name: one.condition for name, one in schema.events.items()}),
        "cycles": nodes.places({name: one.period for name, one in schema.cycles.items()}),
        "jumps": [[one.event, one.state, nodes.place[one.value]] for one in schema.jumps],
        "links": [_link(name, one) for name, one in schema.links.items()],
        "commands": [_command(name, one) for name, one in schema.commands.items()],
        # Told where they are: what a type does not use does not change its digest.
        **({"algebraic": nodes.places(schema.algebraic)} if schema.algebraic else {}),
        **({"noises": schema.noises} if schema.noises else {}),
    }


def _link(name: str, link: Link) -> list[Any]:
    about = ["own"] if link.schema is None else [link.schema.digest]
    return [name, *about, *(["single"] if link.is_single else []), *(["promised"] if link.is_promised else [])]


def _command(name: str, command: Command) -> list[Any]:
    return [name, [_signal(fact) for fact in command.parameters], *(["measures"] if command.measures else [])]


def _roots(schema: Schema) -> Iterable[Expr]:
    yield from schema.rates.values()
    yield from schema.algebraic.values()
    yield from schema.derived.values()
    yield from schema.readings.values()
    yield from (one.condition for one in schema.events.values())
    yield from (one.period for one in schema.cycles.values())
    yield from (one.value for one in schema.jumps)


def _signal(signal: Signal) -> list[Any]:
    plain = {field.name: getattr(signal, field.name) for field in dataclasses.fields(signal) if field.name != "doc"}
    return [[name, _plain(value)] for name, value in plain.items()]


class _Nodes:
    """The nodes below some roots as a table: operands are told by their place in it."""

    def __init__(self, roots: Iterable[Expr]) -> None:
        self._nodes = topological(roots, into_totals=True)
        self.place = {expr: at for at, expr in enumerate(self._nodes)}

    def table(self) -> list[Any]:
        return [
            [one.op, [self.place[arg] for arg in one.args], one.unit.symbol, _plain(one.data)] for one in self._nodes
        ]

    def places(self, named: Mapping[str, Expr]) -> list[Any]:
        return [[name, self.place[expr]] for name, expr in named.items()]


def _plain(value: object) -> Any:
    """A value as JSON that keeps every bit of a float and never meets NaN or infinity."""
    match value:
        case float():
            return value.hex()
        case Unit():
            return value.symbol
        case Settled():
            about = [value.schema.digest, list(value.inputs), value.output]
            return [*about, *map(_plain, (value.over_seconds, value.every_seconds, value.step_seconds))]
        case tuple():
            return [_plain(one) for one in cast(tuple[object, ...], value)]
        case Window() | normal() | lognormal() | uniform():
            return [type(value).__name__, *(_plain(getattr(value, one.name)) for one in dataclasses.fields(value))]
        case _:
            return value
