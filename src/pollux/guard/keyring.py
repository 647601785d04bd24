"""One key per person, kept apart from the data: whoever destroys the key has erased the data, wherever copies lie.

**Sealing** is AES-256-GCM. A sealed text is `version (1) | run (16) | count (8) | ciphertext and tag`. Each opening
of a keyring draws a random 128-bit `run`; the key that encrypts is derived (HKDF-SHA256) from the person's key and the
run, and the nonce is a count of 64 bits that starts at zero for each such key. So no nonce is ever used twice under one
key: within a run the count only grows, and another run, after a restart or in a forked process, has another key, even
when the folder was restored from a backup. The caller's `aad` is authenticated with the rest.

**Erasing** first records the pseudonym among the erased, then destroys the key; a crash in between is made good when
the keyring is opened. The record makes an erasure survive the restore of older keys: `forget` takes the list again.
"""

import base64
import hmac
import itertools
import os
import secrets
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pollux.errors import DamagedLog, DataRefused, StorageError
from pollux.guard import files

_MAGIC = b"PXK1"
_KEY = 32
_RUN = 16
_COUNT = 8
_VERSION = 1
_HEADER = 1 + _RUN + _COUNT
OVERHEAD = _HEADER + 16


def _framed(key: bytes) -> bytes:
    body = _MAGIC + key
    return body + zlib.crc32(body).to_bytes(4, "big")


