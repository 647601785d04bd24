"""What every world needs to be played live: a port that is free, and the end that somebody asks for."""

import contextlib
import os
import signal
import socket
import sys
import threading


def free_port(port: int) -> int:
    """The port on loopback, or 0 for any that is free where somebody has taken it.

    >>> with socket.create_server(("127.0.0.1", 0)) as taken:
    ...     free_port(taken.getsockname()[1])
    0
    """
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return port
    return 0


def until_told() -> threading.Event:
    """What is set when somebody ends the program, by the keyboard or by a signal to terminate.

    Asked for on the main thread, before anything is opened.
    """
    over = threading.Event()

    def end(*_: object) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return over


def tell(line: str) -> None:
    """Say a line at once; where the reader has gone, nothing more is said and the world goes on until it is ended."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        # What is still held back would be written once more when the program ends, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def place_of(page: str, wanted: int, got: int) -> str:
    """The line that says where the page is, and that the port that was wanted is taken where it is.

    >>> print(place_of("http://127.0.0.1:8080/", 8080, 8080))
    page     http://127.0.0.1:8080/
    >>> print(place_of("http://127.0.0.1:40123/", 8080, 0))
    page     http://127.0.0.1:40123/ (port 8080 is taken)
    """
    return f"page     {page}{'' if got == wanted else f' (port {wanted} is taken)'}"
