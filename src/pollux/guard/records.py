"""Which certificates belong to which account: a certificate opens a door by its fingerprint's record, and only so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, final

from pollux.clock import iso
from pollux.errors import NotFound
from pollux.guard.ledger import Ledger
from pollux.guard.spool import Spool


@final
@dataclass(frozen=True, slots=True)
class Enrolled:
    """A certificate in an account's record; `ended` says since when it opens nothing any more.

    `issuer` is the serial number of the issuer that has signed it, empty for another authority's.
    """

    fingerprint: bytes
    serial: int
    tenant: str
    name: str
    created: int
    starts: int
    expires: int
    ended: int | None
    issuer: str = ""

    def valid(self, now: int) -> bool:
        """Whether it still opens a door."""
        return self.ended is None and self.starts <= now < self.expires

    @property
    def id(self) -> str:
        """The serial number as people see and write it."""
        return f"{self.serial:040x}"


@final
class Records:
    """The certificates of all accounts, in the accounts' file and in memory; `changed` is called after each change."""

    def __init__(self, ledger: Ledger, spool: Spool, changed: Callable[[], None]) -> None:
        self._ledger, self._spool, self._changed = ledger, spool, changed
        self._known: dict[bytes, Enrolled] = {}

    def load(self) -> None:
        """See what the file says now."""
        rows = self._ledger.rows("SELECT * FROM certificates")
        self._known = {one.fingerprint: one for one in map(_enrolled, rows)}

    def find(self, fingerprint: bytes) -> Enrolled | None:
        """The record of a fingerprint."""
        return self._known.get(fingerprint)

    def of(self, name: str | None = None, *, tenant: str = "") -> list[Enrolled]:
        """The certificates of one account, or of all, oldest first."""
        found = [one for one in [*self._known.values()] if name is None or (one.tenant, one.name) == (tenant, name)]
        return sorted(found, key=lambda one: (one.created, one.serial))

    def add(self, one: Enrolled, *, how: str = "issued", who: str = "") -> None:
        """Let a certificate open doors; those that the account had go on until they end, so that it can rotate.

        `how` it came about, and by whom, stand in the audit trail.
        """
        times = (one.created, one.starts, one.expires, one.ended)
        row = (one.fingerprint, one.id, one.tenant, one.name, *times, one.issuer)
        with self._ledger.writing() as db:
            db.execute("INSERT INTO certificates VALUES (?,?,?,?,?,?,?,?,?)", row)
            detail = f"{one.id} until {iso(one.expires)}"
            self._spool.write(db, f"certificate {how}", one.name, detail, who=who, tenant=one.tenant)
        self._known[one.fingerprint] = one
        self._changed()

    def end(self, which: Iterable[Enrolled], now: int) -> None:
        """Let certificates open nothing any more; whoever came in with one is put out by the next `alive`."""
        chosen = [one for one in which if one.ended is None]
        with self._ledger.writing() as db:
            for one in chosen:
                db.execute("UPDATE certificates SET ended=? WHERE fingerprint=?", (now, one.fingerprint))
                self._spool.write(db, "certificate revoked", one.name, one.id, tenant=one.tenant, always=True)
        self._known |= {one.fingerprint: replace(one, ended=now) for one in chosen}
        self._changed()

    def meant(self, word: str, *, tenant: str = "") -> list[Enrolled]:
        """What is meant by a serial number, or by an account's name; raises NotFound."""
        found = [one for one in self.of() if one.id == word.lower()] or self.of(word, tenant=tenant)
        if not found:
            hint = "`pollux identity list` shows them"
            raise NotFound(f"expected a serial number or a name with certificates, got {word!r}", hint=hint)
        return found

    def issued_by(self, issuer: str) -> list[Enrolled]:
        """The certificates that an issuer has signed, by its serial number."""
        return [one for one in self.of() if one.issuer == issuer]

    def revoked(self, now: int) -> list[tuple[int, int]]:
        """Serial number and end of each that was ended before its time."""
        return [(one.serial, one.ended) for one in self.of() if one.ended is not None and now < one.expires]


def _enrolled(row: tuple[Any, ...]) -> Enrolled:
    fingerprint, serial, tenant, name, created, starts, expires, ended, issuer = row
    return Enrolled(bytes(fingerprint), int(serial, 16), tenant, name, created, starts, expires, ended, issuer)
