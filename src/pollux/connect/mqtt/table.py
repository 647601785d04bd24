"""What the hot path knows of every connection, as columns indexed by handle: no object is touched per message."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

_COLUMNS: tuple[tuple[str, type[np.generic]], ...] = (
    ("serial", np.int64),
    ("level", np.int32),
    ("plain", np.uint8),
    ("queued", np.uint8),
    ("behind", np.uint8),
    ("heard", np.int64),
    ("patience", np.int64),
    ("bytes_in", np.int64),
    ("bytes_out", np.int64),
    ("unlogged", np.int64),
    ("unanswered", np.int32),
    ("unreleased", np.int32),
)


@final
class LinkTable:
    """Columns indexed by handle.

    `serial` tells connections that have borne the same handle apart; 0 is none. `plain` is 1 where a session can be
    read straight into the arena: alive, admitted, with nothing held of a cut packet. `queued` is 1 where bytes wait to
    be sent, `behind` where reading stops because the log is behind. `patience` is how long silence is allowed (ns, 0
    for ever) since `heard`. `unlogged` (bytes) and `unanswered` (messages of QoS 1 and 2) were handed over and are not
    durable; `unreleased` were answered with PUBREC and not released by the client.
    """

    serial: I64
    level: I32
    plain: U8
    queued: U8
    behind: U8
    heard: I64
    patience: I64
    bytes_in: I64
    bytes_out: I64
    unlogged: I64
    unanswered: I32
    unreleased: I32

    def __init__(self) -> None:
        self._size = 0
        self.session: NDArray[Any] = np.empty(0, object)
        self.origin: NDArray[Any] = np.empty(0, object)
        for name, kind in _COLUMNS:
            setattr(self, name, np.zeros(0, kind))
        self.fit(1023)

    def fit(self, handle: int) -> None:
        """Have an entry for a handle."""
        if handle < self._size:
            return
        size = max(handle + 1, 2 * self._size)
        for name in [name for name, _ in _COLUMNS] + ["session", "origin"]:
            old = getattr(self, name)
            new: NDArray[Any] = np.zeros(size, old.dtype) if old.dtype != object else np.full(size, None, object)
            new[: self._size] = old
            setattr(self, name, new)
        self._size = size

    def open(self, handle: int, serial: int, now: int) -> None:
        """A connection begins under this handle."""
        self.fit(handle)
        self.close(handle)
        self.serial[handle], self.heard[handle] = serial, now

    def close(self, handle: int) -> None:
        """No connection has this handle any more."""
        for name, _ in _COLUMNS:
            getattr(self, name)[handle] = 0
        self.session[handle] = self.origin[handle] = None
