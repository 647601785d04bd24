"""What devices announce of themselves by multicast DNS: gathered in bounds from the records that were heard."""

from collections.abc import Mapping
from typing import Final, TypeVar, final

import msgspec

from pollux.check.shapes import is_list
from pollux.site.survey.dns import AAAA, PTR, SERVICES, SRV, TXT, A, Resource, read_records
from pollux.site.survey.personal import secret
from pollux.site.survey.report import cell

MOST: Final = 2_000
_T = TypeVar("_T")
_NEXT: Final[Mapping[str, str]] = {
    "_mqtt._tcp": "pollux survey mqtt://{place}",
    "_secure-mqtt._tcp": "pollux survey mqtts://{place}",
    "_opcua-tcp._tcp": "pollux survey opc.tcp://{place}",
    "_modbus._tcp": "pollux survey 'tcp://{place}?unit=1&registers=0-20'",
    "_coap._udp": "docs/reference/coap.md: CoAP devices send to Pollux",
    "_home-assistant._tcp": "its broker: pollux survey mqtt://HOST",
    "_esphomelib._tcp": "ESPHome: let it speak MQTT",
    "_shelly._tcp": "Shelly: let it speak MQTT",
    "_sparkplug._tcp": "pollux survey mqtt://{place} --topics 'spBv1.0/#'",
}


@final
class Service(msgspec.Struct, frozen=True):
    """One service: its type, its name, where it is, what it says of itself, how to look further."""

    type: str
    name: str
    place: str
    addresses: tuple[str, ...]
    about: tuple[str, ...]
    next: str


@final
class Announced(msgspec.Struct, frozen=True):
    """All that was announced: services, types that were named without one, messages, and those that were none."""

    what: str
    began: str
    seconds: float
    asked: bool
    messages: int
    malformed: int
    beyond: int
    services: tuple[Service, ...]
    types: tuple[str, ...]


@final
class Board:
    """Gathers records, at most 2,000 names of each kind; a record with no time to live takes itself back.

    >>> board = Board(); board.hear(b"no message"); board.malformed
    1
    """

    def __init__(self) -> None:
        self.messages = self.malformed = self.beyond = 0
        self._instances: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._about: dict[str, tuple[str, ...]] = {}
        self._addresses: dict[str, dict[str, None]] = {}
        self._types: dict[str, None] = {}

    def hear(self, message: bytes) -> None:
        """Take one message."""
        self.messages += 1
        try:
            records = read_records(message)
        except ValueError:
            self.malformed += 1
            return
        for one in records:
            self._take(one)

    def announced(self, what: str, began: str, seconds: float, *, asked: bool) -> Announced:
        """What was announced so far."""
        names = sorted({*self._instances, *self._places})
        services = tuple(self._service(name) for name in names)
        types = tuple(sorted(set(self._types) - {one.type for one in services}))
        counts = self.messages, self.malformed, self.beyond
        return Announced(what, began, round(seconds, 3), asked, *counts, services, types)

    def _take(self, one: Resource) -> None:
        if one.type == PTR and one.name == SERVICES:
            self._keep(self._types, one.text.removesuffix(".local"), None, one.ttl)
        elif one.type == PTR and one.name.startswith("_"):
            self._keep(self._instances, one.text, one.name.removesuffix(".local"), one.ttl)
        elif one.type == SRV:
            self._keep(self._places, one.name, one.text, one.ttl)
        elif one.type == TXT:
            self._keep(self._about, one.name, one.pairs, one.ttl)
        elif one.type in (A, AAAA) and one.text:
            known = self._addresses.get(one.name, {})
            self._keep(self._addresses, one.name, {**known, one.text: None}, one.ttl)

    def _keep(self, kept: dict[str, _T], key: str, value: _T, ttl: int) -> None:
        if ttl == 0:
            kept.pop(key, None)
        elif key in kept or len(kept) < MOST:
            kept[key] = value
        else:
            self.beyond += 1

    def _service(self, name: str) -> Service:
        kind = self._instances.get(name) or ".".join(name.split(".")[-3:]).removesuffix(".local")
        host, _, port = self._places.get(name, "").rpartition(":")
        place = f"{host}:{port}" if host else ""
        about = tuple(pair for pair in self._about.get(name, ()) if not secret(pair.partition("=")[0]))
        further = _NEXT.get(kind, "").format(place=place or "HOST")
        return Service(kind, name.partition("._")[0], place, tuple(self._addresses.get(host, {})), about, further)


def announced_report(found: Announced) -> str:
    """The report in Markdown."""
    how = "listened after one question for all services" if found.asked else "only listened"
    lines = [
        f"# Survey of {cell(found.what)}",
        "",
        f"Begun {found.began}, {found.seconds:g} s, {how}: {found.messages} messages, {len(found.services)} services.",
    ]
    lines += [f"{found.malformed} messages were malformed."] if found.malformed else []
    if found.services:
        lines += ["", "| type | name | where | addresses | about | next |", "|---|---|---|---|---|---|"]
    for one in found.services:
        cells = (one.type, one.name, one.place, one.addresses, one.about, one.next)
        told = [cell(", ".join(map(str, some)) if is_list(some) or isinstance(some, tuple) else some) for some in cells]
        lines.append(f"| {' | '.join(told)} |")
    if found.types:
        lines += ["", f"Types that were named, without a service of them: {', '.join(map(cell, found.types))}."]
    if not found.services and not found.asked:
        lines += ["", "Devices announce themselves when they begin; `--ask` asks once which services are there."]
    return "\n".join(lines) + "\n"
