"""Mapping functions, called: whatever a user's function does, a document or a `Fault` comes out."""

import traceback
from pathlib import PurePath
from typing import Any

from pollux.check.faults import Fault, shown
from pollux.check.mapping import Reader
from pollux.check.shapes import is_list, is_object
from pollux.columns.quality import Reason


def called(read: Reader, topic: str, payload: bytes) -> list[dict[Any, Any]]:
    """What a mapping function says: objects of signals, copied, so that what it keeps is its own."""
    try:
        said: object = read(topic, payload)
    except Exception as wrong:  # noqa: BLE001 - whatever a user's function raises refuses this message and no other
        raise Fault(Reason.MAPPING_FAILED, f"{type(wrong).__name__}: {str(wrong)[:200]}{_line(wrong)}") from None
    several = said if is_list(said) else [] if said is None else [said]
    objects = [dict(one) for one in several if is_object(one)]
    if len(objects) < len(several):
        raise Fault(Reason.MAPPING_FAILED, f"expected dicts of signals from the mapping, got {shown(said)}")
    return objects


def _line(wrong: Exception) -> str:
    """Where a mapping function failed: its file, and the line of it that ran last."""
    called = [step for step in traceback.extract_tb(wrong.__traceback__) if step.filename != __file__]
    own = [step for step in called if step.filename == called[0].filename]
    return f" ({PurePath(own[-1].filename).name}:{own[-1].lineno})" if own else ""
