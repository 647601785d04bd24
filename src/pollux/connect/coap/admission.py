"""Who asks: by the certificate of the session, by a token, or, where the gate lets devices of this machine, by name."""

from typing import Final, final

from pollux.connect.coap.asked import Asked
from pollux.connect.coap.codes import CoapError, Code
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.peers import Peer
from pollux.connect.coap.rights import Doorkeeper
from pollux.guard import Credential, Identity

REMEMBERED: Final = 8_192
CREDENTIALS: Final = frozenset({"token", "name"})

_Key = tuple[bytes | None, str, str | None, str | None]


@final
class Admission:
    """Asks the gate, and remembers what it said until anything has changed there."""

    def __init__(self, gate: Doorkeeper, counters: Counters) -> None:
        self._gate, self._counters = gate, counters
        self._known: dict[_Key, Identity | None] = {}
        self._version = gate.version

    def who(self, peer: Peer, asked: Asked) -> Identity:
        """The identity behind a request; raises CoapError with 4.01 where there is none."""
        key = peer.certificate, peer.host, asked.token, asked.name
        if key in self._known:
            found = self._known[key]
        else:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._asked(key)
        if found is None:
            self._counters.refused_credentials += 1
            raise CoapError(Code.UNAUTHORIZED, "expected the certificate or token of an account")
        return found

    def changed(self) -> bool:
        """Whether identities may have changed since the last call; what was remembered is forgotten then."""
        version = self._gate.version
        if version == self._version:
            return False
        self._version = version
        self._known.clear()
        return True

    def prune(self) -> None:
        """Forget who has ended, also with time, of which no version tells."""
        for key, found in list(self._known.items()):
            if found is not None and not self._gate.alive(found):
                del self._known[key]

    def alive(self, identity: Identity) -> bool:
        """Whether an identity would still be let in."""
        return self._gate.alive(identity)

    def certified(self, peer: Peer) -> Identity | None:
        """Whose certificate a peer has shown."""
        return self._asked((peer.certificate, peer.host, None, None))

    def _asked(self, key: _Key) -> Identity | None:
        certificate, host, token, name = key
        if token is not None and name is not None:
            raise CoapError(Code.BAD_REQUEST, "expected a token or a name in the query, got both")
        # A token is looked up by its hash at once; with a name beside it, it could be a password, which takes long.
        secret = token.encode() if token else None
        answer = self._gate.authenticate(Credential(name, secret, address=host, certificate=certificate))
        return answer.result() if answer.done() and answer.exception() is None else None
