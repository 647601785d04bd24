"""What a topic means, and so who may publish or hear it: topics are turned into actions on twins for the gate."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol, final

from pollux.columns.encodings import SUFFIXES
from pollux.columns.frames import Encoding
from pollux.connect.wire.topics import is_wild
from pollux.errors import SetupError
from pollux.guard import Action, Credential, Identity

Channel = Literal["telemetry", "ack", "commands", "state", "plan", "plan-ack"]

_LEVEL = r"[^/+#*\s\x00]{1,128}"
_ID = re.compile(_LEVEL)
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@final
@dataclass(frozen=True, slots=True)
class Reach:
    """Which twin a topic speaks of (`type/id`), on which channel, and how its suffix says the payload is written."""

    twin: str
    channel: Channel
    encoding: Encoding = Encoding.GUESS


Translate = Callable[[str], Reach | None]

_NATIVE = re.compile(
    rf"twins/({_LEVEL})/({_LEVEL})/(?:(telemetry)(?:/({'|'.join(SUFFIXES)}))?|(commands|plan)(/ack)?|(state))"
)
_CHANNELS: Mapping[tuple[str, bool], Channel] = {
    ("commands", False): "commands",
    ("commands", True): "ack",
    ("plan", False): "plan",
    ("plan", True): "plan-ack",
}


def native(topic: str) -> Reach | None:
    """The native layout of Pollux, below `twins/{type}/{id}/`: `telemetry`, with `/encoding` or without, and `state`;
    `commands` and `commands/ack` for the device, `plan` and `plan/ack` for the app of a person.

    >>> native("twins/Pump/P-7/telemetry/cbor").encoding.name, native("twins/Pump/P-7/commands/ack").channel
    ('CBOR', 'ack')
    >>> native("twins/Pump/*/telemetry") is None
    True
    """
    found = _NATIVE.fullmatch(topic)
    if found is None:
        return None
    twin = f"{found[1]}/{found[2]}"
    if found[3]:
        return Reach(twin, "telemetry", SUFFIXES.get(found[4] or "", Encoding.GUESS))
    return Reach(twin, "state") if found[7] else Reach(twin, _CHANNELS[found[5], bool(found[6])])


def layouts(telemetry: Iterable[tuple[str, str]]) -> Translate:
    """The native layout, and telemetry by topics of other forms: pairs of a twin type and a mapping's pattern.

    Commands, plans, their acknowledgements and states are always native: no pattern opens those topics to telemetry.
    A pattern has levels with `{placeholders}`, `+` for any level and `#` for the rest; one more level may name the
    encoding. The first pattern that matches decides, as it does when the topic is decoded. `{id}` names the twin; where
    there is none the payload does, so that publishing takes the right to every twin of the type.

    >>> plant = layouts([("Pump", "plant/{line}/{id}/telemetry"), ("Room", "bms/#")])
    >>> plant("plant/line1/P-7/telemetry/cbor")
    Reach(twin='Pump/P-7', channel='telemetry', encoding=<Encoding.CBOR: 2>)
    >>> plant("bms/floor/3").twin, plant("plant/line1/P-7/other")
    ('Room/*', None)
    """
    forms = [(kind, _form(pattern.replace("{type}", kind))) for kind, pattern in telemetry]

    def translate(topic: str) -> Reach | None:
        ours = native(topic)
        if ours is not None and ours.channel != "telemetry":
            return ours
        for kind, form in forms:
            found = form.fullmatch(topic)
            if found is not None:
                return _reached(kind, found.groupdict())
        return ours

    return translate


def spoken(telemetry: Iterable[tuple[str, str]], answers: Iterable[tuple[str, str]] = ()) -> Translate:
    """Telemetry and answers to orders by topics of these forms alone: pairs of a twin type and a pattern.

    >>> plant = spoken([("Pump", "plant/{id}/telemetry")], [("Pump", "plant/{id}/cmd/ack")])
    >>> plant("plant/P-7/cmd/ack").channel, plant("twins/Pump/P-7/telemetry")
    ('ack', None)
    """
    forms = [(kind, _form(pattern.replace("{type}", kind))) for kind, pattern in telemetry]
    answered = [(kind, _form(pattern.replace("{type}", kind))) for kind, pattern in answers]

    def translate(topic: str) -> Reach | None:
        for kind, form in answered:
            found = form.fullmatch(topic)
            if found is not None and (reach := _reached(kind, found.groupdict())) is not None:
                return Reach(reach.twin, "ack", reach.encoding)
        for kind, form in forms:
            found = form.fullmatch(topic)
            if found is not None:
                return _reached(kind, found.groupdict())
        return None

    return translate


def _reached(kind: str, said: Mapping[str, str | None]) -> Reach | None:
    name = said.get("id", "*") or ""
    if "id" in said and not _ID.fullmatch(name):
        return None
    return Reach(f"{kind}/{name}", "telemetry", SUFFIXES.get(said.get("suffix") or "", Encoding.GUESS))


def _form(pattern: str) -> re.Pattern[str]:
    levels = pattern.split("/")
    if not pattern or "#" in "/".join(levels[:-1]) or pattern.count("{id}") > 1:
        raise SetupError(f"expected a topic pattern, got {pattern!r}", hint="plant/{line}/{id}/telemetry; # at the end")
    open_end = levels[-1] == "#"
    body = "/".join(map(_level, levels[:-1] if open_end else levels))
    return re.compile(body + ("(?:/.*)?" if open_end else f"(?:/(?P<suffix>{'|'.join(SUFFIXES)}))?"), re.DOTALL)


def _level(level: str) -> str:
    if level == "+":
        return "[^/]+"
    pieces = _PLACE.split(level)
    names = ("(?P<id>[^/]+)" if piece == "id" else "[^/]+" for piece in pieces[1::2])
    words = [re.escape(piece) for piece in pieces[::2]]
    return words[0] + "".join(name + word for name, word in zip(names, words[1:], strict=True))


class Doorkeeper(Protocol):
    """The part of a gate that an endpoint needs; `pollux.guard.Gate` is one."""

    @property
    def version(self) -> int:
        """Grows when an identity may have ended or changed."""
        ...

    def authenticate(self, credential: Credential) -> "Future[Identity | None]":
        """Who shows this credential."""
        ...

    def may(self, identity: Identity, action: Action, target: str) -> bool:
        """Whether an identity may do this."""
        ...

    def alive(self, identity: Identity) -> bool:
        """Whether an identity would still be let in."""
        ...


_HEAR: Mapping[Channel, tuple[Action, str]] = {
    "telemetry": ("read", "*"),
    "state": ("read", "*"),
    "ack": ("read", "*"),
    "commands": ("subscribe", "commands"),
    "plan": ("subscribe", "plan"),
    "plan-ack": ("read", "*"),
}
_TELLING: frozenset[Channel] = frozenset({"telemetry", "state", "ack", "plan-ack"})
"""Channels that say something of the twin to whoever may read it; the others have an addressee."""
_SPOKEN: frozenset[Channel] = frozenset({"telemetry", "ack", "plan-ack"})


@final
class Rights:
    """Who may publish what and hear what. A topic that means nothing is refused like one that is forbidden.

    Clients publish telemetry and acknowledgements; commands, plans and state leave Pollux only from inside. What is
    said of a twin of one of the `personal` types is heard by those alone who may see names, as it is shown over HTTP.

    >>> from pollux.guard import Credential, Gate
    >>> gate = Gate(by_name=True)
    >>> rights = Rights(gate, native)
    >>> device = gate.authenticate(Credential("P-7", address="127.0.0.1")).result()
    >>> rights.publish(device, "twins/Pump/P-7/telemetry").twin, rights.publish(device, "twins/Pump/P-7/commands")
    ('Pump/P-7', None)
    """

    def __init__(self, gate: Doorkeeper, translate: Translate, *, personal: Collection[str] = ()) -> None:
        self._gate = gate
        self._translate = translate
        self._personal = frozenset(personal)

    def publish(self, identity: Identity, topic: str) -> Reach | None:
        """What the topic reaches if the identity may publish to it."""
        reach = self._translate(topic)
        if reach is None or reach.channel not in _SPOKEN:
            return None
        return reach if self._gate.may(identity, "publish", f"{reach.twin}/{reach.channel}") else None

    def hear(self, identity: Identity, topic: str) -> bool:
        """Whether the identity may be sent what is published to a topic."""
        reach = self._translate(topic)
        if reach is None:
            return False
        action, part = _HEAR[reach.channel]
        if not self._gate.may(identity, action, f"{reach.twin}/{part}"):
            return False
        of_a_person = reach.channel in _TELLING and reach.twin.partition("/")[0] in self._personal
        return not of_a_person or self._gate.may(identity, "see-names", reach.twin)

    def is_order(self, topic: str) -> bool:
        """Whether a topic carries orders to a device, which are not for one that comes later."""
        reach = self._translate(topic)
        return reach is not None and reach.channel == "commands"

    def subscribe(self, identity: Identity, topic_filter: str) -> bool:
        """Whether a filter may stand: with wildcards always, since each message is asked for; else as `hear`."""
        return is_wild(topic_filter.encode()) or self.hear(identity, topic_filter)
