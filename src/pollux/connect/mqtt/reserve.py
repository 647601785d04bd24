"""A handle in reserve: when there are none left it is given up to accept and refuse, instead of spinning."""

import contextlib
import errno
import os
import socket
from typing import Final, final

NO_HANDLES: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@final
class Reserve:
    """One open handle that nobody needs."""

    def __init__(self) -> None:
        self._handle = os.open(os.devnull, os.O_RDONLY)

    def refuse(self, listener: socket.socket) -> None:
        """Let the first connection that waits come, and go."""
        os.close(self._handle)
        try:
            with contextlib.suppress(OSError):
                listener.accept()[0].close()
        finally:
            self._handle = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        """Give it back."""
        os.close(self._handle)
