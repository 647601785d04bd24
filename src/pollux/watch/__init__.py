"""What stands out: limits, changes, silences and doubts on raw decoded values, and the alarms they raise."""

from pollux.watch.alarms import Alarm, AlarmBook
from pollux.watch.rules import Change, Limit, Rule, Severity, Silence
from pollux.watch.watch import Watch

__all__ = ["Alarm", "AlarmBook", "Change", "Limit", "Rule", "Severity", "Silence", "Watch"]