@final
class Keyring:
    """The keys of persons, in a folder of their own, which belongs to one process at a time. Thread-safe.

    >>> import tempfile
    >>> keys = Keyring(Path(tempfile.mkdtemp()) / "keys")
    >>> sealed = keys.seal("ann", b"log 17", b"120/80")
    >>> keys.open("ann", b"log 17", sealed)
    b'120/80'
    >>> keys.destroy("ann"); keys.open("ann", b"log 17", sealed) is None
    True
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._erased_folder = folder / "erased"
        files.private_folder(folder)
        files.private_folder(self._erased_folder)
        files.sweep_drafts(folder)
        self._lock = threading.RLock()
        self._keys: dict[str, bytes] = {}
        self._derived: dict[tuple[str, bytes], AESGCM] = {}
        self._begin_run()
        self._naming = self._kept_or_new(folder / "pseudonyms.key")
        self._erased = {entry.name for entry in self._erased_folder.iterdir()}
        for pseudonym in self._erased:
            files.erase(self._path(pseudonym))

    def pseudonym(self, subject: str) -> str:
        """A name for a person that says nothing to whoever has not this keyring; always the same.

        It is HMAC-SHA256 under a key of this installation, 128 bits in base 32: fit for topics and file names.
        """
        mark = hmac.digest(self._naming, subject.encode(), "sha256")[:16]
        return base64.b32encode(mark).decode().rstrip("=").lower()

    def seal(self, subject: str, aad: bytes, plaintext: bytes) -> bytes:
        """Encrypt for a person; their key is made on first use. Raises DataRefused for one who was erased."""
        pseudonym = self.pseudonym(subject)
        if os.getpid() != self._process:
            # A forked child has a copy of the counters: it must not go on counting under the same keys.
            self._begin_run()
        with self._lock:
            run, count = self._run, next(self._counts.setdefault(pseudonym, itertools.count()))
            cipher = self._cipher(pseudonym, run, create=True)
        if cipher is None:
            raise DataRefused("expected a person whose data may be kept, got one who was erased", at=pseudonym)
        header = bytes([_VERSION]) + run + count.to_bytes(_COUNT, "big")
        return header + cipher.encrypt(bytes(4) + header[-_COUNT:], plaintext, header + aad)

    def open(self, subject: str, aad: bytes, sealed: bytes) -> bytes | None:
        """The plaintext; None when the person was erased.

        Raises DamagedLog (file = pseudonym) when bytes or `aad` are not those that were sealed, and StorageError when
        the key is missing although nobody destroyed it: a lost folder must not look like an erasure.
        """
        return self.unseal(self.pseudonym(subject), aad, sealed)

    def unseal(self, pseudonym: str, aad: bytes, sealed: bytes) -> bytes | None:
        """As `open`, by pseudonym: whoever reads a log does not know yet of whom it speaks."""
        if len(sealed) < OVERHEAD or sealed[0] != _VERSION:
            raise DamagedLog(f"expected a sealed text of version {_VERSION}", file=pseudonym, byte=0)
        header = sealed[:_HEADER]
        with self._lock:
            cipher = self._cipher(pseudonym, header[1 : 1 + _RUN], create=False)
        if cipher is None:
            return None
        try:
            return cipher.decrypt(bytes(4) + header[-_COUNT:], sealed[_HEADER:], header + aad)
        except InvalidTag:
            message = "expected the bytes that were sealed, got others"
            raise DamagedLog(message, file=pseudonym, byte=_HEADER) from None

    def destroy(self, subject: str) -> None:
        """Erase a person: durable when it returns; nothing sealed for them opens again."""
        self.forget([self.pseudonym(subject)])

    def forget(self, pseudonyms: Iterable[str]) -> None:
        """Erase by pseudonym: the list of `erased` is given again after a restore."""
        with self._lock:
            for pseudonym in pseudonyms:
                path = self._path(pseudonym)
                files.create(self._erased_folder / path.stem, b"")
                self._erased.add(pseudonym)
                self._keys.pop(pseudonym, None)
                for mark in [mark for mark in self._derived if mark[0] == pseudonym]:
                    del self._derived[mark]
                files.erase(path)

    def erased(self) -> frozenset[str]:
        """The pseudonyms of all who were erased."""
        return frozenset(self._erased)

    def knows(self, subject: str) -> bool:
        """Whether data for this person can be sealed and opened: not erased."""
        return self.pseudonym(subject) not in self._erased

    # -- inside -------------------------------------------------------------------------------------------------------

    def _begin_run(self) -> None:
        self._process = os.getpid()
        self._run = secrets.token_bytes(_RUN)
        self._counts: dict[str, itertools.count[int]] = {}

    def _path(self, pseudonym: str) -> Path:
        if not pseudonym.isalnum():
            raise DataRefused(f"expected a pseudonym, got {pseudonym!r}")
        return self._folder / f"{pseudonym}.key"

    def _cipher(self, pseudonym: str, run: bytes, *, create: bool) -> AESGCM | None:
        known = self._derived.get((pseudonym, run))
        if known is not None:
            return known
        key = self._key(pseudonym, create=create)
        if key is None:
            return None
        if len(self._derived) >= 4096:
            self._derived.clear()
        derived = HKDF(algorithm=SHA256(), length=_KEY, salt=run, info=b"pollux seal 1").derive(key)
        cipher = self._derived[pseudonym, run] = AESGCM(derived)
        return cipher

    def _key(self, pseudonym: str, *, create: bool) -> bytes | None:
        if pseudonym in self._erased:
            return None
        known = self._keys.get(pseudonym)
        if known is None:
            path = self._path(pseudonym)
            if not create and not path.exists():
                hint = "restore the keys from their backup, then apply the list of the erased"
                raise StorageError("expected the key of a person who was not erased", at=path.name, hint=hint)
            known = self._keys[pseudonym] = self._kept_or_new(path)
        return known

    def _kept_or_new(self, path: Path) -> bytes:
        if not path.exists():
            files.create(path, _framed(secrets.token_bytes(_KEY)))
        content = path.read_bytes()
        key = content[len(_MAGIC) : len(_MAGIC) + _KEY]
        if content != _framed(key):
            raise DamagedLog(
                "expected a key of Pollux, got other bytes",
                file=path.name,
                byte=0,
                hint="restore this file from the backup of the keys; it is never written over",
            )
        return key
