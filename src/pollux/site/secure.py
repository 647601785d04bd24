"""What an open site needs to speak TLS: the contexts of its listeners, and lists that are kept whole and fresh."""

import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Final, Literal, final

from pollux.clock import DAY, MINUTE, SECOND, Clock, iso
from pollux.connect.acceptor import Acceptor
from pollux.errors import PolluxError
from pollux.guard import Accounts, Doors
from pollux.guard.authority import Authority
from pollux.guard.certificates import names_of
from pollux.guard.dtls import dtls_contexts
from pollux.guard.tls import Contexts, tls_contexts
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.site.endings import Ending, endings, ends_soon, window
from pollux.site.enrolling import Desk

if TYPE_CHECKING:
    from OpenSSL import SSL

Listener = Literal["mqtt", "http"]
LISTENERS: Final[tuple[Listener, ...]] = ("mqtt", "http")

_LOG = logging.getLogger(__name__)


@final
class Secure:
    """The authority of an open site, as its listeners need it; raises SetupError where there is none, or no server's
    certificate. `older` names the listeners that speak TLS 1.2 too."""

    def __init__(
        self,
        folder: Path,
        accounts: Accounts,
        *,
        clock: Clock,
        passphrase: bytes | None,
        older: Collection[Listener] = (),
    ) -> None:
        self._accounts, self._clock, self._folder, self._passphrase = accounts, clock, folder, passphrase
        self._authority = Authority.opened(folder, passphrase=passphrase)
        self.names = names_of(self._authority.server())
        window()  # a window that is no number is told before anything is opened
        self._doors = Contexts(folder, self._named, clock=clock)
        self.desk = Desk(accounts, self._authority, clock)
        self._version, self._kept, self._warned = -1, 0, 0
        self.keep()
        self.contexts = {
            one: tls_contexts(folder, clock=clock, passphrase=passphrase, oldest="1.2" if one in older else "1.3")
            for one in LISTENERS
        }

    def doors(self) -> Doors:
        """The names under which the site answers over HTTP: those of the certificate that it shows now."""
        return self._doors.current

    def _named(self) -> Doors:
        return Doors(hosts=frozenset(name.lower() for name in names_of(self._authority.server())))

    def acceptor(self, listener: Listener, told: Callable[[str, str], None]) -> Acceptor:
        """What lets the connections of a listener in; `told` hears address and reason of each failed handshake."""
        return Acceptor(self.context(listener), told=told)

    def context(self, listener: Listener) -> Callable[[], SSLContext]:
        """What gives the context for the next connection of a listener."""
        contexts = self.contexts[listener]
        return lambda: contexts.current

    def dtls(self) -> "Callable[[], SSL.Context]":
        """What gives the context for the next session over datagrams; raises SetupError without pyOpenSSL."""
        contexts = dtls_contexts(self._folder, clock=self._clock, passphrase=self._passphrase)
        return lambda: contexts.current

    def keep(self) -> None:
        """See to it that the list names every certificate that ended, and that it does not run out itself."""
        now = self._clock.now()
        self._accounts.refresh()
        if self._accounts.version == self._version and now - self._kept < MINUTE:
            return
        self._version, self._kept = self._accounts.version, now
        try:
            self._authority.keep_listed(self._accounts.certificates.revoked(now), now)
        except (PolluxError, OSError, ValueError) as error:
            # Records are looked at on every connection all the same; a list that is not renewed shuts everybody out.
            _LOG.error("the revocation list was not written: %s", error)
        if now - self._warned >= DAY:
            self._warned = now
            self._warn(now)

    def _warn(self, now: int) -> None:
        for name, until in self._authority.ends().items():
            if ends_soon(name, until, now):
                _LOG.warning("the certificate or list %s ends %s: renew it", name, iso(until))

    def endings(self) -> list[Ending]:
        """What must be renewed: each is an alarm until it is."""
        return endings(self._authority.ends(), self._accounts, self._clock.now())

    def broken(self) -> list[Broken]:
        """What has run out, so that devices with certificates are kept out."""
        now = self._clock.now()
        return [
            Broken(promise="known devices get in", text=f"{name} ended {iso(until)}")
            for name, until in self._authority.ends().items()
            if until <= now
        ]

    def metrics(self) -> list[Metric]:
        """How long everything holds that the listeners stand on, and how the devices' certificates are."""
        now = self._clock.now()
        ends = tuple(({"name": name}, (until - now) / SECOND) for name, until in self._authority.ends().items())
        about = "Seconds until what the listeners stand on ends."
        states = self._states(now)
        return [
            Metric("pollux_tls_ends_seconds", "gauge", about, ends),
            Metric("pollux_certificates", "gauge", "Certificates of devices and services, by state.", states),
        ]

    def _states(self, now: int) -> tuple[tuple[Mapping[str, str], float], ...]:
        counts = {"valid": 0.0, "soon": 0.0, "expired": 0.0, "revoked": 0.0}
        for one in self._accounts.certificates.of():
            if one.ended is not None:
                counts["revoked"] += 1
            elif now >= one.expires:
                counts["expired"] += 1
            else:
                counts["soon" if ends_soon(one.name, one.expires, now) else "valid"] += 1
        return tuple(({"state": state}, count) for state, count in counts.items())
