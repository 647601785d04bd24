"""The CoAP endpoint: the doors through which other threads use the loop."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, final

from pollux.clock import Clock, stopwatch
from pollux.connect.coap.around import Around, Read, Shaken, Told, nobody, unheard
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.datagrams import Datagrams
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.loop import Loop
from pollux.connect.coap.rights import Doorkeeper, Rights
from pollux.connect.driver import AbstractDriver, Sink
from pollux.connect.presence import Presence

if TYPE_CHECKING:
    from OpenSSL import SSL


@final
class CoapEndpoint(AbstractDriver):
    """Pollux's own CoAP endpoint (RFC 7252, 7641, 7959), in the clear on loopback, under DTLS 1.2 anywhere.

    `gate` authenticates, `rights` say what a path means and who may, `sink` takes Frames, `clock` tells the time,
    `read` gives the state of a twin, `kinds` names the types. `told` hears of what was refused before it became a
    message, `shaken` of handshakes that failed, in the endpoint's thread. With `dtls`, which gives the context for the
    next session, it speaks DTLS alone.
    `docs/reference/coap.md` says what is answered to what.

    Raises SetupError from `start` where the address is not loopback, without `dtls`, or the port is taken.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        gate: Doorkeeper,
        rights: Rights,
        sink: Sink,
        clock: Clock,
        read: Read,
        kinds: Sequence[str] = (),
        limits: Limits | None = None,
        told: Told = nobody,
        shaken: Shaken = unheard,
        dtls: "Callable[[], SSL.Context] | None" = None,
    ) -> None:
        self._address, self._dtls = address, dtls
        self._around = Around(limits or Limits(), Counters(), clock, rights, read, told, shaken)
        self._loop = Loop(self._around, gate, sink, tuple(kinds))
        self._thread = threading.Thread(target=self._loop.run, name="pollux-coap", daemon=True)
        self._started = self._stopped = False

    @property
    def port(self) -> int:
        """The port that is listened on; known after `start`."""
        return self._address[1]

    @property
    def counters(self) -> dict[str, int]:
        return self._around.counters.asdict() | {"forgotten": self._loop.peers.budget.forgotten}

    @property
    def failure(self) -> str:
        """Why nothing is accepted any more; empty while all is well."""
        return self._loop.intake.failure

    @property
    def busy(self) -> bool:
        """Whether the sink had no room just now, as on a full disk; senders are told to come again."""
        return self._loop.intake.busy

    def fail(self, why: str) -> None:
        """Accept nothing more: for when storage fails although nobody speaks just now."""
        self._loop.later(lambda: self._loop.intake.fail(why))

    def publish(self, topic: str, payload: bytes, *, expires: int = 0) -> None:
        """Tell whoever observes a topic: a JSON document, the newest of a state, each of the orders.

        `expires` is an instant after which nobody is told any more (0: never). After `stop` it does nothing.
        """
        if not self._stopped:
            self._loop.later(lambda: self._tell(topic, payload, expires))

    def connections(self) -> tuple[Presence, ...]:
        """Who was heard in the last minutes, or has a session, since when, and when it was last heard."""
        return self._loop.present()

    def start(self) -> None:
        limits = self._around.limits
        datagrams = Datagrams(self._address, secured=self._dtls is not None, most=limits.datagram_bytes)
        self._address = self._address[0], datagrams.port
        self._loop.datagrams = datagrams
        if self._dtls is not None:
            from pollux.connect.coap.sessions import Sessions

            self._loop.sessions = Sessions(self._dtls, limits, self._around.counters, self._loop.send, self._loop)
        self._started = True
        self._thread.start()

    def stop(self) -> None:
        first, self._stopped = not self._stopped, True
        if not self._started:
            if first:
                self._loop.free()
            return
        self._loop.later(self._loop.stop)
        if self._thread.is_alive():
            self._thread.join()

    def _tell(self, topic: str, payload: bytes, expires: int) -> None:
        self._loop.observers.tell(topic, payload, stopwatch(), expires=expires)
