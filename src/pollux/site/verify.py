"""`pollux verify`: check what was acknowledged, and name the first fault."""

import argparse
import json

from pollux.errors import SetupError
from pollux.remember import verify


def run(options: argparse.Namespace) -> int:
    """Print what was found; 1 when anything is damaged."""
    if not (options.data / "log").exists():
        raise SetupError("there is no log in it", at=str(options.data), hint="name the data folder of a site")
    report = verify(options.data)
    if options.json:
        fault = report.fault
        print(json.dumps({
            "ok": report.ok, "entries": report.entries, "segments": report.segments, "bytes": report.bytes,
            "fault": None if fault is None else {"file": fault.file, "byte": fault.byte, "what": fault.message},
        }))  # fmt: skip
        return 0 if report.ok else 1
    print(f"{report.entries} entries with {report.frames} messages in {report.segments} segments, {report.bytes} bytes")
    if report.torn is not None:
        print(f"the last group was torn by a crash, and is dropped at the next start: {report.torn}")
    if report.fault is not None:
        print(f"damaged: {report.fault.message} - at {report.fault.file}, byte {report.fault.byte}")
    return 0 if report.ok else 1
