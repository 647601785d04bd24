"""`pollux serve`: run a site until it is told to stop."""

import argparse
import signal
import threading
from types import FrameType

from pollux.errors import SetupError
from pollux.site.declare import declared_in


def run(options: argparse.Namespace) -> int:
    """Open the site, print where it is, wait for the end."""
    site = declared_in(options.site)
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with site.open(
        options.data, act=options.act, mqtt=options.mqtt, http=options.http, insecure=options.insecure
    ) as live:
        if live.endpoint is None:
            raise SetupError("nothing was opened")
        if live.log.recovery is not None:
            print(f"repaired: {live.log.recovery}")
        print(f"page     {live.page()}")
        print(f"devices  mqtt://127.0.0.1:{live.endpoint.port}", flush=True)
        over.wait(options.seconds)
    return 0
