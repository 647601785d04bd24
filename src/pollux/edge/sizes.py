"""How much disk, as people write it."""

import re
from typing import Final

from pollux.errors import SetupError

_UNITS: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmg]i?b)\s*", re.IGNORECASE)


def size_of(text: str) -> int:
    """The bytes that a text names; raises SetupError for another one.

    >>> size_of("256 MB"), size_of("1.5 KiB")
    (256000000, 1536)
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise SetupError(f"expected a size such as '256 MB', got {text!r}", hint="units: kB MB GB KiB MiB GiB")
    return int(float(match[1]) * _UNITS[match[2].lower()])
