"""The draft of a survey runs as it stands, and every message that was heard arrives under it."""

import json
import re
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.check.sparkplug_node import FLOAT, STRING, UINT64, EdgeNode, Tag
from tests.site.survey.rig import Messages, arrived, found_in, surveyed

from pollux.cli import main
from pollux.clock import WallClock
from pollux.site.declare import Site
from pollux.site.live import TENANT
from pollux.site.samples import Sample
from pollux.site.survey.draft import draft
from pollux.site.trial import Trial


def told(**values: Any) -> bytes:
    return json.dumps(values).encode()


def values(said: list[dict[str, Any]]) -> list[set[str]]:
    return [{f"{one['twin']}.{one['signal']}" for one in message["values"]} for message in said[:-1]]


PLANT: Messages = [
    (f"plant/{line}/{id}/telemetry", told(temp_c=20.0 + k, rpm=900 + k, ts=1_795_430_536 + k, fw="1.2"))
    for k in range(4)
    for line, id in (("line1", "P-7"), ("line1", "P-8"), ("line2", "P-9"))
]
HOME: Messages = [
    (f"home/{room}/{name}", payload)
    for k in range(8)
    for room in ("kitchen", "bedroom", "hall")
    for name, payload in (("temperature", b"21.5"), ("light", b"ON" if k % 2 else b"OFF"), ("door", b"true"))
]
LAMPS: Messages = [
    ("zigbee2mqtt/lamp1", told(brightness=200, state="ON", color={"x": 0.3, "hue": 12}, effects=["a", "b"])),
    ("zigbee2mqtt/lamp2", told(brightness=100, state="ON", color={"x": 0.3, "hue": 11}, effects=["a"])),
    ("zigbee2mqtt/thermo", told(temperature=21.5, humidity=40, battery=None)),
]


def test_a_plant_becomes_a_type_with_a_fact_and_its_own_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Levels that vary are the twin and a fact; `ts` becomes the event time; nothing is refused."""
    said = arrived(tmp_path, PLANT, capsys)
    assert said[-1]["summary"]["refused"] == {}
    assert set(said[-1]["summary"]["twins"]) == {"Plant/P-7", "Plant/P-8", "Plant/P-9"}
    assert all({"temp_c", "rpm", "fw"} <= {one["signal"] for one in message["values"]} for message in said[:-1])
    temp = next(one for one in said[3]["values"] if one["signal"] == "temp_c")
    assert (temp["told_unit"], temp["t"], temp["quality"]) == ("degC", "2026-11-23T10:42:17.000Z", "good")
    assert next(one["told"] for one in said[2]["values"] if one["signal"] == "line") == "line2"


def test_topics_of_single_values_become_signals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers, words and flags, each a topic of its own, are the signals of their room."""
    said = arrived(tmp_path, HOME, capsys)
    assert said[-1]["summary"]["refused"] == {}
    assert all(len(one) == 1 for one in values(said))
    assert set().union(*values(said)) == {
        f"Home/{room}.{name}" for room in ("kitchen", "bedroom", "hall") for name in ("temperature", "light", "door")
    }
    assert 'px.fact(["OFF", "ON"])' in (tmp_path / "found" / "site.py").read_text()


