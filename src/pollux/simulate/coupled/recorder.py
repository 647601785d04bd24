"""What a coupled run hands out: expressions of all types on the grid, reckoned from recorded rows, along links too."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.columns.links import Links
from pollux.errors import SimulationError
from pollux.model.evaluate import evaluate_all
from pollux.model.graph import Expr
from pollux.model.walk import topological
from pollux.simulate.coupled.exchange import Exchange
from pollux.simulate.coupled.numpy_kernel import gathered, totalled
from pollux.simulate.coupled.places import Places
from pollux.simulate.coupled.rows import KindRows

Reader: TypeAlias = Callable[[int, int], F64]
"""Gives a row of a type, (times, twins, members)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Everything that tells what a name of a type means in a system, and where its numbers stand."""

    exchange: Exchange
    rows: tuple[KindRows, ...]
    places: Places
    links: Mapping[tuple[int, str], Links]

    def row(self, kind: int, leaf: Expr) -> int:
        """The row of a leaf in the table of its type."""
        rows = self.rows[kind]
        if leaf.op == "present":
            return rows.present[str(leaf.data)]
        return rows.run.window(leaf).out if leaf.op == "window" else rows.run.layout.place(str(leaf.data))

    def leaves(self, kind: int, exprs: Iterable[Expr]) -> set[tuple[int, Expr]]:
        """The leaves below some expressions, those beyond links included."""
        found: set[tuple[int, Expr]] = set()
        todo = [(kind, tuple(exprs))]
        while todo:
            place, roots = todo.pop()
            for one in topological(roots, stop=frozenset(("window",))):
                if one.op in ("gather", "total"):
                    source = self.exchange.source(place, one)
                    todo.append((source.kind, (source.expr,)))
                elif one.op in ("state", "param", "phase", "window", "present"):
                    found.add((place, one))
                elif one.op in ("settled", "delay", "noise"):
                    raise SimulationError(
                        f"expected values of rates, events and windows, got one with a {one.op}",
                        at=self.exchange.schemas[place].name,
                    )
        return found

    def now(self, table: F64, kind: int, exprs: Sequence[Expr], *, time: float) -> F64:
        """Expressions of a type as they are in a table, (expressions, twins, members)."""

        def read(place: int, row: int) -> F64:
            found: F64 = self.places.of(table, place)[row][None]
            return found

        shape = (1, self.places.twins[kind], table.shape[1])
        reckoned: F64 = _Reckoning(self, read, np.array([time])).all(kind, exprs, shape)[:, 0]
        return reckoned


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledRecorder:
    """Which expressions of each type are wanted; `moving` are the rows that are recorded for them."""

    system: System
    exprs: tuple[tuple[Expr, ...], ...]
    moving: tuple[tuple[int, int], ...]

    @property
    def picks(self) -> I64:
        """The rows of the table that are recorded."""
        rows = [self.system.places.row(kind, row) for kind, row in self.moving]
        return np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int64)

    def values(self, recorded: F64, table: F64, times: F64) -> list[F64]:
        """Of each type its expressions, (expressions, times, twins, members), from rows (picks, times, members)."""
        places = self.system.places
        counts = [places.twins[kind] for kind, _ in self.moving]
        first = dict(zip(self.moving, np.cumsum([0, *counts[:-1]]).tolist() if counts else [], strict=True))

        def read(kind: int, row: int) -> F64:
            if (kind, row) not in first:
                still: F64 = places.of(table, kind)[row][None]
                return still
            at = first[kind, row]
            return recorded[at : at + places.twins[kind]].swapaxes(0, 1)

        reckoning = _Reckoning(self.system, read, times)
        shapes = [(len(times), twins, table.shape[1]) for twins in places.twins]
        return [reckoning.all(kind, exprs, shapes[kind]) for kind, exprs in enumerate(self.exprs)]


def coupled_recorder(system: System, exprs: Sequence[Sequence[Expr]], fed: Sequence[frozenset[str]]) -> CoupledRecorder:
    """A recorder of expressions by type; parameters in `fed` move, others stand still."""
    leaves = set[tuple[int, Expr]]().union(*(system.leaves(kind, some) for kind, some in enumerate(exprs)))
    moving = {
        (kind, system.row(kind, leaf))
        for kind, leaf in leaves
        if leaf.op != "present" and (leaf.op != "param" or leaf.data in fed[kind])
    }
    return CoupledRecorder(system, tuple(map(tuple, exprs)), tuple(sorted(moving)))


@final
class _Reckoning:
    """Expressions by NumPy, each once, whichever twins ask for it."""

    def __init__(self, system: System, read: Reader, times: F64) -> None:
        self._system, self._read = system, read
        self._times = times[:, None, None]
        self._known: dict[tuple[int, Expr], F64] = {}

    def all(self, kind: int, exprs: Sequence[Expr], shape: tuple[int, ...]) -> F64:
        out = np.empty((len(exprs), *shape))
        for place, one in enumerate(evaluate_all(tuple(exprs), lambda leaf: self._leaf(kind, leaf))):
            out[place] = one
        return out

    def _leaf(self, kind: int, leaf: Expr) -> F64:
        if leaf.op == "time":
            return self._times
        if leaf.op not in ("gather", "total"):
            numbers = self._read(kind, self._system.row(kind, leaf))
            return numbers >= 0.5 if leaf.op == "present" else numbers  # type: ignore[return-value]
        if (kind, leaf) not in self._known:
            self._known[kind, leaf] = self._beyond(kind, leaf)
        return self._known[kind, leaf]

    def _beyond(self, kind: int, node: Expr) -> F64:
        source = self._system.exchange.source(kind, node)
        (found,) = evaluate_all((source.expr,), lambda leaf: self._leaf(source.kind, leaf))
        twins = self._system.places.twins
        values = np.broadcast_to(found, np.broadcast_shapes(found.shape, (1, twins[source.kind], 1))).swapaxes(0, 1)
        along = totalled if node.op == "total" else gathered
        link = self._system.links[kind, str(node.data)]
        return along(values, link, (twins[kind], *values.shape[1:])).swapaxes(0, 1)
