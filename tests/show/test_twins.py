"""Twins over HTTP: the list, the state, the view, and what may be seen of them."""

from urllib.parse import quote

from .client import Client
from .house import NOW, FakeHouse, FakeTenancy

AT = NOW / 1e9


def test_a_value_has_all_that_belongs_to_it(client: Client, house: FakeHouse) -> None:
    """A measured value comes with unit, quality, both times, age and standard deviation."""
    answer = client.get("/api/v1/twins/Pump/P-1", house.tokens["viewer"])
    assert answer.status == 200
    value = answer.json["values"]["temp"]
    assert value["value"] == 301.0
    assert (value["unit"], value["role"], value["quality"]) == ("K", "measured", "good")
    assert (value["t"], value["arrived"], value["age"]) == (AT, AT, 0.0)
    assert (value["sigma"], value["due"], value["stale_after"]) == (0.4, 60.0, 120.0)


def test_age_grows_with_the_clock(client: Client, house: FakeHouse) -> None:
    """The age of a value is counted when it is read."""
    house.clock.advance_to(NOW + 5_000_000_000)
    assert client.get("/api/v1/twins/Pump/P-1", house.tokens["viewer"]).json["values"]["temp"]["age"] == 5.0


def test_a_missing_value_is_null_with_the_reason(client: Client, house: FakeHouse) -> None:
    """What nobody told is null, missing, and says so; texts, choices and estimates read as such."""
    values = client.get("/api/v1/twins/Pump/P-1", house.tokens["viewer"]).json["values"]
    assert values["room"]["value"] is None
    assert values["room"]["quality"] == "missing"
    assert values["room"]["reason"] == "nothing was told yet"
    assert (values["site"]["value"], values["mode"]["value"]) == ("hall 1", "auto")
    assert (values["wear"]["role"], values["wear"]["quality"]) == ("estimate", "estimated")


def test_the_past_is_read_with_at(client: Client, house: FakeHouse) -> None:
    """`at` asks for a moment, as a number or as ISO 8601; before the first sample nothing is known."""
    for at in (str(AT - 10), "2025-11-23T10:42:06Z"):
        state = client.get(f"/api/v1/twins/Pump/P-1?at={at}", house.tokens["viewer"]).json
        assert state["at"] == AT - 10
        assert state["values"]["temp"]["value"] is None
    assert client.get(f"/api/v1/twins/Pump/P-1?at={AT}&seq=3", house.tokens["viewer"]).status == 422