def test_different_things_under_one_level_become_types_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lamp and a thermometer side by side: the one with most names keeps the pattern, the other its own topic."""
    said = arrived(tmp_path, LAMPS, capsys)
    assert said[-1]["summary"]["refused"] == {}
    assert values(said)[2] == {"Zigbee2mqtt/thermo.temperature", "Zigbee2mqtt/thermo.humidity"}
    assert values(said)[0] == {
        "Lamp/lamp1.brightness", "Lamp/lamp1.state", "Lamp/lamp1.color_x", "Lamp/lamp1.color_hue",
    }  # fmt: skip


def test_formats_that_topics_do_not_name_arrive_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CBOR, MessagePack, XML, CSV with and without a header, SenML, and payloads that name their twin."""
    messages: Messages = [
        ("a/P-1/up", cbor2.dumps({"temp": 300.5, "rpm": 900})),
        ("b/P-1/up", msgspec.msgpack.encode({"temp": 300.5, "on": True})),
        ("c/P-1/up", b"<r><temp>21.5</temp><speed>900</speed></r>"),
        ("d/P-1/up", b"temp,speed\n21.5,900\n22.5,901\n"),
        ("e/P-1/up", b"21.5,900,7\n"),
        ("f/P-1/up", b'[{"bn": "urn:dev:1:", "n": "temp", "u": "Cel", "v": 21.5}]'),
        ("g/all", b'[{"sensor": "S-1", "temp": 21}, {"sensor": "S-2", "temp": 22}]'),
        ("h/all", b'[{"n": "urn:dev:1:temp", "v": 21}, {"n": "urn:dev:2:temp", "v": 22}]'),
    ]
    said = arrived(tmp_path, messages, capsys)
    assert said[-1]["summary"]["refused"] == {}
    counts = [len(message["values"]) for message in said[:-1]]
    assert counts == [2, 2, 2, 4, 3, 1, 2, 2]
    assert {one["twin"].partition("/")[2] for one in said[6]["values"]} == {"S-1", "S-2"}


def test_names_that_repeat_under_others_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same pump number on two sites is two twins, named by both levels."""
    messages: Messages = [
        (f"sites/{where}/pump{number}/data", told(flow_lpm=3.5)) for where in ("north", "south") for number in (1, 2)
    ]
    said = arrived(tmp_path, messages, capsys)
    assert {one["twin"].partition("/")[2] for message in said[:-1] for one in message["values"]} == {
        "north-pump1", "north-pump2", "south-pump1", "south-pump2",
    }  # fmt: skip


def test_t_seq_and_boot_that_mean_something_else_do_not_refuse_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A `t` that is a temperature is not taken for the time."""
    messages: Messages = [("lab/S-1", told(t=21.5 + k, seq="x", h=40)) for k in range(3)]
    said = arrived(tmp_path, messages, capsys)
    assert said[-1]["summary"]["refused"] == {}
    assert all(one["t"].startswith("2026") for message in said[:-1] for one in message["values"])
    assert [one["told"] for one in said[0]["values"] if one["signal"] == "told_t"] == [21.5]


def test_what_looks_secret_is_in_nothing_that_is_written(tmp_path: Path) -> None:
    """A value under the name of a password is ignored by the draft and shown by no file."""
    out = surveyed(tmp_path, [("cam/C-1/config", told(password="hunter2", wifi={"psk": "hunter3"}, temp=20))] * 8)
    for name in ("survey.md", "survey.json", "site.py"):
        assert "hunter" not in (out / name).read_text()
    assert '"password"' in (out / "site.py").read_text()


