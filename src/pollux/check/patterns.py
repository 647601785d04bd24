"""Topic patterns: `plant/{line}/{id}/telemetry` and what a topic says under them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from pollux.columns.encodings import SUFFIXES
from pollux.columns.frames import Encoding
from pollux.errors import SetupError

_PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RESERVED: Final = ("type", "id", "signal")


@final
@dataclass(frozen=True, slots=True)
class Address:
    """What a topic says: whose it is, of which signal if it names one, other facts, and the encoding of a suffix."""

    id: str | None
    signal: str | None
    facts: Mapping[str, str]
    encoding: Encoding


@final
class Pattern:
    """A pattern for topics: levels with `{placeholders}`, `+` for any level, `#` at the end for any number of them.

    `{id}` is the twin, `{signal}` the signal, `{type}` its type; others are facts. A topic may add one level that names
    the encoding: `json`, `cbor`, `csv`, or another suffix of `pollux.columns.encodings`.

    >>> Pattern("plant/{line}/{id}/telemetry").read("plant/l1/P-7/telemetry/cbor").id
    'P-7'
    """

    __slots__ = ("_regex", "facts", "filters", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        levels = text.split("/")
        names = _PLACE.findall(text)
        if not text or "#" in "/".join(levels[:-1]) or len(names) != len(set(names)):
            raise SetupError(
                f"expected a topic pattern, got {text!r}",
                hint="for example plant/{line}/{id}/telemetry; # only at the end",
            )
        self.facts = tuple(name for name in names if name not in _RESERVED)
        open_end = levels[-1] == "#"
        body = "/".join(_level(level) for level in (levels[:-1] if open_end else levels))
        tail = "(?:/.*)?" if open_end else f"(?:/(?P<_suffix>{'|'.join(SUFFIXES)}))?"
        self._regex = re.compile(body + tail)
        plain = _PLACE.sub("+", text)
        plain = "/".join("+" if "+" in level else level for level in plain.split("/"))
        self.filters = (plain,) if open_end else (plain, f"{plain}/+")

    def names(self, place: str) -> bool:
        """Whether the pattern has this placeholder."""
        return f"{{{place}}}" in self.text

    def bound(self, type_name: str) -> "Pattern":
        """The pattern of one type: `{type}` is its name."""
        return Pattern(self.text.replace("{type}", type_name)) if self.names("type") else self

    def read(self, topic: str) -> Address | None:
        """What a topic says under this pattern, None where it does not fit."""
        match = self._regex.fullmatch(topic)
        if match is None:
            return None
        said = match.groupdict()
        suffix = said.pop("_suffix", None)
        id, signal = said.pop("id", None), said.pop("signal", None)
        return Address(id, signal, said, SUFFIXES[suffix] if suffix else Encoding.GUESS)


def _level(level: str) -> str:
    if level == "+":
        return "[^/]+"
    pieces = _PLACE.split(level)
    return "".join(f"(?P<{piece}>[^/]+)" if odd % 2 else re.escape(piece) for odd, piece in enumerate(pieces))
