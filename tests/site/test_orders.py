"""Orders that a person carries out, requests to measure, and verdicts that come by themselves."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.site.clinic import CLINICAL, DOCTOR, START, App, Patient, app, clinic, doctor, signed
from tests.site.plants import Motor, device, site, until

import pollux as px
from pollux.act import Order
from pollux.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock
from pollux.errors import NotFound, OrderRefused
from pollux.remember import LogReader
from pollux.show.asks import AckAsk, AdviceAsk, CommandAsk, ForkAsk, SignAsk
from pollux.site import LiveSite
from pollux.site.estate import Estate
from pollux.site.live import TENANT
from pollux.site.recover import replay
from pollux.site.rooms.orders import DeskRoom

PLAN, ACK = "twins/Patient/anna/plan", "twins/Patient/anna/plan/ack"


def room(live: LiveSite) -> DeskRoom:
    """Where the page and the other HTTP clients come to."""
    assert live.rooms.desk is not None
    return live.rooms.desk


def asked(patients: px.Fleet[Patient], dose: float = 80.0, *, expires: str = "2 days") -> px.StandingOrder:
    return patients["anna"].set({Patient.dose: dose}, reason="two kilograms up", expires=expires)


def test_a_plan_change_lives_from_the_proposal_to_the_tablet(tmp_path: Path) -> None:
    """Proposed, signed, on the plan, read, taken: by a stock client as app; the plan is empty again at the end."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        order = asked(patients)
        assert (order.state, order.order.carrier) == ("proposed", "person")
        with app(live, "Patient/anna", PLAN) as phone:
            signed(live, order)
            (change,) = phone.plan(["sent"])
            assert (change["id"], change["params"], change["signed_by"]) == (order.id, {"dose": 80.0}, ["dr-wu"])
            assert phone.say(ACK, id=order.id, state="accepted") == "Success"
            phone.plan(["accepted"])
            assert phone.say(ACK, id=order.id, state="done", reason="with breakfast") == "Success"
            assert phone.plan([]) == []
        steps = [step.state for step in order.order.steps]
        assert steps == ["proposed", "approved", "sent", "accepted", "done"]
        assert order.order.steps[-1].reason == "with breakfast"
        assert live.estate.blocks["Patient"].desired[0, 0] == 80.0


def test_what_is_done_can_no_longer_expire(tmp_path: Path) -> None:
    """Before, its end is looked at; afterwards nothing is said of it, however late it is."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0, t=START / SECOND)
        order = asked(patients, expires="1 h")
        assert "it expires" in [line.text for line in live.rooms.orders.checks(order.order)]
        with app(live, "Patient/anna", PLAN) as phone:
            signed(live, order)
            phone.plan(["sent"])
            phone.say(ACK, id=order.id, state="done")
            until(lambda: order.state == "done")
        live.advance_to(START + 2 * HOUR)
        assert "it expires" not in [line.text for line in live.rooms.orders.checks(order.order)]


def test_what_was_taken_was_read(tmp_path: Path) -> None:
    """An app that only says `done` has read the change too: both stand in its life."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        order = asked(patients)
        with app(live, "Patient/anna", PLAN) as phone:
            signed(live, order)
            phone.plan(["sent"])
            phone.say(ACK, id=order.id, state="done")
            assert order.wait("done") == "done"
        assert [step.state for step in order.order.steps][-2:] == ["accepted", "done"]


