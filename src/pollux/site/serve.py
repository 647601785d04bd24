"""`pollux serve`: run a site until it is told to stop."""

import argparse
import signal
import threading
from pathlib import Path
from types import FrameType

from pollux.errors import SetupError
from pollux.site.declare import declared_in
from pollux.site.identity import FOLDER


def run(options: argparse.Namespace) -> int:
    """Open the site, print where it is, wait for the end."""
    site = declared_in(options.site)
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    tls = options.tls if options.tls is None else Path(options.tls or options.data / FOLDER)
    with site.open(
        options.data,
        act=options.act,
        mqtt=options.mqtt or ("127.0.0.1:8883" if tls else "127.0.0.1:1883"),
        http=options.http,
        insecure=options.insecure,
        tls=tls,
        older=options.older,
        coap=options.coap,
        opcua=options.opcua,
    ) as live:
        if live.endpoint is None:
            raise SetupError("nothing was opened")
        if live.log.recovery is not None:
            print(f"repaired: {live.log.recovery}")
        print(f"page     {live.page()}")
        scheme, host = ("mqtts", live.secure.names[0]) if live.secure else ("mqtt", "127.0.0.1")
        print(f"devices  {scheme}://{host}:{live.endpoint.port}", flush=True)
        if live.coap is not None:
            print(f"         {'coaps' if live.secure else 'coap'}://{host}:{live.coap.port}", flush=True)
        if live.doors.opcua is not None:
            print(f"shows    opc.tcp://{options.opcua}, certificate {live.doors.opcua.pin}", flush=True)
        for client in live.doors.brokers.clients.values():
            print(f"hears    {client.name}", flush=True)
        over.wait(options.seconds)
    return 0
