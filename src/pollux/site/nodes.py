"""The twins of an open site as an OPC UA server shows them, and what may be set through it."""

import math
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

from pollux.clock import MINUTE
from pollux.columns.block import Block
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason
from pollux.columns.view import fact
from pollux.connect.opcua.declared import need_asyncua
from pollux.connect.opcua.server.limits import ServerLimits
from pollux.connect.opcua.server.shown import AbstractShow, ShownValue, Target
from pollux.errors import NotFound, OrderRefused, PolluxError
from pollux.guard import Credential, Identity
from pollux.model.schema import Schema, Signal
from pollux.show.asks import CommandAsk
from pollux.show.compose.types import outward_number
from pollux.site.addresses import parsed
from pollux.site.fields import FOLDER

if TYPE_CHECKING:
    from pollux.connect.opcua.server.endpoint import OpcuaServer
    from pollux.site.live import LiveSite

GOOD: Final = 0
LATER: Final = 0x002E0000
"""GoodCompletesAsynchronously: the order was taken, and its effect is seen later."""
UNCERTAIN: Final = 0x40000000
NOTHING: Final = 0x80320000
"""BadWaitingForInitialData."""
DENIED, READ_ONLY, UNFIT, MISSING = 0x801F0000, 0x803B0000, 0x803C0000, 0x80340000
"""BadUserAccessDenied, BadNotWritable, BadOutOfRange, BadNodeIdUnknown."""
DOUBTS: Final = {
    Reason.STALE: 0x40900000,  # UncertainLastUsableValue
    Reason.UNREACHABLE: 0x408F0000,  # UncertainNoCommunicationLastUsable
    Reason.OVERRIDDEN: 0x40910000,  # UncertainSubstituteValue
    Reason.SCALE: 0x40940000,  # UncertainEngineeringUnitsExceeded
    Reason.RANGE: 0x40940000,
    Reason.FAILED: 0x40930000,  # UncertainSensorNotAccurate
}
BELIEVED: Final = (Quality.GOOD, Quality.SIMULATED)
MOST: Final = ServerLimits().twins
"""Twins that are shown, and so looked at to see whether somebody sees any of a type."""
WITHIN: Final = 10 * MINUTE
"""An order that comes by OPC UA, which gives no end to it, is carried out within this time or not at all."""


def check_address(address: str | None) -> None:
    """Raise SetupError, before anything is opened, for what cannot be listened on, or where asyncua is missing."""
    if address is not None:
        parsed(address, secured=True)
        need_asyncua()


def opcua_server(live: "LiveSite") -> "OpcuaServer | None":
    """The server where a site is opened with one."""
    address = live.options.opcua
    if address is None:
        return None
    from pollux.connect.opcua.server.endpoint import OpcuaServer

    # It speaks signed and encrypted alone, so that it may listen beyond this machine.
    return OpcuaServer(
        parsed(address, secured=True), show=SiteShow(live), clock=live.clock, folder=live.options.folder / FOLDER
    )


@final
class SiteShow(AbstractShow):
    """Things of the only tenant, for whom the gate lets see them; persons are not shown here at all.

    Who looks at a person is written into the audit trail, which reads by the thousand cannot be.
    """

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._schemas = {name: one.schema for name, one in live.site.declared.items() if not one.schema.personal}

    @property
    def types(self) -> Sequence[Schema]:
        return tuple(self._schemas.values())

    def ids(self, type_: str) -> Sequence[str]:
        return self._live.rooms.twins.ids(type_)

    def values(self, type_: str, twin: str, signals: Sequence[str]) -> Sequence[ShownValue]:
        live = self._live
        with live.pipe.lock:
            block = live.estate.blocks[type_]
            row = block.row_of.get(twin)
            return [] if row is None else [shown(block, row, name) for name in signals]

    def enter(self, credential: Credential) -> Identity | None:
        """Whoever is known at once, by token or certificate: a password takes a while, and all others would wait."""
        try:
            answer = self._live.gate.authenticate(credential)
            return answer.result() if answer.done() else None
        except PolluxError:
            return None

    def alive(self, identity: Identity) -> bool:
        return self._live.gate.alive(identity)

    def sees(self, identity: Identity, target: Target) -> bool:
        schema = self._schemas.get(target.type)
        if schema is None:
            return False
        may = self._live.gate.may
        if target.signal:
            known = schema.index.get(target.signal)
            hidden = known is None or schema.signals[known].personal
            return not hidden and may(identity, "read", f"{target.type}/{target.twin}/{target.signal}")
        if target.twin:
            return may(identity, "read", f"{target.type}/{target.twin}/*") or any(
                may(identity, "read", f"{target.type}/{target.twin}/{one.name}") for one in schema.signals
            )
        whole = may(identity, "read", f"{target.type}/*/*")
        return whole or any(self.sees(identity, Target(target.type, twin)) for twin in self.ids(target.type)[:MOST])

    def set(self, identity: Identity, target: Target, value: object) -> int:
        signal = self._actuator(target)
        desk, may = self._live.rooms.desk, self._live.gate.may
        if signal is None or desk is None:
            return READ_ONLY
        place = f"{target.type}/{target.twin}/{target.signal}"
        commands = may(identity, "command", place)
        if not commands and not may(identity, "propose", place):
            return DENIED
        if not isinstance(value, bool | int | float | str) or (isinstance(value, float) and not math.isfinite(value)):
            return UNFIT
        ask = CommandAsk(id=f"ua-{secrets.token_hex(6)}", name="set", params={target.signal: value}, reason="by OPC UA")
        try:
            until = self._live.clock.now() + WITHIN
            desk.command(target.type, target.twin, ask, until, who=identity, approve=commands)
        except OrderRefused:
            return UNFIT
        except NotFound:
            return MISSING
        return LATER

    def _actuator(self, target: Target) -> Signal | None:
        schema = self._schemas.get(target.type)
        place = None if schema is None else schema.index.get(target.signal)
        signal = None if schema is None or place is None else schema.signals[place]
        return signal if signal is not None and signal.role == "actuator" else None


def shown(block: Block, row: int, name: str) -> ShownValue:
    """One value as it is: its number in the declared unit, its quality as a status code, when it was so.

    Where the newest reading was set aside as bad, the value before it is shown as the last usable one.
    """
    place = block.schema.index[name]
    signal, quality = block.schema.signals[place], Quality(int(block.quality[place, row]))
    told = int(block.event_time[place, row])
    if quality is Quality.MISSING:
        return ShownValue(None, NOTHING, None)
    value = _value(block, row, signal, place)
    return ShownValue(value, _status(block, row, place, quality), None if told == NEVER else told)


def _status(block: Block, row: int, place: int, quality: Quality) -> int:
    if block.aside_time[place, row] > block.arrival[place, row]:
        return DOUBTS.get(Reason(int(block.aside_reason[place, row])), DOUBTS[Reason.STALE])
    if quality in BELIEVED:
        return GOOD
    return DOUBTS.get(Reason(int(block.reason[place, row])), UNCERTAIN)


def _value(block: Block, row: int, signal: Signal, place: int) -> float | bool | str | list[float] | None:
    if signal.kind == "position":
        where = block.place_of(place, row)
        return None if where is None else list(where)
    if signal.kind in ("text", "choice"):
        told = fact(block, place, row)
        return told if isinstance(told, str) else None
    number = float(block.values[block.layout.signal_slot[place], row])
    return bool(number) if signal.kind == "flag" else outward_number(block.schema, signal.name, number)
