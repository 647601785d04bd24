"""Write what is generated in the docs; with --check, only say whether it is up to date."""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

HEAD = """# The mission, row by row

Every promise of Pollux, how far it is kept today, and the command that shows it. This page is written by
`make docs` from the tests in `tests/mission`: a row works, wholly or partly, only where a test there shows it.
"""


def mission() -> str:
    """The table of promises with their states."""
    promises = importlib.import_module("tests.mission.promises")
    for path in sorted((ROOT / "tests/mission").glob("test_*.py")):
        importlib.import_module(f"tests.mission.{path.stem}")
    shown = {line.row: line for line in promises.SHOWN}
    kept = sum(line.state == "works" for line in shown.values())
    lines = [
        HEAD,
        f"{kept} work, {len(shown) - kept} work partly, {len(promises.PROMISES) - len(shown)} are not yet there.\n",
    ]
    for area, title in promises.AREAS.items():
        lines += [f"## {title}\n", "| | promise | state | shown by |", "|---|---|---|---|"]
        for row, promise in promises.PROMISES.items():
            if row.rstrip("0123456789") == area:
                lines.append(row_of(row, promise, shown.get(row)))
        lines.append("")
    return "\n".join(lines)


def row_of(row: str, promise: str, shown: object) -> str:
    """One line of the table."""
    if shown is None:
        return f"| {row} | {promise} | not yet | |"
    state = shown.state if not shown.missing else f"partly: {shown.missing}"  # type: ignore[attr-defined]
    return f"| {row} | {promise} | {state} | `{shown.command}` |"  # type: ignore[attr-defined]


def reference(page: str) -> str:
    """A page of the reference, made from the code."""
    return str(getattr(importlib.import_module("docs.pages"), page)())


PAGES = {
    "docs/mission.md": mission,
    "docs/reference/python.md": lambda: reference("python"),
    "docs/reference/cli.md": lambda: reference("cli"),
    "docs/reference/errors.md": lambda: reference("errors_page"),
}


def main(check: bool) -> int:
    """Write the pages, or count those that differ."""
    stale = 0
    for name, write in PAGES.items():
        path, text = ROOT / name, write()
        if check and (not path.exists() or path.read_text() != text):
            print(f"{name} is not up to date; run `make docs`", file=sys.stderr)
            stale += 1
        elif not check:
            path.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
