"""Who is known: people, devices and services, with the secrets they prove themselves by.

Devices, services and sessions have random 256-bit tokens, of which only the SHA-256 is kept; people may have a
password, of which only the argon2id hash is kept. All of it is held in memory too, so that asking costs microseconds;
every change is durable before it is answered.
"""

import sqlite3
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import final

from pollux.clock import HOUR, MINUTE, SECOND, Clock
from pollux.errors import NotFound, SetupError
from pollux.guard.identity import Identity, Kind, checked_name
from pollux.guard.known import WRITTEN, Account, Issued, Purpose, account_of
from pollux.guard.ledger import Ledger
from pollux.guard.passwords import Passwords, then
from pollux.guard.records import Records
from pollux.guard.spool import SITE, Spool
from pollux.guard.tokens import ADDRESS_BYTES, Token, digest, new_token, same

ADDRESS_LIFETIME = 15 * MINUTE
SESSION_LIFETIME = 12 * HOUR
ADMINISTRATOR = "administrator"
SHORTEST_TOKEN = 16

_SILENT = ("password set", "account disabled")
"""Changes after which the account may what it could before, or nothing."""


@final
class Accounts:
    """The accounts of an installation, in one file, changed by `who` where nobody else is named. Thread-safe.

    Every change is one transaction with its entry in the `spool`, which the site takes over into its audit trail.

    >>> import tempfile; from pollux.clock import SimulatedClock
    >>> accounts = Accounts(Path(tempfile.mkdtemp()) / "accounts.db", clock=SimulatedClock(0))
    >>> _ = accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
    >>> token = accounts.issue("P-7")
    >>> accounts.by_token(token.secret).name
    'P-7'
    >>> accounts.revoke(token.id); accounts.by_token(token.secret) is None
    True
    >>> accounts.close()
    """

    def __init__(self, path: Path, *, clock: Clock, passwords: Passwords | None = None, who: str = SITE) -> None:
        self._clock = clock
        self._ledger = Ledger(path)
        self._passwords = passwords or Passwords(clock)
        self._accounts: dict[tuple[str, str], Account] = {}
        self._issued: dict[bytes, Issued] = {}
        self._by_id: dict[str, Issued] = {}
        self._looked = 0
        self.version = 0
        self.spool = Spool(self._ledger, clock.now, who)
        self.certificates = Records(self._ledger, self.spool, self._changed)
        self._load()

    def now(self) -> int:
        """The time by which accounts, tokens and certificates hold, nanoseconds UTC."""
        return self._clock.now()

    # -- what is known ------------------------------------------------------------------------------------------------

    def add(
        self,
        name: str,
        *,
        kind: Kind,
        roles: Iterable[str] = (),
        twins: Iterable[str] = (),
        tenant: str = "",
        subject: str | None = None,
    ) -> Account:
        """Make an account, or give an existing one this kind, these roles, twins and subject."""
        if tenant:
            checked_name(tenant)
        words = sorted({*roles}), [*twins]
        if any(not word or word.split() != [word] for word in (*words[0], *words[1])):
            raise SetupError(f"expected roles and twins without spaces, got {words}", at=f"account {name}")
        old = self._accounts.get((tenant, name))
        created, password = (old.created, old.password) if old else (self._clock.now(), None)
        account = Account(
            tenant, checked_name(name), kind, frozenset(words[0]), tuple(words[1]), subject, created, password=password
        )
        return self._put(account, "account changed" if old else "account added")

    def set_password(self, name: str, password: str, *, tenant: str = "") -> None:
        """Give a person a password of ten characters or more; takes a tenth of a second."""
        account = self._known(tenant, name)
        if account.kind != "person":
            raise SetupError(
                f"expected a person, got the {account.kind} {name}", hint="devices and services have tokens"
            )
        self._put(replace(account, password=self._passwords.hash(password)), "password set")

    def disable(self, name: str, *, tenant: str = "") -> None:
        """Shut an account out, with everything it was given; its name stays taken."""
        self._put(replace(self._known(tenant, name), disabled=True), "account disabled")

    def accounts(self) -> list[Account]:
        """All accounts, by tenant and name."""
        return [account for _, account in sorted([*self._accounts.items()])]

    def find(self, name: str, *, tenant: str = "") -> Account | None:
        """The account of a name."""
        return self._accounts.get((tenant, name))

    # -- secrets ------------------------------------------------------------------------------------------------------

    def issue(self, name: str, *, tenant: str = "", label: str = "", lifetime: int | None = None) -> Token:
        """A new token for an account; the only time its secret is seen. `lifetime` in nanoseconds, else for ever."""
        return self._issue(self._known(tenant, name), "token", new_token(), label, lifetime)

    def open_session(self, identity: Identity, *, lifetime: int = SESSION_LIFETIME) -> Token:
        """A session for somebody who has just proved who it is; the secret belongs into a cookie."""
        return self._issue(self._known(identity.tenant, identity.name), "session", new_token(), "", lifetime)

    def issue_address(self, name: str, *, tenant: str = "", lifetime: int = ADDRESS_LIFETIME) -> Token:
        """A secret for a link that signs in once, within a quarter of an hour."""
        return self._issue(self._known(tenant, name), "address", new_token(ADDRESS_BYTES), "", lifetime)

    def first_administrator(self, secret: str, *, name: str = ADMINISTRATOR) -> None:
        """Let `secret` be the administrator's token; an earlier one that was set in this way ends."""
        if len(secret) < SHORTEST_TOKEN:
            raise SetupError(
                f"expected an administrator's token of at least {SHORTEST_TOKEN} characters, got {len(secret)}",
                at="POLLUX_TOKEN",
                hint="for example the output of: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
            )
        kept, now = digest(secret), self._clock.now()
        found = self._issued.get(kept)
        account = self.find(name)
        if account is None or account.disabled or ADMINISTRATOR not in account.roles:
            account = self.add(name, kind="person", roles={ADMINISTRATOR}, twins=["*"])
        if found is not None and found.valid(now) and found.name == name:
            return
        for old in self.issued(name):
            if old.label == "POLLUX_TOKEN" and old.valid(now):
                self.revoke(old.id)
        self._issue(account, "token", replace(new_token(), secret=secret), "POLLUX_TOKEN", None)

    def issue_code(self, name: str, *, tenant: str = "", lifetime: int = ADDRESS_LIFETIME) -> Token:
        """A secret with which a device enrols a certificate, once, within a quarter of an hour."""
        account = self._known(tenant, name)
        if account.kind == "person":
            raise SetupError(f"expected a device or a service, got the person {name}", hint="people have passwords")
        return self._issue(account, "code", new_token(ADDRESS_BYTES), "", lifetime)

    def issued(self, name: str | None = None, *, tenant: str = "") -> list[Issued]:
        """What was handed out to one account, or to all, oldest first."""
        found = [one for one in [*self._by_id.values()] if name is None or (one.tenant, one.name) == (tenant, name)]
        return sorted(found, key=lambda one: (one.created, one.id))

    def revoke(self, token_id: str) -> None:
        """End a token, a session or an address, by its id. Whoever came in with it is put out by the next `alive`."""
        if token_id not in self._by_id:
            raise NotFound(f"expected the id of a token, got {token_id!r}", hint="`pollux token list` shows them")
        now, issued = self._clock.now(), self._by_id[token_id]
        with self._ledger.writing() as db:
            done = db.execute("UPDATE tokens SET ended=? WHERE id=? AND ended IS NULL", (now, token_id)).rowcount == 1
            if done:
                self._write_of(db, "revoked", issued)
        self._hold(replace(issued, ended=now))

    # -- who is it ----------------------------------------------------------------------------------------------------

    def by_token(self, secret: str | bytes) -> Identity | None:
        """Whose token this is; in microseconds and without waiting."""
        return self._by_secret(secret, "token")

    def by_session(self, secret: str | bytes) -> Identity | None:
        """Whose session this is."""
        return self._by_secret(secret, "session")

    def by_certificate(self, fingerprint: bytes) -> Identity | None:
        """Whose certificate this is, by the fingerprint in its account's record."""
        record = self.certificates.find(fingerprint)
        if record is None or not record.valid(self._clock.now()):
            return None
        account = self._accounts.get((record.tenant, record.name))
        if account is None or account.disabled:
            return None
        return account.identity(f"certificate:{fingerprint.hex()}")

    def redeem(self, secret: str | bytes) -> Identity | None:
        """Whose one-time address this is. It opens once: of two that come at the same time, one is let in."""
        return self._once(secret, "address")

    def redeem_code(self, secret: str | bytes) -> Identity | None:
        """For which account this code enrols a certificate. It does so once."""
        return self._once(secret, "code")

    def _once(self, secret: str | bytes, purpose: Purpose) -> Identity | None:
        identity = self._by_secret(secret, purpose)
        if identity is None:
            return None
        issued, now = self._issued[digest(secret)], self._clock.now()
        with self._ledger.writing() as db:
            won = db.execute("UPDATE tokens SET ended=? WHERE id=? AND ended IS NULL", (now, issued.id)).rowcount == 1
            if won:
                self._write_of(db, "used", issued, who=issued.name)
        self._hold(replace(issued, ended=now))
        return replace(identity, grant="redeemed") if won else None

    def by_password(
        self, name: str, password: bytes, *, address: str = "", tenant: str = ""
    ) -> "Future[Identity | None]":
        """Who a name and a password are, later; raises Overloaded when there were too many attempts."""
        account = self._accounts.get((tenant, name))
        kept = account.password if account and not account.disabled else None
        answer: Future[Identity | None] = Future()
        identity = account.identity(_password_grant(account)) if account and kept else None
        then(
            self._passwords.verify(kept, password, name=f"{tenant}/{name}", address=address),
            lambda right: answer.set_result(identity if right else None),
        )
        return answer

    def alive(self, identity: Identity) -> bool:
        """Whether an identity that was given out still holds: not disabled, not revoked, not expired, not changed."""
        account = self._accounts.get((identity.tenant, identity.name))
        if account is None or account.disabled or account.identity(identity.grant) != identity:
            return False
        kind, _, mark = identity.grant.partition(":")
        if kind in ("token", "session"):
            issued = self._by_id.get(mark)
            return issued is not None and issued.valid(self._clock.now())
        if kind == "certificate":
            record = self.certificates.find(bytes.fromhex(mark))
            return record is not None and record.valid(self._clock.now())
        return kind != "password" or identity.grant == _password_grant(account)

    def refresh(self) -> None:
        """See what another process has changed; at most once a second, and without waiting."""
        now = self._clock.now()
        if now - self._looked >= SECOND:
            self._looked = now
            if self._ledger.changed_elsewhere():
                self._load()

    def close(self) -> None:
        """Close the file and end the threads that verify passwords."""
        self._passwords.close()
        self._ledger.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _by_secret(self, secret: str | bytes, purpose: Purpose) -> Identity | None:
        kept = digest(secret)
        issued = self._issued.get(kept)
        if issued is None or not same(issued.hash, kept) or issued.purpose != purpose:
            return None
        account = self._accounts.get((issued.tenant, issued.name))
        if account is None or account.disabled or not issued.valid(self._clock.now()):
            return None
        return account.identity(f"{purpose}:{issued.id}")

    def _known(self, tenant: str, name: str) -> Account:
        account = self._accounts.get((tenant, name))
        if account is None or account.disabled:
            raise NotFound(f"expected the name of an account, got {name!r}", hint="`pollux token list` shows them")
        return account

    def _put(self, account: Account, action: str) -> Account:
        with self._ledger.writing() as db:
            db.execute("INSERT OR REPLACE INTO accounts VALUES (?,?,?,?,?,?,?,?,?)", account.row)
            self._write(db, action, account, "" if action in _SILENT else account.words)
        self._accounts[account.tenant, account.name] = account
        self.version += 1
        return account

    def _write(self, db: sqlite3.Connection, action: str, account: Account, detail: str) -> None:
        tenant, subject = account.tenant, account.subject
        self.spool.write(db, action, account.name, detail, tenant=tenant, subject=subject, always=account.disabled)

    def _write_of(self, db: sqlite3.Connection, action: str, issued: Issued, *, who: str = "") -> None:
        if issued.purpose not in WRITTEN:
            return
        account = self._accounts.get((issued.tenant, issued.name))
        subject, words = account.subject if account else None, f"{issued.id} {issued.label}".strip()
        told, always = f"{issued.purpose} {action}", action == "revoked"
        self.spool.write(db, told, issued.name, words, who=who, tenant=issued.tenant, subject=subject, always=always)

    def _issue(self, account: Account, purpose: Purpose, token: Token, label: str, lifetime: int | None) -> Token:
        now = self._clock.now()
        expires = None if lifetime is None else now + lifetime
        issued = Issued(
            token.id, account.tenant, account.name, purpose, label, now, expires, None, hash=digest(token.secret)
        )
        with self._ledger.writing() as db:
            db.execute("DELETE FROM tokens WHERE purpose != 'token' AND expires < ?", (now,))
            # The same secret may be set again after it was revoked: it is then a new one with the old hash.
            db.execute("INSERT OR REPLACE INTO tokens VALUES (?,?,?,?,?,?,?,?,?)", issued.row)
            self._write_of(db, "made", issued)
        for old in [one for one in self._by_id.values() if one.purpose != "token" and (one.expires or now) < now]:
            self._by_id.pop(old.id, None)
            self._issued.pop(old.hash, None)
        self._hold(issued)
        return token

    def _hold(self, issued: Issued) -> None:
        self._issued[issued.hash] = issued
        self._by_id[issued.id] = issued
        self.version += 1

    def _load(self) -> None:
        accounts = map(account_of, self._ledger.rows("SELECT * FROM accounts"))
        tokens = self._ledger.rows("SELECT id, tenant, name, purpose, label, created, expires, ended, hash FROM tokens")
        issued = [Issued(*row) for row in tokens]
        self._accounts = {(account.tenant, account.name): account for account in accounts}
        self._issued = {one.hash: one for one in issued}
        self._by_id = {one.id: one for one in issued}
        self.certificates.load()
        self.version += 1

    def _changed(self) -> None:
        self.version += 1


def _password_grant(account: Account) -> str:
    # A changed password ends what the old one opened; of the hash only a digest goes into the grant.
    return "password:" + digest(account.password or "").hex()[:16]