def test_no_plan_change_reaches_a_device(tmp_path: Path) -> None:
    """Whatever changes a person's treatment, from Python, a page or a command: no device topic ever carries it."""
    clinic_, patients = clinic()
    told: list[dict[str, Any]] = []

    def obey(command: dict[str, Any]) -> str:
        told.append(command)
        return "done"

    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna", obey) as scale:
        scale.send(weight=88.0)
        ann = patients["anna"]
        run = ann.fork(seed=1).run("7 days", {Patient.dose: [40.0, 80.0]}, members=8)
        advice = run.best(gain=px.accrue(px.money("1 EUR*day/mg/day") * Patient.dose))
        ask = CommandAsk(id="c-1", name="set", params={"dose": 60.0}, reason="as she wants")
        orders = [
            ann.set({Patient.dose: 80.0}, reason="up"),
            ann.apply(advice),
            ann.ask(Patient.infuse, {"volume": 250}, reason="dry"),
        ]
        nurse = live.accounts.add("nurse", kind="person", roles={"operator"}, twins=["*"]).identity("test")
        room(live).command("Patient", "anna", ask, live.clock.now() + HOUR, who=nurse, approve=True)
        with (
            app(live, "Patient/anna", "twins/Patient/anna/commands", "#", role="device") as spy,
            app(live, "Patient/anna", PLAN) as phone,
        ):
            assert spy.granted[0] == "Granted QoS 1"
            for id_ in [*(order.id for order in orders), "c-1"]:
                live.desk.sign(live.site.declared["Patient"], id_, who="dr-wu", roles=DOCTOR, reason="seen")
            phone.plan(["sent"] * 4)
            measured = ann.ask(Patient.measure, {"signal": "pulse"}, reason="to be sure")
            assert measured.wait("done") == "done"
            until(lambda: len(spy.heard) >= 1)
            assert {body["name"] for _, body in spy.heard} == {"measure"}
        assert [command["name"] for command in told] == ["measure"]


def test_each_channel_moves_its_own_orders(tmp_path: Path) -> None:
    """A device's acknowledgement moves no plan change and an app's no device's order; nor may they use each other's."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna", lambda _: "x") as scale:
        scale.send(weight=88.0)
        order = asked(patients)
        measured = patients["anna"].ask(Patient.measure, {"signal": "weight"}, reason="check")
        until(lambda: measured.state == "sent")
        with (
            app(live, "Patient/anna", PLAN) as phone,
            app(live, "Patient/anna", "twins/Patient/anna/commands", role="device") as watch,
        ):
            signed(live, order)
            phone.plan(["sent"])
            assert watch.say("twins/Patient/anna/commands/ack", id=order.id, state="done") == "Success"
            assert phone.say(ACK, id=measured.id, state="done") == "Success"
            assert watch.say(ACK, id=order.id, state="done") == "Not authorized"
            assert phone.say("twins/Patient/anna/commands/ack", id=measured.id, state="done") == "Not authorized"
            assert phone.say("twins/Patient/bert/plan/ack", id=order.id, state="done") == "Not authorized"
            assert phone.say(PLAN, changes=[]) == "Not authorized"
            phone.say(ACK, id="none", state="done")
            with app(live, "Patient/anna", "twins/Patient/anna/state", role="service") as gateway:
                assert gateway.say(ACK, id=order.id, state="done") == "Not authorized"
            assert (order.state, measured.state) == ("sent", "sent")


@pytest.mark.parametrize("role", ["device", "viewer", "operator", "clinician", "service"])
def test_only_the_app_hears_a_plan(tmp_path: Path, role: str) -> None:
    """Who has another role hears no plan, neither by its name nor behind a wildcard."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        order = asked(patients)
        with (
            app(live, "Patient/anna", PLAN, "twins/+/+/plan", role=role) as other,
            app(live, "Patient/anna", PLAN) as phone,
        ):
            assert other.granted[0] == "Not authorized"
            signed(live, order)
            phone.plan(["sent"])
            phone.say(ACK, id=order.id, state="accepted")
            assert other.heard == []


def test_who_may_sign_in_medicine(tmp_path: Path) -> None:
    """Not the proposer, not another role, and not without a reason when it departs from advice."""
    clinic_, _ = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        who, declared = doctor(live), live.site.declared["Patient"]
        ask = CommandAsk(id="c-1", name="set", params={"dose": 80.0}, reason="congested")
        room(live).command("Patient", "anna", ask, live.clock.now() + HOUR, who=who, approve=True)
        for name, roles, reason in (
            ("dr-wu", DOCTOR, "good"), ("nurse", frozenset({"nurse"}), "good"), ("dr-ito", DOCTOR, " "),
        ):  # fmt: skip
            with pytest.raises(OrderRefused):
                live.desk.sign(declared, "c-1", who=name, roles=roles, reason=reason)
        assert live.estate.orders.find("c-1").state == "proposed"
        room(live).approve("Patient", "anna", "c-1", who=doctor(live, "dr-ito"), reason="agreed", code="")
        assert live.estate.orders.find("c-1").signatures == ("dr-ito",)


