"""Which of the things that are not known for sure decides an outcome."""

from typing import Literal

from msgspec import Struct

Method = Literal["tornado", "sobol"]


class Bar(Struct, frozen=True, kw_only=True):
    """What one input does: the outcome `at_low` and `at_high` of its range `low` to `high`, all else as it is believed.

    `share` is its part of the outcome's spread, in per cent; `lo` and `hi` are the 90 % interval of that, where known.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    at_low: float | None
    at_high: float | None
    share: float | None
    lo: float | None
    hi: float | None


class Sensitivity(Struct, frozen=True, kw_only=True):
    """The inputs of one outcome of a fork, the one that matters most first; in `none` nobody has asked yet."""

    fork: str
    state: Literal["none", "running", "done", "failed"]
    progress: float = 0.0
    text: str | None = None
    method: Method = "tornado"
    output: str | None = None
    label: str | None = None
    unit: str | None = None
    over: str | None = None
    middle: float | None = None
    words: str | None = None
    note: str | None = None
    runs: int = 0
    failed: int = 0
    bars: tuple[Bar, ...] = ()
