"""The reference pages that are made from the code: names, command line, errors."""

import argparse
import ast
import inspect
import os
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_args

import pollux as px
from pollux import errors
from pollux.cli import command_line

ROOT = Path(__file__).parent.parent
WRITTEN = "Written by `make docs` from the code; change it there."

GROUPS = {
    "Models": ("pollux.model",),
    "Time": ("pollux.clock",),
    "Sites and twins": ("pollux.site.declare", "pollux.site.live", "pollux.site.handles", "pollux.site.prototype"),
    "How data come in": ("pollux.check", "pollux.connect", "pollux.site.calibrations", "pollux.site.sparkplug"),
    "Beside the device": ("pollux.edge", "pollux.guard.sealing"),
    "What stands out": ("pollux.watch",),
    "What is believed and foreseen": ("pollux.predict", "pollux.simulate"),
    "What to do": ("pollux.site.fork", "pollux.decide"),
    "Orders": ("pollux.act", "pollux.site.standing"),
    "How it is shown": ("pollux.site.presenting", "pollux.site.homeassistant", "pollux.show"),
    "Practice": ("pollux.castor",),
    "Errors": ("pollux.errors",),
}


def python() -> str:
    """Every public name with its signature, what it says of itself, and where an example of it runs."""
    lines = ["# Python\n", f"`import pollux as px`: every name of `pollux.__all__`. {WRITTEN}\n"]
    left = {name: getattr(px, name) for name in px.__all__}
    for title, homes in GROUPS.items():
        own = [name for name, one in left.items() if home(name, one).startswith(homes)]
        lines.append(f"## {title}\n")
        for name in own:
            lines += entry(name, left.pop(name))
    assert not left, f"in no group: {', '.join(left)}"
    return "\n".join(lines)


def home(name: str, one: object) -> str:
    """The module of a public thing; a bare number is a word of models."""
    return str(getattr(one, "__module__", None) or getattr(one, "__name__", "pollux.model"))


def entry(name: str, one: Any) -> list[str]:
    """One name: a heading, the signature, the docstring, its members, its examples elsewhere."""
    if isinstance(one, ModuleType):
        return module(name, one)
    if not callable(one):
        return [f"### px.{name}\n", f"A number: {one!r}.\n", *elsewhere(name)]
    said = inspect.getdoc(one) or ""
    found = [f"### px.{name}\n", "```text", signature(name, one), "```\n", *markdown(said)]
    members = list(own_members(one))
    if members:
        found += ["| member | meaning |", "|---|---|", *members, ""]
    return found + elsewhere(name)


def module(name: str, one: ModuleType) -> list[str]:
    """A module of names: what it says, and a row for each of them."""
    things = [(each, getattr(one, each)) for each in one.__all__]
    rows = [row(*told(each, thing)) for each, thing in things]
    said = markdown(inspect.getdoc(one) or "")
    return [f"### px.{name}\n", *said, f"| in `px.{name}` | meaning |", "|---|---|", *rows, "", *elsewhere(name)]


def told(name: str, one: Any) -> tuple[str, str]:
    """How a thing of a module is called, and what it says of itself; of an alias, what it stands for."""
    if not isinstance(one, type | FunctionType):
        stand = [getattr(each, "__name__", repr(each)) for each in get_args(one)]
        return f"`{name}`", "One of " + ", ".join(f"`{each}`" for each in stand) + "."
    return f"`{signature(name, one)}`", sentence(one)


def sentence(one: Any) -> str:
    """The first paragraph of what a thing says of itself."""
    return " ".join((inspect.getdoc(one) or "").split("\n\n")[0].split())


def tree_of(one: Any) -> ast.FunctionDef | ast.ClassDef:
    """The definition as it is written."""
    node = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    return node


