"""How far a survey is: one line on a terminal, nothing elsewhere."""

import sys
from typing import TextIO, final

from pollux.clock import stopwatch

_WIDE = 30
_OFTEN = 0.2


@final
class Bar:
    """A bar on one line of a terminal; silent where the output is none."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stderr if out is None else out
        self._shown = self._out.isatty()
        self._last = -_OFTEN

    def __call__(self, part: float, text: str) -> None:
        """Show that `part` of one is done, and a few words."""
        now = stopwatch()
        if not self._shown or (now - self._last < _OFTEN and part < 1.0):
            return
        self._last = now
        done = round(_WIDE * min(max(part, 0.0), 1.0))
        self._out.write(f"\r[{'#' * done}{' ' * (_WIDE - done)}] {text}\x1b[K")
        self._out.flush()

    def close(self) -> None:
        """End the line."""
        if self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()