def test_who_may_only_propose_sends_nothing(tmp_path: Path) -> None:
    """Where no signature is needed, an order of somebody without the right to command waits for one all the same."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=300.0)
        who = doctor(live)
        ask = CommandAsk(id="c-1", name="set", params={"speed": 900.0}, reason="try")
        order = room(live).command("Motor", "M-1", ask, live.clock.now() + HOUR, who=who, approve=False)
        assert order.state == "proposed"
        room(live).approve("Motor", "M-1", "c-1", who=who, reason="", code="")
        until(lambda: live.estate.orders.find("c-1").state == "done")


def test_a_restart_between_sent_and_read_loses_nothing(tmp_path: Path) -> None:
    """The plan is published again when the site is opened, and the app's answer still counts."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        order = asked(patients)
        signed(live, order)
        until(lambda: order.state == "sent")
    with clinic_.open(tmp_path, insecure=True, act=True) as live, app(live, "Patient/anna", PLAN) as phone:
        (change,) = phone.plan(["sent"])
        assert change["id"] == order.id
        phone.say(ACK, id=order.id, state="accepted")
        phone.plan(["accepted"])
        assert [s.state for s in live.estate.orders.find(order.id).steps].count("sent") == 1


def test_what_was_signed_before_a_crash_leaves_after_it(tmp_path: Path) -> None:
    """A change that was signed and not yet sent when the site stopped is put on the plan at the next start."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        order = asked(patients)
    with clinic_.open(tmp_path, insecure=True) as live:  # observing: signed, and nothing can leave
        signed(live, px.StandingOrder(live, order.id))
        assert live.estate.orders.find(order.id).state == "approved"
    with clinic_.open(tmp_path, insecure=True, act=True) as live, app(live, "Patient/anna", PLAN) as phone:
        phone.plan(["sent"])


def test_what_is_not_taken_in_time_leaves_the_plan(tmp_path: Path) -> None:
    """An expired change is on the plan no more, and an app that comes too late changes nothing."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0, t=START / SECOND)
        order = asked(patients, expires="1 h")
        with app(live, "Patient/anna", PLAN) as phone:
            signed(live, order)
            phone.plan(["sent"])
            live.advance_to(START + 2 * HOUR)
            phone.plan([])
            phone.say(ACK, id=order.id, state="done")
            assert order.state == "expired"


