"""Snapshots of what a mirror remembers beside its blocks: the same state gives the same bytes."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from numpy.typing import NDArray

from pollux.columns.parcel import pack, unpack
from pollux.errors import StorageError
from pollux.mirror.effects import Counts
from pollux.mirror.population import Population
from pollux.mirror.presence import Rhythm
from pollux.mirror.seen import Seen
from pollux.mirror.tally import Tally

VERSION: Final = 1
KIND: Final = "mirror"


def frozen(populations: Mapping[str, Population], counts: Counts) -> bytes:
    """Presence, counters and newest values of every type, and the counts."""
    heads: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name, population in sorted(populations.items()):
        heads[name], some = _frozen(population)
        arrays |= {f"{name}.{part}": array for part, array in some.items()}
    return pack(KIND, VERSION, {"types": heads, "counts": asdict(counts)}, arrays)


def resume(populations: Mapping[str, Population], data: bytes) -> Counts:
    """Make the populations what they were; their blocks were restored before. Types not in the bytes begin empty.

    Raises `StorageError` for a newer version, bytes that are damaged, or another block.
    """
    parcel = unpack(KIND, VERSION, data)
    for name, population in populations.items():
        head = parcel.head["types"].get(name)
        if head is not None and head["rows"] != population.block.rows:
            raise StorageError(f"expected the memory of {population.block.rows} rows, got {head['rows']}", at=name)
    for name, population in populations.items():
        if name in parcel.head["types"]:
            _resume(population, parcel.head["types"][name], _part(parcel.arrays, name))
    return Counts(**parcel.head["counts"])


def _frozen(population: Population) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    population.reserve()
    rows, signals = population.block.rows, population.block.schema.signals
    counters, seen = population.seen.state()
    arrays = {f"seen.{name}": array for name, array in seen.items()}
    arrays |= {f"rhythm.{name}": array for name, array in population.rhythm.arrays(rows).items()}
    arrays |= {f"tally.{name}": array for name, array in population.tally.arrays(rows).items()}
    arrays |= {f"stretches.{name}": array for name, array in population.stretches.arrays(rows).items()}
    if population.inspector is not None:
        arrays |= {f"inspector.{name}": array for name, array in population.inspector.arrays(rows).items()}
    judged: list[str] = []
    if population.recents is not None:
        judged = [signals[i].name for i in population.recents.judge.signals]
        arrays |= {f"recents.{name}": array for name, array in population.recents.arrays(rows).items()}
    return {"rows": rows, "counters": counters, "judged": judged}, arrays


def _resume(population: Population, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    population.clear()
    population.seen = Seen.restored(head["counters"], _part(arrays, "seen"))
    population.rhythm = Rhythm.restored(_part(arrays, "rhythm"))
    population.tally = Tally.restored(len(population.block.schema.signals), _part(arrays, "tally"))
    population.reserve()
    population.stretches.resume(_part(arrays, "stretches"))
    if population.inspector is not None:
        population.inspector.resume(_part(arrays, "inspector"))
    if population.recents is not None:
        signals = population.block.schema.signals
        names = [signals[i].name for i in population.recents.judge.signals]
        kept = [(names.index(name), head["judged"].index(name)) for name in names if name in head["judged"]]
        population.recents.resume(kept, _part(arrays, "recents"))


def _part(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
