"""What the endpoint needs of those who decide: a gate, and rights over topics. `pollux.guard.Gate` is such a gate."""

from concurrent.futures import Future
from typing import Protocol

from pollux.columns.frames import Encoding
from pollux.guard import Credential, Identity


class Doorkeeper(Protocol):
    """Who comes in."""

    @property
    def version(self) -> int:
        """Grows when an identity may have ended or changed."""
        ...

    def authenticate(self, credential: Credential) -> "Future[Identity | None]":
        """Who shows this credential."""
        ...

    def alive(self, identity: Identity) -> bool:
        """Whether an identity would still be let in."""
        ...


class Reached(Protocol):
    """What a topic reaches."""

    @property
    def channel(self) -> str:
        """`telemetry`, `ack` or another."""
        ...

    @property
    def encoding(self) -> Encoding:
        """How the topic says the payload is written."""
        ...


class Rights(Protocol):
    """Who may say what and hear what; a path of CoAP is a topic."""

    def publish(self, identity: Identity, topic: str) -> Reached | None:
        """What the topic reaches if the identity may speak to it."""
        ...

    def hear(self, identity: Identity, topic: str) -> bool:
        """Whether the identity may be told what is said on a topic."""
        ...
