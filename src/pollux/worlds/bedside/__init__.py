"""The bedside: a real, de-identified record of 32 hours, mirrored each minute, its artefacts flagged, not believed.

`pollux demo heart --record` plays it; with `--fast` in simulated time, with its promises checked.
"""

from pollux.worlds.bedside.bed import NOTICE, Bedside, declared
from pollux.worlds.bedside.demo import run
from pollux.worlds.bedside.records import Record, recorded, synthetic
from pollux.worlds.bedside.story import Findings, play

__all__ = ["NOTICE", "Bedside", "Findings", "Record", "declared", "play", "recorded", "run", "synthetic"]
