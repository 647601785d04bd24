"""What speaks at the site's own endpoint in topics of its own: edge nodes of Sparkplug, and Home Assistant."""

from typing import TYPE_CHECKING, final

from pollux.check.sparkplug_host import NAMESPACE
from pollux.clock import WallClock
from pollux.columns.frames import Frames, Message
from pollux.connect.driver import Sink
from pollux.connect.field.source import AbstractFieldDriver
from pollux.connect.wire.rights import Translate
from pollux.site.sieve import Sieve
from pollux.site.sparkplug.driver import SparkplugDriver
from pollux.site.sparkplug.line import OwnLine
from pollux.site.sparkplug.source import SparkplugSource
from pollux.site.sparkplug.topics import SparkplugTopics

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


@final
class Guests:
    """Puts the topics of guests between the endpoint and the site; none where nothing of the kind is declared."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._sources = [
            (name, source)
            for name, one in live.site.declared.items()
            for source in one.fields
            if isinstance(source, SparkplugSource) and source.broker is None
        ]

    def translate(self, otherwise: Translate) -> Translate:
        """What topics mean: those of guests, and all others as they are."""
        return SparkplugTopics(self._sources).translate(otherwise)

    def sieve(self, sink: Sink) -> Sink:
        """A sink for the endpoint, by which guests are understood before the log."""
        if not self._sources:
            return sink
        return Sieve(sink, (f"{NAMESPACE}/".encode(),), self._digest, self._live.letters.keep)

    def attach(self, drivers: list[AbstractFieldDriver]) -> None:
        """Let drivers speak over the endpoint, before they start."""
        endpoint = self._live.endpoint
        for driver in self._own(drivers):
            if endpoint is not None:
                driver.attach(OwnLine(endpoint, driver.source, WallClock()))

    def _digest(self, frames: Frames) -> list[Message]:
        return [told for driver in self._own(self._live.fields.drivers) for told in driver.digest(frames)]

    @staticmethod
    def _own(drivers: list[AbstractFieldDriver]) -> list[SparkplugDriver]:
        return [one for one in drivers if isinstance(one, SparkplugDriver) and one.source.broker is None]
