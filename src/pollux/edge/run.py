"""`pollux edge`: run an agent until it is told to stop."""

import argparse
import logging
import signal
import sys
import threading
from types import FrameType
from typing import Final

from pollux.clock import stopwatch
from pollux.edge.declare import edge_in

STATUS: Final = 60.0
SWITCH: Final = 0.0002
"""Seconds after which a thread that counts lets one through that samples: Python's own 5 ms are five samples."""

_ROUND: Final = 0.5


def run(options: argparse.Namespace) -> int:
    """Open the agent, say how it stands once a minute on stderr, end at SIGTERM or SIGINT."""
    edge = edge_in(options.edge)
    logging.basicConfig(level=options.log_level.upper(), format="pollux: %(message)s", stream=sys.stderr)
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    sys.setswitchinterval(SWITCH)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with edge.open(options.data) as agent:
        _say(f"{edge.name} reads {', '.join(one.twin for one in edge.readings)}, tells {edge.address.url}")
        begun = said = stopwatch()
        while not over.wait(_ROUND) and (options.seconds is None or stopwatch() - begun < options.seconds):
            agent.wait(0)
            if stopwatch() - said >= STATUS:
                said = stopwatch()
                _say(str(agent.standing))
        standing = agent.standing
    _say(str(standing))
    return 0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
