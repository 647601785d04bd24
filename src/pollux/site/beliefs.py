"""A belief as plain values, for the log and for snapshots."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pollux.predict import Believed


def packed(belief: Believed) -> dict[str, Any]:
    """The ensemble and its account, as MessagePack can write them."""
    return {
        "shape": list(belief.columns.shape),
        "columns": np.ascontiguousarray(belief.columns, "<f8").tobytes(),
        "time": belief.time,
        "updates": belief.updates,
        "surprises": list(belief.surprises),
        "replaced": belief.replaced,
    }


def unpacked(body: Mapping[str, Any]) -> Believed:
    """The belief that was packed."""
    columns = np.frombuffer(body["columns"], "<f8").reshape(body["shape"]).astype(np.float64)
    return Believed(columns, body["time"], body["updates"], tuple(body["surprises"]), body["replaced"])
