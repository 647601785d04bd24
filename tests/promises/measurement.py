"""One line of `pollux bench`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import final

from pollux.testing.bench import as_row


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


def table(lines: Iterable[Measurement]) -> str:
    """The lines as `pollux bench` prints them, for a measurement that is run as a program."""
    return "\n".join(map(as_row, lines))
