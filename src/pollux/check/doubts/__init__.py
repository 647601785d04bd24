"""Doubts: rules by which a value is not believed, declared for a signal, each vectorised over twins.

    px.mqtt("plant/{id}/telemetry", doubts={Pump.temp: [TooFast("2 K/s"), Stuck("1 h")]})

`OutOfRange` and `Disconnected` look at a value alone and are decided while decoding; `TooFast`, `Spike`,
`Stuck` and `Gap` compare it with the values before it in event time. Numbers are in the signal's declared unit, texts
carry their own.
"""

from pollux.check.doubts.alone import Disconnected, OutOfRange
from pollux.check.doubts.amounts import Amount
from pollux.check.doubts.base import AbstractAloneDoubt, AbstractDoubt, AbstractNeighbourDoubt
from pollux.check.doubts.jury import Jury, judged_series
from pollux.check.doubts.neighbours import Gap, Spike, Stuck, TooFast

__all__ = [
    "AbstractAloneDoubt",
    "AbstractDoubt",
    "AbstractNeighbourDoubt",
    "Amount",
    "Disconnected",
    "Gap",
    "Jury",
    "OutOfRange",
    "Spike",
    "Stuck",
    "TooFast",
    "judged_series",
]
