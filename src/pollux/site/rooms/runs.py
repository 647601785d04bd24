"""A run of a fork, from the moment it is asked for until its comparison stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND, iso
from pollux.decide import Futures, Gate
from pollux.decide.futures import Band
from pollux.decide.gates import worst
from pollux.model.schema import Schema
from pollux.predict import Outlook
from pollux.show.compose.types import outward
from pollux.show.documents.whatif import Cell, Comparison, Fan, Fork, ForkRow, RunOption, RunState, TableGroup, TableRow
from pollux.site.presenting import Lab, LabChoice, LabFigure, LabRow
from pollux.site.rooms.chances import chances

KEYS = ("0", "A", "B", "C", "D", "E", "F", "G", "H")
GROUPS = ("Benefit", "Risk", "Cost", "Gate")
GRID = 60


@final
@dataclass(frozen=True, slots=True)
class RunRecord:
    """A fork with what is known of its run; `unranked` is by choice why it is not ranked, known before or after."""

    id: str
    type: str
    twin: str
    made: int
    until: int
    members: int
    seq: int
    choices: tuple[LabChoice, ...]
    state: RunState = "running"
    progress: float = 0.0
    text: str | None = None
    seconds: float = 0.0
    kept: bool = False
    futures: Futures | None = None
    ranking: tuple[int, ...] = ()
    gates: tuple[Gate, ...] = ()
    unranked: tuple[str | None, ...] = ()

    @property
    def title(self) -> str:
        """What it is, in one line."""
        if self.state == "ready":
            return f"fork of {iso(self.made)[11:19]} · not run yet"
        length = (self.until - self.made) / (86_400 * SECOND)
        took = f" · {self.seconds:.1f} s" if self.state == "done" else ""
        luck = f"{self.members} members each, same random numbers"
        return f"fork of {iso(self.made)[11:19]} · {length:g} days · {luck}{took}"

    def row(self) -> ForkRow:
        """As it stands in a list."""
        return ForkRow(id=self.id, title=self.title, made=self.made / SECOND, state=self.state, kept=self.kept)

    def document(
        self,
        lab: Lab | None = None,
        schema: Schema | None = None,
        *,
        bound: Sequence[str] = (),
        outlook: Outlook | None = None,
    ) -> Fork:
        """Everything that is known of it; with its lab, and the schema of its twin, also what was compared.

        Of what was recorded it holds what is compared, what devices measure and what the page is `bound` to; of each
        chance of the `outlook` how often its event came in the run.
        """
        plain = Fork(
            id=self.id,
            twin=f"{self.type}/{self.twin}",
            title=self.title,
            made=self.made / SECOND,
            until=None if self.state == "ready" else self.until / SECOND,
            members=self.members,
            seq=self.seq,
            state=self.state,
            progress=self.progress,
            text=self.text,
            options=tuple(self._option(number) for number in range(len(self.choices))),
            not_modelled=(lab.not_modelled or None) if lab else None,
            sources=(lab.sources or None) if lab else None,
        )
        if self.futures is None or lab is None or schema is None:
            return plain
        shown = _shown(plain, self.futures, self, lab, schema, bound)
        return msgspec.structs.replace(shown, chances=chances(outlook, self.futures, KEYS)) if outlook else shown

    def _option(self, number: int) -> RunOption:
        choice = self.choices[number]
        gate = self.gates[number].verdict if self.gates else None
        first = bool(self.ranking) and self.ranking[0] == number
        return RunOption(
            key=KEYS[number], choice=choice.id, label=choice.label, short=choice.short, first=first, gate=gate
        )


def ranked(record: RunRecord, futures: Futures, lab: Lab, seconds: float) -> RunRecord:
    """The record of a run that has ended: gates, ranking and what is not ranked."""
    gates = tuple(worst(lab.gates(record.twin, choice)) for choice in record.choices)
    unranked = tuple(
        record.unranked[row] or lab.unranked(choice, futures, row) for row, choice in enumerate(record.choices)
    )
    scores = [figure.value for figure in lab.score(futures)]
    open_ = [row for row in range(len(scores)) if gates[row].open and unranked[row] is None]
    return replace(
        record,
        state="done",
        progress=1.0,
        seconds=seconds,
        futures=futures,
        gates=gates,
        unranked=unranked,
        ranking=tuple(sorted(open_, key=lambda row: -scores[row])),
    )


def _shown(plain: Fork, futures: Futures, record: RunRecord, lab: Lab, schema: Schema, bound: Sequence[str]) -> Fork:
    grid = [time / SECOND for time in futures.samples.times.tolist()]
    fans = {KEYS[row]: _fans(futures, row, lab, schema, bound) for row in range(len(record.choices))}
    return msgspec.structs.replace(plain, grid=grid, fans=fans, table=_table(futures, record, lab))


def _fans(futures: Futures, row: int, lab: Lab, schema: Schema, bound: Sequence[str]) -> dict[str, Fan]:
    """What is compared, measured or bound by the page, in the unit of each: a chance of a signal is no value of it."""
    compared = [line.signal for line in lab.rows if line.signal is not None]
    foretold = [one.name for one in schema.signals if one.role == "sensor" and one.name in schema.computed]
    simulated = [name for name in bound if name in schema.derived or name in schema.rates or name in schema.algebraic]
    bands = {name: futures.band(name) for name in dict.fromkeys([*compared, *foretold, *simulated])}
    return {name: _fan(name, band, row, schema) for name, band in bands.items()}


def _fan(name: str, band: Band, row: int, schema: Schema) -> Fan:
    """In the unit in which its signal is declared."""
    place = schema.index.get(name)
    unit = schema.unit_of(name) if place is None else schema.signals[place].edge
    factor, shift = (1.0, 0.0) if place is None else outward(schema.signals[place])
    p5, p50, p95 = (_short(column[row] * factor + shift) for column in (band.low, band.median, band.high))
    return Fan(unit=str(unit), p5=p5, p50=p50, p95=p95)


def _short(column: NDArray[np.float64]) -> list[float | None]:
    """Six digits of each number, more than a chart shows: what a page loads stays small."""
    return [float(f"{number:.6g}") for number in column.tolist()]


def _table(futures: Futures, record: RunRecord, lab: Lab) -> Comparison:
    groups: list[TableGroup] = []
    for title in GROUPS:
        rows = [_row(line, futures) for line in lab.rows if line.group == title]
        if title == "Gate":
            rows.append(_gates(record))
        if rows:
            groups.append(TableGroup(title=title, rows=tuple(rows)))
    return Comparison(note="median, 90 % interval", groups=tuple(groups))


def _row(line: LabRow, futures: Futures) -> TableRow:
    cells = {KEYS[row]: _cell(figure) for row, figure in enumerate(line.compare(futures))}
    return TableRow(
        label=line.label, unit=line.unit, signal=line.signal, signed=line.signed, step=line.step, cells=cells
    )


def _gates(record: RunRecord) -> TableRow:
    cells: dict[str, Cell] = {}
    for row, gate in enumerate(record.gates):
        # A closed gate is named first: that nobody has verified a size matters only where the gate lets it through.
        unranked = record.unranked[row] if gate.open else None
        reason = unranked or gate.reason or None
        word = "not ranked" if unranked else gate.verdict if row else "none"
        cells[KEYS[row]] = Cell(text=word, detail=reason)
    return TableRow(label="Gate", unit=None, signal=None, signed=False, step=None, cells=cells)


def _cell(figure: LabFigure) -> Cell:
    return Cell(value=figure.value, lo=figure.low, hi=figure.high, text=figure.text, detail=figure.detail)
