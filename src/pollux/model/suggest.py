"""The nearest known words, for the hints of errors."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the known words nearest to this one, if any is near.

    >>> did_you_mean("tmep", ["temp", "wear"])
    "did you mean 'temp'?"
    """
    near = difflib.get_close_matches(word, sorted(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(repr(one) for one in near)}?" if near else None
