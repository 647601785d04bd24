"""`pollux map`: what sample messages would do, without anything being opened or written."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.cli import main
from pollux.columns.frames import Encoding
from pollux.site.samples import LONGEST, Sample, Unreadable, read_samples
from pollux.site.trial import nearest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "mapping.md"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def block(kind: str, place: int = 0) -> str:
    """A block of the page, by its kind."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return found[place]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site of the page, in a folder of its own."""
    (tmp_path / "site.py").write_text(block("python"))
    return tmp_path / "site.py"


def test_the_page_shows_what_is_printed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The site, the sample and the output of the page belong together; times are those of the run."""
    sample = site.parent / "heard.txt"
    sample.write_text(block("text"))
    assert main(["map", str(site), "--sample", str(sample)]) == 0
    shown = block("console").partition("\n")[2]
    assert TIME.sub("T", capsys.readouterr().out) == TIME.sub("T", shown)


def test_every_message_has_a_document_and_all_have_a_summary(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json: values as told and as stored, refusals with reason and hint, counts at the end."""
    sample = site.parent / "heard.txt"
    sample.write_text(block("text"))
    assert main(["map", str(site), "--sample", str(sample), "--json"]) == 0
    *messages, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    temp = messages[0]["values"][0]
    assert (temp["twin"], temp["created"], temp["signal"]) == ("Pump/P-7", True, "temp")
    assert (temp["told"], temp["told_unit"], temp["stored"], temp["unit"]) == (98.6, "degF", pytest.approx(310.15), "K")
    assert [one["reason"] for message in messages for one in message["refused"]] == [
        "unknown_signal", "unknown_signal", "unknown_topic", "mapping_failed",
    ]  # fmt: skip
    assert messages[7]["values"][0]["quality"] == "bad"
    assert last["summary"]["messages"] == 9
    assert last["summary"]["unmapped"] == {"plant/P-8/telemetry": 1}
    assert last["summary"]["refused"] == {"unknown_signal": 2, "unknown_topic": 1, "mapping_failed": 1}


def test_nothing_is_written(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file appears beside the two that were given."""
    sample = site.parent / "heard.txt"
    sample.write_text(block("text"))
    before = sorted(site.parent.iterdir())
    assert main(["map", str(site), "--sample", str(sample)]) == 0
    assert [one for one in sorted(site.parent.iterdir()) if one.name != "__pycache__"] == before
    assert main(["map", str(site), "--sample", str(site.parent / "none.txt")]) == 1
    assert "there is no such file" in capsys.readouterr().err


def test_an_error_of_a_function_names_its_line(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and the line of the user's function, not of what it called elsewhere."""
    sample = site.parent / "heard.txt"
    sample.write_text("gateway/a P-9;hot\n")
    assert main(["map", str(site), "--sample", str(sample)]) == 0
    line = 1 + next(n for n, text in enumerate(site.read_text().splitlines()) if "int(tenths)" in text)
    assert f"'hot' (site.py:{line})" in capsys.readouterr().out


def test_what_could_steer_a_terminal_is_escaped(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Topics, payloads and texts come from others."""
    sample = site.parent / "heard.txt"
    sample.write_bytes(b'plant/\x1b[2J/P-1/telemetry {"T1": 70, "\\u001b[31m": 1}\nplant/l\x1b/P-1/x {\x1b\n')
    assert main(["map", str(site), "--sample", str(sample)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_mosquitto_writes_what_is_read() -> None:
    """The forms of mosquitto_sub: -v, -F %j with a text, -F %J with JSON, with time and content type."""
    lines = [
        b"a/b 21.5\r\n",
        b"\n",
        b'{"tst":"2026-11-23T10:00:00.000000Z+0000","topic":"a","qos":0,"retain":0,"payloadlen":4,"payload":"{\\"x\\":1}"}',
        b'{"topic":"a","payload":{"x": 1},"properties":{"content-type":"text/csv"}}',
        b'{"topic":"a","payload_base64":"AAE=","content_type":"cbor"}',
        b'{"topic":"a"}',
    ]
    found = list(read_samples(lines))
    assert found == [
        Sample(1, "a/b", b"21.5"),
        Sample(3, "a", b'{"x":1}', Encoding.GUESS, 1_795_428_000_000_000_000),
        Sample(4, "a", b'{"x": 1}', Encoding.CSV),
        Sample(5, "a", b"\x00\x01", Encoding.CBOR),
        Sample(6, "a", b""),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"payload": 1}',
        b'{"topic": 7}',
        b'{"topic": "a", "payload_base64": "?"}',
        b"\xff 1",
        pytest.param(b"x" * (LONGEST + 1), id="too long"),
    ],
)
def test_a_line_that_is_no_message_is_counted_and_named(line: bytes) -> None:
    """The number of the line and what was expected."""
    (found,) = read_samples([line])
    assert isinstance(found, Unreadable)
    assert found.line == 1
    assert "expected" in found.detail


@given(st.lists(st.binary(max_size=60)))
def test_any_lines_are_messages_or_not(lines: list[bytes]) -> None:
    """Whatever a file holds, nothing else is raised."""
    assert all(isinstance(one, Sample | Unreadable) for one in read_samples(lines))


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("plants/l1/P-7/telemetry", "level 1 is 'plants' and not 'plant'"),
        ("plant/P-7/telemetry", "it has 4 levels and the topic 3"),
    ],
)
def test_the_nearest_pattern_is_named_with_the_level(topic: str, hint: str) -> None:
    """So that one sees what to change."""
    assert str(nearest(topic, ["lab/{id}", "plant/{line}/{id}/telemetry"])).endswith(hint)
    assert nearest(topic, []) is None
