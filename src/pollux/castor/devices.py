"""Emulated devices at the door of an open site: each with an account, a token and a voice of its own."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, final

from pollux.castor.chorus import Chorus
from pollux.castor.speaker import PATIENCE, Command, Credentials, Speaker, State
from pollux.clock import stopwatch
from pollux.errors import Overloaded, SetupError
from pollux.model.schema import Schema
from pollux.site.live import LiveSite

MOST: Final = 1_000
"""Devices that one emulation may have: each is a connection."""

Answers = Callable[[int, Command], tuple[State, str]]
"""Number of the device and its command in; what becomes of it, and why, out."""


@final
class Devices:
    """Devices of one type by their ids, as a context: let in at the beginning, out at the end, their tokens ended.

    They come through the site's own MQTT endpoint with rights for their own twin and nothing else.
    """

    def __init__(self, live: LiveSite, schema: Schema, ids: Sequence[str], *, answers: Answers | None = None) -> None:
        if not 1 <= len(ids) <= MOST or len(set(ids)) < len(ids):
            raise SetupError(f"expected 1 to {MOST} different ids, got {len(ids)}", at=schema.name)
        if live.endpoint is None:
            raise SetupError("expected an MQTT endpoint, got a site without one", hint="site.open(..., mqtt=...)")
        self.ids = tuple(ids)
        self._live = live
        self._schema = schema
        self._port = live.endpoint.port
        self._answers = answers
        self._chorus = Chorus()
        self._tokens: list[str] = []
        self._speakers: list[Speaker] = []

    def __enter__(self) -> Self:
        self._chorus.__enter__()
        try:
            self._speakers = [self._enrolled(number, id_) for number, id_ in enumerate(self.ids)]
            for speaker in self._speakers:
                speaker.start()
            for speaker in self._speakers:
                speaker.ready()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def send(self, number: int, values: Mapping[str, Any], *, time: int) -> None:
        """One device says what it read at `time`; blocks while too much of it is unacknowledged."""
        self._speakers[number].send(values, time=time)

    def tell(self, number: int, command: str, state: State, reason: str = "") -> None:
        """One device says what has become of a command that it accepted."""
        self._speakers[number].tell(command, state, reason)

    def measured(self, number: int, values: Mapping[str, Any], *, time: int) -> None:
        """One device says what it read because somebody asked, and waits until that is acknowledged."""
        speaker = self._speakers[number]
        speaker.send(values, time=time)
        if not speaker.wait():
            raise Overloaded(f"not acknowledged within {PATIENCE:g} s", retry_after=1.0, at=self.ids[number])

    def wait(self, *, timeout: float = PATIENCE) -> None:
        """Wait until everything that was sent is acknowledged; raises Overloaded when the time is over first."""
        end = stopwatch() + timeout
        for id_, speaker in zip(self.ids, self._speakers, strict=True):
            if not speaker.wait(timeout=max(0.0, end - stopwatch())):
                raise Overloaded(f"not acknowledged within {timeout:g} s", retry_after=1.0, at=id_)

    def _enrolled(self, number: int, id_: str) -> Speaker:
        """An account of its own for each, which no real device has: `emulated:Pump:P-7`."""
        twin, account = f"{self._schema.name}/{id_}", f"emulated:{self._schema.name}:{id_}"
        accounts = self._live.accounts
        subject = id_ if self._schema.personal else None
        accounts.add(account, kind="device", roles={"device"}, twins=[twin], subject=subject)
        token = accounts.issue(account, label="emulated")
        self._tokens.append(token.id)
        credentials = Credentials("127.0.0.1", self._port, account, token.secret)
        boot = secrets.token_hex(4)
        if self._answers is None:
            return Speaker(self._chorus, credentials, twin, boot=boot)
        answers = self._answers
        return Speaker(self._chorus, credentials, twin, boot=boot, answer=lambda command: answers(number, command))

    def _leave(self) -> None:
        for speaker in self._speakers:
            speaker.stop()
        self._chorus.__exit__()
        for token in self._tokens:
            self._live.accounts.revoke(token)
