"""Which names a twin can have: they end in file names, topics and addresses, so they are held short and plain."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 128

_ID: Final = re.compile(r"\w[\w.:@=~-]*")


def fault(id: str) -> str | None:
    """What is wrong with an id, None where nothing is.

    Letters and digits of any script, and `_ - . : @ = ~`, beginning with a letter, digit or `_`; no two dots in a row,
    at most 128 characters, in Unicode's composed form, so that equal looking ids are equal.

    >>> fault("P-7"), fault("../etc"), fault("a..b")
    (None, "expected letters, digits and _ - . : @ = ~, got '../etc'", "expected no two dots in a row, got 'a..b'")
    """
    if len(id) > LONGEST:
        return f"expected at most {LONGEST} characters, got {len(id)}"
    if not _ID.fullmatch(id):
        return f"expected letters, digits and _ - . : @ = ~, got {id!r}"
    if ".." in id:
        return f"expected no two dots in a row, got {id!r}"
    if not (id.isascii() or unicodedata.is_normalized("NFC", id)):
        return f"expected composed characters (NFC), got {id!r}"
    return None
