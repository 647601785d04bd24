"""The bedside: every minute is mirrored, artefacts are flagged and not believed, and what alarms is counted."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pollux as px
from pollux.worlds.bedside import NOTICE, Bedside, Findings, Record, declared, play, recorded, run, synthetic
from pollux.worlds.bedside.records import CHANNELS, START
from pollux.worlds.bedside.story import LINES

MINUTE = 60_000_000_000


def found(record: Record, folder: Path) -> Findings:
    """Play a record into a site of its own."""
    site, beds = declared()
    with site.open(folder, clock=px.SimulatedClock(START - MINUTE)):
        return play(beds, record)


def test_a_made_up_record_keeps_every_promise(tmp_path: Path) -> None:
    """Two hours by code: mirrored, the loose line flagged on every sample and never believed, zeros doubted."""
    findings = found(synthetic(120), tmp_path)
    assert [text for text, held in findings.checks() if not held] == []
    assert findings.mirrored == 120
    line = findings.heard["line_mean"]
    assert (line.zeros, int((line.value > 0).sum())) == (112, 8)


def test_a_line_that_is_connected_is_believed(tmp_path: Path) -> None:
    """As soon as the line reads a pressure that pressure stands in the twin; before, it has no value at all."""
    record = synthetic(40)
    site, beds = declared()
    with site.open(tmp_path, clock=px.SimulatedClock(START - MINUTE)) as live, px.replay(beds, {"B-1": record.tape}):
        live.advance_to(START + 20 * MINUTE)
        assert np.isnan(float(beds["B-1"].now.line_mean))
        live.advance_to(START + 39 * MINUTE)
        assert 60 < float(beds["B-1"].now.line_mean) < 120


def test_a_true_fall_of_the_saturation_alarms(tmp_path: Path) -> None:
    """Four minutes at 87 % raise a confirmed alarm, which ends when the saturation is back."""
    record = synthetic(40)
    quiet = Record(record.source, {**record.values, "spo2": np.where(record.values["spo2"] == 87, 87.0, 97.0)})
    site, beds = declared()
    with site.open(tmp_path, clock=px.SimulatedClock(START - MINUTE)) as live, px.replay(beds, {"B-1": quiet.tape}):
        live.advance_to(START + 21 * MINUTE)
        (alarm,) = (one for one in live.estate.alarms if one.signal == "spo2")
        assert (alarm.severity, alarm.confirmed, alarm.active) == ("high", True, True)
        live.advance_to(START + 30 * MINUTE)
        (alarm,) = (one for one in live.estate.alarms if one.signal == "spo2")
        assert not alarm.active


def test_promises_can_break(tmp_path: Path) -> None:
    """A zero that was believed, one that alarmed, and a minute that was missed are each noticed."""
    findings = found(synthetic(20), tmp_path)
    for broken in (replace(findings, believed=1), replace(findings, zero_alarms=1), replace(findings, mirrored=19)):
        assert sum(not held for _, held in broken.checks()) == 1 + sum(not held for _, held in findings.checks())


def test_it_is_personal_and_says_what_it_is_not() -> None:
    """What is kept of the bed is sealed with the person's key; the notice is that of a real record."""
    site, _ = declared(source="Somewhere.")
    assert Bedside.__pollux__.personal
    assert site.notice == f"{NOTICE} Somewhere."
    assert "imulated" not in NOTICE


def test_without_the_data_the_demo_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the record is absent the command that fetches it is named, and what is played is called SYNTHETIC."""
    monkeypatch.setenv("POLLUX_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pollux.worlds.bedside.demo.synthetic", lambda: synthetic(60))
    assert run(argparse.Namespace(fast=True)) == 0
    printed = capsys.readouterr().out
    assert "pollux data get bedside" in printed
    assert "SYNTHETIC" in printed
    assert NOTICE in printed


def test_the_worst_hours_of_the_real_record_keep_every_promise(data: Callable[[str], Path], tmp_path: Path) -> None:
    """Half an hour with the leads off and the last minutes, with the line connected: nothing false is believed."""
    data("vitals_wfdb")
    whole = recorded()
    assert set(whole.values) == set(CHANNELS.values())
    assert whole.minutes == 1936
    parts = [whole.part(585, 620), whole.part(1915, 1936)]
    joined = {name: np.concatenate([part.values[name] for part in parts]) for name in whole.values}
    findings = found(Record(whole.source, joined), tmp_path)
    assert [text for text, held in findings.checks() if not held] == []
    assert sum(findings.heard[name].zeros for name in LINES) == 3 * 56 - 22
