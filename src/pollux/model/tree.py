"""Expressions as JSON, out: a tree of operations, never code.

`{"let": [...], "value": ...}`: every node is an object, `{"op": "+", "args": [...]}`; what is used more than once, or
lies too deep, stands in `let` and is told by `{"ref": 0}`. So the text grows with the graph, not with its paths.
`tree_reader` is the way back.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, cast

from pollux.model.graph import Expr, Settled, Window
from pollux.model.hermite import Points
from pollux.model.walk import topological

DEEPEST: Final = 60

Json = dict[str, Any]


def to_tree(expr: Expr) -> Json:
    """The tree of an expression, ready for any JSON writer.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.units import unit
    >>> temp = leaf("state", "temp", unit("K"))
    >>> to_tree(operation("neg", (temp,)))
    {'let': [], 'value': {'op': 'neg', 'args': [{'op': 'state', 'name': 'temp', 'unit': 'K'}]}}
    """
    nodes = topological([expr], into_totals=True)
    uses = _uses(nodes)
    let: list[Json] = []
    told: dict[Expr, Json] = {}
    depth: dict[Expr, int] = {}
    for one in nodes:
        tree = _told(one, [told[arg] for arg in one.args])
        depth[one] = 1 + max((depth[arg] for arg in one.args), default=0)
        if one.args and one is not expr and (uses[one] > 1 or depth[one] >= DEEPEST):
            let.append(tree)
            tree, depth[one] = {"ref": len(let) - 1}, 1
        told[one] = tree
    return {"let": let, "value": told[expr]}


def _uses(nodes: list[Expr]) -> Mapping[Expr, int]:
    uses = dict.fromkeys(nodes, 0)
    for one in nodes:
        for arg in one.args:
            uses[arg] += 1
    return uses


def _told(expr: Expr, args: list[Json]) -> Json:
    match expr.op:
        case "const":
            return {"op": "const", "number": _number(float(expr)), "unit": expr.unit.symbol}
        case "state" | "param" | "phase":
            return {"op": expr.op, "name": expr.data, "unit": expr.unit.symbol}
        case "noise":
            return {"op": "noise", "name": expr.data}
        case "time":
            return {"op": "time"}
        case "present":
            return {"op": "present", "link": expr.data}
        case _:
            return {"op": expr.op, "args": args, **_data(expr)}


def _data(expr: Expr) -> Json:
    data = expr.data
    if expr.op == "pow" and data is not None:
        return {"power": data}
    if expr.op in ("table", "spline"):
        xs, ys = cast(Points, data)
        points = [list(pair) for pair in zip(xs, ys, strict=True)]
        return {"points": points, "units": [expr.args[0].unit.symbol, expr.unit.symbol]}
    if expr.op == "delay":
        return {"seconds": data}
    if isinstance(data, Window):
        over = {"seconds": data.seconds} if data.over == "duration" else {"name": data.name}
        return {"kind": data.kind, "over": data.over, **over}
    if isinstance(data, Settled):
        about = {"schema": data.schema.digest, "inputs": list(data.inputs)}
        times = {"seconds": data.over_seconds, "every": data.every_seconds, "step": data.step_seconds}
        return {**about, **times, "output": data.output}
    return {"link": data} if expr.op in ("total", "gather") else {}


def _number(number: float) -> float | str:
    return number if math.isfinite(number) else repr(number)
