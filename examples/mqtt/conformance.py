"""The MQTT endpoint alone and open to everybody on this machine, for the public conformance suites of Eclipse Paho.

    python examples/mqtt/conformance.py             # listens on 127.0.0.1:1883 until Ctrl-C
    python examples/mqtt/conformance.py --port 0    # on a free port, which it prints

The suites bring no credentials, use topics of their own, and expect a broker that is set up for them: one topic that
nobody may hear, a refusal without its reason, a keep-alive of at most 60 s, a small receive maximum, topic aliases.
Nothing here is for a plant, and no site can be opened like this: what is sent goes into no log.
`docs/reference/mqtt.md` says how the suites are run against it and what they found.
"""

import argparse
import signal
import threading
from concurrent.futures import Future

from pollux.clock import WallClock
from pollux.connect import Limits, MqttEndpoint, Reach
from pollux.guard import Identity

UNHEARD = "test/nosubscribe"
ANYBODY = Identity("", "anybody", "device", grant="none")
LIMITS = Limits(keep_alive=60, receive_maximum=20, packet_bytes=16 << 10)


class OpenDoor:
    """Lets everybody in as one and the same, and allows everything but to hear one topic."""

    version = 0

    def authenticate(self, credential):
        """Whoever comes is anybody."""
        answer = Future()
        answer.set_result(ANYBODY)
        return answer

    def may(self, identity, action, target):
        """All may be published, and all but one topic heard."""
        return action == "publish" or not target.startswith("Suite/unheard/")

    def alive(self, identity):
        """Nobody is ever put out."""
        return True


class Forgotten:
    """The ticket of messages that nobody stores: they are answered at once, as if they were durable."""

    def then(self, callback, *args):
        """Call back now."""
        callback(*args)


def anything(topic):
    """Every topic means something: telemetry of one thing, or of the other that nobody may hear."""
    return Reach("Suite/unheard" if topic == UNHEARD else "Suite/heard", "telemetry")


def opened(port):
    """The endpoint as the suites expect it; loopback is the only place where one without TLS may listen."""
    return MqttEndpoint(
        ("127.0.0.1", port),
        gate=OpenDoor(),
        sink=lambda frames: Forgotten(),
        clock=WallClock(),
        limits=LIMITS,
        translate=anything,
        reticent=True,
    )


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=1883)
    endpoint, over = opened(parser.parse_args().port), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    endpoint.start()
    print(f"open to everybody on 127.0.0.1:{endpoint.port}, without a log", flush=True)
    while not over.wait(0.5):
        pass
    print({name: count for name, count in endpoint.counters.items() if count})
    endpoint.stop()


if __name__ == "__main__":
    main()
