"""Cells: the values of formats that know only text, such as CSV and XML."""

import re
from typing import Final

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
_BROKEN: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|nan)", re.I)
_FLAGS: Final = {"true": True, "false": False}


def cell(text: str) -> float | bool | str | None:
    """What a cell says: nothing, a number, true or false, or a text. Digits stay whole, so that times stay exact.

    >>> [cell(text) for text in ("", " 21.5", "1795430536123456789", "true", "gas", "1_000")]
    [None, 21.5, 1795430536123456789, True, 'gas', '1_000']
    """
    text = text.strip()
    if not text:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    if len(text) <= 64 and _BROKEN.fullmatch(text):
        return float(text)
    return _FLAGS.get(text.lower(), text)
