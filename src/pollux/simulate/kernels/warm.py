"""Compile and cache the kernels of a type before anybody waits for them."""

from collections.abc import Iterator

from pollux.columns.layout import layout_of
from pollux.model.schema import Schema
from pollux.simulate.kernels.kernel import SCALAR_UP_TO, kernel
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Task, usual


def warm(schema: Schema, *, strict: bool = False) -> Iterator[str]:
    """Compile the kernels of a type and of its fast models, for few and for many members; names each when it is done.

    They are those of the method that a run takes where the type is not stiff; those of a run with integrals, watched
    conditions or straight inputs are compiled when they are first met.
    """
    for one in (schema, *_fast(schema)):
        for members in (1, SCALAR_UP_TO + 1):
            task = Task(one, strict=strict, method=usual(one))
            kernel(compose(task), members=members, backend="numba").load()
            yield f"{one.name} for {'one member' if members == 1 else 'many members'}"


def _fast(schema: Schema) -> Iterator[Schema]:
    seen: set[Schema] = set()
    for slots in layout_of(schema).settled:
        if slots.layout.schema not in seen:
            seen.add(slots.layout.schema)
            yield slots.layout.schema
