"""The figures of a device, as clients see them."""

from .client import Client
from .house import FakeHouse


def test_the_quality_of_a_device_is_told_of_signals_that_may_be_seen(client: Client, house: FakeHouse) -> None:
    """Counts by quality and reason, delays and clock; who may read one signal gets the figures of that one."""
    told = client.get("/api/v1/twins/Pump/P-1/quality", house.tokens["viewer"]).json
    assert told["clock"] == {"offset": -3600.0, "drift": None, "fault": "zone", "zone": -3600.0}
    assert told["delays"] == {"count": 10, "ahead": 0, "p50": 0.001, "p95": 0.002, "p99": 0.004}
    assert [one["signal"] for one in told["signals"]] == ["temp", "speed"]
    assert told["signals"][0]["reasons"] == {"spike": 1}


def test_who_may_read_one_signal_gets_the_figures_of_that_one(client: Client, house: FakeHouse) -> None:
    """The reader's grant names the temperature alone."""
    told = client.get("/api/v1/twins/Pump/P-1/quality", house.tokens["reader"]).json
    assert [one["signal"] for one in told["signals"]] == ["temp"]
    assert told["messages"] == 10
