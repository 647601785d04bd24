"""The past, asked for by many at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.site.plants import device, site

from pollux.site.as_of import KEPT


def test_what_is_known_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one moment is read from the log, another that was asked for before is answered; each is read once."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live:
        with device(live, "Motor/M-1") as motor:
            motor.send(temp=310.0)
        first = live.as_of.estate(None, 1)
        go, read, asked = threading.Event(), live.past.estates, []

        def slowly(at: int | None, *, until_seq: int | None = None) -> Any:
            asked.append(until_seq)
            assert go.wait(20)
            return read(at, until_seq=until_seq)

        monkeypatch.setattr(live.past, "estates", slowly)
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(live.as_of.estate, None, 2) for _ in range(3)]
            assert pool.submit(live.as_of.estate, None, 1).result(5) is first
            go.set()
            assert len({id(one.result(10)) for one in waiting}) == 1
        assert asked == [2]
        for number in range(KEPT + 3):
            live.as_of.estate(number, None)
        assert len(live.as_of._known) == KEPT
