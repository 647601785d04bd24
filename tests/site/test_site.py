"""An open site: what devices say is there, survives, can be forked and answered, and nothing acts unasked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.site.plants import Motor, device, files_below, site, until

import pollux as px
from pollux.errors import NotFound, OrderRefused, SetupError
from pollux.guard import Accounts


def test_what_a_device_says_is_seen_with_its_quality_and_age(tmp_path: Path) -> None:
    """A value sent over MQTT stands in the twin when it is acknowledged, and in the view of the fleet."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.5, speed=1200)
        now = motors["M-1"].now
        assert float(now.temp) == 310.5
        assert now.temp.quality == 1
        assert 0 <= float(now.temp.age) < 10
        assert np.asarray(motors.now.speed).tolist() == [1200.0]
        with pytest.raises(NotFound):
            motors["M-2"]


def test_a_restart_restores_everything(tmp_path: Path) -> None:
    """Values, alarms and orders are there again after the site was closed and opened."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1", lambda _: "done") as m1:
        m1.send(temp=410.0, speed=1200)
        order = motors["M-1"].set({Motor.speed: 800.0}, reason="cool down")
        assert order.wait("done") == "done"
    with plant.open(tmp_path, insecure=True, act=True) as live:
        assert float(motors["M-1"].now.temp) == 410.0
        assert [alarm.title for alarm in live.estate.alarms] == ["Hot"]
        assert [o.state for o in live.estate.orders] == ["done"]
        assert live.log.recovery is None


def test_an_order_goes_out_and_its_answer_comes_back(tmp_path: Path) -> None:
    """Advice becomes an order, the device is told, its answer is the order's state; what was asked for is kept."""
    plant, motors, _ = site()
    told: list[dict[str, Any]] = []

    def obey(command: dict[str, Any]) -> str:
        told.append(command)
        return "done"

    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1", obey) as m1:
        m1.send(temp=310.0, speed=1200)
        futures = motors["M-1"].fork().run("1 h", {Motor.speed: [500.0, 2500.0]}, members=8)
        advice = futures.best(gain=px.accrue(px.money("-1 EUR/h/rpm") * Motor.speed))
        order = motors["M-1"].apply(advice)
        assert order.wait("done") == "done"
        assert told[0]["params"] == {"speed": 500.0}
        assert [s.state for s in order.order.steps] == ["proposed", "approved", "sent", "done"]
        assert "500" in str(order)
        assert live.estate.blocks["Motor"].desired[0, 0] == 500.0
        order.verify(after="1 ns")
        until(lambda: order.state == "ineffective")


def test_a_device_that_refuses_is_believed(tmp_path: Path) -> None:
    """The device's no ends the order, with its reason."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1", lambda _: "rejected") as m1:
        m1.send(temp=310.0)
        order = motors["M-1"].set({Motor.speed: 800.0}, reason="try")
        assert order.wait("rejected") == "rejected"
        assert order.order.steps[-1].reason == "told so"


def test_a_site_that_observes_cannot_act(tmp_path: Path) -> None:
    """Without act=True no order is taken, and there is nothing that could carry one."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.0)
        assert not live.desk.acts
        with pytest.raises(OrderRefused, match="observes"):
            motors["M-1"].set({Motor.speed: 800.0}, reason="try")


def test_the_envelope_holds_at_the_desk(tmp_path: Path) -> None:
    """A value beyond the declared limits is refused before anything is written; so is one without a reason."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.0)
        with pytest.raises(px.ModelError, match="0 to 3000"):
            motors["M-1"].set({Motor.speed: 4000.0}, reason="faster")
        with pytest.raises(OrderRefused, match="reason"):
            motors["M-1"].set({Motor.speed: 800.0}, reason=" ")
        assert list(live.estate.orders) == []


def test_a_fork_reaches_nothing(tmp_path: Path) -> None:
    """Runs of a fork leave the twin as it was, and the same seed gives the same futures."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.0, speed=1200)
        before = live.column("Motor", "M-1")
        fork = motors["M-1"].fork(members=4, seed=3)
        first = fork.run("1 h", {Motor.speed: [0.0, 3000.0]}, members=16)
        again = fork.run("1 h", {Motor.speed: [0.0, 3000.0]}, members=16)
        assert np.array_equal(first.samples.path("temp"), again.samples.path("temp"))
        assert np.array_equal(live.column("Motor", "M-1"), before, equal_nan=True)
        hot = first.band("temp").median[:, -1]
        assert hot[1] > hot[0] + 50


