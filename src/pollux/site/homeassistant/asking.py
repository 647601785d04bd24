"""What somebody asks for in Home Assistant, as an order like any other: the same gate, checks and limits."""

import math
import secrets
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final, final

from pollux.clock import MINUTE
from pollux.columns.batch import Refusal
from pollux.columns.frames import Frames, Message
from pollux.columns.quality import Reason
from pollux.errors import PolluxError
from pollux.guard import Identity
from pollux.show.asks import CommandAsk
from pollux.site.homeassistant.topics import Asked, DiscoveryTopics

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

WITHIN: Final = 10 * MINUTE
"""An order that comes from Home Assistant, which gives no end to it, is carried out within this time or not at all."""

WAITING: Final = 100
"""Orders that may wait for a worker."""

_LONGEST: Final = 64


@final
class Asking:
    """Takes what comes below the prefix out of the way to the log, and hands on what is asked of twins.

    It is asked for by the account that sent it, or by `account` where it came through a broker. Orders are proposed by
    the site's workers, so that a door never waits for a desk.
    """

    def __init__(
        self, live: "LiveSite", topics: DiscoveryTopics, *, account: str | None, again: Callable[[], None]
    ) -> None:
        self._live, self._topics, self._account, self._again = live, topics, account, again
        self._waiting = BoundedSemaphore(WAITING)
        self.orders = 0
        self.refused = 0

    def digest(self, frames: Frames) -> list[Message]:
        """Nothing for the log: an order is logged as one."""
        for row in range(len(frames)):
            topic, payload = frames.topic(row).decode(errors="replace"), bytes(frames.payload(row))
            asked = self._topics.asked(topic)
            if asked is not None:
                message = Message(frames.sender(row), frames.topic(row), payload, int(frames.arrival[row]))
                self._take(asked, message)
            elif topic == self._topics.status and payload == b"online":
                self._again()
        return []

    def _take(self, asked: Asked, message: Message) -> None:
        if not self._waiting.acquire(blocking=False):
            self._refuse(message, f"{WAITING} orders wait already")
            return
        self._live.workers.submit(self._ask, asked, message)

    def _ask(self, asked: Asked, message: Message) -> None:
        try:
            why = self._ordered(asked, message)
        except PolluxError as error:
            why = str(error).partition("\n")[0]
        finally:
            self._waiting.release()
        self.orders += not why
        if why:
            self._refuse(message, why)

    def _refuse(self, message: Message, why: str) -> None:
        self.refused += 1
        refusal = Refusal.of(
            0, message.arrival, message.origin, Reason.NOT_ALLOWED, why, topic=message.topic, payload=message.payload
        )
        self._live.letters.keep(refusal)

    def _ordered(self, asked: Asked, message: Message) -> str:
        """Propose the order; why not, where it may not be."""
        live, desk = self._live, self._live.rooms.desk
        who = self._who(message)
        if who is None:
            return "expected an account that may command, got a sender without one"
        if desk is None:
            return "the site observes: it was opened without act"
        place = f"{asked.type}/{asked.twin}/{asked.name}"
        commands = live.gate.may(who, "command", place)
        if not commands and not live.gate.may(who, "propose", place):
            return f"{who.name} may not command {place}"
        ask = self._order(asked, message.payload)
        if ask is None:
            return f"expected a number of the actuator {asked.name}, or a command of the type, got another payload"
        desk.command(asked.type, asked.twin, ask, live.clock.now() + WITHIN, who=who, approve=commands)
        return ""

    def _order(self, asked: Asked, payload: bytes) -> CommandAsk | None:
        schema, id_ = self._live.site.declared[asked.type].schema, f"ha-{secrets.token_hex(6)}"
        command = schema.commands.get(asked.name)
        if command is not None and not command.parameters and payload == b"PRESS":
            return CommandAsk(id=id_, name=asked.name, params={}, reason="by Home Assistant")
        place = schema.index.get(asked.name)
        if place is None or schema.signals[place].role != "actuator" or len(payload) > _LONGEST:
            return None
        try:
            number = float(payload)
        except ValueError:
            return None
        params: dict[str, float | str | bool] = {asked.name: number}
        return (
            CommandAsk(id=id_, name="set", params=params, reason="by Home Assistant") if math.isfinite(number) else None
        )

    def _who(self, message: Message) -> Identity | None:
        """The account that asks. Who came in by name alone, or is shut out by now, has none."""
        origin = message.origin
        name, tenant = (origin.device, origin.tenant) if self._account is None else (self._account, "")
        account = self._live.accounts.find(name, tenant=tenant)
        return None if account is None or account.disabled else account.identity("")
