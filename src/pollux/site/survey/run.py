"""`pollux survey`: look at what one is pointed at, and write a report and a draft."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from pollux.clock import ClockError, duration
from pollux.errors import SetupError
from pollux.site.survey.asked import modbus_outcome, opcua_outcome
from pollux.site.survey.heeded import broker_outcome, file_outcome, mdns_outcome
from pollux.site.survey.outcome import Outcome

REPORT, DOCUMENT, DRAFT = "survey.md", "survey.json", "site.py"
KINDS: Final[Mapping[str, Callable[[argparse.Namespace], Outcome]]] = {
    "mqtt:": broker_outcome,
    "mqtts:": broker_outcome,
    "opc.tcp:": opcua_outcome,
    "tcp:": modbus_outcome,
    "mdns:": mdns_outcome,
    "file:": file_outcome,
}


def run(options: argparse.Namespace) -> int:
    """Survey, write three files, and say what stands in them; with `--json` print the document instead."""
    kind = f"{str(options.what).partition(':')[0]}:"
    if kind not in KINDS or ":" not in options.what:
        raise SetupError(f"expected {', '.join(KINDS)} and an address, got {options.what!r}")
    if urlsplit(str(options.what)).password is not None:
        # The text itself is not repeated: errors are logged.
        raise SetupError("expected no password in the address, got one", hint="--user and --password-file")
    try:
        duration(options.seconds)
    except ClockError as error:
        raise SetupError(f"--for: {error}") from None
    out: Path = options.out
    if (out / DRAFT).exists():
        raise SetupError(
            "there is a draft already, which may have been edited", at=str(out / DRAFT), hint="another --out"
        )
    outcome = KINDS[kind](options)
    document = msgspec.json.encode(outcome.document)
    written = _written(out, outcome, document)
    if options.json:
        print(document.decode())
    else:
        print(f"{outcome.told}\nwrote {', '.join(written)} to {out}")
    return 0


def _written(out: Path, outcome: Outcome, document: bytes) -> list[str]:
    texts = {
        REPORT: outcome.report.encode(),
        DOCUMENT: msgspec.json.format(document, indent=2) + b"\n",
        DRAFT: outcome.draft.encode(),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in texts.items():
            if data:
                (out / name).write_bytes(data)
    except OSError as error:
        raise SetupError(f"expected a folder to write to: {error.strerror}", at=str(out)) from None
    return [name for name, data in texts.items() if data]
