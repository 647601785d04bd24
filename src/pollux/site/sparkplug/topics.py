"""What the topics of Sparkplug mean at the site's own endpoint: who may tell, and who may hear what is asked."""

from collections.abc import Sequence
from typing import Final, final

from pollux.check.sparkplug_said import NAMESPACE, Address, address
from pollux.columns.frames import Encoding
from pollux.connect.wire.rights import Reach, Translate, native
from pollux.site.sparkplug.source import SparkplugSource

_COMMANDS: Final = {"NCMD": "NDATA", "DCMD": "DDATA"}


def state_topic(host: str) -> str:
    """Where a host application says whether it is there.

    >>> state_topic("pollux")
    'spBv1.0/STATE/pollux'
    """
    return f"{NAMESPACE}/STATE/{host}"


@final
class SparkplugTopics:
    """Translates the topics of the sources of each type.

    What a device says takes the right to tell its twin, what a node says of itself that to tell every twin of the type;
    commands are heard by whoever may hear orders for the same twins. A host's state is for whoever hears orders.
    """

    def __init__(self, sources: Sequence[tuple[str, SparkplugSource]]) -> None:
        self._sources = sources

    def translate(self, otherwise: Translate) -> Translate:
        """These topics, and all others as they are."""

        def translated(topic: str) -> Reach | None:
            return self.reach(topic) if topic.startswith(f"{NAMESPACE}/") else otherwise(topic)

        return translated if self._sources else otherwise

    def reach(self, topic: str) -> Reach | None:
        """What a topic of the namespace reaches, None where no source speaks of it."""
        at = address(topic)
        if at is not None:
            twins = self._twins(at)
            return None if twins is None else Reach(twins, "telemetry", Encoding.SPARKPLUG)
        for type_, source in self._sources:
            if topic == state_topic(source.host):
                return Reach(f"{type_}/*", "commands")
        at = _commanded(topic)
        twins = None if at is None else self._twins(at)
        return None if twins is None else Reach(twins, "commands")

    def _twins(self, at: Address) -> str | None:
        for type_, source in self._sources:
            twin = source.twin(at)
            if twin is not None and native(f"twins/{type_}/{twin}/telemetry") is not None:
                return f"{type_}/{twin}"
        return next((f"{type_}/*" for type_, source in self._sources if source.concerns(at)), None)


def _commanded(topic: str) -> Address | None:
    """Of whom a command speaks."""
    levels = topic.split("/")
    if len(levels) < 4 or levels[2] not in _COMMANDS:
        return None
    levels[2] = _COMMANDS[levels[2]]
    return address("/".join(levels))
