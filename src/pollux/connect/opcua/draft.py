"""A draft of twin types from what a survey has seen: Python text to read and edit, with the reason of each choice."""

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.connect.opcua.seen import OpcuaSurvey, SeenVariable

_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_GUESSES: Final = (("temp", "degC"), ("press", "bar"), ("flow", "m**3/h"), ("speed", "rpm"), ("level", "%"))
_OWN: Final = frozenset(("now", "history", "fork", "set", "at", "quality"))
_TAKEN: Final = frozenset(keyword.kwlist) | _OWN
SHOWN: Final = 4
EACH: Final = 20


@final
@dataclass(frozen=True, slots=True)
class _Kind:
    """Objects with the same variables: one type, a twin of each."""

    name: str
    twins: tuple[tuple[str, ...], ...]
    signals: Mapping[str, SeenVariable]
    pattern: Mapping[str, str] | None
    nodes: tuple[Mapping[str, str], ...]


def draft(survey: OpcuaSurvey) -> str:
    """The classes and their connections as Python text, which runs as it stands and is meant to be edited."""
    kinds = _kinds(survey.variables)
    about = f"{len(survey.variables)} variables, {len(kinds)} types, listened to for {survey.seconds:.0f} s"
    more = "" if survey.complete else "; not everything was looked at: a bound ended the browsing"
    lines = [
        f'"""A draft of {_plain(survey.application or survey.url)}: {about}{more}."""',
        "",
        "import pollux as px",
        "",
    ]
    for kind in kinds:
        lines += ["", *_class(kind), ""]
    lines += ["", 'site = px.Site("draft")']
    for kind in kinds:
        lines += _fleet(kind, survey)
    return "\n".join(lines) + "\n"


def _kinds(variables: Sequence[SeenVariable]) -> list[_Kind]:
    owners: dict[tuple[str, ...], dict[str, SeenVariable]] = {}
    for one in variables:
        if one.type in ("number", "flag", "text"):
            mine = owners.setdefault(one.owner, {})
            mine[_signal(one.path[-1], mine)] = one
    alike: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for owner, mine in owners.items():
        alike.setdefault(tuple(sorted(mine)), []).append(owner)
    found: list[_Kind] = []
    for same in alike.values():
        name = _class_name(same[0][-1] if same[0] else "Server", [kind.name for kind in found])
        nodes = tuple({signal: one.node for signal, one in owners[owner].items()} for owner in same)
        found.append(_Kind(name, tuple(same), owners[same[0]], _pattern(same, owners), nodes))
    return found


def _pattern(same: Sequence[tuple[str, ...]], owners: Mapping[tuple[str, ...], Mapping[str, SeenVariable]]
             ) -> Mapping[str, str] | None:  # fmt: skip
    """The nodes with `{id}` for the object's name, where that tells them all; None where each needs its own."""
    found: dict[str, str] = {}
    for signal, first in owners[same[0]].items():
        head, _, text = first.node.partition(";s=")
        name = same[0][-1] if same[0] else ""
        if not name or text.count(name) != 1 or "{" in text:
            return None
        found[signal] = f"{head};s={text.replace(name, '{id}')}"
        for owner in same:
            if owners[owner][signal].node != found[signal].replace("{id}", owner[-1]):
                return None
    return found


def _class(kind: _Kind) -> list[str]:
    twins = [owner[-1] if owner else "Server" for owner in kind.twins]
    more = "" if len(twins) <= SHOWN else f" and {len(twins) - SHOWN} more"
    lines = [f"class {kind.name}(px.Twin):", f'    """{_plain(", ".join(twins[:SHOWN]))}{more}."""', ""]
    for signal, one in kind.signals.items():
        role, why = _role(one)
        note = f"{why}; {one.rate:.2g} values/s; last {_plain(one.value)}"
        if one.status != "Good":
            note += f" ({one.status})"
        if one.writable:
            note += "; the server lets it be written: px.actuator, where orders may do so"
        lines += [f"    # {note}", f"    {signal} = {role}"]
    return lines


def _role(one: SeenVariable) -> tuple[str, str]:
    if one.words:
        return f"px.fact({[_plain(word) for word in one.words]!r})", "an enumeration"
    if one.type == "flag":
        return 'px.fact("flag")', "true or false"
    if one.type == "text":
        return 'px.fact("text")', "a text"
    unit, why = one.unit, one.why
    if not unit:
        unit, why = _guess(one.path[-1])
    bounds = (
        "" if one.low is None or one.high is None or one.low >= one.high else f", low={one.low:g}, high={one.high:g}"
    )
    return f'px.sensor("{unit}"{bounds})', f"{unit}: {why}"


def _guess(name: str) -> tuple[str, str]:
    for part, unit in _GUESSES:
        if part in name.lower():
            return unit, f"the server says none, guessed from the name {_plain(name)}: to be checked"
    return "1", "the server says none, and the name does not either: to be checked"


def _fleet(kind: _Kind, survey: OpcuaSurvey) -> list[str]:
    lines = ["", f"site.fleet(  # {len(kind.twins)} twins", f"    {kind.name},"]
    if kind.pattern is not None:
        return [*lines, *_source(kind, survey, kind.pattern, None), ")"]
    lines.append("    # The node ids do not hold the name of their object: each twin needs a connection of its own.")
    for number, owner in enumerate(kind.twins[:EACH]):
        nodes = kind.nodes[number]
        lines += _source(kind, survey, nodes, re.sub(r"[^\w.:@=~-]", "-", _plain(owner[-1] if owner else "server")))
    return [*lines, ")"]


def _source(kind: _Kind, survey: OpcuaSurvey, nodes: Mapping[str, str], twin: str | None) -> list[str]:
    lines = ["    px.opcua(", f"        {survey.url!r},", "        nodes={"]
    lines += [f"            {kind.name}.{signal}: {node!r}," for signal, node in nodes.items()]
    lines += ["        },"]
    lines += [] if twin is None else [f"        id={twin!r},", f"        name={f'opcua:{twin}'!r},"]
    return [*lines, *_trust(survey), "    ),"]


def _trust(survey: OpcuaSurvey) -> list[str]:
    if not survey.pin:
        return ['        security="None",  # the server offers nothing better', "        anonymous=True,"]
    return [
        f'        pin="{survey.pin}",  # to be compared with what the owner of the server says',
        '        username="pollux",',
        '        password_env="OPCUA_PASSWORD",',
    ]


def _signal(name: str, taken: Mapping[str, object]) -> str:
    words = [word.lower() for word in _BREAK.split(name) if word]
    plain = "_".join(words) or "value"
    plain = f"v_{plain}" if plain[0].isdigit() or plain in _TAKEN else plain
    number = 2
    free = plain
    while free in taken:
        free, number = f"{plain}_{number}", number + 1
    return free


def _class_name(name: str, taken: Sequence[str]) -> str:
    words = [word for word in _BREAK.split(name.rstrip("0123456789-_. ")) if word]
    plain = "".join(word[0].upper() + word[1:] for word in words) or "Thing"
    plain = f"Thing{plain}" if plain[0].isdigit() else plain
    number, free = 2, plain
    while free in taken:
        free, number = f"{plain}{number}", number + 1
    return free


def _plain(text: str) -> str:
    """A foreign text for a comment, a text or a docstring: no quotes, no ends of lines, nothing that runs."""
    return re.sub(r"[^\w .,:;/+°%()=-]", "_", text)[:60]
