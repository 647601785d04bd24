"""`documentation/index.html`: what the twin is, its mathematics from the graph, its variables, how it is run."""

from collections.abc import Iterator
from html import escape

from pollux.model.schema import Schema
from pollux.model.statements import sections
from pollux.simulate.export.description import Described
from pollux.simulate.export.variables import Variable

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{name}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
td, th {{ text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; vertical-align: top; }}
</style>
</head>
<body>
"""


def index_page(schema: Schema, about: Described) -> bytes:
    """The page as UTF-8; equations are LaTeX, as text."""
    parts = [_HEAD.format(name=escape(about.name)), f"<h1>{escape(about.name)}</h1>\n"]
    parts += [f"<p>{escape(one)}</p>\n" for one in about.doc.split("\n\n") if one]
    parts.append("<h2>Equations</h2>\n")
    for section in sections(schema):
        parts.append(f"<h3>{escape(section.title)}</h3>\n")
        parts += [f"<pre>\\[ {escape(str(one))} \\]</pre>\n" for one in section.statements]
    parts += _variables(about)
    parts += _running(about)
    parts.append("</body>\n</html>\n")
    return "".join(parts).encode()


def _variables(about: Described) -> Iterator[str]:
    yield "<h2>Variables</h2>\n<table>\n<tr><th>name<th>unit<th>causality<th>start<th>meaning</tr>\n"
    for one in about.variables:
        cells = (one.name, _unit(one), one.causality, "" if one.start is None else f"{one.start:g}", one.doc)
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>\n"
    yield "</table>\n"


def _unit(one: Variable) -> str:
    if one.is_flag:
        return "true or false"
    return one.unit.symbol if one.edge == one.unit else f"{one.unit.symbol} (shown in {one.edge.symbol})"


def _running(about: Described) -> Iterator[str]:
    yield "<h2>How it is run</h2>\n"
    if about.has_steps:
        yield (
            f"<p>Co-simulation: {escape(about.method)}. Events happen at the end of the step in which their condition"
            " becomes true. A reading over a stretch of time is not a number until its first stretch has closed.</p>\n"
        )
    if about.has_exchange:
        yield (
            "<p>Model exchange: the derivatives of the states, with one event indicator for each event, each turn of a"
            " cycle and each condition that can be read. Choices, limits and tables inside an equation make no"
            " events.</p>\n"
        )
    yield "<p>The time is in seconds since 1970 UTC; most models do not ask for it.</p>\n"