def test_a_change_is_taken_back_until_it_is_taken(tmp_path: Path) -> None:
    """A clinician withdraws what is on the plan, a person may refuse it; not what is taken, nor a device's order."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna", lambda _: "x") as scale:
        scale.send(weight=88.0)
        who = doctor(live)
        with app(live, "Patient/anna", PLAN) as phone:
            orders = [asked(patients, dose) for dose in (60.0, 80.0, 100.0)]
            for order in orders:
                signed(live, order)
            phone.plan(["sent"] * 3)
            phone.say(ACK, id=orders[0].id, state="accepted")
            phone.plan(["accepted", "sent", "sent"])
            room(live).cancel("Patient", "anna", orders[0].id, who=who, reason="potassium is low")
            phone.plan(["sent"] * 2)
            phone.say(ACK, id=orders[1].id, state="rejected", reason="it makes me dizzy")
            phone.say(ACK, id=orders[2].id, state="done")
            phone.plan([])
            phone.say(ACK, id=orders[0].id, state="done")
        assert [order.state for order in orders] == ["cancelled", "rejected", "done"]
        assert orders[1].order.steps[-1].reason == "it makes me dizzy"
        measured = patients["anna"].ask(Patient.measure, {"signal": "pulse"}, reason="check")
        until(lambda: measured.state == "sent")
        for order in (orders[2], measured):
            with pytest.raises(OrderRefused, match="cannot become cancelled"):
                room(live).cancel("Patient", "anna", order.id, who=who, reason="too late")


def test_an_app_without_mqtt_answers_over_http(tmp_path: Path) -> None:
    """With the role `app` the plan is read and answered over HTTP; of device orders and other persons nothing."""
    clinic_, patients = clinic()
    with (
        clinic_.open(tmp_path, insecure=True, act=True, http="127.0.0.1:0") as live,
        device(live, "Patient/anna") as scale,
        device(live, "Patient/bert") as other,
    ):
        scale.send(weight=88.0)
        other.send(weight=70.0)
        order = asked(patients)
        signed(live, order)
        until(lambda: order.state == "sent")
        live.accounts.add("phone", kind="service", roles={"app"}, twins=["Patient/anna"], subject="anna")
        assert live.server is not None
        url, token = f"{live.server.url.rstrip('/')}/api/v1/twins/Patient", live.accounts.issue("phone").secret

        def call(path: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
            data = None if body is None else json.dumps(body).encode()
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            try:
                with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=10) as answer:
                    return answer.status, json.loads(answer.read())
            except urllib.error.HTTPError as error:
                return error.code, json.loads(error.read())

        assert call("/anna/plan")[1]["changes"][0]["id"] == order.id
        assert call(f"/anna/commands/{order.id}/ack", {"state": "accepted"})[1]["changes"][0]["state"] == "accepted"
        status, plan = call(f"/anna/commands/{order.id}/ack", {"state": "done"})
        assert (status, plan["changes"], order.state) == (200, [], "done")
        assert call(f"/anna/commands/{order.id}/ack", {"state": "rejected"})[0] == 409
        assert call("/anna/commands/none/ack", {"state": "done"})[0] == 404
        assert (call("/bert/plan")[0], call("/anna/commands")[0]) == (404, 404)
        measured = patients["anna"].ask(Patient.measure, {"signal": "pulse"}, reason="check")
        assert call(f"/anna/commands/{measured.id}/ack", {"state": "done"})[0] == 404


# -- commands that a type declares ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "params", "why"),
    [
        (Patient.measure, {}, "signal: expected one of pulse, weight, got none"),
        (Patient.measure, {"signal": "height"}, "got 'height'"),
        (Patient.measure, {"signal": "pulse", "often": 3}, "often: not a parameter of measure"),
        (Patient.infuse, {"volume": 501}, "volume: expected 0 to 500, got 501"),
        (Patient.infuse, {"volume": "much"}, "volume: expected a number, got 'much'"),
        (Patient.infuse, {"volume": True}, "volume: expected a number, got True"),
        (Patient.infuse, {"volume": float("nan")}, "volume: expected a number, got nan"),
        (Patient.infuse, {"volume": 1, "fast": 1}, "fast: expected True or False, got 1"),
    ],
)
def test_a_command_is_asked_as_it_is_declared(
    tmp_path: Path, command: px.command, params: dict[str, Any], why: str
) -> None:
    """An unknown, missing, wrong or unfitting parameter is refused with its name before anything is written."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        with pytest.raises(OrderRefused) as refused:
            patients["anna"].ask(command, params, reason="try")
        assert why in str(refused.value)
        with pytest.raises(OrderRefused, match="expected one of set, measure, infuse, got 'dance'"):
            live.desk.ask(live.site.declared["Patient"], "anna", "dance", {}, reason="try", expires="1 h")
        assert list(live.estate.orders) == []


