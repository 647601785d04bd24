"""What may be asked about what matters: the outcomes of a type, and the button that asks."""

from collections.abc import Collection
from typing import Final

from pollux.model.schema import Schema
from pollux.show.compose.words import title
from pollux.show.documents.common import Action, Ask, Offered

_METHODS: Final = (
    Offered(value="tornado", label="one at a time"),
    Offered(value="sobol", label="all together (Sobol)"),
)


def outcomes(schema: Schema) -> dict[str, str]:
    """States, derived values and readings at the end, and events that ever happen: by name, in words."""
    derived = [name for name, expr in schema.derived.items() if not expr.is_condition]
    ends = [*(name for name in schema.states if name not in schema.cycles), *schema.algebraic, *derived]
    found = {name: plain(name) for name in [*ends, *schema.readings]}
    return found | {
        name: f"chance of \N{LEFT DOUBLE QUOTATION MARK}{plain(name)}\N{RIGHT DOUBLE QUOTATION MARK}"
        for name in schema.events
    }


def plain(name: str) -> str:
    """A name as one says it.

    >>> plain("seal.end_wear")
    'seal end wear'
    """
    return name.replace(".", " ").replace("_", " ")


def matters(schema: Schema, fork: str, compared: Collection[str]) -> Action | None:
    """The button that asks what matters, with what is compared first; None where there is nothing to ask about."""
    found = outcomes(schema)
    names = sorted(found, key=lambda name: name not in compared)
    if not names:
        return None
    of = Ask(
        key="output", label="Of what", kind="choice",
        choices=tuple(Offered(value=name, label=title(found[name])) for name in names),
    )  # fmt: skip
    how = Ask(key="method", label="How", kind="choice", choices=_METHODS, required=False)
    return Action(key="matters", label="What matters most?", href=f"forks/{fork}/sensitivity", asks=(of, how))
