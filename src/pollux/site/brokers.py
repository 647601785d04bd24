"""The brokers that a site's mappings name: one client for each, and the way of orders to devices behind them."""

import os
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from pollux.check.broker import Broker
from pollux.check.mapping import TopicMapping
from pollux.check.patterns import Pattern
from pollux.clock import Clock, WallClock
from pollux.columns.view import fact
from pollux.connect.broker.client import BrokerClient
from pollux.connect.broker.dial import Dial
from pollux.connect.broker.tls import client_context
from pollux.connect.driver import Sink
from pollux.connect.wire.letters import Told
from pollux.connect.wire.packets import V3, V5
from pollux.connect.wire.rights import Doorkeeper, Reach, Translate, layouts, spoken
from pollux.errors import DataRefused, SetupError
from pollux.guard import Identity
from pollux.guard.files import create
from pollux.model.schema import Schema
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.site.declare import Declared
from pollux.site.meaning import patterns

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

Telling = Callable[[str, str, str], str | None]
"""Type, twin and name of a fact: its text, None where it is not known."""

SITE_ID: Final = "site.id"
LEVELS: Final = {"5": V5, "3.1.1": V3}
_WORDS: Final = ("text", "choice")


@final
class Brokers:
    """The clients of a site's brokers, none where no mapping names one.

    `acts` says whether orders leave and their answers are heard; `fact` tells the facts that stand in the topics of
    orders. What is declared has passed `check_brokers`.
    """

    def __init__(
        self,
        declared: Mapping[str, Declared],
        folder: Path,
        *,
        gate: Doorkeeper,
        sink: Sink,
        clock: Clock,
        told: Told,
        acts: bool,
        fact: Telling,
    ) -> None:
        self._declared, self._fact = declared, fact
        self._whole = layouts(patterns(declared))
        self._acts = acts
        self.clients: dict[Broker, BrokerClient] = {}
        for broker in _told_apart(declared):
            spoken_here = _mappings(declared, broker)
            self.clients[broker] = BrokerClient(
                self._dial(broker, spoken_here, folder),
                gate=gate,
                identity=Identity("", broker.name, "service", frozenset({"device"}), _twins(spoken_here)),
                translate=self._translate(spoken_here),
                sink=sink,
                clock=clock,
                told=told,
            )

    def __bool__(self) -> bool:
        return bool(self.clients)

    def start(self) -> None:
        """Begin to hear them; one that is not there is tried again."""
        for client in self.clients.values():
            client.start()

    def stop(self) -> None:
        """Say goodbye to all; they keep what follows."""
        for client in self.clients.values():
            client.stop()

    def send(self, type_: str, twin: str, payload: bytes, *, expires: int) -> bool:
        """Send an order for a device behind a broker; False where its type is heard through none.

        Raises DataRefused where its topic cannot be told, Overloaded where too many wait.
        """
        mapping = self._through(type_)
        if mapping is None or mapping.broker is None:
            return False
        topic = mapping.commands.replace("{type}", type_).replace("{id}", twin)
        for name in Pattern(mapping.commands).facts:
            told = self._fact(type_, twin, name)
            if not told or set("/+#\0") & set(told):
                raise DataRefused(f"expected {name} of the twin as a level of a topic, got {told!r}", at=topic)
            topic = topic.replace(f"{{{name}}}", told)
        self.clients[mapping.broker].publish(topic, payload, expires=expires)
        return True

    def words(self, type_: str) -> str:
        """By which broker the twins of a type are heard, and whether it is, for people; empty where by none."""
        mapping = self._through(type_)
        if mapping is None or mapping.broker is None:
            return ""
        client = self.clients[mapping.broker]
        return f"heard through {client.name}" if client.connected else f"{client.name} is not heard: {client.trouble}"

    def broken(self) -> list[Broken]:
        """Which brokers are not heard as they should be, and why."""
        return [
            Broken(promise=f"{client.name} is heard", text=client.trouble)
            for client in self.clients.values()
            if client.trouble
        ]

    def metrics(self) -> list[Metric]:
        """Which brokers are heard, and what their clients have counted."""
        clients = self.clients.values()
        if not clients:
            return []
        heard = tuple(({"broker": one.name}, float(one.connected)) for one in clients)
        counts = tuple(
            ({"broker": one.name, "kind": kind}, float(count))
            for one in clients
            for kind, count in one.counters.items()
        )
        return [
            Metric("pollux_broker_connected", "gauge", "Whether a broker is heard.", heard),
            Metric("pollux_broker_total", "counter", "What the client of a broker has counted.", counts),
        ]

    def _through(self, type_: str) -> TopicMapping | None:
        """The mapping by which orders of a type leave: the first that names a broker."""
        return next((one for one in self._declared[type_].mappings if one.broker is not None), None)

    def _dial(self, broker: Broker, spoken_here: list[tuple[Schema, TopicMapping]], folder: Path) -> Dial:
        return Dial(
            name=broker.name,
            host=broker.host,
            port=broker.port,
            client_id=broker.client_id or f"pollux-{site_id(folder)}",
            filters=tuple(dict.fromkeys(self._filters(broker, spoken_here))),
            level=LEVELS[broker.version],
            username=broker.username or None,
            secret=partial(secret_of, broker),
            context=partial(client_context, broker.ca, broker.certificate, broker.key) if broker.secured else None,
            qos=broker.qos,
            session_seconds=broker.session_seconds,
            keep_alive=broker.keepalive_seconds,
            receive_maximum=broker.receive_maximum,
            packet_bytes=broker.packet_bytes,
            retained=broker.retained,
        )

    def _filters(self, broker: Broker, spoken_here: list[tuple[Schema, TopicMapping]]) -> list[str]:
        group = f"$share/{broker.share}/" if broker.share else ""
        found = [f"{group}{one}" for schema, mapping in spoken_here for one in _bound(mapping, schema).filters]
        if self._acts:
            # Each of a group sends orders of its own, and hears what is answered to them.
            found += [Pattern(f"{one.commands}/ack").bound(schema.name).filters[0] for schema, one in spoken_here]
        return found

    def _translate(self, spoken_here: list[tuple[Schema, TopicMapping]]) -> Translate:
        """What a topic of this broker means: nothing, where the site would read it as another mapping's."""
        telemetry = [(schema.name, mapping.pattern.text) for schema, mapping in spoken_here]
        answers = [(schema.name, f"{mapping.commands}/ack") for schema, mapping in spoken_here if self._acts]
        here, whole = spoken(telemetry, answers), self._whole

        def translate(topic: str) -> Reach | None:
            reach = here(topic)
            told = reach is not None and reach.channel == "telemetry"
            return None if told and whole(topic) != reach else reach

        return translate


