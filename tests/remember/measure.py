"""How fast the log is on this machine: `python -m tests.remember.measure [FOLDER]`. No test: figures, not promises.

Frames are as a broker's door has them: 27 bytes of topic, 60 of payload, 1,000 devices, foreign bytes in between.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pollux.clock import WallClock, stopwatch
from pollux.columns.frames import Encoding, Frames, Origin
from pollux.remember import Log, LogReader, verify

SECONDS = 3.0


def heard(n: int, size: int = 60) -> Frames:
    """A batch of n frames in an arena with the packets' own bytes between them."""
    random = np.random.default_rng(0)
    topic, head, middle = 27, 4, 2
    step = head + topic + middle + size
    starts = np.arange(n, dtype=np.int32) * step + head
    index = np.stack([starts, np.full(n, topic), starts + topic + middle, np.full(n, size)], axis=1).astype(np.int32)
    devices = min(n, 1000)
    return Frames(
        random.bytes(n * step),
        index,
        (np.arange(n) % devices).astype(np.int32),
        tuple(Origin("", f"P-{i}") for i in range(devices)),
        np.full(n, WallClock().now(), np.int64),
        np.full(n, Encoding.JSON, np.uint8),
        np.ones(n, np.uint8),
    )


def measured(folder: Path, name: str, frames: Frames, pause: float = 0.0) -> None:
    """Append one batch again and again, then read everything back and verify it."""
    waits: list[float] = []
    with Log.open(folder, clock=WallClock()) as log:
        start, cpu = stopwatch(), time.process_time()
        while stopwatch() - start < SECONDS:
            asked = stopwatch()
            log.append(frames).then(lambda asked=asked: waits.append(stopwatch() - asked))
            time.sleep(pause)
        log.flush()
        spent, cpu = stopwatch() - start, time.process_time() - cpu
        counts = log.counts
    reading = stopwatch()
    read = sum(1 for _ in LogReader(folder).read())
    reading = stopwatch() - reading
    checking = stopwatch()
    report = verify(folder)
    checking = stopwatch() - checking
    assert report.ok
    assert read == counts.entries == report.entries
    p50, p99 = np.percentile(waits, [50, 99]) * 1e3
    megabytes, rate = counts.bytes / 1e6, counts.entries / spent
    print(
        f"{name:24} {rate:8.0f} batches/s {rate * len(frames) / 1e3:7.0f} k frames/s"
        f" {megabytes / spent:5.0f} MB/s {counts.groups / spent:5.0f} groups/s ticket p50 {p50:6.2f} p99 {p99:6.2f} ms"
        f" {cpu / counts.entries / len(frames) * 1e6:6.2f} us CPU a frame; read {megabytes / reading:5.0f} MB/s,"
        f" verify {megabytes / checking:5.0f} MB/s",
        flush=True,
    )


def main() -> None:
    """The table."""
    root = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        for number, (name, frames, pause) in enumerate(
            [
                ("1 frame, flat out", heard(1), 0.0),
                ("1 frame each ms", heard(1), 0.001),
                ("200 frames, flat out", heard(200), 0.0),
                ("200 frames each ms", heard(200), 0.001),
                ("1,000 frames, flat out", heard(1000), 0.0),
                ("20,000 frames, flat out", heard(20_000), 0.0),
            ]
        ):
            measured(root / str(number), name, frames, pause)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
