"""What a message costs that comes through a Mosquitto: processor time of the site that hears it, per message.

`python -m tests.promises.broker [--count N] [--window N]`: a child process opens a site behind the broker, with its log
on the disk, and says what it used from the first message to the last.
"""

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

import pollux as px
from pollux.clock import stopwatch
from tests.connect.broker.mosquitto import mosquitto


class Pump(px.Twin):
    temp = px.sensor("K", low=0, high=1e9)
    speed = px.sensor("rad/s")
    load = px.sensor("W")


def hear(port: int, folder: str, count: int, ready: Any, used: Any) -> None:
    site = px.Site("plant")
    site.fleet(Pump, px.mqtt("plant/{id}/telemetry", broker=px.Broker(f"mqtt://127.0.0.1:{port}")))
    pause = threading.Event()
    with site.open(folder, mqtt=None) as live:
        (client,) = live.doors.brokers.clients.values()
        while not client.connected:
            pause.wait(0.01)
        pause.wait(5)  # what is compiled is loaded by then
        before = spent()
        ready.set()
        while client.counters["acknowledged"] < count:
            pause.wait(0.02)
        used.value = spent() - before


def spent() -> float:
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime


def publish(port: int, count: int, window: int) -> None:
    taken = threading.Semaphore(window)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench")
    client.max_inflight_messages_set(window)
    client.on_publish = lambda *_: taken.release()
    client.connect("127.0.0.1", port)
    client.loop_start()
    for n in range(count):
        taken.acquire()
        client.publish(
            f"plant/P-{n % 100}/telemetry", b'{"temp": %d, "speed": 90.5, "load": 1200, "seq": %d}' % (n, n), 1
        )
    for _ in range(window):
        taken.acquire()
    client.disconnect()
    client.loop_stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--window", type=int, default=500)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ready, used = context.Event(), context.Value("d")
    folder = Path(tempfile.mkdtemp(prefix="pollux-broker-"))
    try:
        with mosquitto(lambda name: name, folder / "broker", "max_inflight_messages 0", saving=False) as broker:
            child = context.Process(target=hear, args=(broker.port, str(folder / "data"), options.count, ready, used))
            child.start()
            ready.wait()
            begun = stopwatch()
            publish(broker.port, options.count, options.window)
            child.join()
            rate = options.count / (stopwatch() - begun)
        cost = 1e6 * used.value / options.count
        print(f"{cost:.1f} us of processor time a message, QoS 1, window {options.window}, {rate:.0f}/s")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
