"""Orders, alarms, forks and advice over HTTP."""

import pytest

from pollux.act import GUARDED, ApprovalPolicy
from pollux.clock import SECOND

from .client import Client
from .house import NOW, FakeHouse, FakeTenancy

T = NOW / SECOND
TW = "/api/v1/twins/Pump/P-1"
ORDER = {"id": "o-1", "name": "set", "params": {"speed": 2000}, "expires_at": T + 60, "reason": "cooler"}


def test_an_order_is_idempotent(client: Client, house: FakeHouse) -> None:
    """The same id and body is the same order, 202 then 200; the same id with another body is 409."""
    token = house.tokens["operator"]
    first, again = client.post(f"{TW}/commands", ORDER, token), client.post(f"{TW}/commands", ORDER, token)
    other = client.post(f"{TW}/commands", {**ORDER, "params": {"speed": 2100}}, token)
    assert (first.status, again.status, other.status) == (202, 200, 409)
    assert first.headers["location"] == f"{TW}/commands/o-1"
    assert first.json == again.json
    assert len(client.get(f"{TW}/commands", token).json["orders"]) == 1


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"expires_at": None}, "$.expires_at"),
        ({"expires_at": "tomorrow"}, "$.expires_at"),
        ({"expires_at": T - 1}, "o-1"),
        ({"params": {}}, "$.params"),
        ({"params": {"speed": [1]}}, "$.params[...]"),
        ({"params": {"speed": 9000}}, "Pump/P-1"),
        ({"id": "a b"}, "$.id"),
        ({"more": 1}, "$"),
    ],
)
def test_an_order_that_cannot_be_is_422(client: Client, house: FakeHouse, change: dict[str, object], at: str) -> None:
    """No expiry, one in the past, nothing to set, a value beyond limits or an odd id: 422 with the place."""
    answer = client.post(f"{TW}/commands", {**ORDER, **change}, house.tokens["operator"])
    assert (answer.status, answer.json["at"]) == (422, at)
    without = {key: value for key, value in ORDER.items() if key != "expires_at"}
    assert client.post(f"{TW}/commands", without, house.tokens["operator"]).json["at"] == "$.expires_at"


