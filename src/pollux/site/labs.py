"""What is tried on a twin when its domain says nothing: each actuator at its limits and half-way."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from pollux.decide import Futures
from pollux.model.roles import actuator
from pollux.model.twin import Twin
from pollux.site.declare import Declared
from pollux.site.presenting import Lab, LabChoice, LabFigure, LabRow

KEEP = LabChoice("keep", "Keep as is", "keep as is")
HORIZON = "7 days"


def labs_of(declared: Mapping[str, Declared]) -> dict[str, Lab]:
    """What may be tried on each type: its domain's lab, else a plain one."""
    found: dict[str, Lab] = {}
    for name, one in declared.items():
        lab = (one.presenter.lab if one.presenter else None) or plain_lab(one.kind)
        if lab is not None:
            found[name] = lab
    return found


def plain_lab(kind: type[Twin]) -> Lab | None:
    """A lab of the type's own actuators, comparing its hidden states and events; None for a type without actuators."""
    symbols = [one for one in vars(kind).values() if isinstance(one, actuator)]
    if not symbols:
        return None
    tried = [choice for symbol in symbols for choice in _of(symbol)]
    schema = symbols[0].schema
    rows = [
        _end_row(one.name, str(one.unit))
        for one in schema.signals
        if one.name in schema.rates or one.name in schema.algebraic
    ]
    rows += [_chance_row(name) for name in schema.events]
    return Lab(
        lambda _: (KEEP, *tried),
        HORIZON,
        100,
        rows,
        partial(_fewest_events, tuple(schema.events)),
        assumptions="ranked by the chance that any event happens, then by the order of the list",
        not_modelled="costs: the type declares none",
    )


def _of(symbol: actuator) -> list[LabChoice]:
    signal = symbol.schema.signal(symbol.name)
    values = (signal.low, 0.5 * (signal.low + signal.high), signal.high)
    return [
        LabChoice(f"{symbol.name}-{v:g}", f"{symbol.name} {v:g} {signal.unit}", f"{v:g}", {symbol: v}) for v in values
    ]


def _end_row(name: str, unit: str) -> LabRow:
    return LabRow("Benefit", name, unit, partial(_at_end, name), signal=name)


def _at_end(name: str, futures: Futures) -> Sequence[LabFigure]:
    band = futures.band(name)
    return [
        LabFigure(float(m[-1]), float(l[-1]), float(h[-1]))
        for l, m, h in zip(band.low, band.median, band.high, strict=True)
    ]


def _chance_row(event: str) -> LabRow:
    return LabRow("Risk", event.replace("_", " "), "%", partial(_chance, event))


def _chance(event: str, futures: Futures) -> Sequence[LabFigure]:
    happened = futures.samples.count(event) > 0
    return [LabFigure(100.0 * float(row.mean())) for row in happened]


def _fewest_events(events: tuple[str, ...], futures: Futures) -> Sequence[LabFigure]:
    total = np.zeros(futures.samples.shape)
    for name in events:
        total = total + (futures.samples.count(name) > 0)
    return [LabFigure(-float(row.mean())) for row in total]
