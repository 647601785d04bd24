"""The report of a survey in Markdown: what is there, what it seems to mean and why, what to look at first."""

from collections.abc import Sequence
from typing import Final

from pollux.site.survey.findings import Findings, Found, Rhythm
from pollux.site.survey.heard import SAMPLES
from pollux.site.survey.signals import Signal

PATTERNS: Final = 100
TWINS: Final = 8
SIGNALS: Final = 60
_PLAIN: Final = str.maketrans("|`<>", "/'‹›")


def report(findings: Findings, *, samples: bool = True) -> str:
    """The report; with `samples` a short excerpt of one payload of each shape."""
    lines = [
        f"# Survey of {cell(findings.what)}",
        "",
        f"Begun {findings.began}, {findings.seconds:g} s: {findings.messages} messages of {findings.topics} topics, in "
        f"{len(findings.found)} patterns.",
        "",
        f"Units, ranges and words come from a fair sample of at most {SAMPLES} payloads a topic.",
    ]
    lines += _beyond(findings)
    lines += _personal(findings.found)
    lines += ["", "| pattern | topics | messages | format | interval |", "|---|---|---|---|---|"]
    shown = sorted(findings.found, key=lambda one: -one.messages)[:PATTERNS]
    for found in shown:
        formats = ", ".join(found.formats) or "unreadable"
        lines.append(
            f"| `{cell(found.pattern)}` | {len(found.topics)} | {found.messages} | {formats} | {_often(found)} |"
        )
    if len(findings.found) > PATTERNS:
        lines += ["", f"and {len(findings.found) - PATTERNS} patterns with fewer messages, which survey.json names."]
    for found in shown:
        lines += _section(found, samples)
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A foreign text for a cell of a table: one line, nothing that ends the cell or becomes markup.

    >>> cell("a|b`c<d>")
    "a/b'c‹d›"
    """
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return line.translate(_PLAIN)


def seconds(number: float) -> str:
    """A length of time for people.

    >>> seconds(0.02), seconds(1.5), seconds(90)
    ('20 ms', '1.5 s', '90 s')
    """
    return f"{number * 1000:.3g} ms" if number < 1 else f"{number:.3g} s"


def _beyond(findings: Findings) -> list[str]:
    noted = ["", f"Note: {cell(findings.note)}."] if findings.note else []
    told = (
        (findings.overheard, "messages were of topics beyond the bound and were only counted"),
        (findings.unkept, "payloads were beyond the memory and were only counted"),
        (findings.unreadable, "lines were no message"),
    )
    lines = [f"{count} {what}." for count, what in told if count]
    return [*noted, "", *lines] if lines else noted


def _personal(found: Sequence[Found]) -> list[str]:
    lines = [
        f"- `{cell(one.pattern)}` `{cell(signal.wire)}`: {signal.personal or 'looks like a secret'}"
        for one in found
        for signal in one.signals
        if signal.personal or signal.secret
    ]
    if not lines:
        return []
    warning = "**This looks as if it said something about people, or were secret.** Decide what may be kept of it:"
    return ["", warning, "", *lines]


def _often(found: Found) -> str:
    if found.rhythm is None:
        return "only retained" if found.retained == found.messages else "unknown"
    return seconds(found.rhythm.median)


def _section(found: Found, samples: bool) -> list[str]:
    twins = ", ".join(f"`{cell(one)}`" for one in found.twins[:TWINS])
    more = f" and {len(found.twins) - TWINS} more" if len(found.twins) > TWINS else ""
    lines = [
        "",
        f"## `{cell(found.pattern)}`",
        "",
        f"{counted(len(found.twins), 'twin')}: {twins}{more} ({found.why}).",
    ]
    if found.retained:
        lines += ["", f"{found.retained} of {found.messages} messages were retained: published before."]
    if found.rhythm is not None:
        lines += ["", _rhythm(found.rhythm)]
    if found.time:
        lines += ["", f"Its own time stands under `{cell(found.time)}`."]
    lines += [f"\n{counted(count, 'payload')} could not be read: {cell(why)}." for why, count in found.unread.items()]
    lines += _signals(found.signals)
    if samples and found.sample:
        lines += ["", "For example:", "", f"    {found.sample}"]
    return lines


def _rhythm(rhythm: Rhythm) -> str:
    spread = f"80 % within {seconds(rhythm.low)} to {seconds(rhythm.high)}"
    gaps = f"; {counted(rhythm.gaps, 'gap')} of more than five intervals" if rhythm.gaps else "; no gaps"
    return f"One message in {seconds(rhythm.median)} ({spread}){gaps}; the longest silence {seconds(rhythm.longest)}."


def _signals(signals: Sequence[Signal]) -> list[str]:
    if not signals:
        return []
    lines = ["", "| signal | kind | unit | why | seen |", "|---|---|---|---|---|"]
    for one in signals[:SIGNALS]:
        unit = one.unit or "unknown" if one.kind == "number" else ""
        lines.append(f"| `{cell(one.wire)}` | {one.kind} | {cell(unit)} | {cell(one.why)} | {_seen(one)} |")
    return [*lines, f"\nand {len(signals) - SIGNALS} more."] if len(signals) > SIGNALS else lines


def _seen(signal: Signal) -> str:
    if signal.secret:
        return "not shown"
    nulls = f", {signal.nulls} nulls" if signal.nulls else ""
    if signal.low is not None and signal.high is not None:
        return f"{signal.low:g} to {signal.high:g}{nulls}"
    return (", ".join(map(cell, signal.words)) or counted(signal.values, "value")) + nulls


def counted(count: int, what: str) -> str:
    """So many of what.

    >>> counted(1, "twin"), counted(2, "twin")
    ('1 twin', '2 twins')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
