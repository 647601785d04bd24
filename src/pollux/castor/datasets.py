"""Public data sets by name: where they lie, what they are, and how their files are known to be the right ones.

Nothing of them is part of Pollux. `fetch` brings the files from their public address and keeps only what has the
expected hash.
"""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from pollux.errors import DataRefused, NotFound, SetupError

_TIMEOUT_S = 30


@final
@dataclass(frozen=True, slots=True)
class File:
    """One file below the set's address: its path, SHA-256 and length in bytes."""

    path: str
    sha256: str
    length: int


@final
@dataclass(frozen=True, slots=True)
class DataSet:
    """A public data set; `folder` is where collections that mirror whole repositories keep it."""

    name: str
    about: str
    licence: str
    address: str
    folder: str
    files: tuple[File, ...]


DATA_SETS = (
    DataSet(
        "bedside",
        "32 hours at a bedside, once a minute: heart rate, respiration, SpO2, cuff; the pressure line hangs loose",
        "MIMIC-III waveform database, ODbL 1.0",
        "https://raw.githubusercontent.com/MIT-LCP/wfdb-python/6850ad1aa0c1fcb2282b3625f767de98396cf740/sample-data/multi-segment/s00001/",
        "vitals_wfdb/multi-segment/s00001",
        (
            File(
                "s00001-2896-10-10-00-31n.hea", "37ef4981e71893163fef88644b0833371a5b789816a063ef09546ac276671266", 568
            ),
            File("3975656n.dat", "0b6a76fd2473e0582735ed24751f225064a244ce51ec50fd55cc2dfaecb08db1", 38720),
        ),
    ),
    DataSet(
        "incubator",
        "a heated box with a fan: experiments sampled every 3 s, temperatures in degC, heater and fan on or off",
        "INTO-CPS Association, see the repository",
        "https://raw.githubusercontent.com/INTO-CPS-Association/example_digital-twin_incubator/2f08c4f6916258582715e6fc705b4c315d55baaa/software/incubator/datasets/",
        "incubator/software/incubator/datasets",
        (
            File(
                "20200712_uniform_temperature/uniform_temperature.csv",
                "4b8bd793a612f1ac98c644b86af15e48b857b61800b735eddd2bae6626068f90",
                58300,
            ),
            File(
                "20200712_uniform_temperature/uniform_temperature_better_fan.csv",
                "de55904ec049ca0eaad163dda36897432659be5bacaae5fe145250560513725f",
                31218,
            ),
            File(
                "20200917_calibration_fan_12v/ramp_up_cool_down.csv",
                "670b262635fc8388c9431523cd8b3c4a75bbd4bc21fc4b55e56c38ebd6a9a477",
                252448,
            ),
            File(
                "20200917_calibration_fan_12v/random_on_off_sequences.csv",
                "e3818a4ed8f7f30f34369971f5202710111c846394b61dfd824cdda65b27b6e1",
                39542,
            ),
            File(
                "20200917_calibration_fan_12v/random_on_off_sequences_1.csv",
                "cd2606de8da7bf8f1bfe5c596a248cb0326343c56e7b297407855e3d223114c3",
                196058,
            ),
            File(
                "20200917_calibration_fan_12v/random_on_off_sequences_2.csv",
                "feac7646265c35117b735568dd9a914f7f9968390379724571b512f1750a8b2a",
                65147,
            ),
            File(
                "20200918_calibration_fan_24V/semi_random_movement.csv",
                "5ed02f670a938b9b07a3b5ec0e776fdd0fee1f74849d1eb4c52c4d34dde4982e",
                301379,
            ),
            File(
                "20201221_controller_tunning/exp1_ht3_hg2.csv",
                "2c629c44b3bf3b454a4a3ca7b9a92a310e5f2ff7777db3810228a8d8fddb42bf",
                126079,
            ),
            File(
                "20201221_controller_tunning/exp2_ht20_hg30.csv",
                "42e96a99f6ee4b3fdd56d34faf14c0256fb2ad16afe341641f48d78ed0237bb4",
                144136,
            ),
            File(
                "20210122_lid_opening_kalman/lid_opening_experiment_jan_2021.csv",
                "b8cc1857a3830ba882175081bb6cc1c3f4f7fce6bc52680e7011ee5a277759e8",
                62223,
            ),
            File(
                "20230501_calibration_empty_system/20230501_calibration_empty_system.csv",
                "f9a0a4dcc71ba2b5636ab827f43ae6d94cd3d8b64bfb52c363ae48a81dbb14dc",
                313839,
            ),
        ),
    ),
)


def named(name: str) -> DataSet:
    """The set of that name; raises NotFound."""
    for one in DATA_SETS:
        if one.name == name:
            return one
    raise NotFound(f"no data set {name!r}", hint=f"there are {', '.join(d.name for d in DATA_SETS)}")


def home() -> Path:
    """Where fetched sets are kept: $POLLUX_DATA, else the user's cache."""
    told = os.environ.get("POLLUX_DATA")
    return Path(told) if told else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pollux" / "data"


def data_set(name: str) -> Path:
    """The folder of a set that is here, checked by hash; raises SetupError with the command that fetches it."""
    wanted = named(name)
    beside = Path.cwd().parent / "shared" / "data"
    for folder in (home() / name, home() / wanted.folder, beside / wanted.folder):
        if all((folder / file.path).exists() for file in wanted.files):
            check(wanted, folder)
            return folder
    raise SetupError(f"the data set {name!r} is not on this machine", hint=f"pollux data get {name}")


def check(wanted: DataSet, folder: Path) -> None:
    """Compare every file with its hash; raises DataRefused with the first that differs."""
    for file in wanted.files:
        _refuse_unless_equal(file, (folder / file.path).read_bytes())


def fetch(name: str, *, progress: Callable[[str], None] = lambda _: None) -> Path:
    """Bring a set from its public address; files that are here and right are left alone."""
    wanted, folder = named(name), home() / name
    for file in wanted.files:
        target = folder / file.path
        if not (target.exists() and _digest(target.read_bytes()) == file.sha256):
            progress(file.path)
            _store(target, _download(wanted.address + file.path, file))
    return folder


def _download(address: str, file: File) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the addresses stand above
            body: bytes = answer.read(file.length + 1)
    except (urllib.error.URLError, OSError) as error:
        raise SetupError(f"{file.path} could not be fetched: {error}", hint="is there a network?") from None
    _refuse_unless_equal(file, body)
    return body


def _refuse_unless_equal(file: File, body: bytes) -> None:
    if _digest(body) != file.sha256:
        raise DataRefused(f"expected {file.length} bytes with SHA-256 {file.sha256[:12]}, got others", at=file.path)


def _store(target: Path, body: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(target.suffix + ".part")
    part.write_bytes(body)
    part.replace(target)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
