"""What speaks at the site's own endpoint in topics of its own: edge nodes of Sparkplug, and Home Assistant."""

from typing import TYPE_CHECKING, final

from pollux.check.sparkplug_said import NAMESPACE
from pollux.clock import WallClock
from pollux.columns.frames import Frames, Message
from pollux.connect.driver import Sink
from pollux.connect.field.source import AbstractFieldDriver
from pollux.connect.wire.rights import Translate
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.site.homeassistant.desk import HomeAssistantDesk
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
        declared = live.site.home_assistant
        self.home = None if declared is None else HomeAssistantDesk(live, declared)
        self._sources = [
            (name, source)
            for name, one in live.site.declared.items()
            for source in one.fields
            if isinstance(source, SparkplugSource) and source.broker is None
        ]

    def translate(self, otherwise: Translate) -> Translate:
        """What topics mean: those of guests, and all others as they are."""
        nodes = SparkplugTopics(self._sources).translate(otherwise)
        return nodes if self.home is None else self.home.translate(nodes)

    def sieve(self, sink: Sink) -> Sink:
        """A sink for the endpoint, by which guests are understood before the log."""
        told, home = self._live.letters.keep, self.home
        if self._sources:
            sink = Sieve(sink, (f"{NAMESPACE}/".encode(),), self._digest, told)
        if home is not None and home.at_endpoint:
            sink = Sieve(sink, home.topics.heard, home.asking.digest, told)
        return sink

    def start(self) -> None:
        """Let drivers speak over the endpoint, before they start, and tell Home Assistant."""
        endpoint = self._live.endpoint
        for driver in self._own(self._live.doors.fields.drivers):
            if endpoint is not None:
                driver.attach(OwnLine(endpoint, driver.source, WallClock()))

        if self.home is not None:
            self.home.start()

    def stop(self) -> None:
        """Tell nobody any more."""
        if self.home is not None:
            self.home.stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """What the site publishes: Home Assistant behind a broker is told too."""
        if self.home is not None:
            self.home.state(topic, payload)

    def broken(self) -> list[Broken]:
        """Which guests are not reached, and why."""
        return [] if self.home is None else self.home.broken()

    def metrics(self) -> list[Metric]:
        """What was counted of guests."""
        return [] if self.home is None else self.home.metrics()

    def _digest(self, frames: Frames) -> list[Message]:
        return [told for driver in self._own(self._live.doors.fields.drivers) for told in driver.digest(frames)]

    @staticmethod
    def _own(drivers: list[AbstractFieldDriver]) -> list[SparkplugDriver]:
        return [one for one in drivers if isinstance(one, SparkplugDriver) and one.source.broker is None]