def test_a_measurement_needs_no_signature_and_the_rest_does(tmp_path: Path) -> None:
    """What changes nothing about a person is sent at once; a declared command that does waits for a clinician."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        measured = patients["anna"].ask(Patient.measure, {"signal": "pulse"}, reason="check")
        assert measured.wait("done") == "done"
        assert (measured.order.carrier, live.rooms.orders.signatures_wanted(measured.order)) == ("device", 0)
        ask = CommandAsk(id="m-1", name="measure", params={"signal": "weight"}, reason="check")
        who = doctor(live)
        room(live).command("Patient", "anna", ask, live.clock.now() + HOUR, who=who, approve=False)
        until(lambda: live.estate.orders.find("m-1").state == "done")
        infused = patients["anna"].ask(Patient.infuse, {"volume": 250}, reason="dry")
        assert (infused.state, infused.order.carrier) == ("proposed", "person")
        assert infused.order.params == (("volume", 250.0), ("fast", False), ("note", ""))


def doubts(live: LiveSite) -> list[Order]:
    return [order for order in live.estate.orders if order.id.startswith("again-")]


def test_a_doubted_value_is_measured_again_once(tmp_path: Path) -> None:
    """The alarm asks the device to repeat, once; doubts within a minute ask nothing more, a restart neither."""
    clinic_, _ = clinic()
    told: list[dict[str, Any]] = []

    def obey(command: dict[str, Any]) -> str:
        told.append(command)
        return "done"

    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna", obey) as watch:
        watch.send(pulse=70)
        watch.send(pulse=900)
        until(lambda: len(told) == 1)
        assert (told[0]["name"], told[0]["params"]) == ("measure", {"signal": "pulse"})
        until(lambda: [order.state for order in doubts(live)] == ["done"])
        watch.send(pulse=901)
        watch.send(pulse=71)
        watch.send(pulse=902)
        (alarm,) = [one for one in live.estate.alarms if not one.cleared]
        assert live.desk.asks_again(alarm)
        live.desk.doubted(alarm)
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna", obey):
        assert len(doubts(live)) == 1
    assert len(told) == 1


def test_a_doubt_asks_again_after_a_rest(tmp_path: Path) -> None:
    """A new alarm a minute later is a new request; the same alarm twice is one."""
    clinic_, _ = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as watch:
        for number, minute in enumerate((0, 2), 1):
            watch.send(pulse=70, t=(START + minute * MINUTE) / SECOND)
            live.advance_to(START + (minute + 1) * MINUTE)
            watch.send(pulse=900, t=(START + (minute + 1) * MINUTE) / SECOND)
            states = ["done"] * number
            until(lambda states=states: [o.state for o in doubts(live)] == states)  # type: ignore[misc]
            for alarm in live.estate.alarms:
                live.desk.doubted(alarm)
            assert len(doubts(live)) == number


def test_where_nobody_can_measure_again_the_alarm_only_says_so(tmp_path: Path) -> None:
    """A type without such a command, and a site that observes, raise the alarm and ask nobody."""
    plant, _, _ = site()
    with plant.open(tmp_path / "a", insecure=True, act=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=300.0)
        m1.send(temp=900.0)
        assert [alarm.rule for alarm in live.estate.alarms if "doubted" in alarm.rule] == ["temp-doubted"]
        assert not any(live.desk.asks_again(alarm) for alarm in live.estate.alarms)
    clinic_, _ = clinic()
    with clinic_.open(tmp_path / "b", insecure=True) as live, device(live, "Patient/anna") as watch:
        watch.send(pulse=900)
        assert len(live.estate.alarms) == 1
        assert not any(live.desk.asks_again(alarm) for alarm in live.estate.alarms)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def treated(live: LiveSite, patients: px.Fleet[Patient], phone: App, *, after: str | None = None) -> px.StandingOrder:
    """Advice to take more, signed and taken."""
    run = patients["anna"].fork(seed=1).run("7 days", {Patient.dose: [40.0, 80.0]}, members=40)
    advice = run.best(gain=px.accrue(px.money("1 EUR*day/mg/day") * Patient.dose))
    order = patients["anna"].apply(advice, expires="2 days")
    signed(live, order, reason="")
    phone.plan(["sent"])
    phone.say(ACK, id=order.id, state="done")
    if after is not None:
        order.verify(after=after)
    return order


def test_a_verdict_comes_by_itself_and_stays(tmp_path: Path) -> None:
    """Advice carries its prediction; when it is due the weight of that day decides, later ones change nothing."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, t=START / SECOND)
        with app(live, "Patient/anna", PLAN) as phone:
            order = treated(live, patients, phone)
        (effect,) = order.order.predicted
        assert (effect.signal, effect.unit, effect.before, effect.due) == ("weight", "kg", 86.0, START + 7 * DAY)
        assert 83.5 < effect.low < effect.median < effect.high < 84.7
        assert effect.high - effect.low > 2 * 1.6449 * 0.2
        for day in range(1, 7):
            live.advance_to(START + day * DAY)
            scale.send(weight=85.0, t=(START + day * DAY) / SECOND)
            assert order.state == "done"
        live.advance_to(START + 7 * DAY - HOUR)
        scale.send(weight=84.2, t=(START + 7 * DAY - HOUR) / SECOND)
        live.advance_to(START + 7 * DAY)
        assert order.state == "verified"
        frozen = order.outcomes
        assert [(one.measured, one.verdict, one.at) for one in frozen] == [(84.2, "inside", START + 7 * DAY - HOUR)]
        scale.send(weight=95.0, t=(START + 8 * DAY) / SECOND)
        live.advance_to(START + 9 * DAY)
        assert live.rooms.orders.outcome(order.order) == frozen
    with clinic_.open(tmp_path, insecure=True, clock=SimulatedClock(START + 9 * DAY)) as live:
        assert live.estate.orders.find(order.id).outcomes == frozen


