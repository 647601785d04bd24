"""What a filter tells of states that only jump."""

from typing import Any

import numpy as np
from tests.model.test_discrete import Room

from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.predict import Believed, Learning
from pollux.site.filters import Filter

MODES = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0]


def test_a_mode_is_told_as_most_members_have_it():
    """Five of nine members heat: the twin heats, and the deviation says how sure that is."""
    schema, layout = schema_of(Room), layout_of(schema_of(Room))
    columns = layout.start(9)
    columns[layout.place("heating")] = MODES
    said: list[dict[str, Any]] = []
    one = Filter(schema, Learning(members=9), seed=0, said=lambda kind, twin, body: said.append(dict(body)))
    one.resume({"R-1": Believed(columns, 1)})
    one.believe("R-1", [], 1, columns[:, 0])
    value, sigma = said[0]["values"]["heating"]
    assert (value, sigma) == (1.0, float(np.std(MODES)))
