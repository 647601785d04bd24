"""What registers may hold, judged by what was read of them a few times: kind, order, and the reason."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from pollux.connect.modbus.registers import Kind, Order

Samples: TypeAlias = NDArray[np.uint16]
"""Cells that lie side by side, read again and again: (samples, cells)."""

ORDERS: Final[tuple[Order, ...]] = ("ABCD", "CDAB", "BADC", "DCBA")
_SMALLEST, _LARGEST = 1e-3, 1e7
_SHOWS_NOTHING: Final = (0x8000, 0xFFFF, 0x7FFF)
_SHORTEST_TEXT: Final = 4
_LONG_TEXT: Final = 8
_SEVERAL: Final = 3
_SUNSPEC: Final = (0x5375, 0x6E53)
_SMALL_NEGATIVE: Final = 0x10000 - 4000


@final
@dataclass(frozen=True, slots=True)
class Guess:
    """What may stand at `first`: `cells` registers of this kind; `shown` is the last value read, `why` the reason.

    `sure` is False where other readings are as likely: it is a place to begin, never an answer.
    """

    first: int
    cells: int
    kind: Kind
    order: Order
    shown: str
    why: str
    sure: bool = False


def guesses(first: int, samples: Samples) -> list[Guess]:
    """Guesses for cells from `first` on, in order, without overlap; cells that were always zero are left out.

    >>> [(g.first, g.kind, g.order, g.shown) for g in guesses(10, np.array([[0x41AC, 0x0000, 215]], np.uint16))]
    [(10, 'float32', 'ABCD', '21.5'), (12, 'uint16', 'ABCD', '215')]
    """
    # The words of two floats side by side also make one in another order: the right one leaves least unexplained.
    parsed = [_parsed(first, samples, order) for order in ORDERS]
    best = min(parsed, key=lambda some: sum(one.kind != "float32" for one in some))
    several = sum(one.kind == "float32" for one in best) >= _SEVERAL
    return [replace(one, sure=several) if one.kind == "float32" else one for one in best]


def _parsed(first: int, samples: Samples, order: Order) -> list[Guess]:
    at, found = 0, list[Guess]()
    while at < samples.shape[1]:
        guess = _at(first, at, samples, order)
        if guess is not None:
            found.append(guess)
        at += guess.cells if guess is not None else 1
    return found


def _at(first: int, at: int, samples: Samples, order: Order) -> Guess | None:
    here, last = first + at, samples[-1, at:]
    if tuple(last[:2].tolist()) == _SUNSPEC:
        return Guess(
            here, 2, "string", "ABCD", "SunS", "the mark of SunSpec: its models follow from here on", sure=True
        )
    text = _text(samples[:, at:])
    if text:
        why = "letters and signs only, the same in every reading"
        cells = (len(text) + 1) // 2
        padding = int(np.argmax(np.append(last[cells:] != 0, True)))
        return Guess(here, cells + padding, "string", "ABCD", text.strip(), why, sure=len(text) >= _LONG_TEXT)
    number = _float(samples[:, at : at + 2], order)
    if number is not None:
        why = f"a number of usual size as {order}, which explains most of its neighbours too"
        return Guess(here, 2, "float32", order, f"{number:g}", why)
    count = _counter(samples[:, at : at + 2])
    if count is not None:
        shown = str(_whole(last[:2], count))
        return Guess(here, 2, "uint32", count, shown, "two registers that count up together")
    return _single(here, samples[:, at])


def _single(here: int, cells: NDArray[np.uint16]) -> Guess | None:
    last, still = int(cells[-1]), bool((cells == cells[0]).all())
    if still and last == 0:
        return None
    if still and last in _SHOWS_NOTHING:
        why = f"0x{last:04X} in every reading: often what a channel shows when nothing is connected"
        return Guess(here, 1, "int16", "ABCD", str(np.int16(np.uint16(last))), why)
    moves = "the same in every reading" if still else "it moves"
    if last >= _SMALL_NEGATIVE:
        return Guess(here, 1, "int16", "ABCD", str(last - 0x10000), f"a small number below zero; {moves}")
    return Guess(here, 1, "uint16", "ABCD", str(last), f"a whole number; {moves}, its scale is not in the wire")


def _text(samples: Samples) -> str:
    """A text at the beginning of some cells, empty where there is none."""
    if not (samples == samples[0]).all(axis=0)[:2].all():
        return ""
    raw = samples[0].astype(">u2").tobytes()
    length = next((i for i, byte in enumerate(raw) if not 32 <= byte < 127), len(raw))
    same = int(np.argmin(np.append((samples == samples[0]).all(axis=0), False)))
    text = raw[: min(length, 2 * same)].decode("ascii")
    letters = sum(sign.isalnum() or sign in " -_./" for sign in text)
    # Two floats can spell six letters: a short text must end as texts do, with a zero or with the run.
    ends = raw[len(text) : len(text) + 1] in (b"", b"\0")
    whole = len(text) >= (_SHORTEST_TEXT if ends else _LONG_TEXT)
    return text if whole and letters >= 0.9 * len(text) and any(sign.isalpha() for sign in text) else ""


def _float(pair: Samples, order: Order) -> float | None:
    """The last value of two cells as a float of usual size in every reading, None where it is none."""
    if pair.shape[1] < 2:
        return None
    values = [_real(cells, order) for cells in pair]
    return values[-1] if all(map(_usual, values)) else None


def _usual(value: float) -> bool:
    return math.isfinite(value) and _SMALLEST <= abs(value) <= _LARGEST


def _counter(pair: Samples) -> Order | None:
    """The order in which two cells only count up, by less than 10,000 between two readings, beyond 16 bits."""
    if pair.shape[1] < 2 or len(pair) < 2:
        return None
    for order in ORDERS[:2]:
        values = [_whole(cells, order) for cells in pair]
        steps = [later - sooner for sooner, later in pairwise(values)]
        if 0xFFFF < values[0] < 1 << 30 and all(0 <= step < 10_000 for step in steps) and any(steps):
            return order
    return None


def _bytes(cells: Sequence[np.uint16] | NDArray[np.uint16], order: Order) -> bytes:
    words = np.asarray(cells, np.uint16)
    words = words[::-1] if order in ("CDAB", "DCBA") else words
    words = words.byteswap() if order in ("BADC", "DCBA") else words
    return words.astype(">u2").tobytes()


def _real(cells: NDArray[np.uint16], order: Order) -> float:
    return float(np.frombuffer(_bytes(cells, order), ">f4")[0])


def _whole(cells: NDArray[np.uint16], order: Order) -> int:
    return int.from_bytes(_bytes(cells, order), "big")