def brokers_of(live: "LiveSite") -> Brokers:
    """The brokers of an open site."""

    def told_fact(type_: str, twin: str, name: str) -> str | None:
        with live.pipe.lock:
            block = live.estate.blocks[type_]
            told = fact(block, block.schema.index[name], block.row(twin))
        return told if isinstance(told, str) else None

    return Brokers(
        live.site.declared,
        live.options.folder,
        gate=live.gate,
        sink=live.sink,
        clock=WallClock(),
        told=live.letters.keep,
        acts=live.options.act,
        fact=told_fact,
    )


def site_id(folder: Path) -> str:
    """What tells this data folder from all others: made once, and kept in it."""
    path = folder / SITE_ID
    create(path, f"{secrets.token_hex(8)}\n".encode())
    return path.read_text().strip()


def check_brokers(declared: Mapping[str, Declared]) -> None:
    """Refuse what mappings say of brokers and cannot be, before anything is opened. Raises SetupError."""
    for broker in _told_apart(declared):
        for schema, mapping in _mappings(declared, broker):
            _check_commands(schema, mapping)


def _mappings(declared: Mapping[str, Declared], broker: Broker) -> list[tuple[Schema, TopicMapping]]:
    return [(one.schema, mapping) for one in declared.values() for mapping in one.mappings if mapping.broker == broker]


def _twins(spoken_here: list[tuple[Schema, TopicMapping]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{schema.name}/*" for schema, _ in spoken_here))


def _told_apart(declared: Mapping[str, Declared]) -> list[Broker]:
    """The brokers that mappings name, each once."""
    brokers = list(
        dict.fromkeys(one.broker for kind in declared.values() for one in kind.mappings if one.broker is not None)
    )
    names = [broker.name for broker in brokers]
    for name in names:
        if names.count(name) > 1:
            raise SetupError("expected one description of a broker, got two", at=name, hint="use one px.Broker for all")
    return brokers


def _bound(mapping: TopicMapping, schema: Schema) -> Pattern:
    return mapping.pattern.bound(schema.name)


def _check_commands(schema: Schema, mapping: TopicMapping) -> None:
    for name in Pattern(mapping.commands).facts:
        known = name in schema.index and schema.signal(name)
        if not known or known.role != "fact" or known.kind not in _WORDS:
            raise SetupError(
                f"expected a text or choice fact of {schema.name} in the topic of orders, got {{{name}}}",
                at=mapping.commands,
                hint=f'{name} = px.fact("text") in the class; topics tell it',
            )


def secret_of(broker: Broker) -> bytes | None:
    """The password, read anew each time so that a changed one is used."""
    if broker.password_env is not None:
        told = os.environ.get(broker.password_env)
        if told is None:
            raise SetupError("expected the password in the environment, got nothing", at=broker.password_env)
        return told.encode()
    if broker.password_file is None:
        return None
    try:
        return Path(broker.password_file).read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise SetupError(f"expected a file with the password: {error.strerror}", at=str(broker.password_file)) from None