def signature(name: str, one: Any) -> str:
    """How it is called: what is written for a function, for a class of its constructor or its fields."""
    node = tree_of(one)
    if isinstance(node, ast.FunctionDef):
        return f"{name}({arguments(node)}){returned(node)}"
    for part in one.__mro__:
        if not part.__module__.startswith("pollux"):
            continue
        body = tree_of(part).body
        made = [each for each in body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        if made:
            return f"{name}({arguments(made[0])})"
        fields = [each for each in body if isinstance(each, ast.AnnAssign)]
        if fields and tree_of(part).decorator_list:
            return f"{name}({', '.join(ast.unparse(each) for each in fields)})"
    return f"class {name}"


def arguments(node: ast.FunctionDef) -> str:
    """The arguments without `self`, texts of types without their quotes."""
    written = re.sub(r"^self(, )?", "", ast.unparse(node.args))
    return re.sub(r": '([^']*)'", r": \1", written)


def returned(node: ast.FunctionDef) -> str:
    """What a function gives back."""
    return "" if node.returns is None else " -> " + ast.unparse(node.returns).strip("'")


def own_members(one: Any) -> Iterator[str]:
    """Public methods and properties of a class that say what they are, a row each."""
    if not inspect.isclass(one):
        return
    for name, member in inspect.getmembers_static(one):
        asked = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(asked) or not asked.__doc__:
            continue
        if not asked.__module__.startswith("pollux"):
            continue
        node = tree_of(asked)
        assert isinstance(node, ast.FunctionDef)
        called = name if isinstance(member, property) else f"{name}({arguments(node)})"
        yield row(f"`{called}{returned(node)}`", sentence(asked))


def row(*cells: str) -> str:
    """A row of a table; a bar inside a cell would end it."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def markdown(said: str) -> list[str]:
    """A docstring as Markdown: examples and indented texts in fences."""
    found: list[str] = []
    for block in re.split(r"\n\n(?=>>> )|\n\n(?!>>> )", said):
        if block.startswith(">>> "):
            found += ["```pycon", block, "```\n"]
        elif block.startswith("    "):
            found += ["```text", textwrap.dedent(block), "```\n"]
        else:
            found.append(block + "\n")
    return found


def elsewhere(name: str) -> list[str]:
    """The documents whose blocks are run and use the name."""
    places = [f"[{path.stem}](../{path.relative_to(ROOT / 'docs')})" for path, code in run_blocks() if uses(name, code)]
    return [f"In use: {', '.join(places)}.\n"] if places else []


def run_blocks() -> list[tuple[Path, str]]:
    """Every document with the Python in it that is run."""
    paths = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name != "reference"]
    return [(path, "\n".join(re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S))) for path in paths]


def uses(name: str, code: str) -> bool:
    """Whether code calls a public name."""
    return re.search(rf"\bpx\.{name}\b", code) is not None


def cli() -> str:
    """Every verb with its help."""
    width, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), "100"
    try:
        whole = command_line()
        verbs = next(one for one in whole._actions if isinstance(one, argparse._SubParsersAction))
        lines = [
            "# Command line\n",
            f"What `--help` says. {WRITTEN}\n",
            "```text",
            whole.format_help().rstrip(),
            "```\n",
        ]
        for name, verb in verbs.choices.items():
            lines += [f"## pollux {name}\n", "```text", verb.format_help().rstrip(), "```\n"]
    finally:
        os.environ.pop("COLUMNS")
        if width is not None:
            os.environ["COLUMNS"] = width
    return "\n".join(lines)


def errors_page() -> str:
    """The tree of errors, and each with what it means and carries."""
    said = inspect.getdoc(errors) or ""
    lines = ["# Errors\n", f"{WRITTEN}\n", *markdown(said)]
    for kind in kinds(errors.PolluxError):
        public = f"`px.{kind.__name__}`" if kind.__name__ in px.__all__ else f"`pollux.errors.{kind.__name__}`"
        lines += [
            f"## {kind.__name__}\n",
            f"{public}. {' '.join((inspect.getdoc(kind) or '').split('>>>')[0].split())}\n",
        ]
    return "\n".join(lines)


def kinds(kind: type[errors.PolluxError]) -> Iterator[type[errors.PolluxError]]:
    """An error and those below it that stand in the tree, in the order of their definition."""
    if kind.__module__ == errors.__name__:
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)
