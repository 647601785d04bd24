"""Registers: where a device keeps a value, how it is written there, and what the bits mean. Declared, never guessed."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal, final

from pollux.errors import SetupError

Kind = Literal[
    "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bcd16", "bcd32", "bits", "string"
]  # fmt: skip
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
Table = Literal["coil", "discrete", "holding", "input"]

WORDS: Final[Mapping[Kind, int]] = {
    "int16": 1, "uint16": 1, "bcd16": 1, "bits": 1, "int32": 2, "uint32": 2, "float32": 2, "bcd32": 2,
    "int64": 4, "uint64": 4, "float64": 4,
}  # fmt: skip
ORDERS: Final = ("ABCD", "CDAB", "BADC", "DCBA")
FLAGS: Final = frozenset({"coil", "discrete"})
"""Tables whose cells are single bits."""
WRITABLE: Final = frozenset({"coil", "holding"})
LAST: Final = 65_535
_LONGEST_TEXT: Final = 125
_NUMBERED: Final[Mapping[str, Table]] = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_DIGITS: Final = re.compile(r"([0134])(\d{4,5})")


@final
@dataclass(frozen=True, slots=True)
class Register:
    """One value of a device: an address, and how to read what stands there.

    `address` counts from 0, as the wire does. Handbooks that count from 1 and put the table in front are given as text:
    `"40001"` is holding register 0, `"30001"` input register 0, `"10001"` discrete input 0, `"00001"` coil 0, and so
    with six digits. The value is `raw * scale + offset` in `unit`; without a unit it is in the signal's declared one.

    `order` is that of the bytes of a 32-bit number as vendors write it: ABCD is big-endian, CDAB swaps the words, BADC
    the bytes of each word, DCBA both. Longer numbers follow the same rule, 16-bit ones and texts know ABCD and BADC.
    `missing` are bit patterns that the device shows when nothing is connected (0x8000, 0xFFFF): the value is bad then,
    as is a NaN. `"bits"` takes `width` bits from `bit` on, 0 the lowest; `"string"` takes `length` registers of ASCII.
    `codes` names what numbers mean, for a signal of choices. `write` says how an actuator is written where the device
    knows one way only: "single" is function 5 or 6, "multiple" 15 or 16.

    Raises SetupError for what cannot be meant.

    >>> Register("40101", "int16", scale=0.1, unit="degC").address
    100
    >>> Register("30001").table
    'input'
    """

    address: int | str
    kind: Kind = "uint16"
    _: KW_ONLY
    table: Table = "holding"
    order: Order = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    missing: int | Sequence[int] = ()
    bit: int = 0
    width: int = 1
    length: int = 0
    codes: Mapping[int, str] = field(default_factory=dict[int, str])
    write: Literal["single", "multiple", ""] = ""

    def __post_init__(self) -> None:
        if isinstance(self.address, str):
            table, address = _numbered(self.address, self.table)
            object.__setattr__(self, "table", table)
            object.__setattr__(self, "address", address)
        if isinstance(self.missing, int):
            object.__setattr__(self, "missing", (self.missing,))
        if self.table in FLAGS:
            object.__setattr__(self, "kind", "bits")
        self._check_place()
        self._check_kind()

    @property
    def first(self) -> int:
        """The address of its first cell, from 0."""
        assert isinstance(self.address, int)
        return self.address

    @property
    def cells(self) -> int:
        """How many registers, or bits of a table of bits, it takes."""
        return 1 if self.table in FLAGS else self.length if self.kind == "string" else WORDS[self.kind]

    @property
    def end(self) -> int:
        """The address behind its last cell."""
        return self.first + self.cells

    @property
    def patterns(self) -> tuple[int, ...]:
        """The bit patterns that mean that nothing is connected."""
        assert not isinstance(self.missing, int)
        return tuple(self.missing)

    @property
    def place(self) -> str:
        """How it is called in errors and reports.

        >>> Register("40101").place
        'holding 100'
        """
        return f"{self.table} {self.first}"

    @property
    def meaning(self) -> str:
        """All that says how it is read.

        >>> Register("40101", "int16", scale=0.1, unit="degC", missing=0x8000).meaning
        'holding 100 int16 ABCD *0.1 +0 degC missing 0x8000'
        """
        said = f"{self.place} {self.kind} {self.order} *{self.scale!r} +{self.offset:g} {self.unit}".rstrip()
        said += f" bit {self.bit} width {self.width}" if (self.bit, self.width) != (0, 1) else ""
        said += f" length {self.length}" if self.length else ""
        said += "".join(f" missing 0x{one:X}" for one in self.patterns)
        return said + "".join(f" {code}={word}" for code, word in sorted(self.codes.items()))

    def _check_place(self) -> None:
        if self.table not in ("coil", "discrete", "holding", "input"):
            raise SetupError(f"expected coil, discrete, holding or input, got {self.table!r}", at="px.Register")
        if self.kind != "string" and self.kind not in WORDS:
            raise SetupError(f"expected one of {', '.join((*WORDS, 'string'))}, got {self.kind!r}", at=self.place)
        if (self.kind == "string") != bool(self.length) or not 0 <= self.length <= _LONGEST_TEXT:
            raise SetupError(
                f"expected length= of 1 to {_LONGEST_TEXT} registers for a string and for nothing else",
                at=self.place,
                hint='px.Register(10, "string", length=8)',
            )
        if self.first < 0 or self.end > LAST + 1:
            raise SetupError(
                f"expected addresses from 0 to {LAST}, got {self.first}",
                at="px.Register",
                hint='a handbook\'s 400001 is given as text: px.Register("400001")',
            )

    def _check_kind(self) -> None:
        if self.order not in ORDERS:
            raise SetupError(f"expected one of {', '.join(ORDERS)}, got {self.order!r}", at=self.place)
        if self.kind in ("string", "bits") and self.order in ("CDAB", "DCBA"):
            raise SetupError(f"expected ABCD or BADC for {self.kind}, got {self.order}", at=self.place)
        if not (math.isfinite(self.scale) and self.scale and math.isfinite(self.offset)):
            raise SetupError("expected a finite scale that is not zero and a finite offset", at=self.place)
        if not 0 <= self.bit <= 15 or not 1 <= self.width <= 16 - self.bit:
            raise SetupError("expected bits within 0 to 15", at=self.place, hint="bit=4, width=3 takes bits 4 to 6")
        if self.kind != "bits" and (self.bit, self.width) != (0, 1):
            raise SetupError(f'expected the kind "bits" beside bit=, got {self.kind!r}', at=self.place)
        most = 1 << 16 * min(self.cells, 4)
        if (self.kind == "string" and self.patterns) or not all(0 <= one < most for one in self.patterns):
            raise SetupError(f"expected missing= as bit patterns of {self.kind}, got others", at=self.place)


def _numbered(text: str, table: Table) -> tuple[Table, int]:
    match = _DIGITS.fullmatch(text)
    if match is None or not int(match[2]):
        raise SetupError(
            f"expected a register of a handbook with five or six digits, got {text!r}",
            at="px.Register",
            hint='"40001" is the first holding register; a number, as 0, counts from 0',
        )
    named = _NUMBERED[match[1]]
    if table not in ("holding", named):
        raise SetupError(f"expected {table} as the table of {text!r}, got {named}", at="px.Register")
    return named, int(match[2]) - 1
