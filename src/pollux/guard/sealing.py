"""Keys that seal what devices tell: one for each device, known to the device and to the site and to nobody between.

A key holds from `since` to `until` by the arrival of the message, which is in the log, and is never thrown away when
it ends: a replay opens what was opened then. Two keys of a device may hold at once, so that it can change over.

`keys/seals/` of a data folder holds a file for each key, readable by its owner only. What another process does there is
seen within a second, and an end takes effect ten seconds after it was asked for, so that no message can be judged by
the old file live and by the new one in a replay.
"""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pollux.clock import SECOND, WallClock, iso, stopwatch
from pollux.errors import NotFound, SetupError
from pollux.guard import cose, files
from pollux.guard.cose import KEY
from pollux.guard.identity import checked_name
from pollux.guard.policy import covers

FOLDER: Final = "seals"
EVER: Final = 2**63 - 1
NOTICE: Final = 10 * SECOND
"""An end lies so far ahead of the moment at which it is asked for."""

_LOOK: Final = 1.0
"""Seconds for which files are taken as they were."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.:-]{0,127}\.[0-9a-f]{8}")


@final
class SealKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a device seals with: the name under which the site knows the key, and its 32 bytes in hex.

    >>> SealKey(id="P-7.00000000", key="00" * 32)
    SealKey(id='P-7.00000000')
    """

    id: str
    key: str

    @property
    def secret(self) -> bytes:
        """The key itself."""
        return bytes.fromhex(self.key)

    @staticmethod
    def read(path: str | Path) -> "SealKey":
        """The key in a file that `pollux identity seal` has written; raises SetupError for anything else."""
        try:
            key = msgspec.json.decode(Path(path).read_bytes(), type=SealKey)
            if _ID.fullmatch(key.id) and len(key.secret) == KEY:
                return key
        except (OSError, ValueError) as error:
            raise SetupError(f"expected a key to seal with: {error}", at=str(path)) from None
        raise SetupError(f"expected a key to seal with, of {KEY} bytes", at=str(path))

    def __repr__(self) -> str:
        return f"SealKey(id={self.id!r})"


@final
class KeptKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the site keeps it: whose it is, for which twins (patterns `type/id`) it speaks, from when to when."""

    id: str
    name: str
    key: str
    twins: tuple[str, ...]
    since: int
    until: int = EVER

    def speaks_for(self, twin: str) -> bool:
        """Whether what it seals may be of this twin, `type/id`."""
        return any(covers(pattern, twin) for pattern in self.twins)

    def holds(self, at: int) -> bool:
        """Whether a message that arrived then is opened with it."""
        return self.since <= at < self.until

    @property
    def ends(self) -> bool:
        """Whether an end is known."""
        return self.until < EVER

    def __repr__(self) -> str:
        return f"KeptKey(id={self.id!r})"


def seal(payload: bytes, *, key: SealKey, twin: str, signal: str = "", content_type: str = "application/json") -> bytes:
    """A payload that only the site can read and nobody can change or give to another twin, as COSE_Encrypt0.

    `twin` is `type/id`; where the topic names a signal, `signal` is that. The payload must hold `seq`, which no two
    messages share, and the time `t` of what it tells. Publish it under the topic's level `cose`, or with the content
    type `application/cose`. Raises SetupError for a twin that is none.

    >>> import pollux as px
    >>> key = px.SealKey(id="P-7.00000000", key="00" * 32)
    >>> px.seal(b'{"t": 1795430536, "seq": 1, "temp": 301.5}', key=key, twin="Pump/P-7")[:2].hex()
    'd083'
    """
    if twin.count("/") != 1:
        raise SetupError(f"expected a twin as type/id, got {twin!r}")
    kid, bound = key.id.encode(), bound_to(twin, signal)
    return cose.seal(payload, key=key.secret, kid=kid, bound=bound, content_type=content_type)


def bound_to(twin: str, signal: str = "") -> bytes:
    """What a sealed payload is bound to: the twin, and the signal where the topic names one.

    >>> bound_to("Pump/P-7"), bound_to("Pump/P-7", "temp")
    (b'Pump/P-7', b'Pump/P-7/temp')
    """
    return f"{twin}/{signal}".rstrip("/").encode()


@final
class SealKeys:
    """The keys of a data folder. Thread-safe: what it remembers are whole values.

    >>> import tempfile
    >>> keys = SealKeys(Path(tempfile.mkdtemp()))
    >>> made = keys.make("P-7", ["Pump/P-7"], now=0)
    >>> kept, _ = keys.find(made.id)
    >>> kept.speaks_for("Pump/P-7"), kept.speaks_for("Pump/P-8"), keys.find("nobody")
    (True, False, None)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._known: dict[str, tuple[KeptKey, AESGCM]] = {}
        self._looked, self._changed = -_LOOK, 0

    def make(self, name: str, twins: Sequence[str], *, now: int) -> SealKey:
        """A further key for a device; those before go on holding until they are ended."""
        key = SealKey(id=f"{checked_name(name)}.{secrets.token_hex(4)}", key=secrets.token_bytes(KEY).hex())
        for folder in (self._folder.parent, self._folder):
            files.private_folder(folder)
        self._write(KeptKey(id=key.id, name=name, key=key.key, twins=tuple(twins), since=now))
        return key

    def end(self, name: str, *, now: int, keep: str = "") -> list[KeptKey]:
        """End the keys of a device that hold, or one by its id, but not `keep`; those that were ended.

        Raises NotFound where there is none.
        """
        at = now + NOTICE
        mine = [one for one in self.all() if name in (one.name, one.id) and one.id != keep and one.until > at]
        if not mine and not keep:
            raise NotFound(f"no key of {name} holds", at=str(self._folder))
        ended = [msgspec.structs.replace(one, until=at) for one in mine]
        for one in ended:
            self._write(one)
        return ended

    def all(self) -> list[KeptKey]:
        """Every key there ever was, by name and age."""
        found = [self._read(path) for path in self._folder.glob("*.json")]
        return sorted((one for one in found if one), key=lambda one: (one.name, one.since))

    def find(self, id: str) -> tuple[KeptKey, AESGCM] | None:
        """A key by its id, with what opens; None where there is none."""
        if stopwatch() - self._looked > _LOOK:
            self._look()
        known = self._known.get(id)
        if known is None and _ID.fullmatch(id) and (kept := self._read(self._path(id))):
            known = self._known[id] = kept, AESGCM(bytes.fromhex(kept.key))
        return known

    def _look(self) -> None:
        """Forget what was read where a file has been written since: the folder tells, for all keys at once."""
        self._looked = stopwatch()
        changed = self._folder.stat().st_mtime_ns if self._folder.is_dir() else 0
        # Times of files move in steps of some milliseconds: what has just been written may be written again unseen.
        if changed != self._changed or abs(WallClock().now() - changed) < 3 * SECOND:
            self._known, self._changed = {}, changed

    def _path(self, id: str) -> Path:
        return self._folder / f"{id}.json"

    def _write(self, key: KeptKey) -> None:
        files.replace(self._path(key.id), msgspec.json.format(msgspec.json.encode(key)))

    @staticmethod
    def _read(path: Path) -> KeptKey | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=KeptKey)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise SetupError(
                f"expected a key of Pollux: {error}", at=path.name, hint="restore the keys' backup"
            ) from None


def told(key: KeptKey, now: int) -> str:
    """How a key stands, for people."""
    if now >= key.until:
        return f"ended {iso(key.until)}"
    return f"until {iso(key.until)}" if key.ends else f"since {iso(key.since)}"
