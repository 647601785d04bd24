"""Worlds: whole applications of Pollux, each written as any user would write it.

A world imports `pollux`, NumPy and its own modules, and nothing private: what a world can do, everyone can.
"""

from typing import Final

WORLDS: Final = {
    "heart": (
        "a man of 62 with chronic heart failure: mirrored from wearables, forked, advised, verified",
        "pollux.worlds.heart.demo",
    ),
    "incubator": (
        "a heated box with a fan: real experiments at 3 s, recalibrated live",
        "pollux.worlds.incubator.demo",
    ),
    "line": (
        "a production line of six machines: its bottleneck, the rest of the shift, what else could be done",
        "pollux.worlds.line.demo",
    ),
}
"""Each world by its name on the command line: what it is about, and the module whose `run` plays it."""

__all__ = ["WORLDS"]
