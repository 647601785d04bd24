"""The accounts' file: SQLite in WAL mode with full synchronisation, readable by its owner only, with a version."""

import os
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

from pollux.errors import SetupError, StorageFailed

# One script per version; a file of version n is brought forward by the scripts after n. Scripts are never changed.
MIGRATIONS = (
    """
    CREATE TABLE accounts (
        tenant TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, roles TEXT NOT NULL, twins TEXT NOT NULL,
        subject TEXT, password TEXT, disabled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,
        PRIMARY KEY (tenant, name)
    ) WITHOUT ROWID;
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, tenant TEXT NOT NULL, name TEXT NOT NULL,
        purpose TEXT NOT NULL, label TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, ended INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX tokens_of ON tokens (tenant, name);
    """,
    """
    CREATE TABLE certificates (
        fingerprint BLOB PRIMARY KEY, serial TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, name TEXT NOT NULL,
        created INTEGER NOT NULL, starts INTEGER NOT NULL, expires INTEGER NOT NULL, ended INTEGER
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE certificates ADD COLUMN issuer TEXT NOT NULL DEFAULT '';",
    """
    CREATE TABLE spool (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, tenant TEXT NOT NULL,
        who TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL, subject TEXT
    );
    """,
)


@final
class Ledger:
    """One connection to the accounts' file, shared by threads under a lock. A write is durable when it returns."""

    def __init__(self, path: Path) -> None:
        # SQLite gives the -wal and -shm files the rights of the main file, so these are set before it is opened.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(path, 0o600)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5.0)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._migrate(path)
        self._seen = self._data_version()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A transaction: all of it is durable afterwards, or nothing has happened."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise StorageFailed(f"the accounts could not be written: {error}", at="accounts.db") from error
                raise

    def changed_elsewhere(self) -> bool:
        """Whether another process has written since the last look; never waits, a busy file is looked at next time."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            version = self._data_version()
            changed, self._seen = version != self._seen, version
            return changed
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _migrate(self, path: Path) -> None:
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found > len(MIGRATIONS):
            raise SetupError(
                f"expected accounts of version {len(MIGRATIONS)} or older, got version {found}",
                at=path.name,
                hint="a newer Pollux has written this file; use that version or restore a backup",
            )
        for version in range(found, len(MIGRATIONS)):
            script = f"BEGIN IMMEDIATE; {MIGRATIONS[version]} PRAGMA user_version={version + 1}; COMMIT;"
            self._db.executescript(script)
