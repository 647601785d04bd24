"""One line of `pollux bench`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure beside its goal and, where there is one, beside a peer measured in the same run.

    `ratio` says how many times better than the peer; it and the peer's value are None where the peer is not installed.
    `conditions` say how both were measured, by name: solvers, tolerances, errors, cores, warm or cold.
    """

    name: str
    value: float
    unit: str
    goal: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    conditions: Mapping[str, str] = field(default_factory=dict[str, str])


def named(distribution: str, *, install: str = "") -> str:
    """A peer with its version, or with the command that installs it."""
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return f"{distribution} ({install or f'pip install {distribution}'})"


def table(lines: "list[Measurement]") -> str:
    """The lines for people, each with its conditions below it: what a measurement prints as a program."""
    return "\n".join(text for one in lines for text in _told(one))


def _told(one: Measurement) -> list[str]:
    peer = "" if one.peer is None else f"  {one.peer}"
    peer += "" if one.peer_value is None else f": {one.peer_value:,.4g}"
    ratio = "" if one.ratio is None else f"  {one.ratio:,.3g} times"
    head = f"{one.name:18} {one.value:10,.4g} {one.unit}  goal {one.goal}{peer}{ratio}"
    return [head, *(f"{'':18} {name}: {text}" for name, text in one.conditions.items())]
