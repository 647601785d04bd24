"""A draft of a site from findings: Python text to read and edit, which runs as it stands and takes what was heard."""

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from pollux.site.survey.findings import Findings, Found
from pollux.site.survey.naming import comment, quoted
from pollux.site.survey.plan import Kind, Planned, heard_as, plan
from pollux.site.survey.signals import Signal
from pollux.site.survey.sparkplug import ALIAS

SHOWN: Final = 4
_WIDE: Final = 112
_MOST_LEFT: Final = 50
_FLOORS: Final = {"degC": -273.15, "degF": -459.67, "K": 0.0, "%": 0.0, "rpm": 0.0, "ppm": 0.0, "lx": 0.0}


def draft(findings: Findings, broker: str = "") -> str:
    """The draft of a site; `broker` is the Python text of a `px.Broker`, empty where messages came from elsewhere."""
    kinds, left_out = plan(findings.found)
    reads = any(mapping.read for kind in kinds for mapping in kind.mappings)
    lines = [
        f'"""A draft of a site for {comment(findings.what)}: {findings.messages} messages of {findings.topics} topics.',
        "",
        "Read it, rename what is there, correct units and bounds: they are guesses, each with its reason.",
        '"""',
        "",
        "import pollux as px",
        *(["from pollux.site.survey.reader import reader"] if reads else []),
        "",
        *([f"BROKER = {broker}", ""] if broker else []),
    ]
    for kind in kinds:
        lines += ["", *_class(kind), ""]
    lines += ["", f'site = px.Site("draft")  # {len(kinds)} types']
    for kind in kinds:
        lines += _fleet(kind, bool(broker))
    lines += _left_out(left_out)
    return "\n".join(lines) + "\n"


def bounds(signal: Signal) -> tuple[float, float] | None:
    """Generous bounds around the range that was seen: its width, or half of its size, more on each side.

    No value is known to be wrong yet, so none that is near to what was seen may be doubted.
    """
    if signal.low is None or signal.high is None:
        return None
    more = max(signal.high - signal.low, 0.5 * max(abs(signal.low), abs(signal.high)), 1.0)
    low, high = _rounded(signal.low - more, up=False), _rounded(signal.high + more, up=True)
    floor = _FLOORS.get(signal.unit, 0.0 if signal.low >= 0.0 and signal.unit not in ("", "1") else -math.inf)
    if signal.low >= floor:
        low = max(low, floor)
    if signal.unit == "%" and signal.high <= 100.0:
        high = min(high, 100.0)
    return (low, high) if low < high and math.isfinite(high - low) else None


def _rounded(number: float, *, up: bool) -> float:
    """Two digits of a number, outwards."""
    if number == 0.0 or not math.isfinite(number):
        return number
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 1)
    steps = number / step
    return float(f"{(math.ceil(steps) if up else math.floor(steps)) * step:.3g}")


def _class(kind: Kind) -> list[str]:
    twins = sorted(kind.twins)
    more = f" and {len(twins) - SHOWN} more" if len(twins) > SHOWN else ""
    lines = [f"class {kind.name}(px.Twin):", f'    """{comment(", ".join(twins[:SHOWN]))}{more}."""', ""]
    for name, signal in kind.signals.items():
        lines += [f"    # {line}" for about in _why(signal) for line in wrap(about, _WIDE)]
        lines.append(f"    {name} = {_role(signal)}")
    for name in kind.facts:
        lines.append(f'    {name} = px.fact("text")  # a level of the topic')
    return lines


def _why(signal: Signal) -> list[str]:
    lines: list[str] = []
    if signal.kind == "number":
        seen = "" if signal.low is None else f" from {signal.low:g} to {signal.high:g}"
        seen = f"{sampled(signal)}{seen}"
        lines.append(comment(f"{signal.unit or 'unit unknown'}: {signal.why}; {seen}, and bounds well around them"))
    elif signal.kind == "choice":
        lines.append(f"the words that were heard in {sampled(signal)}: another one would be refused")
    if signal.personal:
        lines.append(comment(f"looks personal: {signal.personal}"))
    return lines


def sampled(signal: Signal) -> str:
    """How many values a guess rests on, for people."""
    return f"{signal.values} sampled value{'' if signal.values == 1 else 's'}"


