"""The entrance: who gets in, from where, and what every answer bears."""

from typing import Any

import pytest

from pollux.guard import Doors
from pollux.show import Application
from pollux.show.entrance import POLICY

from .client import HOST, Client
from .house import FakeHouse

STATE = "/api/v1/twins/Pump/P-1"
OPENERS = ["/", "/favicon.svg", "/nothing", "/health/live", "/health/ready"]
CLOSED = ["/api/v1/session", "/api/v1/nothing", STATE, "/metrics", "/openapi.json", "/docs", "/docs/reference.css"]


def signed_in(client: Client, house: FakeHouse, name: str = "operator") -> str:
    """A session cookie."""
    answer = client.post("/api/v1/session", {"token": house.tokens[name]})
    assert answer.status == 204
    assert answer.cookie is not None
    return answer.cookie


@pytest.mark.parametrize("path", CLOSED)
def test_without_identity_nothing_is_told(client: Client, house: FakeHouse, path: str) -> None:
    """All but the page, the sign-in and bare health answers 401, whether it exists or not."""
    for token in (None, "wrong", house.tokens["admin"] + "x"):
        answer = client.get(path, token)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json["title"] == "Unauthorized"


@pytest.mark.parametrize("path", OPENERS + CLOSED)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", None, "a@127.0.0.1"]
)
def test_a_foreign_host_gets_nothing(client: Client, house: FakeHouse, path: str, host: str | None) -> None:
    """Whatever is asked under a name that is not ours is refused, with a good token too."""
    answer = client.get(path, house.tokens["admin"], host=host)
    assert answer.status == 421
    assert b"temp" not in answer.body


def test_two_hosts_are_none(client: Client, house: FakeHouse) -> None:
    """A request with two Host headers is refused: which of them a proxy looked at is anybody's guess."""
    answer = client.run(_with_headers(client, [("host", HOST), ("host", HOST)]))
    assert answer == 421


async def _with_headers(client: Client, headers: list[tuple[str, str]]) -> int:
    from .client import scope_of

    scope = scope_of("http", "GET", "/", {})
    sent: list[Any] = []
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers]

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing of the body is asked for")

    await client._app(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:3000", "null", "http://", "http://127.0.0.1"]
)
def test_a_foreign_origin_changes_nothing(client: Client, house: FakeHouse, origin: str) -> None:
    """A request that may change something is refused from another origin, with a cookie, a token or nothing."""
    cookie = signed_in(client, house, "admin")
    for headers, token in (({"cookie": cookie}, None), ({}, house.tokens["admin"]), ({}, None)):
        answer = client.ask("DELETE", STATE, token, headers={**headers, "origin": origin})
        assert answer.status == 403
    form = client.ask(
        "POST",
        "/api/v1/session",
        None,
        b"token=x",
        media="application/x-www-form-urlencoded",
        headers={"origin": origin},
    )
    assert form.status == 403
    assert "set-cookie" not in form.headers
    assert client.get(STATE, house.tokens["admin"]).status == 200


def test_a_cookie_without_origin_changes_nothing(client: Client, house: FakeHouse) -> None:
    """A browser names its origin; a cookie in a request that does not comes from nowhere good."""
    cookie = signed_in(client, house, "admin")
    assert client.ask("DELETE", STATE, headers={"cookie": cookie}).status == 403
    ours = {"cookie": cookie, "origin": f"http://{HOST}"}
    assert client.ask("DELETE", STATE, headers=ours).status == 204


def test_a_cross_site_form_post_gets_nothing(client: Client, house: FakeHouse) -> None:
    """What a form of another site can send, with every trick in its content type, changes nothing."""
    cookie = signed_in(client, house)
    for media in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        answer = client.ask(
            "POST", f"{STATE}/commands", None, b'{"id":"x"}', media=media,
            headers={"cookie": cookie, "origin": "http://evil.example"},
        )  # fmt: skip
        assert answer.status == 403
        same = {"cookie": cookie, "origin": f"http://{HOST}"}
        assert client.ask("POST", f"{STATE}/commands", None, b'{"id":"x"}', media=media, headers=same).status == 415


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_of_this_machine_cannot_read_with_our_cookie(client: Client, house: FakeHouse, site: str) -> None:
    """A browser says that the request comes from another page; its cookie then opens nothing."""
    cookie = signed_in(client, house)
    assert client.get(STATE, headers={"cookie": cookie, "sec-fetch-site": site}).status == 401
    assert client.get(STATE, headers={"cookie": cookie, "sec-fetch-site": "same-origin"}).status == 200


def test_further_names_are_allowed_by_name(house: FakeHouse) -> None:
    """A site that is reached under a name of its own says so, no other is let in, and it may change while it serves."""
    names = {"plant.example"}
    client = Client(Application(house, doors=lambda: Doors(frozenset(names))))
    try:
        assert client.get("/health/live", host="plant.example").status == 200
        assert client.get("/health/live", host="plant.example.evil.example").status == 421
        assert client.get("/health/live", host="other.example").status == 421
        names ^= {"plant.example", "other.example"}
        assert client.get("/health/live", host="other.example").status == 200
        assert client.get("/health/live", host="plant.example").status == 421
    finally:
        client.close()


