"""Who changed what of accounts, tokens and certificates, until it stands in the log.

The log belongs to the site that serves, and the command line works beside it or without one. So an entry is written
into the accounts' file, in the very transaction of the change: neither is there without the other. A site that serves
takes the entries over into its log and then removes them here. Each has a random key, by which it is taken once.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, final

from pollux.errors import StorageFailed
from pollux.guard.ledger import Ledger

MOST: Final = 100_000
"""Entries that may wait. Beyond them no right is given any more: what cannot be written down is not done."""

SITE: Final = "the site"
"""Who did what nobody else is named for."""


@final
@dataclass(frozen=True, slots=True)
class Spooled:
    """One entry: who did what to what, when (nanoseconds UTC); `subject` is the person whom it is about."""

    key: str
    at: int
    tenant: str
    who: str
    action: str
    target: str
    detail: str = ""
    subject: str | None = None


@final
class Spool:
    """The entries that wait, oldest first. `who` has done what is written without another name."""

    def __init__(self, ledger: Ledger, now: Callable[[], int], who: str = SITE) -> None:
        self._ledger, self._now, self._who = ledger, now, who

    def write(
        self,
        db: sqlite3.Connection,
        action: str,
        target: str,
        detail: str = "",
        *,
        who: str = "",
        tenant: str = "",
        subject: str | None = None,
        always: bool = False,
    ) -> None:
        """Add an entry to a transaction of the accounts' file; raises StorageFailed where too many wait.

        `always` is for what takes rights away: that is done however many wait.
        """
        [(first, last)] = db.execute("SELECT min(id), max(id) FROM spool").fetchall()
        if not always and first is not None and last - first + 1 >= MOST:
            hint = "serve the site: it takes them over into its log"
            raise StorageFailed(f"expected fewer than {MOST} audit entries that wait", at="accounts.db", hint=hint)
        row = (secrets.token_hex(8), self._now(), tenant, who or self._who, action, target, detail, subject)
        db.execute(
            "INSERT INTO spool (key, at, tenant, who, action, target, detail, subject) VALUES (?,?,?,?,?,?,?,?)", row
        )

    def tell(self, action: str, target: str, detail: str = "", *, always: bool = False) -> None:
        """Add an entry about what is no change of accounts; durable when it returns."""
        with self._ledger.writing() as db:
            self.write(db, action, target, detail, always=always)

    def waiting(self, most: int) -> list[Spooled]:
        """The oldest entries that nobody has taken."""
        query = "SELECT key, at, tenant, who, action, target, detail, subject FROM spool ORDER BY id LIMIT ?"
        return [Spooled(*row) for row in self._ledger.rows(query, (most,))]

    def __len__(self) -> int:
        """How many entries wait."""
        return int(self._ledger.rows("SELECT count(*) FROM spool")[0][0])

    def remove(self, keys: Iterable[str]) -> None:
        """Remove entries that are durable elsewhere."""
        with self._ledger.writing() as db:
            db.executemany("DELETE FROM spool WHERE key=?", [(key,) for key in keys])
