"""Topics to patterns: which levels stand still, which vary, found by how alike the trees below them are.

A level varies where its names have alike subtrees: names that differ in digits alone (`P-7`, `P-8`) need one thing in
common, others (`kitchen`, `bedroom`) half of what the smaller one has. Below the last level stands what payloads say:
objects are alike by their keys; plain values with different names are different signals.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias, final

_Keys: TypeAlias = frozenset[str] | None

Still = Literal["still", "varies", "values"]

_DIGITS: Final = re.compile(r"[0-9a-fA-F]{6,}|\d+")
_ALIKE_KEYS: Final = 0.5
_ALIKE_TREES: Final = 0.5


@final
class Form(NamedTuple):
    """What the payloads of a topic are: in which format, and the keys of objects, or None for plain values."""

    format: str
    keys: frozenset[str] | None


@final
@dataclass(frozen=True, slots=True)
class Level:
    """One level of a pattern: one name that stands still, names that vary, or names of plain values."""

    still: Still
    names: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """Topics of one shape: its levels, the topics, and whether their payloads are plain values."""

    levels: tuple[Level, ...]
    topics: tuple[str, ...]
    plain: bool


@final
@dataclass(frozen=True, slots=True)
class _Topic:
    text: str
    levels: tuple[str, ...]
    keys: _Keys


def shapes(forms: Mapping[str, Form]) -> list[Shape]:
    """The shapes of some topics; each topic is in exactly one of them.

    >>> form = Form("JSON", frozenset(["temp"]))
    >>> [len(one.topics) for one in shapes({"a/P-7/t": form, "a/P-8/t": form, "b/x": Form("text", None)})]
    [1, 2]
    """
    by_depth: dict[tuple[int, bool, str], list[_Topic]] = {}
    for text, form in sorted(forms.items()):
        levels = tuple(text.split("/"))
        key = len(levels), form.keys is None, form.format
        by_depth.setdefault(key, []).append(_Topic(text, levels, form.keys))
    return [
        Shape(levels, tuple(topic.text for topic in group), plain)
        for (_, plain, _), topics in sorted(by_depth.items())
        for levels, group in _split(topics, 0, ())
    ]


@lru_cache(maxsize=65_536)
def mask(name: str) -> str:
    """A name with its digits, and what looks like a hexadecimal number, as `#`.

    >>> mask("P-7"), mask("pump12"), mask("kitchen")
    ('P-#', 'pump#', 'kitchen')
    """
    return _DIGITS.sub("#", name)


def _split(
    topics: Sequence[_Topic], at: int, done: tuple[Level, ...]
) -> Iterator[tuple[tuple[Level, ...], list[_Topic]]]:
    if at == len(topics[0].levels):
        yield done, list(topics)
        return
    children: dict[str, list[_Topic]] = {}
    for topic in topics:
        children.setdefault(topic.levels[at], []).append(topic)
    last = at + 1 == len(topics[0].levels)
    varied = any(level.still == "varies" for level in done)
    for names in _ends(children, varied=varied) if last else _inner(children, at):
        plain = last and topics[0].keys is None and not _numbered(names, varied)
        still: Still = "values" if plain else "varies" if len(names) > 1 else "still"
        merged = [topic for name in names for topic in children[name]]
        yield from _split(merged, at + 1, (*done, Level(still, tuple(names))))


def _numbered(names: Sequence[str], varied: bool) -> bool:
    """Whether plain values differ in the numbers of their names alone, and nothing above them varies."""
    return not varied and "#" in mask(names[0]) and len({mask(name) for name in names}) == 1


def _ends(children: Mapping[str, Sequence[_Topic]], *, varied: bool) -> list[list[str]]:
    """Groups of the names of a last level."""
    clusters: list[tuple[list[str], set[str] | None]] = []
    for name, topics in children.items():
        own = topics[0].keys
        for names, keys in clusters:
            if own is None and keys is None and _values_alike(names[0], name, varied=varied):
                names.append(name)
                break
            if own is not None and keys is not None and _keys_alike(keys, own):
                names.append(name)
                keys |= own
                break
        else:
            clusters.append(([name], None if own is None else set(own)))
    return [names for names, _ in clusters]


def _values_alike(one: str, other: str, *, varied: bool) -> bool:
    return varied or mask(one) == mask(other) or not ("#" in mask(one) or "#" in mask(other))


def _keys_alike(one: Collection[str], other: Collection[str]) -> bool:
    both = len({*one} & {*other})
    return both >= _ALIKE_KEYS * min(len(one), len(other)) and both > 0


def _tails_alike(one: _Keys, other: _Keys) -> bool:
    return one is other if one is None or other is None else _keys_alike(one, other)


def _inner(children: Mapping[str, Sequence[_Topic]], at: int) -> list[list[str]]:
    """Groups of the names of a level with more levels below it."""
    clusters: list[tuple[list[str], dict[tuple[str, ...], _Keys]]] = []
    for name, topics in children.items():
        tails = {tuple(map(mask, topic.levels[at + 1 :])): topic.keys for topic in topics}
        for names, known in clusters:
            least = 0.0 if mask(names[0]) == mask(name) else _ALIKE_TREES
            both = sum(_tails_alike(known[tail], tails[tail]) for tail in known.keys() & tails.keys())
            if both and both >= least * min(len(known), len(tails)):
                names.append(name)
                known |= tails
                break
        else:
            clusters.append(([name], tails))
    return [names for names, _ in clusters]