def test_the_session_cookie_is_out_of_reach(client: Client, house: FakeHouse) -> None:
    """The cookie is HttpOnly and SameSite=Strict, lasts half a day, and is named after the port."""
    answer = client.post("/api/v1/session", {"token": house.tokens["viewer"]})
    words = answer.headers["set-cookie"].split("; ")
    assert words[0].startswith("pollux-8080=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= {*words}
    assert house.tokens["viewer"] not in answer.headers["set-cookie"]


def test_signing_in_with_a_password(client: Client, house: FakeHouse) -> None:
    """A name with its password opens a session; a wrong one, a device and an unknown name look alike."""
    house.accounts.set_password("operator", "correct horse battery")
    right = client.post("/api/v1/session", {"name": "operator", "password": "correct horse battery"})
    assert right.status == 204
    session = client.get("/api/v1/session", headers={"cookie": right.cookie or ""})
    assert session.json["person"] == "operator"
    wrong = [
        client.post("/api/v1/session", {"name": name, "password": "correct horse battery!"})
        for name in ("operator", "no")
    ]
    wrong.append(client.post("/api/v1/session", {"token": house.tokens["device"]}))
    assert {(answer.status, answer.body) for answer in wrong} == {(401, wrong[0].body)}
    assert client.post("/api/v1/session", {}).status == 422


def test_too_many_attempts_must_wait(client: Client, house: FakeHouse) -> None:
    """The sixth wrong password for a name within a minute answers 429 with the time to wait."""
    said = {"name": "operator", "password": "guess guess"}
    statuses = [client.post("/api/v1/session", said).status for _ in range(5)]
    assert statuses == [401] * 5
    last = client.post("/api/v1/session", said)
    assert last.status == 429
    assert int(last.headers["retry-after"]) >= 1


def test_signing_out_ends_the_session(client: Client, house: FakeHouse) -> None:
    """After DELETE the cookie is taken back, and the old one opens nothing."""
    cookie = signed_in(client, house)
    ours = {"cookie": cookie, "origin": f"http://{HOST}"}
    answer = client.ask("DELETE", "/api/v1/session", headers=ours)
    assert answer.status == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert client.get("/api/v1/session", headers=ours).status == 401


def test_a_one_time_address_opens_once(client: Client, house: FakeHouse) -> None:
    """It becomes a cookie and an address without the token; the second time it opens nothing."""
    token = house.accounts.issue_address("operator").secret
    first, second = client.get(f"/?token={token}"), client.get(f"/?token={token}")
    assert (first.status, first.headers["location"]) == (303, "./")
    assert client.get("/api/v1/session", headers={"cookie": first.cookie or ""}).json["person"] == "operator"
    assert (second.status, second.cookie) == (303, None)
    assert token not in str(first.headers)


def test_the_session_says_what_the_page_needs(client: Client, house: FakeHouse) -> None:
    """Mode, view, home and words are told; a wall credential sees the wall alone."""
    session = client.get("/api/v1/session", house.tokens["operator"]).json
    assert session["mode"] == "act"
    assert (session["view"], session["zone"], session["rights_text"]) == ("full", "Europe/Berlin", "operator")
    wall = client.get("/api/v1/session", house.tokens["wall"]).json
    assert (wall["view"], wall["home"]) == ("wall", "wall/ward-4")


@pytest.mark.parametrize("path", OPENERS + CLOSED)
def test_every_answer_bears_the_policy(client: Client, house: FakeHouse, path: str) -> None:
    """Policy, nosniff, no referrer and a request id stand on every answer, good or bad, for everybody."""
    for answer in (client.get(path), client.get(path, house.tokens["admin"]), client.get(path, host="evil.example")):
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert len(answer.headers["x-request-id"]) == 16
        assert "cache-control" in answer.headers
        assert "strict-transport-security" not in answer.headers


def test_a_request_id_is_taken_over_if_it_is_plain(client: Client) -> None:
    """A plain id comes back; one that could be taken for something else is replaced."""
    assert client.get("/health/live", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert (
        client.get("/health/live", headers={"x-request-id": "a\tb<script>"}).headers["x-request-id"] != "a\tb<script>"
    )


def test_a_fault_of_the_house_says_nothing_of_itself(client: Client, house: FakeHouse, plant, caplog) -> None:
    """An unexpected error is a 500 without a word of how; the cause is in the log."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    plant.twins.read = broken
    answer = client.get(STATE, house.tokens["viewer"])
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert answer.headers["content-security-policy"] == POLICY
    assert "secret detail" in caplog.text


def test_methods_and_kinds_are_told(client: Client, house: FakeHouse) -> None:
    """A wrong method answers 405 with those allowed, a wrong Accept 406, a wrong query 422 with its place."""
    token = house.tokens["viewer"]
    wrong = client.ask("PUT", f"{STATE}/view", token)
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, HEAD")
    assert client.get(STATE, token, headers={"accept": "text/html"}).status == 406
    unknown = client.get(f"{STATE}/view?nothing=1", token)
    assert (unknown.status, unknown.headers["content-type"]) == (422, "application/problem+json")
    assert client.get("/api/v1/twins?limit=0", token).json["at"] == "?limit"
    assert client.get(f"{STATE}?at=1&at=2", token).status == 400
    assert client.ask("HEAD", STATE, token).status == 200


def test_rights_end_at_once(client: Client, house: FakeHouse) -> None:
    """A session ends with its account, with its password, and with its time."""
    cookie = {"cookie": signed_in(client, house)}
    assert client.get("/api/v1/session", headers=cookie).status == 200
    house.clock.advance_to(house.clock.now() + 13 * 3_600 * 10**9)
    assert client.get("/api/v1/session", headers=cookie).status == 401
    token = house.tokens["operator"]
    house.accounts.disable("operator")
    assert client.get("/api/v1/session", token).status == 401
