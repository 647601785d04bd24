"""The types of FMI variables: which functions carry them, and as what they lie in memory.

Source: FMI 2.0.4, section 2.1.2; FMI 3.0.2, section 2.2.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True)
class Kind:
    """The end of the names of its functions (`fmi2GetReal`), and the dtype of one value."""

    word: str
    dtype: str

    @property
    def whole(self) -> bool:
        """Whether only whole numbers can be told."""
        return self.dtype[1] != "f"


_FMI2: Final = {
    "Real": Kind("Real", "<f8"),
    "Integer": Kind("Integer", "<i4"),
    "Enumeration": Kind("Integer", "<i4"),
    "Boolean": Kind("Boolean", "<i4"),
}

_FMI3: Final = {
    "Float32": Kind("Float32", "<f4"),
    "Float64": Kind("Float64", "<f8"),
    "Int8": Kind("Int8", "<i1"),
    "UInt8": Kind("UInt8", "<u1"),
    "Int16": Kind("Int16", "<i2"),
    "UInt16": Kind("UInt16", "<u2"),
    "Int32": Kind("Int32", "<i4"),
    "UInt32": Kind("UInt32", "<u4"),
    "Int64": Kind("Int64", "<i8"),
    "UInt64": Kind("UInt64", "<u8"),
    "Enumeration": Kind("Int64", "<i8"),
    "Boolean": Kind("Boolean", "<u1"),
}

NUMERIC: Final[Mapping[int, Mapping[str, Kind]]] = {2: _FMI2, 3: _FMI3}
"""By version of FMI and type of the variable; texts, binaries and clocks are none of these."""
