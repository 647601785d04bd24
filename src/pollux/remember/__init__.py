"""What was: the durable log on which everything stands, snapshots, and history.

`Log` keeps every input in order, durable before anybody is told. `LogReader` reads it, `verify` checks it, `Snapshots`
shorten its replay, `History` answers what a signal did.
"""

from pollux.remember.chain import Anchor
from pollux.remember.commit import Counts, Health, Ticket
from pollux.remember.decimate import Series, decimate
from pollux.remember.disk import AbstractDisk, Disk
from pollux.remember.growing import Decode
from pollux.remember.history import History
from pollux.remember.log import Log
from pollux.remember.notes import Note
from pollux.remember.reading import LogReader
from pollux.remember.recovery import Recovery
from pollux.remember.register import Register
from pollux.remember.seal import Entry, Keys, Record
from pollux.remember.snapshots import Snapshot, Snapshots, Stamp
from pollux.remember.verify import Fault, Report, verify

__all__ = [
    "AbstractDisk",
    "Anchor",
    "Counts",
    "Decode",
    "Disk",
    "Entry",
    "Fault",
    "Health",
    "History",
    "Keys",
    "Log",
    "LogReader",
    "Note",
    "Record",
    "Recovery",
    "Register",
    "Report",
    "Series",
    "Snapshot",
    "Snapshots",
    "Stamp",
    "Ticket",
    "decimate",
    "verify",
]