def test_the_past_is_answered_as_it_was_known(tmp_path: Path) -> None:
    """A view at a moment shows what was known then and nothing learnt later."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=301.0)
        moment = live.clock.now()
        m1.send(temp=302.0)
        assert float(motors["M-1"].at(moment).temp) == 301.0
        assert float(motors["M-1"].now.temp) == 302.0


def test_history_has_every_sample_once(tmp_path: Path) -> None:
    """The history of a signal holds what was sent, in order, also after a restart."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        for temp in (301.0, 302.0, 303.0):
            m1.send(temp=temp)
        end = live.clock.now() + 1
        assert live.rooms.history.series("Motor", "M-1", "temp", 0, end).value.tolist() == [301.0, 302.0, 303.0]
    with plant.open(tmp_path, insecure=True) as live:
        assert live.rooms.history.series("Motor", "M-1", "temp", 0, end).value.tolist() == [301.0, 302.0, 303.0]


def test_what_is_personal_is_sealed_on_the_disk(tmp_path: Path) -> None:
    """Neither the name of a person nor a value sent for her stands anywhere on the disk in clear."""
    plant, _, people = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Person/anna-maria-1957") as anna:
        anna.send(weight=71.234567)
        assert float(people["anna-maria-1957"].now.weight) == 71.234567
        live.keep_snapshot()
    written = files_below(tmp_path)
    assert b"71.234567" not in written
    assert b"anna-maria-1957" not in written
    with plant.open(tmp_path, insecure=True):
        assert float(people["anna-maria-1957"].now.weight) == 71.234567


def test_a_device_comes_in_with_its_token_only(tmp_path: Path) -> None:
    """Without `insecure` a name is not enough."""
    plant, _, _ = site()
    with plant.open(tmp_path) as live, pytest.raises(AssertionError), device(live, "Motor/M-1"):
        pass


def test_a_site_is_open_once_and_readable_only_then(tmp_path: Path) -> None:
    """Reading a closed site, opening it twice and listening beyond this machine are refused with a hint."""
    plant, motors, _ = site()
    with pytest.raises(SetupError, match="not open"):
        motors["M-1"]
    with plant.open(tmp_path), pytest.raises(SetupError, match="open already"):
        plant.open(tmp_path)
    with pytest.raises(SetupError, match="this machine"):
        plant.open(tmp_path / "other", mqtt="0.0.0.0:1883")
    with plant.open(tmp_path):
        pass


def test_tokens_are_made_listed_and_revoked_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pollux token` makes a device's token, lists it without its secret, and ends it."""
    from pollux.cli import main
    from pollux.clock import WallClock

    assert main(["token", "add", str(tmp_path), "M-1", "--kind", "device", "--twin", "Motor/M-1"]) == 0
    secret = capsys.readouterr().out.strip()
    accounts = Accounts(tmp_path / "accounts.db", clock=WallClock())
    identity = accounts.by_token(secret)
    assert identity is not None
    assert identity.twins == ("Motor/M-1",)
    id_ = accounts.issued("M-1")[0].id
    accounts.close()
    main(["token", "list", str(tmp_path)])
    listed = capsys.readouterr().out
    assert id_ in listed
    assert secret not in listed
    assert main(["token", "revoke", str(tmp_path), id_]) == 0
    assert main(["token", "revoke", str(tmp_path), "none"]) == 1
