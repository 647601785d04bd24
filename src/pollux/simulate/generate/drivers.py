"""The loops around a program in a numba kernel: blocks of members, stops, steps.

A driver gathers a block, goes from stop to stop (loading inputs, recording rows) and scatters the block again. Between
two stops it takes steps of one length, or lets every member take steps of its own until the last one has arrived.
"""

from pollux.simulate.generate.program import MOST_STEPS, Pacing, Program

_TOP = """

@njit(
    "void(f8[:, ::1], f8[:, :, ::1], i8[::1], f8[:, ::1], i8[::1], f8[:, :, ::1], i8[::1], i8[:, ::1], f8, f8)",
    cache=True,
    **loose,
)
def advance(table, out, picks, shared, shared_rows, own, own_rows, stops, start, dt):
    members = table.shape[1]
    y = empty({size})
    {constants}
    for low in range(0, members, {width}):
        for i in range({width}):
            j = min(low + i, members - 1)
            for k in range({kept}):
                y[k * {width} + i] = table[k, j]
        for q in range(stops.shape[0]):
            at, from_shared, from_own, record, until = stops[q]
            if from_shared >= 0:
                for f in range(shared_rows.shape[0]):
                    for i in range({width}):
                        y[shared_rows[f] * {width} + i] = shared[from_shared, f]
            if from_own >= 0:
                for f in range(own_rows.shape[0]):
                    for i in range({width}):
                        y[own_rows[f] * {width} + i] = own[from_own, f, min(low + i, members - 1)]
            if q == 0 or from_shared >= 0 or from_own >= 0:
                for i in range({width}):
{held}
            if q == 0{again}:
                {begins}
                for i in range({width}):
{opening}
            if record >= 0:
                for i in range(min({width}, members - low)):
                    for k in range(picks.shape[0]):
                        out[k, record, low + i] = y[picks[k] * {width} + i]
"""

_FIXED = """\
            for s in range(at, until):
                t0, t1, t2 = start + s * dt, start + (s + 0.5) * dt, start + (s + 1) * dt
                for i in range({width}):
{step}
"""

_OWN = """\
            target = until * unit
            for attempt in range({most} if until > at else 0):
                left = 0.0
                for i in range({width}):
                    left = max(left, target - y[{since} + i])
                if not left > 0.0:
                    break
                for i in range({width}):
{step}
            for i in range({width} if until > at else 0):
                if y[{since} + i] < target:
                    y[{failed} + i] = start + y[{since} + i]
                    y[{since} + i] = inf
                    for k in range({first}, {last}):
                        y[k * {width} + i] = nan
"""

_BOTTOM = """\
        for i in range(min({width}, members - low)):
            for k in range({kept}):
                table[k, low + i] = y[k * {width} + i]
"""


def driver(program: Program, width: int, held: str, opening: str, step: str) -> str:
    """The function `advance` of a kernel around the printed sections of its program."""
    own = program.pacing is not None
    top = _TOP.format(
        size=program.rows * width,
        width=width,
        kept=program.kept,
        constants="unit = dt" if own else "h, s6 = 0.5 * dt, dt / 6.0",
        begins="target = until * unit" if own else "t0 = start + at * dt",
        held=held,
        opening=opening,
        # Algebraic unknowns follow from inputs, so they are sought anew where these change.
        again=" or from_shared >= 0 or from_own >= 0" if own else "",
    )
    loop = _FIXED.format(width=width, step=step) if program.pacing is None else _paced(program.pacing, width, step)
    return top + loop + _BOTTOM.format(width=width, kept=program.kept)


def _paced(pacing: Pacing, width: int, step: str) -> str:
    return _OWN.format(
        most=MOST_STEPS,
        width=width,
        since=pacing.since * width,
        failed=pacing.failed * width,
        first=pacing.states.start,
        last=pacing.states.stop,
        step=step,
    )
