"""A capture on disk, surveyed by the command, and its draft tried on the same capture."""

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pollux.cli import main
from pollux.site.survey.analysis import findings
from pollux.site.survey.findings import Findings
from pollux.site.survey.heard import Ear

BEGIN = 1_795_430_536_000_000_000
SECOND = 1_000_000_000
Messages = Sequence[tuple[str, bytes]]


def capture(path: Path, messages: Messages, *, every: int = 1) -> Path:
    """A file of messages, one in `every` seconds."""
    lines = [
        json.dumps(
            {
                "topic": topic,
                "payload_base64": base64.b64encode(payload).decode(),
                "arrival": f"2026-11-23T10:{42 + number * every // 60:02}:{number * every % 60:02}Z",
            }
        )
        for number, (topic, payload) in enumerate(messages)
    ]
    path.write_text("\n".join(lines))
    return path


def found_in(messages: Iterable[tuple[str, bytes]]) -> Findings:
    """What is found in messages that come one a second."""
    ear = Ear()
    for number, (topic, payload) in enumerate(messages):
        ear.hear(topic, payload, BEGIN + number * SECOND)
    return findings(ear, what="test", began=BEGIN, seconds=1.0)


def surveyed(folder: Path, messages: Messages, *options: str) -> Path:
    """The folder with what `pollux survey file:` writes about some messages."""
    out = folder / "found"
    assert main(["survey", f"file:{capture(folder / 'heard.jsonl', messages)}", "--out", str(out), *options]) == 0
    return out


def arrived(folder: Path, messages: Messages, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What `pollux map` says of each message under the draft, and its summary last."""
    out = surveyed(folder, messages)
    capsys.readouterr()
    assert main(["map", str(out / "site.py"), "--sample", str(folder / "heard.jsonl"), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
