"""Reuse of names: a name whose value is no longer read is given to the next value."""

from collections.abc import Iterable, Sequence

from pollux.simulate.generate.assign import Arg, Assign


def reused(assigns: Sequence[Assign], results: Iterable[Arg]) -> tuple[tuple[Assign, ...], tuple[Arg, ...]]:
    """The same computation in as few names as its order allows, and the results under their new names.

    >>> a, b, c = Assign("a", "abs", ("x",)), Assign("b", "abs", ("a",)), Assign("c", "abs", ("b",))
    >>> [x.name for x in reused((a, b, c), ("c",))[0]]
    ['r0', 'r0', 'r0']
    """
    results = tuple(results)
    last = _last_reads(assigns, results)
    place: dict[str, str] = {}
    free: list[str] = []
    out: list[Assign] = []
    for at, assign in enumerate(assigns):
        args = tuple(_renamed(a, place) for a in assign.args)
        free += [place[name] for name in dict.fromkeys(assign.reads) if last[name] == at and name in place]
        name = assign.name
        if name:
            place[name] = name = free.pop() if free else f"r{len(set(place.values()))}"
            if assign.name not in last:
                free.append(name)
        out.append(Assign(name, assign.op, args))
    return tuple(out), tuple(_renamed(r, place) for r in results)


def _last_reads(assigns: Sequence[Assign], results: Sequence[Arg]) -> dict[str, int]:
    last = {name: at for at, assign in enumerate(assigns) for name in assign.reads}
    return last | {name: len(assigns) for name in results if isinstance(name, str)}


def _renamed(arg: Arg, place: dict[str, str]) -> Arg:
    return place.get(arg, arg) if isinstance(arg, str) else arg
