"""Names of classes and signals for a draft: what Python and Pollux can have, and no two alike."""

import keyword
import re
from collections.abc import Collection
from typing import Final

from pollux.model.twin import Twin
from pollux.site.survey.findings import Found
from pollux.site.survey.guess import mixed, words
from pollux.site.survey.shape import mask

_TAKEN: Final = frozenset(
    (
        *keyword.kwlist,
        *dir(Twin),
        "now",
        "history",
        "fork",
        "set",
        "at",
        "quality",
        "id",
        "site",
        "px",
        "t",
        "seq",
        "boot",
    )
)
_LETTERS: Final = re.compile(r"[A-Za-z]{3,}")


def signal_name(wire: str, taken: Collection[str]) -> str:
    """A name for a signal.

    >>> signal_name("Inlet/Temp_kPa", ()), signal_name("2", ()), signal_name("class", ()), signal_name("a b", ["a_b"])
    ('inlet_temp_kpa', 'v_2', 'v_class', 'a_b_2')
    """
    told = [word for token in re.split(r"[^A-Za-z0-9]+", wire) for word in ([token] if mixed(token) else words(token))]
    ascii_words = [re.sub(r"[^a-z0-9]", "", word.lower()) for word in told]
    plain = "_".join(word for word in ascii_words if word)[:60] or "value"
    return _free(f"v_{plain}" if plain[0].isdigit() or plain in _TAKEN else plain, taken)


def class_name(found: Found, taken: Collection[str]) -> str:
    """A name for a type: what its twins are called, else the level of the topic before them."""
    names = [match[0] for twin in found.twins if (match := _LETTERS.match(twin))]
    common = {name.lower() for name in names}
    if len(found.twins) > 1 and len(common) == 1 and len(names) == len(found.twins):
        return _class(common.pop(), taken)
    levels = found.pattern.split("/")
    place = levels.index("{id}") if "{id}" in levels else len(levels)
    before = [level for level in levels[:place] if "{" not in level and _LETTERS.search(level)]
    before = [level for level in before if "#" not in mask(level)] or before
    return _class(re.sub(r"(?<=[a-z]{3})s$", "", before[-1]) if before else "thing", taken)


def _class(name: str, taken: Collection[str]) -> str:
    parts = [re.sub(r"[^a-z0-9]", "", word) for word in words(name)]
    plain = "".join(part[:1].upper() + part[1:] for part in parts) or "Thing"
    return _free(f"Thing{plain}" if plain[0].isdigit() else plain, taken, "")


def _free(plain: str, taken: Collection[str], joint: str = "_") -> str:
    number, free = 2, plain
    while free in taken:
        free, number = f"{plain}{joint}{number}", number + 1
    return free


def comment(text: str, most: int = 200) -> str:
    """A foreign text for a comment or a docstring: one line, without anything that ends it.

    >>> comment('a\\nb"' + "x")
    "a b'x"
    """
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return line.replace('"', "'").replace("\\", "/")[:most]


def quoted(text: str) -> str:
    """A text as Python writes it, in double quotes where that needs no care.

    >>> print(quoted("a/{id}"), quoted("a'b"))
    "a/{id}" "a'b"
    """
    plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else repr(text)
