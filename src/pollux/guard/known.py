"""What is known of an account and of what it was given, as rows of the accounts' file."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal, final

from pollux.guard.identity import KINDS, Identity, Kind

Purpose = Literal["token", "session", "address", "code"]

WRITTEN: Final = ("token", "code")
"""What is in the audit trail when it is made or revoked: who signs in and out is not."""


@final
@dataclass(frozen=True, slots=True)
class Account:
    """One that is known. `password` is a hash, and in no repr all the same."""

    tenant: str
    name: str
    kind: Kind
    roles: frozenset[str]
    twins: tuple[str, ...]
    subject: str | None
    created: int
    disabled: bool = False
    password: str | None = field(default=None, repr=False)

    @property
    def row(self) -> tuple[object, ...]:
        """As a row of the file."""
        rights = " ".join(sorted(self.roles)), " ".join(self.twins)
        return (
            self.tenant, self.name, self.kind, *rights, self.subject, self.password, int(self.disabled), self.created,
        )  # fmt: skip

    @property
    def words(self) -> str:
        """What it may, in words."""
        return f"{self.kind}, {' '.join(sorted(self.roles)) or 'no role'}, on {' '.join(self.twins) or 'no twin'}"

    def identity(self, grant: str) -> Identity:
        """Who this account is, proved by `grant`."""
        return Identity(self.tenant, self.name, self.kind, self.roles, self.twins, self.subject, grant)


@final
@dataclass(frozen=True, slots=True)
class Issued:
    """A token, session or address that was handed out; its secret is not known here."""

    id: str
    tenant: str
    name: str
    purpose: Purpose
    label: str
    created: int
    expires: int | None
    ended: int | None
    hash: bytes = field(repr=False)

    @property
    def row(self) -> tuple[object, ...]:
        """As a row of the file."""
        times = (self.created, self.expires, self.ended)
        return (self.id, self.hash, self.tenant, self.name, self.purpose, self.label, *times)

    def valid(self, now: int) -> bool:
        """Whether it still opens a door."""
        return self.ended is None and (self.expires is None or now < self.expires)


def account_of(row: tuple[Any, ...]) -> Account:
    """The account of a row."""
    tenant, name, kind, roles, twins, subject, password, disabled, created = row
    return Account(
        str(tenant),
        str(name),
        next(known for known in KINDS if known == kind),
        frozenset(str(roles).split()),
        tuple(str(twins).split()),
        None if subject is None else str(subject),
        int(str(created)),
        bool(disabled),
        None if password is None else str(password),
    )
