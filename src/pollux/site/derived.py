"""What an ensemble says of the derived values of its type, settled models included, and of what may happen."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.model.schema import Schema
from pollux.predict import Learning, Outlook, interval
from pollux.predict.outlook import Quantiles
from pollux.simulate import Run, Settling, run
from pollux.site.compiling import COMPILERS
from pollux.site.luck import drawn
from pollux.site.onward import onward

F64 = NDArray[np.float64]

A_MOMENT: Final = SECOND
"""How far the ensemble is run so that its settled models are asked; what is read is its beginning."""

QUESTIONS: Final = 30
"""How often an outlook asks its settled models: every day of a month. It is asked anew long before that matters."""


def derived_of(schema: Schema, columns: F64, now: int) -> Mapping[str, Quantiles]:
    """By derived value 5 % quantile, median and 95 % quantile of an ensemble (layout.width, members) at a moment.

    Models that are settled are brought to rest for what the ensemble now believes, so that a filter's last analysis is
    in what they give. What no member has a number for is left out.
    """
    names = schema.estimable
    if not names:
        return {}
    outcome = run(Run(schema, columns, now, A_MOMENT, record=names), compiler=COMPILERS)
    found = {name: outcome[name][0] for name in names}
    return {name: _quantiles(values) for name, values in found.items() if np.isfinite(values).any()}


def foreseen_of(
    outlook: Outlook,
    schema: Schema,
    columns: F64,
    now: int,
    *,
    rng: np.random.Generator,
    learning: Learning | None = None,
) -> Mapping[str, Quantiles]:
    """By chance its low end, best guess and high end in per cent, of an ensemble to which nothing is done.

    What may drift by `learning` goes on drifting.
    """
    members = columns[:, drawn(columns.shape[1], outlook.members, rng)]
    plan = Run(
        schema,
        members,
        now,
        outlook.span,
        settling=Settling(every=outlook.span // QUESTIONS),
        record=tuple(schema.events),
        inputs=onward(schema, learning, members, now, outlook.span, rng),
    )
    outcome = run(plan, compiler=COMPILERS)
    first = {name: one.first for name, one in outcome.events.items()}
    already = {name: outcome[name][0] > 0 for name in schema.events}
    return outlook.counted(first, now, ~outcome.failed, already=already)


def _quantiles(members: F64) -> Quantiles:
    low, median, high = interval(members[np.isfinite(members)])
    return float(low), float(median), float(high)