def test_an_alarm_flags_its_value(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """The value that raised an alarm says what attention it needs."""
    plant.alarms.raise_("Pump/P-1", "temp", "high", "Too hot")
    flag = client.get("/api/v1/twins/Pump/P-1", house.tokens["viewer"]).json["values"]["temp"]["flag"]
    assert flag == {"severity": "high", "text": "Too hot", "since": AT}


def test_one_field_may_be_all_that_is_seen(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """Who may read one field of one twin sees that field, and neither the others nor the other twins."""
    token = house.tokens["reader"]
    assert list(client.get("/api/v1/twins/Pump/P-1", token).json["values"]) == ["temp"]
    assert client.get("/api/v1/twins/Pump/P-2", token).status == 404
    listed = client.get("/api/v1/twins", token).json
    assert [row["twin"] for row in listed["twins"]] == ["Pump/P-1"]
    assert listed["types"] == [{"type": "Pump", "title": "Pumps", "count": 1}]
    plant.alarms.raise_("Pump/P-1", "wear", "high", "Worn")
    assert client.get("/api/v1/twins", token).json["twins"][0]["severity"] is None


def test_names_need_a_right_of_their_own(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """A person's name, caption and view go only to those who may see names, and who looked is written down."""
    house.person("ward", {"viewer"}, ["Patient/*"])
    for token, title in ((house.tokens["ward"], "Patient H-1"), (house.tokens["clinician"], "Anna Example")):
        state, view = (client.get(f"/api/v1/twins/Patient/H-1{tail}", token) for tail in ("", "/view"))
        assert ("name" in state.json["values"]) == (title == "Anna Example")
        assert view.json["title"] == title
        listed = client.get("/api/v1/twins?type=Patient", token)
        assert listed.json["twins"][0]["title"] == title
        if title != "Anna Example":
            assert b"Anna" not in state.body + view.body + listed.body
            assert [vital["label"] for vital in view.json["vitals"]] == ["Pulse"]
            assert view.json["scene"]["callouts"] == []
    assert ("ward", "Patient/H-1") in plant.audit.seen
    assert ("clinician", "Patient/H-1") in plant.audit.seen


def test_the_list_is_worst_first_and_goes_on(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """Twins that need somebody come first; `next` continues where a page ended."""
    plant.alarms.raise_("Pump/P-3", "temp", "high", "Too hot")
    plant.alarms.raise_("Pump/P-2", "temp", "low", "Warm")
    token = house.tokens["viewer"]
    seen: list[object] = []
    after: str | None = ""
    while after is not None:
        page = client.get(f"/api/v1/twins?limit=1{'&after=' + quote(after) if after else ''}", token).json
        seen += [(row["twin"], row["severity"]) for row in page["twins"]]
        after = page["next"]
    assert seen == [("Pump/P-3", "high"), ("Pump/P-2", "low"), ("Pump/P-1", None)]


def test_where_and_q_choose_twins(client: Client, house: FakeHouse) -> None:
    """`where` compares values, `q` looks into names, `fields` asks for values in the list."""
    token = house.tokens["viewer"]

    def found(query: str) -> list[str]:
        return [row["twin"] for row in client.get(f"/api/v1/twins?{query}", token).json["twins"]]

    assert found("type=Pump&where=" + quote('temp > 301.5 and site == "hall 1"')) == ["Pump/P-2", "Pump/P-3"]
    assert found("type=Pump&where=" + quote("room > 0")) == []
    assert found("q=p-2") == ["Pump/P-2"]
    rows = client.get("/api/v1/twins?q=P-1&fields=temp,wear,nothing", token).json["twins"]
    assert rows[0]["values"].keys() == {"temp", "wear"}
    assert client.get("/api/v1/twins?type=Pump&where=temp", token).status == 422
    assert client.get("/api/v1/twins?where=" + quote("temp > 1"), token).status == 422


def test_where_tells_nothing_about_fields_that_are_not_seen(client: Client, house: FakeHouse) -> None:
    """A comparison with a field that may not be read finds nothing, whatever its value."""
    token = house.tokens["reader"]
    for sign in (">", "<="):
        query = quote(f"wear {sign} 0")
        assert client.get(f"/api/v1/twins?type=Pump&where={query}", token).json["twins"] == []


def test_a_twin_is_made_changed_and_removed(client: Client, house: FakeHouse) -> None:
    """PUT makes a twin, PATCH changes its facts, DELETE removes it; measured values are not written so."""
    token, tw = house.tokens["admin"], "/api/v1/twins/Pump/P-9"
    made = client.ask("PUT", tw, token, b'{"values": {"room": 293, "site": "hall 2"}}', media="application/json")
    assert (made.status, made.headers["location"]) == (201, tw)
    changed = client.ask("PATCH", tw, token, b'{"values": {"room": 294}}', media="application/json")
    assert changed.status == 204
    assert client.get(tw, token).json["values"]["room"]["value"] == 294.0
    refused = client.ask("PATCH", tw, token, b'{"values": {"temp": 1}}', media="application/json")
    assert (refused.status, refused.json["at"]) == (422, "$.values.temp")
    beyond = client.ask("PATCH", tw, token, b'{"values": {"room": 1000}}', media="application/json")
    assert (beyond.status, beyond.json["detail"]) == (422, "expected 250 to 420 K, got 1000")
    assert client.ask("DELETE", tw, token).status == 204
    assert client.get(tw, token).status == 404


def test_a_default_view_shows_what_changes(client: Client, house: FakeHouse) -> None:
    """A type whose domain says nothing is presented all the same: vitals, charts, panels by right."""
    view = client.get("/api/v1/twins/Pump/P-1/view", house.tokens["viewer"]).json
    assert [vital["signals"] for vital in view["vitals"]] == [["temp"], ["wear"], ["speed"]]
    assert [chart["signal"] for chart in view["charts"]] == ["temp", "wear"]
    assert "lab" not in view["panels"]
    assert "lab" in client.get("/api/v1/twins/Pump/P-1/view", house.tokens["operator"]).json["panels"]


def test_the_model_is_served_as_glb(client: Client, house: FakeHouse) -> None:
    """A scene is bytes with their own kind; with a version they may be kept. No scene is nothing here."""
    answer = client.get("/api/v1/twins/Patient/H-1/scene.glb?v=1", house.tokens["clinician"])
    assert (answer.status, answer.headers["content-type"]) == (200, "model/gltf-binary")
    assert "immutable" in answer.headers["cache-control"]
    assert client.get("/api/v1/twins/Pump/P-1/scene.glb", house.tokens["viewer"]).status == 404
