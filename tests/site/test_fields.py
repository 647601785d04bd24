"""Field connections of a site: declared with the fleet, heard, shown when broken, and given orders."""

import pytest
from tests.connect.field.paper import Paper
from tests.site.plants import Motor, until

import pollux as px
from pollux.clock import MINUTE
from pollux.columns.field import Datum
from pollux.columns.quality import Quality
from pollux.errors import SetupError
from pollux.site.house import SiteHouse


def plant(*sources):
    site = px.Site("plant")
    return site, site.fleet(Motor, *sources)


def test_a_value_becomes_the_twins_and_stands_in_its_history(tmp_path):
    """With its own time, converted from the unit of the source; after a restart it is known from when on to ask."""
    paper = Paper()
    site, motors = plant(paper)
    with site.open(tmp_path, mqtt=None) as live:
        (driver,) = paper.made
        then = live.clock.now() - MINUTE
        driver.delivery.tell("M-1", [Datum("temp", 80.6, then, 0, "degF")])
        driver.delivery.flush()
        assert motors["M-1"].now.temp == pytest.approx(300.15)
        until(lambda: motors["M-1"].history(Motor.temp, "1 h").time.tolist() == [then])
        assert driver.given.reached("M-1", "temp") == then
    with site.open(tmp_path, mqtt=None):
        assert paper.made[1].given.reached("M-1", "temp") == then
        assert motors["M-1"].now.temp == pytest.approx(300.15)


def test_a_beat_says_that_the_twin_is_there_and_nothing_of_its_values(tmp_path):
    """A steady value is not told again, and its twin is not taken for silent."""
    paper = Paper()
    site, motors = plant(paper)
    with site.open(tmp_path, mqtt=None) as live:
        (driver,) = paper.made
        driver.delivery.beat("M-1")
        driver.delivery.flush()
        assert live.estate.mirror.populations["Motor"].rhythm.messages.tolist()[:1] == [1]
        assert motors["M-1"].now.temp.quality == Quality.MISSING


def test_a_connection_in_trouble_is_a_broken_promise(tmp_path):
    """It is named with the reason, and counted for operators."""
    paper = Paper()
    site, _ = plant(paper)
    with site.open(tmp_path, mqtt=None) as live:
        (driver,) = paper.made
        assert SiteHouse(live).broken() == []
        driver.why = "its certificate is not the pinned one"
        (broken,) = SiteHouse(live).broken()
        assert (broken.promise, broken.text) == ("paper:1 is heard", "its certificate is not the pinned one")
        heard = next(metric for metric in SiteHouse(live).metrics() if metric.name == "pollux_field_connected")
        assert heard.samples == (({"connection": "paper:1", "type": "Motor"}, 0.0),)
    assert not driver.running


def test_what_does_not_fit_is_refused_when_it_is_declared_or_opened(tmp_path):
    """A source checks the type; two connections of one name cannot be told apart."""
    with pytest.raises(SetupError, match="expected a signal of the type"):
        plant(Paper(wrong=True))
    site, _ = plant(Paper(), Paper())
    with pytest.raises(SetupError, match="got two"):
        site.open(tmp_path, mqtt=None)
    assert list(tmp_path.iterdir()) == []