def _role(signal: Signal) -> str:
    personal = ", personal=True" if signal.personal else ""
    if signal.kind == "flag":
        return f'px.fact("flag"{personal})'
    if signal.kind in ("text", "position"):
        return f'px.fact("{signal.kind}"{personal})'
    if signal.kind == "choice":
        return f"px.fact([{', '.join(map(quoted, signal.words))}]{personal})"
    around = bounds(signal)
    told = "" if around is None else f", low={around[0]:g}, high={around[1]:g}"
    return f'px.sensor("{signal.unit or "1"}"{told})'


def _fleet(kind: Kind, broker: bool) -> list[str]:
    lines = ["", "site.fleet(", f"    {kind.name},"]
    groups = dict.fromkeys(mapping.pattern.split("/")[1] for mapping in kind.mappings if mapping.sparkplug)
    for group in groups:
        lines += _sparkplug(kind, group, broker)
    for mapping in kind.mappings:
        for topic in () if mapping.sparkplug else mapping.topics:
            lines += _mapping(kind, mapping, topic, broker)
    return [*lines, ")"]


def _mapping(kind: Kind, mapping: Planned, topic: str, broker: bool) -> list[str]:
    pattern = topic if mapping.literal else heard_as(mapping)
    lines = ["    px.mqtt(", f"        {quoted(pattern)},"]
    names = {wire: name for wire, name in mapping.names.items() if wire != name}
    if names:
        lines.append("        names={")
        lines += [f"            {quoted(wire)}: {kind.name}.{name}," for wire, name in names.items()]
        lines.append("        },")
    if mapping.ignore:
        lines.append("        ignore=[")
        lines += [f"            {quoted(wire)},  # {comment(why)}" for wire, why in mapping.ignore.items()]
        lines.append("        ],")
    if mapping.read:
        lines.append(f"        read={_reader(mapping)},")
    elif mapping.found.owner:
        lines.append(f"        twin={quoted(mapping.found.owner)},")
    lines += ["        broker=BROKER,"] if broker else []
    return [*lines, "    ),"]


def _sparkplug(kind: Kind, group: str, broker: bool) -> list[str]:
    """The host application of a group: births, deaths and aliases are its work."""
    heard = [one for one in kind.mappings if one.sparkplug and one.pattern.split("/")[1] == group]
    names = {wire: name for one in heard for wire, name in one.names.items() if wire != name}
    ignore = {wire: why for one in heard for wire, why in one.ignore.items() if not wire.startswith(ALIAS)}
    lines = ["    px.sparkplug(", f"        {quoted(group)},"]
    lines += [] if len(heard[0].found.places.facts) else ['        node="{id}",', '        device="",']
    lines += ["        names={", *(f"            {quoted(wire)}: {kind.name}.{name}," for wire, name in names.items())]
    lines += ["        },", "        ignore=("]
    lines += [f"            {quoted(wire)},  # {comment(why)}" for wire, why in ignore.items()]
    return [*lines, "        ),", *(["        broker=BROKER,"] if broker else []), "    ),"]


def _reader(mapping: Planned) -> str:
    found, where = mapping.found, mapping.found.places
    told = [quoted(mapping.suffix)]
    if where.ids and (mapping.odd or where.signals):
        told.append(f"ids={where.ids!r}")
    elif not where.ids and not found.owner:
        told.append('id="thing"')
    told += [f"signals={where.signals!r}"] if where.signals else []
    told += [f"owner={quoted(found.owner)}"] if found.owner else []
    if mapping.rename:
        told.append(f"rename={{{', '.join(f'{quoted(old)}: {quoted(new)}' for old, new in mapping.rename.items())}}}")
    told += [f"columns={tuple(f'c{place}' for place in range(1, found.columns + 1))!r}"] if found.columns else []
    return f"reader({', '.join(told)})"


def _left_out(some: Sequence[Found]) -> list[str]:
    if not some:
        return []
    lines = ["", "# Left out, since nothing in it can be taken as it is:"]
    for found in some[:_MOST_LEFT]:
        why = next(iter(found.unread), "no value that a signal could hold")
        lines.append(comment(f"# {found.pattern}: {len(found.topics)} topics; {why}"))
    return lines
