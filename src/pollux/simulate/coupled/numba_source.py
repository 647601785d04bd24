"""Numba source of a coupled program: a function per section, and the loops that call them in the order of a step.

All numbers stand in one buffer. A type's part of it is a row of tiles, each `width` lanes wide: inside a tile a row is
`width` numbers side by side, so that a section's inner loop has constant offsets and becomes SIMD as in the kernel of a
type that runs alone. What the lanes are is chosen when the source is made:

members   a tile is one twin, its lanes are members; a wire copies whole lanes from the tile of the linked twin
twins     the lanes are twins of one member, which runs through before the next; a wire picks single numbers

Wires are read in loops of their own, before the section, so that no store stands in the way of the SIMD loop. A tile is
a slice of the buffer: an index into it that cannot be negative needs no wrapping round, which would forbid SIMD.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from pollux.simulate.coupled.program import SECTIONS, STAGE, CoupledProgram, Kind, Section, Wire
from pollux.simulate.generate.numba_printer import indented, module_head

Lanes: TypeAlias = Literal["members", "twins"]

_SECTION: Final = """

@njit(**loose, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def {name}({params}):
    for tile in range(tiles):
        y = buffer[base + tile * {stride} : base + (tile + 1) * {stride}]
{wires}
        for i in range({width}):
{lines}
"""

_WIRES: Final = ", one, one_at, many, ends, ends_at"

_TOP: Final = """

@njit(
    "void(f8[:, ::1], f8[:, :, ::1], i8[::1], f8[:, ::1], i8[::1], f8[:, :, ::1], i8[::1], i8[:, ::1], f8, f8,"
    "i8[::1], i8[:, ::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], f8[:, ::1], i8)",
    cache=True,
    **loose,
)
def advance(
    table, out, picks, shared, shared_rows, own, own_rows, stops, start, dt,
    place, extent, one, one_at, many, ends, ends_at, stages, size,
):
    members = table.shape[1]
    h, s6 = 0.5 * dt, dt / 6.0
    y = empty(size)
    for k in range(size):
        y[k] = nan
    for low in range(0, members, {lanes}):
        for k in range(place.shape[0]):
            for i in range({lanes}):
                y[place[k] + i] = table[k, min(low + i, members - 1)]
        for q in range(stops.shape[0]):
            at, from_shared, from_own, record, until = stops[q]
            if from_shared >= 0:
                for f in range(shared_rows.shape[0]):
                    for i in range({lanes}):
                        y[place[shared_rows[f]] + i] = shared[from_shared, f]
            if from_own >= 0:
                for f in range(own_rows.shape[0]):
                    for i in range({lanes}):
                        y[place[own_rows[f]] + i] = own[from_own, f, min(low + i, members - 1)]
            if q == 0 or from_shared >= 0 or from_own >= 0:
{hold}
            if q == 0:
                t0 = start + at * dt
                t, c, t1, t2 = t0, 0.0, 0.0, 0.0
{opening}
            if record >= 0:
                for k in range(picks.shape[0]):
                    for i in range(min({lanes}, members - low)):
                        out[k, record, low + i] = y[place[picks[k]] + i]
            for s in range(at, until):
                t0, t1, t2 = start + s * dt, start + (s + 0.5) * dt, start + (s + 1) * dt
{begin}
                for stage in range(stages.shape[0]):
                    c, w, x = stages[stage, 0], stages[stage, 1], stages[stage, 2] * dt
                    t = start + (s + c) * dt
{rates}
                    if stage == 0:
{carry}
{push}
{finish}
                t, c = t2, 1.0
{end}
        for k in range(place.shape[0]):
            for i in range(min({lanes}, members - low)):
                table[k, low + i] = y[place[k] + i]
"""


@lru_cache(maxsize=64)
def numba_source(program: CoupledProgram, *, width: int, lanes: Lanes) -> str:
    """The module of a coupled kernel, with one function `advance`."""
    parts = [module_head(program.functions, strict=program.strict)]
    for place, kind in enumerate(program.kinds):
        for name, free, section in kind.named():
            if section.is_needed:
                parts.append(_section(f"{name}_{place}", free, section, kind.rows, width, lanes))
    parts.append(_driver(program, width if lanes == "members" else 1))
    return "".join(parts)


def _section(name: str, free: Sequence[str], section: Section, rows: int, width: int, lanes: Lanes) -> str:
    wires = _members_wires if lanes == "members" else _twins_wires
    return _SECTION.format(
        name=name,
        params="buffer, base, tiles" + (_WIRES if section.wires else "") + "".join(f", {one}" for one in free),
        stride=rows * width,
        width=width,
        wires="\n".join(" " * 8 + line for line in wires(section.wires, width)) or " " * 8 + "# nothing is gathered",
        lines=indented(section.lines, width=width, depth=3),
    )


def _members_wires(wires: Iterable[Wire], width: int) -> list[str]:
    lines: list[str] = []
    for one in wires:
        into, source = one.into * width, one.source * width
        if one.is_total:
            lines += [f"for i in range({width}):", f"    y[{into} + i] = 0.0", f"e = ends_at[{one.link}] + tile"]
            lines += ["for p in range(ends[e], ends[e + 1]):", f"    x = buffer[many[p] + {source} :]"]
            lines += [f"    for i in range({width}):", f"        y[{into} + i] += x[i]"]
        else:
            lines += [f"x = buffer[one[one_at[{one.link}] + tile] + {source} :]", f"for i in range({width}):"]
            lines += [f"    y[{into} + i] = x[i]"]
    return lines


def _twins_wires(wires: Iterable[Wire], width: int) -> list[str]:
    lines: list[str] = []
    for one in wires:
        into, source, twin = one.into * width, one.source * width, f"tile * {width} + i"
        lines += [f"for i in range({width}):"]
        if one.is_total:
            lines += [f"    e = ends_at[{one.link}] + {twin}", "    total = 0.0"]
            lines += ["    for p in range(ends[e], ends[e + 1]):", f"        total += buffer[many[p] + {source}]"]
            lines += [f"    y[{into} + i] = total"]
        else:
            lines += [f"    y[{into} + i] = buffer[one[one_at[{one.link}] + {twin}] + {source}]"]
    return lines


def _driver(program: CoupledProgram, lanes: int) -> str:
    exports = [
        _call(place, kind, f"export{level}", STAGE, kind.exports[level])
        for level in range(program.levels)
        for place, kind in enumerate(program.kinds)
        if level in kind.exports
    ]
    again = exports if program.is_gathered_at_the_end else []
    calls = {name: _calls(program, name) for name in SECTIONS}
    return _TOP.format(
        lanes=lanes,
        hold=_block(calls["hold"], 4),
        opening=_block([*(calls["begin"] if again else []), *again, *calls["opening"]], 4),
        begin=_block(calls["begin"], 4),
        rates=_block([*exports, *calls["rates"]], 5),
        carry=_block(calls["carry"], 6),
        push=_block(calls["push"], 5),
        finish=_block(calls["finish"], 4),
        end=_block([*again, *calls["end"]], 4),
    )


def _calls(program: CoupledProgram, name: str) -> list[str]:
    return [
        _call(place, kind, name, SECTIONS[name], kind.sections[name])
        for place, kind in enumerate(program.kinds)
        if kind.sections[name].is_needed
    ]


def _call(place: int, kind: Kind, name: str, free: Sequence[str], section: Section) -> str:
    wires = _WIRES if section.wires else ""
    return f"{name}_{place}(y, extent[{place}, 0], extent[{place}, 1]{wires}{''.join(f', {one}' for one in free)})"


def _block(lines: Sequence[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines) or "    " * depth + "pass"
