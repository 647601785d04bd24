"""Surveys that have to ask: a server of OPC UA is browsed, named registers of Modbus are read. Nothing is written."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pollux.clock import SECOND, duration
from pollux.connect.modbus.guessing import Guess
from pollux.connect.modbus.registers import Table
from pollux.connect.modbus.survey import ModbusSurvey, survey_modbus
from pollux.connect.opcua.browse import survey as survey_opcua
from pollux.connect.opcua.declared import OpcuaSource, opcua
from pollux.connect.opcua.draft import draft as draft_opcua
from pollux.connect.opcua.seen import OpcuaSurvey
from pollux.errors import SetupError
from pollux.site.survey.naming import comment
from pollux.site.survey.outcome import Outcome
from pollux.site.survey.personal import personal, secret
from pollux.site.survey.progress import Bar
from pollux.site.survey.report import cell

FOR_EXAMPLE: Final = "'tcp://10.0.0.5:502?unit=3&registers=0-120'"
_TABLES: Final[dict[str, Table]] = {
    "holding": "holding", "input": "input", "coil": "coil", "discrete": "discrete",
}  # fmt: skip


def modbus_outcome(options: Namespace) -> Outcome:
    """Read a range of registers that was named. Raises SetupError where none was."""
    place, asked = _place(options.what)
    first, last = _range(asked)
    bar = Bar()
    try:
        found = survey_modbus(
            place, unit=_number(asked, "unit"), first=first, last=last, table=_table(asked),
            progress=lambda known, of: bar(known / of, f"{known} of {of} registers"),
        )  # fmt: skip
    finally:
        bar.close()
    told = f"{sum(run.last - run.first + 1 for run in found.runs)} registers answer, {len(found.guesses)} guesses"
    why = f"; {found.why}" if found.why else ""
    return Outcome(_modbus_report(found), _modbus_document(found), _modbus_draft(found), f"{told}{why}")


def opcua_outcome(options: Namespace) -> Outcome:
    """Ask a server what it tells everybody; with a user, or as anybody where that is allowed, browse it too."""
    bar = Bar()
    bar(0.0, "browsing")
    try:
        source = _source(options)
        folder: Path = options.out
        seconds = duration(options.seconds) / SECOND
        found = survey_opcua(options.what, source=source, folder=folder, seconds=seconds)
    finally:
        bar.close()
    told = f"{len(found.variables)} variables"
    hint = "" if source is not None else "; with --user or --anonymous, and --pin, its variables are looked at too"
    draft = draft_opcua(found) if found.variables else ""
    return Outcome(_opcua_report(found, samples=options.samples), _opcua_document(found, options.samples), draft,
                   told + hint)  # fmt: skip


def _source(options: Namespace) -> OpcuaSource | None:
    if not (options.user or options.anonymous):
        return None
    secured = options.pin or options.authority
    return opcua(
        options.what, nodes={"time": "i=2258"}, id="server", pin=options.pin, authority=options.authority,
        username=options.user or "", password_file=options.password_file, password_env=options.password_env,
        anonymous=options.anonymous, security="Basic256Sha256" if secured else "None",
        certificate=options.certificate, key=options.key,
    )  # fmt: skip


def _place(what: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(what)
    return f"{parts.scheme}://{parts.netloc}", parse_qs(parts.query)


def _number(asked: dict[str, list[str]], name: str) -> int:
    told = asked.get(name, [""])[0]
    if not told.isdecimal() or int(told) > 255:
        raise SetupError(f"expected {name}=, a number from 0 to 255, got {told!r}", hint=f"for example {FOR_EXAMPLE}")
    return int(told)


def _range(asked: dict[str, list[str]]) -> tuple[int, int]:
    first, _, last = asked.get("registers", [""])[0].partition("-")
    if not first.isdecimal() or not last.isdecimal():
        raise SetupError("expected registers=FIRST-LAST: only what is named is read", hint=f"for example {FOR_EXAMPLE}")
    return int(first), int(last)


def _table(asked: dict[str, list[str]]) -> Table:
    told = asked.get("table", ["holding"])[0]
    if told not in _TABLES:
        raise SetupError(f"expected table={', '.join(_TABLES)}, got {told!r}")
    return _TABLES[told]


# -- Modbus -----------------------------------------------------------------------------------------------------------


def _modbus_document(found: ModbusSurvey) -> dict[str, Any]:
    runs = [{"first": run.first, "last": run.last, "newest": run.samples[-1].tolist()} for run in found.runs]
    return {
        "what": found.url, "unit": found.unit, "table": found.table, "first": found.first, "last": found.last,
        "requests": found.requests, "seconds": round(found.seconds, 3), "complete": found.complete, "why": found.why,
        "runs": runs, "guesses": [asdict(one) for one in found.guesses],
    }  # fmt: skip


def _modbus_report(found: ModbusSurvey) -> str:
    asked = f"{found.table} registers {found.first} to {found.last} of unit {found.unit}"
    lines = [f"# Survey of {cell(found.url)}", "",
             f"{asked}: {found.requests} requests in {found.seconds:.1f} s. Nothing was written."]  # fmt: skip
    lines += [] if found.complete else ["", f"It ended early: {cell(found.why)}."]
    runs = ", ".join(f"{run.first} to {run.last}" for run in found.runs) or "none"
    lines += ["", f"Registers that answer: {runs}.", "", "| register | cells | kind | order | last | why |",
              "|---|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {one.first} | {one.cells} | {one.kind} | {one.order} | {cell(one.shown)} | {cell(_hedged(one))} |"
        for one in found.guesses
    ]
    return "\n".join([*lines, "", "A register says no unit: units are unknown."]) + "\n"


def _hedged(guess: Guess) -> str:
    return guess.why if guess.sure else f"{guess.why}; other readings are as likely"


def _modbus_draft(found: ModbusSurvey) -> str:
    if not found.guesses:
        return ""
    lines = [f'"""A draft of a site for unit {found.unit} of {comment(found.url)}: guesses, to be checked."""', "",
             "import pollux as px", "", "", "class Thing(px.Twin):",
             f'    """Unit {found.unit}."""', ""]  # fmt: skip
    for one in found.guesses:
        lines.append(f"    # unit unknown: a register says none; last {comment(one.shown, 40)}")
        role = 'px.fact("text")' if one.kind == "string" else 'px.sensor("1")'
        lines.append(f"    signal_{one.first} = {role}")
    source = found.draft().replace('id="..."', f'id="unit-{found.unit}"')
    return "\n".join([*lines, "", "", 'site = px.Site("draft")', f"site.fleet(Thing, {source})"]) + "\n"


# -- OPC UA -----------------------------------------------------------------------------------------------------------


def _opcua_document(found: OpcuaSurvey, samples: bool) -> dict[str, Any]:
    document = asdict(found)
    for one in document["variables"]:
        if not samples or secret(one["path"][-1]):
            one["value"] = ""
    return document


def _opcua_report(found: OpcuaSurvey, *, samples: bool) -> str:
    lines = [
        f"# Survey of {cell(found.application or found.url)}", "",
        f"- address: `{cell(found.url)}`", f"- policies: {_listed(found.policies)}", f"- users: {_listed(found.users)}",
        f"- certificate (SHA-256, to compare with what its owner says): `{found.pin or 'none'}`",
        f"- namespaces: {_listed(found.namespaces)}",
    ]  # fmt: skip
    lines += [] if found.complete else ["", "Not everything was looked at: a bound ended the browsing."]
    if found.variables:
        lines += ["", f"{len(found.variables)} variables, listened to for {found.seconds:.0f} s.", "",
                  "| variable | type | unit | why | values/s | last |", "|---|---|---|---|---|---|"]  # fmt: skip
    for one in found.variables:
        value = cell(one.value) if samples and not secret(one.path[-1]) else "not shown"
        looks = personal(one.path[-1], "text", [one.value])
        why = f"{one.why}; looks personal: {looks}" if looks else one.why
        unit = one.unit or ("unknown" if one.type == "number" else "")
        path = "/".join(one.path)
        lines.append(f"| `{cell(path)}` | {one.type} | {cell(unit)} | {cell(why)} | {one.rate:.2g} | {value} |")
    return "\n".join(lines) + "\n"


def _listed(some: Sequence[str]) -> str:
    return cell(", ".join(some)) or "none"
