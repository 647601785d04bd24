"""Home Assistant in an open site: its topics, what it is told, what it asks for, and the broker where there is one."""

from functools import partial
from typing import TYPE_CHECKING, Final, final

from pollux.check.broker import Broker
from pollux.clock import WallClock
from pollux.connect.broker.client import BrokerClient
from pollux.connect.broker.dial import Dial
from pollux.connect.broker.outgoing import Parcel
from pollux.connect.broker.tls import client_context
from pollux.connect.wire.packets import Will
from pollux.connect.wire.rights import Translate
from pollux.errors import SetupError
from pollux.guard import Identity
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.site.brokers import LEVELS, secret_of, site_id
from pollux.site.homeassistant.announcer import Announcer
from pollux.site.homeassistant.asking import Asking
from pollux.site.homeassistant.declared import HomeAssistant
from pollux.site.homeassistant.topics import DiscoveryTopics
from pollux.site.sieve import Sieve

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_POSTED: Final = 20_000


@final
class HomeAssistantDesk:
    """What a site has to do with Home Assistant; made where the site declares it."""

    def __init__(self, live: "LiveSite", declared: HomeAssistant) -> None:
        self._live = live
        schemas = {
            name: one.schema
            for name, one in live.site.declared.items()
            if declared.announces(name, personal=one.schema.personal)
        }
        unknown = {*declared.only, *declared.personal} - live.site.declared.keys()
        if unknown:
            raise SetupError(f"expected declared types to announce, got {min(unknown)}", at="px.HomeAssistant")
        self.topics = DiscoveryTopics(declared.prefix, schemas)
        through = declared.through
        account = None if through is None else declared.account
        self.asking = Asking(live, self.topics, account=account, again=lambda: self._announcer.again())
        self._client = None if through is None else self._made(through, list(schemas))
        self._announcer = Announcer(live, self.topics, schemas, self._publish, bridge=through is not None)

    @property
    def at_endpoint(self) -> bool:
        """Whether Home Assistant comes to the site's own endpoint."""
        return self._client is None

    def translate(self, otherwise: Translate) -> Translate:
        """What topics mean at the endpoint."""
        return self.topics.translate(otherwise) if self.at_endpoint else otherwise

    def start(self) -> None:
        """Begin to tell."""
        if self._client is not None:
            self._client.start()
        self._announcer.start()

    def stop(self) -> None:
        """Tell no more."""
        self._announcer.stop()
        if self._client is not None:
            if self._client.connected:
                self._client.publish(self.topics.bridge, b"offline", retain=True)
            self._client.stop()

    def state(self, topic: str, payload: bytes) -> None:
        """What the site publishes of a twin."""
        self._announcer.state(topic, payload)

    def broken(self) -> list[Broken]:
        """Why Home Assistant is not told through its broker."""
        why = "" if self._client is None else self._client.trouble
        return [Broken(promise="twins are shown in Home Assistant", text=why)] if why else []

    def metrics(self) -> list[Metric]:
        """What was asked for there."""
        counts = {"orders": self.asking.orders, "refused": self.asking.refused}
        if self._client is not None:
            counts |= {f"line_{name}": count for name, count in self._client.counters.items()}
        samples = tuple(({"kind": name}, float(count)) for name, count in counts.items())
        return [Metric("pollux_homeassistant_total", "counter", "What came from Home Assistant, and how.", samples)]

    def _publish(self, topic: str, payload: bytes) -> None:
        if self._client is not None:
            self._client.publish(topic, payload, retain=True)
        elif self._live.endpoint is not None:
            self._live.endpoint.publish(topic, payload, qos=1, retain=True)

    def _made(self, broker: Broker, types: list[str]) -> BrokerClient:
        live, name = self._live, f"homeassistant:{broker.name.removeprefix('broker:')}"
        folder = live.options.folder
        here = Parcel(self.topics.bridge.encode(), b"online", retain=True)
        dial = Dial(
            name=name,
            host=broker.host,
            port=broker.port,
            client_id=broker.client_id or f"pollux-{site_id(folder)}-ha",
            filters=self.topics.filters,
            level=LEVELS[broker.version],
            username=broker.username or None,
            secret=partial(secret_of, broker),
            context=partial(client_context, broker.ca, broker.certificate, broker.key) if broker.secured else None,
            session_seconds=0,
            keep_alive=broker.keepalive_seconds,
            posted=_POSTED,
            clean=True,
            will=lambda: Will(self.topics.bridge, b"offline", 1, True),
            greeting=lambda: (here,),
        )
        return BrokerClient(
            dial,
            gate=live.gate,
            identity=Identity("", name, "service", frozenset({"device"}), tuple(f"{one}/*" for one in types)),
            translate=self.topics.reach,
            sink=Sieve(live.sink, self.topics.heard, self.asking.digest, live.letters.keep),
            clock=WallClock(),
            told=live.letters.keep,
        )
