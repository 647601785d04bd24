"""The incubator: a real heated box, its published experiments, and a twin that learns while they are played.

`pollux demo incubator --fast` plays every published experiment through the front door and scores what was foreseen;
`pollux demo incubator` runs an emulated box with a page.
"""

from pollux.worlds.incubator.box import LEARNING, PUBLISHED, Incubator, declared
from pollux.worlds.incubator.demo import run
from pollux.worlds.incubator.experiments import Experiment, published
from pollux.worlds.incubator.open_loop import open_loop
from pollux.worlds.incubator.story import Score, play
from pollux.worlds.incubator.synthetic import synthetic

__all__ = [
    "LEARNING",
    "PUBLISHED",
    "Experiment",
    "Incubator",
    "Score",
    "declared",
    "open_loop",
    "play",
    "published",
    "run",
    "synthetic",
]
