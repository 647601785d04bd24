"""Cells to values and back: all registers of a device at once, one array operation for each kind of number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from pollux.connect.modbus.registers import WORDS, Kind, Register
from pollux.errors import DataRefused

U16: TypeAlias = NDArray[np.uint16]
F64: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

_FORMS: Final[dict[Kind, str]] = {
    "int16": ">i2", "uint16": ">u2", "bits": ">u2", "bcd16": ">u2", "int32": ">i4", "uint32": ">u4",
    "float32": ">f4", "bcd32": ">u4", "int64": ">i8", "uint64": ">u8", "float64": ">f8",
}  # fmt: skip
_BCD: Final = ("bcd16", "bcd32")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What the cells of a device say: `number` (n,), NaN where there is none or a text stands; `missing` (n,) where the
    device shows that nothing is connected; `text` by the place of its register."""

    number: F64
    missing: Mask
    text: dict[int, str]


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The registers of one kind: their places, and where in the image their cells lie (n, w), most significant first.

    Each row of `missing` is how many patterns there are, then the patterns, the last one again where there are fewer.
    """

    kind: Kind
    places: NDArray[np.intp]
    cells: NDArray[np.intp]
    swapped: Mask
    scale: F64
    offset: F64
    shift: NDArray[np.uint16]
    mask: NDArray[np.uint16]
    missing: NDArray[np.uint64]


@final
class Decoding:
    """How the cells of some registers are read.

    The image of a device is a row of 16-bit cells, the registers one after the other (bits of tables of bits as 0 and
    1); `starts[i]` is where register i begins.

    >>> both = Decoding([Register(0, "int16", scale=0.1), Register(4, "uint32", order="CDAB")])
    >>> both.decode(np.array([215, 0x0001, 0x0002], np.uint16)).number.round(3).tolist()
    [21.5, 131073.0]
    """

    def __init__(self, registers: Sequence[Register]) -> None:
        self.registers = tuple(registers)
        lengths = [register.cells for register in self.registers]
        self.starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.intp)[:-1]
        self.cells = sum(lengths)
        self._texts = [place for place, register in enumerate(self.registers) if register.kind == "string"]
        self._groups = [group for kind in _FORMS if (group := self._group(kind)) is not None]

    def decode(self, image: U16) -> Values:
        """The values of an image (cells,)."""
        number = np.full(len(self.registers), np.nan)
        missing = np.zeros(len(self.registers), np.bool_)
        for group in self._groups:
            number[group.places], missing[group.places] = _read(group, image)
        return Values(number, missing, {place: self._text(place, image) for place in self._texts})

    def _text(self, place: int, image: U16) -> str:
        register, start = self.registers[place], int(self.starts[place])
        cells = image[start : start + register.cells]
        raw = (cells.byteswap() if register.order == "BADC" else cells).astype(">u2").tobytes()
        text = raw.split(b"\0", 1)[0].decode("ascii", "replace")
        return "".join(sign for sign in text if sign.isprintable()).strip()

    def _group(self, kind: Kind) -> _Group | None:
        chosen = [place for place, register in enumerate(self.registers) if register.kind == kind]
        if not chosen:
            return None
        some = [self.registers[place] for place in chosen]
        words = np.arange(WORDS[kind])
        backwards = np.array([register.order in ("CDAB", "DCBA") for register in some])
        within = np.where(backwards[:, None], words[::-1], words)
        most = max(1, *(len(register.patterns) for register in some))
        return _Group(
            kind=kind,
            places=np.array(chosen, np.intp),
            cells=(self.starts[chosen][:, None] + within).astype(np.intp),
            swapped=np.array([register.order in ("BADC", "DCBA") for register in some]),
            scale=np.array([register.scale for register in some]),
            offset=np.array([register.offset for register in some]),
            shift=np.array([register.bit for register in some], np.uint16),
            mask=np.array([(1 << register.width) - 1 for register in some], np.uint16),
            missing=_padded([register.patterns for register in some], most),
        )


def _padded(patterns: list[tuple[int, ...]], most: int) -> NDArray[np.uint64]:
    """The missing patterns as a table (n, 1 + most), as `_Group` says."""
    rows = [[len(some), *some, *([some[-1] if some else 0] * (most - len(some)))] for some in patterns]
    return np.array(rows, np.uint64)


def _read(group: _Group, image: U16) -> tuple[F64, Mask]:
    words = image[group.cells]
    words = np.where(group.swapped[:, None], words.byteswap(), words)
    form = _FORMS[group.kind]
    packed = np.ascontiguousarray(words.astype(">u2"))
    bits = packed.view(f">u{form[-1]}")[:, 0].astype(np.uint64)
    missing = (group.missing[:, :1] > 0) & (bits[:, None] == group.missing[:, 1:])
    found: NDArray[Any] = packed.view(form)[:, 0]
    if group.kind == "bits":
        found = (found.astype(np.uint16) >> group.shift) & group.mask
    number = _of_bcd(bits, int(form[-1]) * 2) if group.kind in _BCD else found.astype(np.float64)
    lost = missing.any(axis=1) | (np.isnan(number) if group.kind not in _BCD else False)
    scaled = number * group.scale + group.offset
    return np.where(lost, np.nan, scaled), lost


def _of_bcd(bits: NDArray[np.uint64], digits: int) -> F64:
    """Binary-coded decimals; NaN where a digit is above nine."""
    places = np.arange(digits, dtype=np.uint64)
    each = (bits[:, None] >> (np.uint64(4) * places)) & np.uint64(15)
    number = (each * 10.0 ** places.astype(np.float64)).sum(axis=1)
    return np.where((each > 9).any(axis=1), np.nan, number)


def encode(register: Register, value: float) -> U16:
    """The cells that make a register say a value, most nearly; raises DataRefused for what it cannot say.

    >>> encode(Register(0, "int32", order="CDAB", scale=0.1), -6.5536e3).tolist()
    [0, 65535]
    """
    raw = (value - register.offset) / register.scale
    if register.kind in ("string", "bits") and register.table != "coil":
        raise DataRefused(f"expected a register that holds one number, got {register.kind}", at=register.place)
    form = ">u2" if register.table == "coil" else _FORMS[register.kind]
    if form[1] == "f":
        bits = np.array([raw]).astype(form)
        if not np.isfinite(bits[0]):
            raise DataRefused(f"expected a number that {register.kind} can hold, got {value:g}", at=register.place)
    else:
        bits = np.array([_whole(register, raw, form, value)]).astype(form)
    words = bits.view(">u2").astype(np.uint16)
    words = words[::-1] if register.order in ("CDAB", "DCBA") else words
    return words.byteswap() if register.order in ("BADC", "DCBA") else words.copy()


def _whole(register: Register, raw: float, form: str, value: float) -> int:
    digits = int(form[-1]) * 2
    if register.table == "coil":
        low, high = 0, 1
    elif register.kind in _BCD:
        low, high = 0, 10**digits - 1
    else:
        info = np.iinfo(form)
        low, high = int(info.min), int(info.max)
    # What is not finite is in no range, and compares so.
    if not low - 0.5 <= raw <= high + 0.5:
        within = sorted(end * register.scale + register.offset for end in (low, high))
        raise DataRefused(f"expected from {within[0]:g} to {within[1]:g}, got {value:g}", at=register.place)
    whole = min(max(round(raw), low), high)
    return int(str(whole), 16) if register.kind in _BCD else whole
