"""What lies on the disk after a site was used through its doors: nothing of a person in clear, no byte unwatched."""

import base64
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.cli import main
from pollux.remember import verify

from .rig import Paho, opened

PATIENT = "anna-maria-1957"
WEIGHT = 71.23456789


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after a patient and a machine were heard over both doors, looked at, forked, and indexed."""
    folder = tmp_path_factory.mktemp("used")
    for _ in range(2):
        with opened(folder) as house:
            device = Paho(house, PATIENT)
            for body in (json.dumps({"weight": WEIGHT}).encode(), b'{"wait": 71.23456789}'):
                device.send(f"twins/Patient/{PATIENT}/telemetry", body).wait_for_publish(20)
            device.close()
            said = json.dumps({"weight": WEIGHT + 1}).encode()
            assert house.ask("POST", f"/twins/Patient/{PATIENT}/telemetry", said).status == 202
            other = f'{{"twin": "Patient/{PATIENT}", "data": {{"weight": 70.5}}}}'
            both = f'[{{"twin": "Machine/M-1", "data": {{"temp": 301}}}}, {other}]'
            assert house.ask("POST", "/telemetry", both.encode()).status == 202
            for path in ("", "/history?fields=weight", "/refusals", "/view"):
                assert house.get(f"/twins/Patient/{PATIENT}{path}").status == 200
            house.live.keep_snapshot()
            house.live.history.keep_up()
    return folder


def test_nothing_of_a_person_stands_in_clear(used: Path) -> None:
    """Neither id nor values, as text, as numbers or in base64, stand in a file's name or content, but for the keys."""
    needles = [PATIENT.encode(), b"71.23456789", b"72.23456789", b"70.5}", PATIENT.encode("utf-16-le")]
    needles += [struct.pack(order + "d", number) for number in (WEIGHT, WEIGHT + 1) for order in "<>"]
    needles += [base64.b64encode(PATIENT.encode())[:-4], PATIENT.encode().hex().encode()]
    files = [path for path in used.rglob("*") if path.is_file() and "keys" not in path.parts]
    assert {path.relative_to(used).parts[0] for path in files} >= {"log", "snapshots", "accounts.db"}
    for path in files:
        assert PATIENT not in str(path.relative_to(used))
        content = path.read_bytes()
        assert [needle for needle in needles if needle in content] == [], path.name
    assert any(b"twins/Machine" not in path.read_bytes() for path in files)


def test_what_is_private_is_readable_by_its_owner_alone(used: Path) -> None:
    """Folders are 0700, files 0600: another account of the machine opens none of them."""
    for path in (used / "log", used / "snapshots", used / "keys"):
        assert path.stat().st_mode & 0o077 == 0
    for path in used.rglob("*"):
        if path.is_file() and path.parts[len(used.parts)] in ("log", "snapshots", "keys", "accounts.db"):
            assert path.stat().st_mode & 0o077 == 0, path


@settings(max_examples=60)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), which=st.integers(0, 1000))
def test_a_flipped_bit_anywhere_is_found_and_named(used: Path, where: float, bit: int, which: int) -> None:
    """Any bit of any segment and any snapshot: verification names the very file."""
    files = sorted((used / "log").glob("*.seg")) + sorted((used / "snapshots").glob("*.snap"))
    path = files[which % len(files)]
    whole = path.read_bytes()
    body = bytearray(whole)
    place = int(where * len(body))
    body[place] ^= 1 << bit
    try:
        path.write_bytes(body)
        fault = verify(used).fault
        assert fault is not None, f"bit {bit} of byte {place} of {path.name}"
        assert fault.file.endswith(path.name)
    finally:
        path.write_bytes(whole)
    assert verify(used).ok


def test_each_end_of_each_file_is_watched(used: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """First and last byte, one cut off and one added: `pollux verify` exits 1 and names the file."""
    segments = sorted((used / "log").glob("*.seg"))
    for path in (*segments, *(used / "snapshots").glob("*.snap")):
        whole = path.read_bytes()
        for body in (bytes([whole[0] ^ 1]) + whole[1:], whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-1], whole + b"\1"):
            path.write_bytes(body)
            try:
                failed, said = main(["verify", str(used)]), capsys.readouterr().out
                # The end of the very last segment is its seal, no data: half a seal is what a crash leaves.
                torn = path == segments[-1] and "torn by a crash" in said
                assert torn or (failed and path.name in said), path.name
            finally:
                path.write_bytes(whole)
    assert main(["verify", str(used)]) == 0


def test_a_damaged_index_is_made_again(used: Path, tmp_path: Path) -> None:
    """What history keeps beside a segment is no truth: with any of it damaged the answer is the same."""
    copy = tmp_path / "copy"
    shutil.copytree(used, copy)
    rng = np.random.default_rng(5)

    def asked() -> list[float]:
        with opened(copy) as house:
            series = house.live.rooms.history.series("Patient", PATIENT, "weight", 0, house.live.clock.now())
            other = house.live.rooms.history.series("Machine", "M-1", "temp", 0, house.live.clock.now())
            return [*series.value.tolist(), *other.value.tolist()]

    right = asked()
    assert sorted(set(right)) == sorted({WEIGHT, WEIGHT + 1, 70.5, 301.0})
    indexes = list((copy / "index").rglob("*.idx"))
    assert indexes
    for _ in range(4):
        for path in indexes:
            if path.exists():
                body = bytearray(path.read_bytes())
                body[int(rng.integers(len(body)))] ^= 1 << int(rng.integers(8))
                path.write_bytes(body)
        assert asked() == right


def test_what_a_service_sends_for_a_person_is_the_persons(used: Path) -> None:
    """Whoever sends it, a person's data are sealed with that person's key; a machine's beside them with nobody's."""
    with opened(used) as house:
        live = house.live
        end = live.clock.now()
        own = live.history.samples("Patient", 0, [0], 0, end, subject=PATIENT)[0].value.tolist()
        assert own.count(WEIGHT) == own.count(WEIGHT + 1) == own.count(70.5) == 2
        assert live.history.samples("Patient", 0, [0], 0, end, subject="root")[0].value.tolist() == []
        assert live.history.samples("Machine", 0, [1], 0, end, subject="nobody")[1].value.tolist() == [301.0, 301.0]
        live.keys.destroy(PATIENT)
        live.history.forget(PATIENT)
    with opened(used) as house:
        assert house.live.history.samples("Patient", 0, [0], 0, end)[0].value.tolist() == []
