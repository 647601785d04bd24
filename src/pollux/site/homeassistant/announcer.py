"""Keeps Home Assistant told: which twins there are, whether they are heard, and behind a broker how they are."""

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, final

import numpy as np

from pollux._version import __version__
from pollux.errors import PolluxError
from pollux.guard.files import private_folder, replace
from pollux.mirror.presence import Presence
from pollux.model.schema import Schema
from pollux.site.brokers import site_id
from pollux.site.fields import FOLDER
from pollux.site.homeassistant.entities import entities
from pollux.site.homeassistant.topics import DiscoveryTopics
from pollux.site.states import state_of

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_LOG: Final = logging.getLogger("pollux.site.homeassistant")
TICK: Final = 0.5
FILE: Final = "homeassistant.json"
"""What is announced at a broker, kept over restarts so that what is gone by then is taken back."""

_HEARD: Final = (Presence.ONLINE, Presence.LATE)
_Twin = tuple[str, str]


class Publish(Protocol):
    """To whoever hears a topic, now or later; raises Overloaded where too much waits."""

    def __call__(self, topic: str, payload: bytes, /) -> None: ...


@final
class Announcer:
    """Looks at the site again and again, and publishes what has changed, retained; an empty message takes back.

    What finds no room is published at the next look, the newest state of each twin only.
    """

    def __init__(
        self,
        live: "LiveSite",
        topics: DiscoveryTopics,
        schemas: Mapping[str, Schema],
        publish: Publish,
        *,
        bridge: bool,
    ) -> None:
        self._live, self._topics, self._schemas, self._publish, self._bridge = live, topics, schemas, publish, bridge
        self._path: Path = live.options.folder / FOLDER / FILE
        self._announced: dict[_Twin, list[str]] = {}
        self._left: set[str] = set()
        self._available: dict[_Twin, bool] = {}
        self._states: dict[str, bytes] = {}
        self._lock, self._over, self._whole = threading.Lock(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="pollux-homeassistant", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        if self._bridge:
            self._left = _read(self._path)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what was announced stays, as the site comes back."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def again(self) -> None:
        """Tell everything once more: Home Assistant has started."""
        self._whole.set()

    def state(self, topic: str, payload: bytes) -> None:
        """A twin's state has changed, where a broker has to be told: of an announced type, once for each look."""
        _, type_, *_ = topic.split("/")
        if self._bridge and topic.endswith("/state") and type_ in self._schemas:
            with self._lock:
                self._states[topic] = payload

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._look()
            except PolluxError as error:
                _LOG.debug("not everything was told, the rest is next: %s", error)
            except Exception:  # noqa: BLE001  whatever it is, the next look may tell the rest
                _LOG.exception("Home Assistant could not be told")
            self._over.wait(TICK)

    def _look(self) -> None:
        if self._whole.is_set():
            self._whole.clear()
            self._announced.clear()
            self._available.clear()
        there = {(type_, twin) for type_ in self._schemas for twin in self._live.ids(type_)}
        changed = False
        for one in sorted(there - self._announced.keys()):
            self._announce(*one)
            changed = True
        for one in sorted(self._announced.keys() - there):
            self._left |= set(self._announced.pop(one))
            self._available.pop(one, None)
        changed |= bool(self._left)
        self._take_back()
        if changed and self._bridge:
            _write(self._path, [topic for topics in self._announced.values() for topic in topics])
        for type_ in self._schemas:
            self._tell_presence(type_)
        self._tell_states()

    def _announce(self, type_: str, twin: str) -> None:
        live, schema = self._live, self._schemas[type_]
        made = list(
            entities(
                schema, twin, self._topics, site=site_id(live.options.folder), acts=live.desk.acts, bridge=self._bridge,
                version=__version__,
            )
        )  # fmt: skip
        for topic, config in made:
            self._publish(topic, json.dumps(config).encode())
        self._announced[type_, twin] = [topic for topic, _ in made]
        with live.pipe.lock:
            row = live.estate.blocks[type_].row_of.get(twin)
            state: Any = None if row is None else state_of(live.estate, type_, row)
        if state is not None:
            live.publish(f"twins/{type_}/{twin}/state", json.dumps(state).encode(), retain=True)

    def _take_back(self) -> None:
        current = {topic for topics in self._announced.values() for topic in topics}
        for topic in sorted(self._left):
            if topic not in current:
                self._publish(topic, b"")
            self._left.discard(topic)

    def _tell_presence(self, type_: str) -> None:
        live = self._live
        with live.pipe.lock:
            rows = dict(live.estate.blocks[type_].row_of)
            places = np.array(list(rows.values()), np.int64)
            found = live.estate.mirror.presence(type_, places, now=live.clock.now(), speed=live.speed).tolist()
        for twin, state in zip(rows, found, strict=True):
            heard = state in _HEARD
            if (type_, twin) in self._announced and self._available.get((type_, twin)) != heard:
                self._publish(self._topics.availability(type_, twin), b"online" if heard else b"offline")
                self._available[type_, twin] = heard

    def _tell_states(self) -> None:
        while self._states:
            with self._lock:
                topic = next(iter(self._states))
                payload = self._states[topic]
            self._publish(topic, payload)
            with self._lock:
                if self._states.get(topic) is payload:
                    del self._states[topic]


def _read(path: Path) -> set[str]:
    try:
        told: Any = json.loads(path.read_bytes())
        return {str(topic) for topic in told}
    except (OSError, ValueError, TypeError):
        return set()


def _write(path: Path, topics: list[str]) -> None:
    try:
        private_folder(path.parent)
        replace(path, json.dumps(topics).encode())
    except OSError as error:
        _LOG.warning("what is announced is not remembered: %s", error)
