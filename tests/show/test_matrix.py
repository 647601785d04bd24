"""The isolation matrix: every route of the table against every kind of identity, as data.

A route that is added without a line here fails the first test. What is not granted must look exactly like what does
not exist, and every identity of another tenant must see nothing of this one's twins.
"""

import json

import pytest

from pollux.clock import SECOND
from pollux.show.routes import API
from pollux.show.table import TABLE

from .client import Answer, Client
from .house import NOW, FakeHouse, FakeTenancy

PEOPLE = ("none", "stranger", "nobody", "device", "wall", "reader", "viewer", "operator", "clinician", "admin")
TW = "/twins/{type}/{id}"
READERS = {"reader", "viewer", "operator", "clinician", "admin"}
VIEWERS = {"viewer", "operator", "clinician", "admin"}
PROPOSERS = {"operator", "clinician", "admin"}
EVERYBODY = {*PEOPLE} - {"none"}
OWN = "stranger"
"""The administrator of another tenant: what is allowed here reaches that tenant's own twins, as the next test shows."""
EXPIRES = NOW / SECOND + 3_600

BODIES: dict[tuple[str, str], object] = {
    ("PUT", TW): {"values": {"room": 293.0}},
    ("PATCH", TW): {"values": {"room": 293.0}},
    ("POST", "/alarms/{alarm}/ack"): {"reason": "seen"},
    ("POST", "/alarms/{alarm}/shelve"): {"reason": "known", "duration": 900},
    ("POST", TW + "/forks"): {},
    ("POST", "/forks/{fork}/run"): {"over": "7 days", "choices": ["keep"]},
    ("POST", "/forks/{fork}/sensitivity"): {"output": "temp"},
    ("POST", TW + "/advice"): {"over": "7 days", "gain": {"speed": {"amount": 1, "unit": "EUR/day/rpm"}}},
    ("POST", TW + "/advice/{card}/decline"): {"reason": "not now"},
    ("POST", TW + "/checks"): {"advice": "R-1"},
    ("POST", TW + "/commands"): {"id": "c-1", "name": "set", "params": {"speed": 2000}, "expires_at": EXPIRES},
    ("POST", TW + "/commands/{order}/approve"): {},
    ("POST", TW + "/commands/{order}/ack"): {"state": "accepted"},
    ("POST", TW + "/commands/{order}/cancel"): {"reason": "no"},
}

ALLOWED: dict[tuple[str, str], set[str]] = {
    ("GET", "/twins"): EVERYBODY,
    ("GET", TW): READERS,
    ("PUT", TW): {"clinician", "admin", OWN},
    ("PATCH", TW): {"clinician", "admin"},
    ("DELETE", TW): {"admin"},
    ("GET", TW + "/view"): READERS,
    ("GET", TW + "/mathematics"): VIEWERS,
    ("GET", TW + "/scene.glb"): set(),
    ("GET", TW + "/history"): READERS,
    ("GET", TW + "/marks"): READERS,
    ("GET", TW + "/cycle"): READERS,
    ("GET", "/alarms"): EVERYBODY,
    ("POST", "/alarms/{alarm}/ack"): PROPOSERS,
    ("POST", "/alarms/{alarm}/shelve"): PROPOSERS,
    ("GET", TW + "/scores"): READERS,
    ("GET", TW + "/refusals"): VIEWERS,
    ("GET", TW + "/quality"): READERS,
    ("GET", "/refusals"): {"admin", OWN},
    ("GET", "/devices/{device}/trace"): {"admin", OWN},
    ("GET", TW + "/forks"): READERS,
    ("POST", TW + "/forks"): PROPOSERS,
    ("POST", "/forks/{fork}/run"): PROPOSERS,
    ("GET", "/forks/{fork}"): READERS,
    ("DELETE", "/forks/{fork}"): PROPOSERS,
    ("POST", "/forks/{fork}/sensitivity"): PROPOSERS,
    ("GET", "/forks/{fork}/sensitivity"): VIEWERS,
    ("DELETE", "/forks/{fork}/sensitivity"): PROPOSERS,
    ("GET", TW + "/advice"): VIEWERS,
    ("POST", TW + "/advice"): PROPOSERS,
    ("GET", TW + "/advice/{card}"): VIEWERS,
    ("POST", TW + "/advice/{card}/decline"): PROPOSERS,
    ("GET", TW + "/commands"): READERS,
    ("GET", TW + "/commands/{order}"): VIEWERS,
    ("POST", TW + "/checks"): PROPOSERS,
    ("POST", TW + "/commands"): PROPOSERS,
    ("POST", TW + "/commands/{order}/approve"): {"clinician", "admin"},
    ("GET", TW + "/plan"): {"admin"},
    ("POST", TW + "/commands/{order}/ack"): set(),
    ("POST", TW + "/commands/{order}/cancel"): PROPOSERS,
    ("GET", "/fleets/{type}"): {*READERS, OWN},
    ("GET", "/wall"): {*READERS, OWN},
    ("GET", "/session"): EVERYBODY,
    ("GET", "/models"): {"clinician", "admin", OWN},
    ("GET", "/audit"): {"admin", OWN},
    ("GET", "/subjects/{subject}/export"): {"admin"},
    ("DELETE", "/subjects/{subject}"): {"admin"},
}
FILLED = {"type": "Pump", "id": "P-1", "alarm": "Pump~P-1~temp~high", "fork": "F-1", "card": "R-1", "order": "o-1",
          "subject": "anna", "device": "D-1"}  # fmt: skip
ABSENT = {"type": "Pump", "id": "P-77", "alarm": "Pump~P-77~temp~high", "fork": "F-77", "card": "R-77", "order": "o-77",
          "subject": "nobody", "device": "D-77"}  # fmt: skip
