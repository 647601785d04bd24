"""What Sparkplug costs: following data by alias up to the frame for the log, and passing what is none of it.

python -m tests.promises.sparkplug --count 5000
"""

import argparse
import tempfile
import time
from pathlib import Path

from pollux.check.sparkplug_said import NAMESPACE
from pollux.clock import WallClock
from pollux.columns.frames import Frames, Message, Origin
from pollux.model.schema import schema_of
from pollux.site.sieve import Sieve
from pollux.site.sparkplug.driver import SparkplugDriver
from pollux.site.sparkplug.source import sparkplug
from tests.check.sparkplug_node import DOUBLE, EdgeNode, Tag
from tests.connect.field.paper import Kept, place
from tests.site.test_sparkplug import Pump

GATEWAY = Origin("", "gw")


def said(*messages: tuple[str, bytes]) -> Frames:
    now = WallClock().now()
    return Frames.of([Message(GATEWAY, topic.encode(), payload, now) for topic, payload in messages])


def following(count: int, metrics: int) -> float:
    """Microseconds of processor time for a message of so many metrics, all of them signals."""
    tags = [Tag(f"m{number}", DOUBLE, 1.0, number, {"engUnit": "degC"}) for number in range(metrics)]
    node, names = EdgeNode("plant", "gw1"), {tag.name: "temp" for tag in tags}
    with tempfile.TemporaryDirectory() as folder:
        given = place(Path(folder), Kept())
        driver = SparkplugDriver(sparkplug("plant", names=names), schema_of(Pump), given)
        driver.digest(said(node.nbirth(5), node.dbirth("P-7", 5, *tags)))
        heard = [said(node.ddata("P-7", 6, *(tag.told(float(n), 6) for tag in tags))) for n in range(count)]
        begun = time.process_time()
        told = sum(len(driver.digest(one)) for one in heard)
        spent = time.process_time() - begun
    assert told == count
    return spent / count * 1e6


def passing(batches: int, size: int = 1_000) -> float:
    """Microseconds for a batch of so many other messages."""
    other = said(*((f"twins/Pump/P-{number}/telemetry", b'{"temp": 300}') for number in range(size)))
    sieve = Sieve(Kept(), (f"{NAMESPACE}/".encode(),), lambda frames: [], lambda refusal: None)
    begun = time.process_time()
    for _ in range(batches):
        sieve(other)
    return (time.process_time() - begun) / batches * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    count = parser.parse_args().count
    for metrics in (1, 20):
        print(f"{following(count, metrics):6.0f} us for a DDATA of {metrics} metrics, up to the frame for the log")
    print(f"{passing(500):6.1f} us for a batch of 1,000 messages that are none")


if __name__ == "__main__":
    main()