@pytest.mark.parametrize("kept", [True, False], ids=["from the snapshot", "from the log alone"])
def test_a_restart_before_the_verdict_forgets_nothing(tmp_path: Path, *, kept: bool) -> None:
    """A verdict that was asked for comes after a restart too, at its time, for the effect foreseen for that time."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, t=START / SECOND)
        with app(live, "Patient/anna", PLAN) as phone:
            order = treated(live, patients, phone, after="3 days")
        (effect,) = order.order.predicted
        assert effect.due == START + 3 * DAY
        assert 84.2 < effect.median < 84.8
    if not kept:
        for file in (tmp_path / "snapshots").iterdir():
            file.unlink()
    clock = SimulatedClock(START + 2 * DAY)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        assert live.estate.orders.find(order.id).predicted == (effect,)
        live.advance_to(START + 3 * DAY)
        assert live.estate.orders.find(order.id).state == "done"
        live.advance_to(START + 3 * DAY + HOUR)
        scale.send(weight=84.5, t=(START + 3 * DAY + HOUR) / SECOND)
        live.advance_to(START + 3 * DAY + 2 * HOUR)
        assert live.estate.orders.find(order.id).state == "verified"


@pytest.mark.parametrize(
    ("hours", "weight", "verdict"),
    [(7 * 24 - 40, 84.2, "unknown"), (7 * 24 + 40, 84.2, "unknown"), (7 * 24 + 30, 84.2, "inside"),
     (7 * 24, 86.0, "outside"), (None, 0.0, "unknown")],
)  # fmt: skip
def test_a_measurement_counts_only_near_its_time(
    tmp_path: Path, hours: int | None, weight: float, verdict: str
) -> None:
    """Within one and a half intervals of the scale a weight counts; earlier, later or never it is unknown."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, t=START / SECOND)
        with app(live, "Patient/anna", PLAN) as phone:
            order = treated(live, patients, phone)
        if hours is not None:
            live.advance_to(START + hours * HOUR)
            scale.send(weight=weight, t=(START + hours * HOUR) / SECOND)
        live.advance_to(START + 10 * DAY)
        (outcome,) = order.outcomes
        assert outcome.verdict == verdict
        assert order.state == ("verified" if verdict == "inside" else "ineffective")
        assert order.order.steps[-1].reason.endswith("not measured in time") == (verdict == "unknown")


def test_a_turn_that_comes_late_judges_by_the_history(tmp_path: Path) -> None:
    """Where the newest value is already from after the window, the reading nearest to the moment still decides."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, t=START / SECOND)
        with app(live, "Patient/anna", PLAN) as phone:
            order = treated(live, patients, phone)
        for hours, weight in ((7 * 24 - 30, 84.9), (7 * 24 + 2, 84.1), (7 * 24 + 26, 84.8), (9 * 24, 90.0)):
            clock.advance_to(START + hours * HOUR)
            scale.send(weight=weight, t=(START + hours * HOUR) / SECOND)
        live.advance_to(START + 10 * DAY)
        assert [one.measured for one in order.outcomes] == [84.1]


def test_nothing_is_judged_beyond_what_was_foreseen(tmp_path: Path) -> None:
    """A moment that the futures do not reach is refused, and so is another moment without futures."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.0, speed=1200)
        futures = motors["M-1"].fork().run("1 h", {Motor.speed: [500.0, 2500.0]}, members=8)
        order = motors["M-1"].apply(futures.best(gain=px.accrue(px.money("-1 EUR/h/rpm") * Motor.speed)))
        with pytest.raises(OrderRefused, match="expected a moment up to"):
            order.verify(after="2 h")
        with pytest.raises(OrderRefused, match="another moment"):
            px.StandingOrder(live, order.id).verify(after="30 min")


