"""What lets the MQTT sessions of a site outlive it: a register beside the log, and the log itself."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from pollux.columns.frames import Frames
from pollux.connect.driver import TicketLike
from pollux.connect.mqtt.memory import Memory, Recalled
from pollux.errors import StorageError
from pollux.remember import Register, Ticket
from pollux.site.leaving import commands, expiry

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

FOLDER: Final = "sessions"


def memory_of(live: "LiveSite") -> Memory:
    """The memory of the site's endpoint; raises StorageError where the disk does not read."""
    try:
        register = Register.open(live.options.folder / FOLDER)
    except OSError as error:
        raise StorageError(f"expected the disk to read, got: {error}", at=FOLDER) from error
    return Memory(
        register,
        last=lambda: live.log.durable,
        past=partial(_past, live),
        entry=_entry,
        recall=partial(_recall, live),
    )


def _past(live: "LiveSite", first: int, until: int | None) -> Iterator[tuple[int, Frames]]:
    for record in live.log.read(first - 1, until):
        if isinstance(record.entry, Frames):
            yield record.seq, record.entry


def _entry(ticket: TicketLike) -> int:
    return ticket.seq if isinstance(ticket, Ticket) else 0


def _recall(live: "LiveSite", ref: str) -> Recalled | None:
    """An order that waited for its device, as it would be sent now: only while nobody has answered it."""
    found = live.desk.unanswered(ref)
    if found is None:
        return None
    order, payload = found
    return Recalled(commands(order), payload, expiry(live, order.expires_at))
