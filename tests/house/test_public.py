"""Every public name says what it is, shows it in an example that runs, and names what it raises."""

import ast
import inspect

import pytest
from docs.pages import run_blocks, tree_of, uses

import pollux as px

NAMES = [name for name in px.__all__ if callable(getattr(px, name))]


@pytest.mark.parametrize("name", px.__all__)
def test_it_has_an_example_that_runs(name: str):
    """A doctest in its docstring, or a block of the documents, uses it."""
    said = inspect.getdoc(getattr(px, name)) or ""
    assert ">>> " in said or any(uses(name, code) for _, code in run_blocks())


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str):
    """The first paragraph of the docstring is a sentence of its own, not one that is inherited."""
    one = getattr(px, name)
    assert one.__doc__
    assert one.__doc__.strip()[0].isupper() or one.__doc__.strip()[0] in "$0123456789`"


@pytest.mark.parametrize("name", NAMES)
def test_it_names_what_it_raises(name: str):
    """Each error that its own code raises stands in the docstring of the function, the method or the class."""
    one = getattr(px, name)
    missing = [
        f"{where}: {error}"
        for where, node in functions_of(name, tree_of(one))
        for error in sorted(raised(node))
        if error not in (ast.get_docstring(node) or "") + (one.__doc__ or "")
    ]
    assert missing == []


def functions_of(name: str, node: ast.FunctionDef | ast.ClassDef) -> list[tuple[str, ast.FunctionDef]]:
    """The function itself, or what a user may call of a class: its constructor and its public methods."""
    if isinstance(node, ast.FunctionDef):
        return [(name, node)]
    made = ("__init__", "__post_init__", "__init_subclass__", "__getitem__", "__call__")
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    return [(f"{name}.{one.name}", one) for one in methods if not one.name.startswith("_") or one.name in made]


def raised(node: ast.FunctionDef) -> set[str]:
    """The errors of ours that stand after `raise` in a function."""
    calls = [one.exc for one in ast.walk(node) if isinstance(one, ast.Raise) and isinstance(one.exc, ast.Call)]
    names = {ast.unparse(call.func) for call in calls}
    return {one for one in names if one in dir(px) or one.endswith(("Error", "Refused"))} - {"AttributeError"}
