"""What goes from twin to twin: which values are gathered, where they come from, in which order they are reckoned.

A bare state or parameter is read where it stands. Any other value that somebody gathers is an export: it is reckoned
once for all twins of its type, before those who gather it. Exports that need exports come later; a loop is refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from pollux.errors import SimulationError
from pollux.model.graph import Expr, told_in
from pollux.model.linking import meaning
from pollux.model.schema import Link, Schema
from pollux.model.walk import rewritten, topological


@final
@dataclass(frozen=True, slots=True)
class Source:
    """An expression of a type, known by the place of the type."""

    kind: int
    expr: Expr


@final
class Exchange:
    """The links of some types that are simulated together, `sloped` inputs among their parameters.

    Raises `SimulationError` where a linked type is missing or gives something else than was promised.
    """

    def __init__(self, schemas: Sequence[Schema], sloped: Sequence[frozenset[str]]) -> None:
        self.schemas = tuple(schemas)
        self._sloped = tuple(sloped)
        self._place = {schema.name: place for place, schema in enumerate(schemas)}
        self._sources: dict[tuple[int, Expr], Source] = {}
        self._levels: dict[Source, int] = {}
        self._open: dict[Source, int] = {}
        for place, schema in enumerate(schemas):
            for name, link in schema.links.items():
                self._check(place, name, link)

    def target(self, kind: int, link: str) -> int:
        """The place of the type that a link leads to."""
        return self._place[self.schemas[kind].links[link].to]

    def source(self, kind: int, node: Expr) -> Source:
        """Where the operand of a gather or a total of a type comes from."""
        if (kind, node) not in self._sources:
            link = self.schemas[kind].links[str(node.data)]
            other = self._place[link.to]
            inner = self._kept(other, node.args[0]) if link.is_promised else node.args[0]
            self._sources[kind, node] = Source(other, inner)
        return self._sources[kind, node]

    def is_bare(self, source: Source) -> bool:
        """Whether it stands in a row of its own already."""
        if source.expr.op == "param":
            return source.expr.data not in self._sloped[source.kind]
        return source.expr.op in ("state", "phase")

    def stands_still(self, kind: int, node: Expr) -> bool:
        """Whether what a type gathers changes only where inputs are loaded: a parameter of the other twins."""
        source = self.source(kind, node)
        return source.expr.op == "param" and self.is_bare(source)

    def level(self, source: Source) -> int:
        """After how many others an export is reckoned: those it needs itself."""
        if source not in self._levels:
            self._refuse_loop(source)
            self._open[source] = len(self._open)
            needed = [self.source(source.kind, node) for node in gathers([source.expr])]
            self._levels[source] = max((1 + self.level(one) for one in needed if not self.is_bare(one)), default=0)
            del self._open[source]
        return self._levels[source]

    def exports(self, roots: Sequence[Iterable[Expr]]) -> list[Source]:
        """All exports that the roots of each type need, those needed by others first."""
        found: dict[Source, None] = {}
        wanted = [self.source(kind, node) for kind, exprs in enumerate(roots) for node in gathers(exprs)]
        while wanted:
            one = wanted.pop()
            if one not in found and not self.is_bare(one):
                found[one] = None
                self.level(one)
                wanted += [self.source(one.kind, node) for node in gathers([one.expr])]
        return sorted(found, key=self.level)

    def _check(self, kind: int, name: str, link: Link) -> None:
        if link.to not in self._place:
            raise SimulationError(
                f"expected the twins of {link.to} too, got {', '.join(self._place)}",
                at=f"{self.schemas[kind].name}.{name}",
                hint="types that read each other run together",
            )
        other = self.schemas[self._place[link.to]]
        if link.schema is not None and not link.is_promised and link.schema != other:
            raise SimulationError(
                f"expected the type {link.to} that was linked, got another of that name",
                at=f"{self.schemas[kind].name}.{name}",
            )

    def _kept(self, kind: int, promise: Expr) -> Expr:
        """What was promised of a type that was defined later, as the type gives it."""
        schema = self.schemas[kind]

        def given(leaf: Expr) -> Expr | None:
            return told_in(meaning(schema, str(leaf.data)), leaf.unit) if leaf.op == "param" else None

        return rewritten(promise, given)

    def _refuse_loop(self, source: Source) -> None:
        if source in self._open:
            around = [*list(self._open)[self._open[source] :], source]
            loop = " -> ".join(self._name(one) for one in around)
            raise SimulationError(
                f"expected values that do not need themselves, got the loop {loop}",
                hint="a loop through a state is sound: give one of them a px.rate",
            )

    def _name(self, source: Source) -> str:
        schema = self.schemas[source.kind]
        names = [name for name, expr in schema.derived.items() if expr is source.expr]
        return f"{schema.name}.{names[0] if names else source.expr.op}"


def gathers(roots: Iterable[Expr]) -> list[Expr]:
    """What some expressions read through links, each once."""
    return [one for one in topological(roots) if one.op in ("gather", "total")]
