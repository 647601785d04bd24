"""Following: checks that keep a bounded state per twin, declared for a fleet, each vectorised over twins.

    site.fleet(Pump, checks=[
        px.DeviceClock("30 s"),
        px.OtherUnit(Pump.temp, "degF", "K"),
        px.Agree([Pump.temp_a, Pump.temp_b, Pump.temp_c], within="2 K"),
    ])

They work in the order of the log, message by message, so that a replay decides as the first run did; state is columns
by row, and a batch touches the rows of its own samples only.
"""

from pollux.check.following.agree import Agree
from pollux.check.following.base import AbstractCheck, AbstractFollower
from pollux.check.following.clocks import DeviceClock
from pollux.check.following.inspector import Inspector
from pollux.check.following.other_units import OtherUnit

__all__ = ["AbstractCheck", "AbstractFollower", "Agree", "DeviceClock", "Inspector", "OtherUnit"]
