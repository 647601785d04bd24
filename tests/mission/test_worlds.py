"""Rows of the mission that are worlds of their own, and what they are designed in: each runs by one command."""

import math
import re
import subprocess
import sys

import pytest
from tests.mission.promises import shows

import pollux as px


@shows(
    "K1",
    state="partly",
    command="pollux demo heart --fast",
    missing="stents and pacing are named and referred, not simulated; the estimate follows a decompensation "
    "late, the rules on raw values do not",
)
@pytest.mark.timeout(300)
def test_one_patient_is_mirrored_forked_treated_and_checked() -> None:
    """The six steps are told in order, with every promise held: the twin is made from history and scan, treatments are
    tried, wearables keep it current, an alarm names its cause and the chances, the change is tried, signed, taken and
    compared with what happened.
    """
    told = subprocess.run(
        [sys.executable, "-m", "pollux", "demo", "heart", "--fast"], capture_output=True, text=True, timeout=280
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.findall(r"^\((\d)\) Day", told.stdout, re.MULTILINE) == ["1", "2", "3", "4", "5", "6"]
    assert "NOT HELD" not in told.stdout
    assert told.stdout.count("held ") >= 15
    assert re.search(r"decompensation.* 7 days", told.stdout)
    assert "research software" in told.stdout.lower()


@shows(
    "K4",
    state="partly",
    command="pollux demo line --fast",
    missing="stock and supply, wear and remaining life of the machines",
)
@pytest.mark.timeout(300)
def test_a_line_names_its_bottleneck() -> None:
    """A shift is mirrored, forked and advised, and every promise held."""
    told = subprocess.run(
        [sys.executable, "-m", "pollux", "demo", "line", "--fast"], capture_output=True, text=True, timeout=280
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "The bottleneck is press" in told.stdout


class Tank(px.Twin):
    """A store of warm water that nobody has built yet; how well such tanks are lagged is known from others."""

    power = px.actuator("W", low=0, high=3000, start=500)
    temp = px.hidden("degC", start=60)
    lagging = px.parameter("W/K", px.lognormal(10, 0.3))
    heat = px.parameter("J/K", 4000)
    room = px.parameter("degC", 20)

    @px.rate(temp)
    def cools(self):
        return (self.power - self.lagging * (self.temp - self.room)) / self.heat

    @px.event
    def boils(self):
        return self.temp >= px.quantity(95, "degC")


@shows(
    "D7",
    state="partly",
    command="docs/how-to/weigh-options.md",
    missing="priors learnt from a fleet of similar assets: they are given by hand",
)
def test_a_design_is_tried_before_it_is_built() -> None:
    """Three heaters for a tank are tried on the same thousand laggings, as such tanks differ; how often each boils is
    what the prior of the lagging says: the tank ends at 20 degC plus power over lagging.
    """
    powers = [500, 750, 1000]
    futures = px.prototype(Tank, members=1000, seed=2).run("1 day", {Tank.power: powers})
    risk = futures.probability(Tank.boils)
    for power in powers:
        # The lagging is lognormal about 10 W/K with a spread of 0.3 in its logarithm.
        due = 0.5 * (1 + math.erf(math.log(power / 75 / 10) / (0.3 * math.sqrt(2))))
        assert risk[power] == pytest.approx(due, abs=4 * math.sqrt(due * (1 - due) / 1000) + 0.005), power