def test_hostile_names_stay_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Topics, keys and words that would be code, markup or ends of lines do nothing in the files."""
    evil = '"""\nimport os\nraise SystemExit\n"""'
    messages: Messages = [(f"x/\"'{k}\\n/up", json.dumps({evil: 1.5, 'a"b': evil, "c|d`": 2}).encode()) for k in (1, 2)]
    said = arrived(tmp_path, messages, capsys)
    assert said[-1]["summary"]["refused"] == {}
    assert said[-1]["summary"]["values"] == 6
    assert "SystemExit\n" not in (tmp_path / "found" / "site.py").read_text()


PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "survey.md"


def test_the_page_shows_what_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Messages, output, report and draft of the page belong together."""
    heard, draft_part = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (report_part,) = re.findall(r"```markdown\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (shown,) = re.findall(r"```console\n[^\n]*\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "heard.txt").write_text(heard)
    out = tmp_path / "found"
    assert main(["survey", f"file:{tmp_path / 'heard.txt'}", "--out", str(out)]) == 0
    assert capsys.readouterr().out.replace(str(tmp_path) + "/", "") == shown
    assert report_part in (out / "survey.md").read_text()
    written = (out / "site.py").read_text()
    assert all(part.strip() in written for part in draft_part.split("\n\n\n"))


LEVEL = st.text("abcdefgh", min_size=1, max_size=6)
FLEET = st.fixed_dictionaries(
    {
        "root": LEVEL,
        "ids": st.lists(st.from_regex(r"[A-Z]{1,3}-?[0-9]{1,4}", fullmatch=True), min_size=1, max_size=4, unique=True),
        "tail": st.lists(LEVEL, max_size=2),
        "keys": st.lists(
            st.text("abcdefgh_.T0", min_size=1, max_size=8) | st.sampled_from(["t", "seq", "boot", "id", "unit", "ts"]),
            min_size=1,
            max_size=5,
            unique=True,
        ),
        "object": st.booleans(),
    }
)
PLAIN = (st.floats(-1e6, 1e6), st.integers(-1000, 1000), st.booleans(), st.sampled_from(["on", "off", "x y"]))
NESTED = (
    st.just({"lat": 47.1, "lon": 8.5}), st.just({"value": 1.5, "unit": "kPa"}), st.just({"a": 1.5, "b": {"c": "x"}}),
    st.just([1, 2, 3]),
)  # fmt: skip


@settings(max_examples=25, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FLEET, min_size=1, max_size=3, unique_by=lambda one: one["root"]), st.data())
def test_whatever_a_fleet_looks_like_its_draft_takes_it(fleets: list[dict[str, Any]], data: st.DataObject) -> None:
    """Any layouts side by side, of objects or of single values: no message is refused by the draft."""
    messages: list[tuple[str, bytes]] = []
    for fleet in fleets:
        kinds = {key: data.draw(st.sampled_from(PLAIN + NESTED if fleet["object"] else PLAIN)) for key in fleet["keys"]}
        for id in fleet["ids"]:
            head = "/".join([fleet["root"], id, *fleet["tail"]])
            if fleet["object"]:
                messages.append((head, json.dumps({key: data.draw(kind) for key, kind in kinds.items()}).encode()))
            else:
                messages += [(f"{head}/{key}", json.dumps(data.draw(kind)).encode()) for key, kind in kinds.items()]
    namespace: dict[str, Any] = {}
    exec(draft(found_in(messages)), namespace)
    site: Site = namespace["site"]
    trial = Trial([one.holding() for one in site.declared.values()], TENANT, WallClock().now())
    for line, (topic, payload) in enumerate(messages):
        tried = trial.one(Sample(line, topic, payload))
        assert tried is not None
        assert tried.refused == [], (topic, payload, draft(found_in(messages)))


def test_sparkplug_nodes_become_a_host_application(tmp_path: Path) -> None:
    """Births tell names and units; data by alias are known from them; orders and the protocol's own are left out."""
    node = EdgeNode("plant", "edge1")
    temp = Tag("Temp", FLOAT, 21.5, alias=3, props={"engUnit": "°C"})
    messages = [
        node.nbirth(1_795_430_536_000, Tag("Uptime", UINT64, 5)),
        node.dbirth("P-7", 1_795_430_536_000, temp, Tag("Mode", STRING, "run")),
        node.dbirth("P-8", 1_795_430_536_000, temp),
        node.ddata("P-7", 1_795_430_537_000, temp.told(22.5, 1_795_430_537_000)),
        ("spBv1.0/plant/DCMD/edge1/P-7", node.payload(1_795_430_538_000, temp.told(1.0, 1_795_430_538_000))),
    ]
    out = surveyed(tmp_path, messages)
    namespace: dict[str, Any] = {}
    exec((out / "site.py").read_text(), namespace)
    declared = namespace["site"].declared
    (devices,) = [one for one in declared.values() if "temp" in one.schema.index]
    assert str(devices.schema.signal("temp").edge) == "degC"
    (source,) = devices.fields
    assert (source.group, source.device, source.names) == ("plant", "{id}", {"Temp": "temp", "Mode": "mode"})
    assert "told beside it: °C" in (out / "survey.md").read_text()
    assert "DCMD" in (out / "site.py").read_text().partition("# Left out")[2]