def test_without_advice_the_set_points_are_compared(tmp_path: Path) -> None:
    """What was merely set is verified by what the actuator reports then, within one percent; the last request holds."""
    plant, motors, _ = site()
    clock = SimulatedClock(START)
    with plant.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.0, speed=1200, t=START / SECOND)
        orders = [motors["M-1"].set({Motor.speed: speed}, reason="slower") for speed in (900.0, 800.0)]
        for order in orders:
            assert order.wait("done") == "done"
            order.verify(after="1 h")
        orders[1].verify(after="2 h")
        for hours in (1, 2):
            live.advance_to(START + hours * HOUR)
            m1.send(temp=310.0, speed=905, t=(START + hours * HOUR) / SECOND)
            live.advance_to(START + hours * HOUR + MINUTE)
            assert [order.state for order in orders] == ["verified", "done" if hours == 1 else "ineffective"]
        with pytest.raises(OrderRefused, match="not over"):
            orders[0].verify(after="1 s")


def ended(futures: px.Futures) -> list[px.LabFigure]:
    """The weight at the end, for each option."""
    return [px.LabFigure(-float(weight)) for weight in futures.band("weight").median[:, -1]]


LAB = px.Lab(
    lambda _: (px.LabChoice("keep", "Keep", "keep"), px.LabChoice("up", "80 mg", "80 mg", {Patient.dose: 80.0})),
    "7 days",
    40,
    [px.LabRow("Benefit", "Weight", "kg", ended, signal="weight")],
    ended,
)


def test_what_a_card_foresees_is_judged_by_itself(tmp_path: Path) -> None:
    """Signed from the page by a clinician, and by nobody who may only propose or look; verified on the day it names."""
    clinic_ = px.Site("clinic")
    clinic_.fleet(Patient, policy=CLINICAL, presenter=px.Presenter(lab=LAB))
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, t=START / SECOND)
        nurse = live.accounts.add("nurse", kind="person", roles={"operator"}, twins=["*"]).identity("test")
        live.rooms.advisor.advise("Patient", "anna", AdviceAsk(over="7 days"), who=nurse)
        until(lambda: len(live.rooms.advisor.cards("Patient", "anna")) == 1, within=60)
        (card,) = live.rooms.advisor.cards("Patient", "anna")
        check = room(live).check("Patient", "anna", card.id, who=nurse)
        with pytest.raises(OrderRefused, match="expected somebody who may sign, got nurse"):
            room(live).sign("Patient", "anna", SignAsk(check=check.id), who=nurse)
        check = room(live).check("Patient", "anna", card.id, who=nurse)
        order = room(live).sign("Patient", "anna", SignAsk(check=check.id), who=doctor(live))
        assert (order.carrier, order.proposer, order.signatures) == ("person", "pollux", ("dr-wu",))
        (effect,) = order.predicted
        assert (effect.signal, effect.due, effect.before) == ("weight", START + 7 * DAY, 86.0)
        with app(live, "Patient/anna", PLAN) as phone:
            phone.plan(["sent"])
            phone.say(ACK, id=order.id, state="done")
        fared = live.rooms.receptions.of("Patient", "anna")
        assert (fared.connected, fared.refusals) == (True, ())
        live.advance_to(START + 7 * DAY)
        scale.send(weight=84.1, t=(START + 7 * DAY) / SECOND)
        live.advance_to(START + 7 * DAY + MINUTE)
        assert live.estate.orders.find(order.id).state == "verified"