WRITES = [(method, path, who) for method, path in ALLOWED if method != "GET" for who in sorted(ALLOWED[method, path])]


@pytest.fixture
def things(plant: FakeTenancy, house: FakeHouse, client: Client) -> FakeTenancy:
    """An alarm, a fork, a card and an order for P-1, so that every address of the matrix is there."""
    admin = house.tokens["admin"]
    plant.alarms.raise_("Pump/P-1", "temp", "high", "Too hot")
    client.post(f"{API}/twins/Pump/P-1/forks", {}, admin)
    client.post(f"{API}/twins/Pump/P-1/advice", BODIES["POST", TW + "/advice"], admin)
    plant.orders.policy = type(plant.orders.policy)(signatures=2)
    order = {"id": "o-1", "name": "set", "params": {"speed": 2100}, "expires_at": EXPIRES}
    assert client.post(f"{API}/twins/Pump/P-1/commands", order, admin).status == 202
    return plant


def asked(client: Client, house: FakeHouse, method: str, path: str, who: str, names: dict[str, str]) -> Answer:
    """One cell of the matrix."""
    body = BODIES.get((method, path))
    content = b"" if body is None else json.dumps(body).encode()
    media = None if body is None else "application/json"
    where = API + path.format(**names)
    return client.ask(method, where, house.tokens.get(who), content, media=media)


def test_every_route_is_in_the_matrix() -> None:
    """The matrix has exactly the routes of the table."""
    assert {(route.method, route.path) for route in TABLE} == set(ALLOWED)
    assert {(route.method, route.path) for route in TABLE if route.body} == set(BODIES)


@pytest.mark.parametrize(("method", "path"), ALLOWED)
def test_whoever_may_not_gets_what_is_not_there(
    client: Client, house: FakeHouse, things: FakeTenancy, method: str, path: str
) -> None:
    """A cell without the right answers like an address at which there is nothing: same status, same body."""
    for who in (one for one in PEOPLE if one not in ALLOWED[method, path]):
        answer = asked(client, house, method, path, who, FILLED)
        if who == "none":
            assert answer.status == 401
            continue
        absent = asked(client, house, method, path, who, ABSENT)
        assert (who, answer.status) == (who, 404)
        assert (absent.status, absent.body) == (answer.status, answer.body)


@pytest.mark.parametrize("path", [path for method, path in ALLOWED if method == "GET"])
def test_whoever_may_read_gets_an_answer(client: Client, house: FakeHouse, things: FakeTenancy, path: str) -> None:
    """Each reading cell with the right answers."""
    for who in ALLOWED["GET", path]:
        answer = asked(client, house, "GET", path, who, FILLED)
        assert (who, answer.status) == (who, 200)


@pytest.mark.parametrize(("method", "path", "who"), WRITES)
def test_whoever_may_change_does(
    client: Client, house: FakeHouse, things: FakeTenancy, method: str, path: str, who: str
) -> None:
    """Each changing cell with the right is carried out."""
    assert asked(client, house, method, path, who, FILLED).status < 300


@pytest.mark.parametrize(("method", "path"), [cell for cell in ALLOWED if cell[1] != "/session"])
def test_another_tenant_sees_its_own_twins_alone(
    client: Client, house: FakeHouse, things: FakeTenancy, method: str, path: str
) -> None:
    """An administrator of another tenant gets nothing of this one's, and cannot name this tenant either."""
    for tail in ("?tenant=", "?tenant=north", "?tenant=nowhere"):
        body = BODIES.get((method, path))
        answer = client.ask(
            method, API + path.format(**FILLED) + tail, house.tokens["stranger"],
            b"" if body is None else json.dumps(body).encode(), media=None if body is None else "application/json",
        )  # fmt: skip
        if tail == "?tenant=north":
            assert b"The plant" not in answer.body
        else:
            assert answer.status == 404
    here = house.tenants[""]
    assert here.twins.names["Pump"] == ("P-1", "P-2", "P-3")
    assert here.subjects.held


def test_the_administrator_of_the_installation_may_name_a_tenant(client: Client, house: FakeHouse) -> None:
    """`?tenant=` opens another tenant to the installation's administrator and to nobody else."""
    house.tenants["north"].twins.tell("Pump/N-1", "temp", 333.0)
    path = f"{API}/twins/Pump/N-1?tenant=north"
    assert client.get(path, house.tokens["admin"]).json["values"]["temp"]["value"] == 333.0
    for who in ("clinician", "viewer", "device", "wall"):
        assert client.get(path, house.tokens[who]).status == 404


@pytest.mark.parametrize("name", ["*", "P-1%2F..%2FP-2", "%00", "P-1'; DROP TABLE--", "../P-1", "P-1%0a"])
def test_ids_that_are_no_ids_find_nothing(client: Client, house: FakeHouse, name: str) -> None:
    """Wildcards, separators and injection strings in an address find nothing, for the administrator too."""
    for who in ("admin", "viewer"):
        answer = client.get(f"{API}/twins/Pump/{name.replace(' ', '%20')}", house.tokens[who])
        assert answer.status == 404


def test_a_deliberate_hole_turns_the_matrix_red(client: Client, house: FakeHouse, things: FakeTenancy) -> None:
    """The matrix can fail: with a gate that forgets whose twins may be seen, a cell that was closed is open."""
    from pollux.guard import Grant, Policy

    house.gate._policy = Policy([Grant("role:viewer", frozenset({"read"}), "*")])
    house.person("reader2", {"viewer"}, ["*"])
    assert asked(client, house, "GET", TW + "/refusals", "reader2", FILLED).status == 200
