"""The topics below a discovery prefix: which twin each speaks of, who may hear it, and who may say it.

`PREFIX/COMPONENT/TYPE-ID/SIGNAL/config` announces, `PREFIX/pollux/TYPE-ID/availability` says whether a twin is heard,
`PREFIX/pollux/TYPE-ID/SIGNAL/set` asks for an order. Discovery allows letters, digits, `_` and `-` in a level: other
characters of an id, and `_`, are written as `_` and two hexadecimal digits for each byte.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple, final

from pollux.connect.wire.rights import Reach, Translate, native

OURS: Final = "pollux"
COMPONENTS: Final = ("sensor", "binary_sensor", "number", "button")
_SAFE: Final = re.compile(r"[A-Za-z0-9-]")
_CODED: Final = re.compile(r"(?:[A-Za-z0-9-]|_[0-9A-F]{2})+")


class Asked(NamedTuple):
    """Of which twin what is asked."""

    type: str
    twin: str
    name: str


def coded(text: str) -> str:
    """A text in the letters that discovery allows.

    >>> coded("P-7"), coded("motor.temp"), decoded(coded("tank 3_ä"))
    ('P-7', 'motor_2Etemp', 'tank 3_ä')
    """
    return "".join(
        sign if _SAFE.fullmatch(sign) else "".join(f"_{byte:02X}" for byte in sign.encode()) for sign in text
    )


def decoded(text: str) -> str | None:
    """What was coded; None for other texts."""
    if not _CODED.fullmatch(text):
        return None
    raw = re.sub(rb"_([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


@final
class DiscoveryTopics:
    """The topics below one prefix, for twins of the `announced` types."""

    def __init__(self, prefix: str, announced: Collection[str]) -> None:
        self._prefix, self._announced = prefix, tuple(announced)

    @property
    def heard(self) -> tuple[bytes, ...]:
        """How the topics begin that Home Assistant publishes."""
        return f"{self._prefix}/{OURS}/".encode(), self.status.encode()

    @property
    def status(self) -> str:
        """Where Home Assistant says that it is there."""
        return f"{self._prefix}/status"

    @property
    def bridge(self) -> str:
        """Where Pollux says behind a broker that it is there."""
        return f"{self._prefix}/{OURS}/status"

    @property
    def filters(self) -> tuple[str, ...]:
        """What is heard at a broker."""
        return self.status, f"{self._prefix}/{OURS}/+/+/set"

    def config(self, component: str, type_: str, twin: str, name: str) -> str:
        """Where an entity is announced."""
        return f"{self._prefix}/{component}/{coded(type_)}-{coded(twin)}/{coded(name)}/config"

    def availability(self, type_: str, twin: str) -> str:
        """Where it is said whether a twin is heard."""
        return f"{self._prefix}/{OURS}/{coded(type_)}-{coded(twin)}/availability"

    def asking(self, type_: str, twin: str, name: str) -> str:
        """Where something is asked of a twin."""
        return f"{self._prefix}/{OURS}/{coded(type_)}-{coded(twin)}/{coded(name)}/set"

    def asked(self, topic: str) -> Asked | None:
        """What is asked under a topic; None where nothing is."""
        levels = self._levels(topic)
        if len(levels) != 4 or levels[0] != OURS or levels[3] != "set":
            return None
        twin, name = self._twin(levels[1]), decoded(levels[2])
        return None if twin is None or name is None else Asked(*twin, name)

    def translate(self, otherwise: Translate) -> Translate:
        """These topics, and all others as they are."""
        start = f"{self._prefix}/"

        def translated(topic: str) -> Reach | None:
            return (self.reach(topic) if topic.startswith(start) else None) or otherwise(topic)

        return translated

    def reach(self, topic: str) -> Reach | None:
        """What a topic below the prefix reaches: what is told of a twin, or asked of it."""
        if topic == self.status:
            return Reach(f"{self._announced[0]}/*", "telemetry") if self._announced else None
        asked = self.asked(topic)
        if asked is not None:
            return Reach(f"{asked.type}/{asked.twin}", "telemetry")
        levels = self._levels(topic)
        announces = len(levels) == 4 and levels[0] in COMPONENTS and levels[3] == "config"
        tells = len(levels) == 3 and levels[0] == OURS and levels[2] == "availability"
        twin = self._twin(levels[1]) if announces or tells else None
        return None if twin is None else Reach("/".join(twin), "state")

    def _levels(self, topic: str) -> list[str]:
        return topic.removeprefix(f"{self._prefix}/").split("/")

    def _twin(self, level: str) -> tuple[str, str] | None:
        """The twin that a level names: names of types have no hyphen."""
        kind, _, rest = level.partition("-")
        type_, twin = decoded(kind), decoded(rest)
        if type_ not in self._announced or twin is None or native(f"twins/{type_}/{twin}/state") is None:
            return None
        return type_, twin