def test_futures_and_cards_are_kept_as_they_were_seen(tmp_path: Path) -> None:
    """After a restart the fan, the card and what became of it are those that were seen; the past knows only its own."""
    clinic_ = px.Site("clinic")
    clinic_.fleet(Patient, policy=CLINICAL, presenter=px.Presenter(lab=LAB))
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, t=START / SECOND)
        nurse = live.accounts.add("nurse", kind="person", roles={"operator"}, twins=["*"]).identity("test")
        cards = live.rooms.advisor.cards
        for hour in (1, 2):
            live.advance_to(START + hour * HOUR)
            live.rooms.advisor.advise("Patient", "anna", AdviceAsk(over="7 days"), who=nurse)
            until(lambda: not live.rooms.forks.running("Patient", "anna"), within=60)
            assert len(cards("Patient", "anna")) == hour
        newest, older = cards("Patient", "anna")
        assert (newest.state, older.state) == ("open", "expired")
        live.rooms.advisor.decline("Patient", "anna", newest.id, "she is dry", who=nurse)
        before = live.rooms.forks.find("F-2")
        with pytest.raises(NotFound):
            live.rooms.forks.find("F-3")
    with clinic_.open(tmp_path, insecure=True, act=True, clock=SimulatedClock(START + 3 * HOUR)) as live:
        assert live.rooms.forks.find("F-2") == before
        assert live.rooms.forks.find("F-2").fans["A"]["weight"].p50
        assert [card.state for card in live.rooms.advisor.cards("Patient", "anna")] == ["declined", "expired"]
        assert live.rooms.advisor.cards("Patient", "anna")[0].text == "declined by nurse: she is dry"
        then = live.rooms.advisor.cards("Patient", "anna", at=START + HOUR + MINUTE)
        assert [card.state for card in then] == ["open"]
        assert [row.id for row in live.rooms.forks.list("Patient", "anna", at=START + HOUR + MINUTE)] == ["F-1"]
        live.rooms.forks.drop("F-2", who=nurse)
        assert [row.id for row in live.rooms.forks.list("Patient", "anna")] == ["F-2", "F-1"]
        assert live.rooms.forks.make("Patient", "anna", ForkAsk(choices=("up",)), who=nurse) == "F-3"
        until(lambda: not live.rooms.forks.running("Patient", "anna"), within=60)


# -- the log ----------------------------------------------------------------------------------------------------------


def test_the_log_played_again_gives_the_same_book_and_sends_nothing(tmp_path: Path) -> None:
    """Plan changes, repeats and verdicts are functions of the log; playing it again needs no door and opens none."""
    clinic_, patients = clinic()
    clock = SimulatedClock(START)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=86.0, pulse=70, t=START / SECOND)
        with app(live, "Patient/anna", PLAN) as phone:
            order = treated(live, patients, phone, after="2 days")
        scale.send(pulse=900, t=START / SECOND + 1)
        until(lambda: [o.state for o in doubts(live)] == ["done"])
        live.advance_to(START + 2 * DAY)
        scale.send(weight=84.6, t=(START + 2 * DAY) / SECOND)
        live.advance_to(START + 2 * DAY + HOUR)
        assert order.state == "verified"
        before, book = live.estate.seq, list(live.estate.orders)
        live.log.flush()
        again = {TENANT: Estate(TENANT, [one.holding() for one in live.site.declared.values()])}
        replay(LogReader(tmp_path, keys=live.keys).read(), again)
        assert list(again[TENANT].orders) == book
        assert again[TENANT].freeze()[":orders"] == live.estate.freeze()[":orders"]
        assert live.estate.seq == before


def test_orders_leave_once_and_in_their_order(tmp_path: Path) -> None:
    """Both steps that approve an order wake a thread: the device hears it once, and all as they were approved."""
    plant, motors, _ = site()
    heard: list[str] = []

    def obey(command: dict[str, Any]) -> str:
        heard.append(command["id"])
        return "done"

    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1", obey) as m1:
        m1.send(temp=310.0)
        orders = [motors["M-1"].set({Motor.speed: 500.0 + n}, reason="try") for n in range(40)]
        for order in orders:
            assert order.wait("done") == "done"
        assert heard == [order.id for order in orders]


def test_a_person_answers_for_a_plan_change_and_nothing_else(tmp_path: Path) -> None:
    """The desk takes a person's word on that person's plan changes only, in their order."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, insecure=True, act=True) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        order, who = asked(patients), doctor(live)
        with pytest.raises(OrderRefused):
            room(live).told("Patient", "anna", order.id, AckAsk(state="done"), who=who)
        with pytest.raises(NotFound):
            room(live).told("Patient", "bert", order.id, AckAsk(state="done"), who=who)
        assert order.state == "proposed"