def test_an_order_lives_through_its_stations(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """Proposed, signed, queued, sent, done: the row says where it is, what is missing and how it ended."""
    plant.orders.policy = ApprovalPolicy(signatures=1)
    house.person("doctor", {"approver"}, ["Pump/*"])
    operator, doctor = house.tokens["operator"], house.tokens["doctor"]
    proposed = client.post(f"{TW}/commands", ORDER, operator).json
    assert (proposed["state"], proposed["text"]) == ("proposed", "speed 2,000 rpm")
    assert proposed["stations"][1]["text"] == "needs 1 more signature"
    assert [signature["state"] for signature in proposed["signatures"]] == ["waiting"]
    assert [action["key"] for action in proposed["actions"]] == ["cancel"]
    assert [a["key"] for a in client.get(f"{TW}/commands/o-1", doctor).json["actions"]] == ["approve"]
    signed = client.post(f"{TW}/commands/o-1/approve", {"reason": "fine"}, doctor).json
    assert (signed["state"], signed["signatures"][0]["person"]) == ("approved", "doctor")
    for state in ("sent", "accepted", "done", "verified"):
        plant.orders.book.step("o-1", state, who="device", now=NOW)
    done = client.get(f"{TW}/commands/o-1", operator).json
    assert done["stations"][3]["text"] == "by device; unguarded at the device"
    assert done["stations"][4]["text"] == "by device"
    assert all(station["t"] is not None for station in done["stations"])
    assert done["end"]["sign"] == "verified"
    assert done["actions"] == []
    assert client.post(f"{TW}/commands/o-1/cancel", {"reason": "late"}, operator).status == 409


def test_an_order_that_an_agent_has_checked_beside_the_device_is_not_called_unguarded(
    client: Client, house: FakeHouse, plant: FakeTenancy
) -> None:
    """Its own word says what it has checked."""
    token = house.tokens["operator"]
    assert client.post(f"{TW}/commands", ORDER, token).json["state"] == "approved"
    plant.orders.book.step("o-1", "sent", who="pollux", now=NOW)
    plant.orders.book.step("o-1", "accepted", who="P-7", reason=f"limits {GUARDED}", now=NOW)
    station = client.get(f"{TW}/commands/o-1", token).json["stations"][3]
    assert station["text"] == "by P-7: limits checked at the device"


def test_who_may_only_propose_does_not_send(client: Client, house: FakeHouse) -> None:
    """An order of somebody without the right to command waits for a signature although the policy needs none."""
    from pollux.guard import Grant, Policy

    house.gate._policy = Policy([Grant("role:adviser", frozenset({"read", "propose"}), "*")])
    house.person("adviser", {"adviser"}, ["Pump/*"])
    token = house.tokens["adviser"]
    assert client.post(f"{TW}/commands", ORDER, token).json["state"] == "proposed"
    assert client.post(f"{TW}/commands/o-1/cancel", {"reason": "changed my mind"}, token).json["state"] == "cancelled"
    assert client.post(f"{TW}/commands/o-1/approve", {}, token).status == 404


def test_acting_is_absent_where_it_was_not_asked_for(house: FakeHouse, page) -> None:
    """Where nothing that can act is built, the routes are not there, in the description neither; reading goes on."""
    from pollux.show import Application

    house.offers = house.offers - {"acting"}
    house.tenants[""].desk = None
    client = Client(Application(house, page=page))
    try:
        token = house.tokens["admin"]
        assert client.post(f"{TW}/commands", ORDER, token).status == 405
        assert client.post(f"{TW}/checks", {"advice": "R-1"}, token).status == 404
        assert client.get(f"{TW}/commands", token).status == 200
        paths = client.get("/openapi.json", token).json["paths"]
        assert "post" not in paths["/api/v1/twins/{type}/{id}/commands"]
    finally:
        client.close()


def test_acting_on_a_card_takes_two_steps(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """The check says what would happen; its confirmation makes the order, whose outcome is shown."""
    token = house.tokens["operator"]
    asked = {"over": "7 days", "gain": {"speed": {"amount": 1, "unit": "EUR/day/rpm"}}}
    card = client.post(f"{TW}/advice", asked, token)
    assert (card.status, card.headers["location"]) == (202, f"{TW}/advice/R-1")
    shown = client.get(f"{TW}/advice", token).json["cards"][0]
    assert [action["key"] for action in shown["actions"]] == ["decline"]
    check = client.post(f"/api/v1/{shown['check']['href']}", shown["check"]["body"], token).json
    order = client.post(f"/api/v1/{check['confirm']['href']}", {**check["confirm"]["body"], "code": "1"}, token)
    assert (order.status, order.json["state"]) == (202, "approved")
    assert order.json["outcome"]["rows"][0]["predicted"] == -10.0
    assert order.json["outcome"]["rows"][0]["inside"] is True
    viewed = client.get(f"{TW}/advice", house.tokens["viewer"]).json["cards"][0]
    assert (viewed["check"], viewed["actions"]) == (None, [])
    assert client.post(f"{TW}/commands", {"check": "K-9"}, token).status == 404


def test_advice_takes_its_time(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """A card that is being weighed answers 202 until it is there; nothing wanted is 422."""
    token = house.tokens["operator"]
    plant.advisor.running = True
    client.post(f"{TW}/advice", {"over": "7 days", "loss": {"fails": {"amount": 1, "unit": "EUR"}}}, token)
    assert client.get(f"{TW}/advice/R-1", token).status == 202
    assert client.post(f"{TW}/advice", {"over": "7 days"}, token).json["at"] == "$.gain"
    assert client.post(f"{TW}/advice/R-1/decline", {"reason": " "}, token).status == 422


def test_a_fork_is_made_run_and_dropped(client: Client, house: FakeHouse) -> None:
    """201 without choices, 202 with them or with a run; two runs at once are 409; dropped it is gone."""
    token = house.tokens["operator"]
    fork = client.post(f"{TW}/forks", {}, token)
    assert (fork.status, fork.json, fork.headers["location"]) == (
        201,
        {"id": "F-1", "href": "forks/F-1"},
        "/api/v1/forks/F-1",
    )
    assert client.post("/api/v1/forks/F-1/run", {"over": "7 days"}, token).json["at"] == "$.choices"
    run = client.post("/api/v1/forks/F-1/run", {"over": "7 days", "settings": {"speed": [2000, 2400]}}, token)
    assert run.status == 202
    assert client.get("/api/v1/forks/F-1", token).json["state"] == "done"
    assert client.post(f"{TW}/forks", {"choices": ["keep"]}, token).status == 202
    assert client.post("/api/v1/forks/F-2/run", {"over": "7 days", "choices": ["keep"]}, token).status == 409
    assert [row["id"] for row in client.get(f"{TW}/forks", token).json["forks"]] == ["F-2", "F-1"]
    assert client.ask("DELETE", "/api/v1/forks/F-1", token).status == 204
    assert client.get("/api/v1/forks/F-1", token).status == 404


def test_a_fork_inherits_the_rights_of_its_twin(client: Client, house: FakeHouse) -> None:
    """Who sees one signal of the twin sees the future of that signal alone."""
    client.post(f"{TW}/forks", {}, house.tokens["operator"])
    client.post("/api/v1/forks/F-1/run", {"over": "7 days", "choices": ["keep"]}, house.tokens["operator"])
    whole, part = (client.get("/api/v1/forks/F-1", house.tokens[who]).json for who in ("viewer", "reader"))
    assert whole["fans"]["0"].keys() == {"temp", "wear"}
    assert part["fans"]["0"].keys() == {"temp"}
    assert whole["chances"]["0"].keys() == {"temp", "wear"}
    assert part["chances"]["0"].keys() == {"temp"}
    assert [row["signal"] for group in part["table"]["groups"] for row in group["rows"]] == ["temp"]


def test_alarms_are_acknowledged_with_a_reason(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """The list counts who needs whom, offers what may be done, and a reason is required."""
    plant.alarms.raise_("Pump/P-1", "temp", "high", "Too hot")
    plant.alarms.raise_("Pump/P-2", "temp", "low", "Warm")
    operator, path = house.tokens["operator"], "/api/v1/alarms/Pump~P-1~temp~high"
    listed = client.get("/api/v1/alarms", operator).json
    assert listed["summary"] == "2 need somebody"
    assert [action["key"] for action in listed["alarms"][0]["actions"]] == ["ack", "shelve"]
    assert client.get("/api/v1/alarms?twin=Pump/P-2", operator).json["summary"] == "1 needs somebody"
    assert client.get("/api/v1/alarms", house.tokens["viewer"]).json["alarms"][0]["actions"] == []
    assert client.post(f"{path}/ack", {}, operator).status == 422
    acknowledged = client.post(f"{path}/ack", {"reason": "seen"}, operator).json
    assert acknowledged["state"] == "acknowledged"
    assert "acknowledged by operator: seen" in acknowledged["text"]
    shelved = client.post(
        "/api/v1/alarms/Pump~P-2~temp~low/shelve", {"reason": "known", "duration": 900}, operator
    ).json
    assert (shelved["state"], shelved["until"]) == ("shelved", T + 900)
    assert client.post(f"{path}/shelve", {"reason": "x"}, operator).json["at"] == "$.duration"
    assert client.get("/api/v1/alarms", operator).json["summary"] == "1 acknowledged · 1 shelved"
    assert client.get(f"/api/v1/alarms?at={T - 1}", operator).json["alarms"] == []


def test_refusals_name_the_station_that_broke(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """When all arrives the answer is null; else it names the station, the fault, the message and its count."""
    token = house.tokens["viewer"]
    assert client.get(f"{TW}/refusals", token).json is None
    plant.receptions.refuse()
    told = client.get(f"{TW}/refusals", token).json
    assert told["text"] == "6 messages of 10 refused, 3 values set aside"
    assert [station["state"] for station in told["stations"]] == ["ok", "ok", "broken", "broken", "ok"]
    assert {fault["title"] for fault in told["faults"]} == {
        "Another kind of value than the signal holds",
        "temp: outside",
    }


def test_a_fleet_is_worst_first(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """The field of cells holds the twins that may be seen, worst first, silent ones hollow."""
    plant.alarms.raise_("Pump/P-3", "temp", "medium", "Hot", 361.0)
    plant.twins.offline.add("P-2")
    fleet = client.get("/api/v1/fleets/Pump", house.tokens["viewer"]).json
    group = fleet["groups"][0]
    assert (group["ids"], group["level"], group["mark"]) == (["P-3", "P-1", "P-2"], [2, 0, -1], [2, 0, 0])
    assert {count["key"]: count["count"] for count in fleet["summary"]} == {
        "high": 0, "medium": 1, "low": 0, "silent": 1, "usual": 1,
    }  # fmt: skip
    assert (fleet["attention"][0]["value"], fleet["attention"][0]["unit"]) == (361.0, "K")
    assert client.get("/api/v1/fleets/Pump", house.tokens["reader"]).json["count"] == 1
    assert client.get("/api/v1/fleets/Nothing", house.tokens["admin"]).status == 404


def test_a_wall_knows_no_names(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """A wall credential sees its wall and nothing else; a wall that is made holds no personal field."""
    wall = client.get("/api/v1/wall?name=ward-4", house.tokens["wall"])
    assert (wall.status, len(wall.json["tiles"])) == (200, 16)
    assert client.get("/api/v1/wall?name=ward-5", house.tokens["wall"]).status == 404
    assert client.get("/api/v1/wall", house.tokens["wall"]).status == 404
    assert client.get("/api/v1/wall?name=ward-4", house.tokens["viewer"]).status == 404
    plant.alarms.raise_("Patient/H-1", "pulse", "high", "Pulse 140")
    made = client.get("/api/v1/wall?name=Patient", house.tokens["clinician"])
    assert b"Anna" not in made.body
    assert [(tile["code"], tile["state"]) for tile in made.json["tiles"]] == [("H-1", "alarm"), ("H-2", "steady")]
    assert [value["label"] for value in made.json["tiles"][0]["values"]] == ["Pulse"]


def test_audit_subjects_and_models(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """The trail is paged by position; a person's data come out and go; types come as DTDL."""
    token = house.tokens["admin"]
    for _ in range(3):
        client.get("/api/v1/twins/Patient/H-1", house.tokens["clinician"])
    first = client.get("/api/v1/audit?limit=2", token).json
    rest = client.get(f"/api/v1/audit?after={first['next']}", token).json
    assert [len(first["entries"]), len(rest["entries"]), rest["next"]] == [2, 1, None]
    assert first["entries"][0]["target"] == "Patient/H-1"
    assert client.get("/api/v1/subjects/anna/export", token).json == {"name": "Anna Example"}
    assert client.ask("DELETE", "/api/v1/subjects/anna", token).status == 204
    assert client.get("/api/v1/subjects/anna/export", token).status == 404
    assert client.get("/api/v1/models", token).json["models"][0]["@type"] == "Interface"
