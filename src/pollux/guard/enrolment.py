"""From a key to a certificate in a device's record."""

from typing import Final

from cryptography import x509

from pollux.errors import Conflict, NotFound, SetupError
from pollux.guard.accounts import Accounts
from pollux.guard.authority import Authority
from pollux.guard.certificates import PublicKey, device_certificate, fingerprint, span
from pollux.guard.issuers import serial_of
from pollux.guard.records import Enrolled

MOST: Final = 8
"""Certificates of one account that hold at a time: enough to change over, and no device fills the records."""


def enrol(
    accounts: Accounts,
    authority: Authority,
    name: str,
    key: PublicKey,
    now: int,
    *,
    tenant: str = "",
    how: str = "issued",
    who: str = "",
) -> x509.Certificate:
    """A certificate for an account's key, in its record when this returns; older ones of the account go on.

    `how` it came about, and by whom, stand in the audit trail.
    Raises NotFound where nobody of that name is known, SetupError for a person, Conflict where the account has as many
    certificates that hold as it may.
    """
    account = accounts.find(name, tenant=tenant)
    if account is None or account.disabled:
        hint = "pollux token add DIR NAME --kind device --twin TYPE/ID makes a device's account"
        raise NotFound(f"expected the name of an account, got {name!r}", hint=hint)
    if account.kind == "person":
        raise SetupError(f"expected a device or a service, got the person {name}", hint="people have passwords")
    if sum(one.valid(now) for one in accounts.certificates.of(name, tenant=tenant)) >= MOST:
        hint = "pollux identity revoke ends those that are not in use"
        raise Conflict(f"expected at most {MOST} certificates of {name} that hold", hint=hint)
    issuer = authority.issuer
    made = device_certificate(account.name, key, issuer, now)
    times, by = span(made), serial_of(issuer.certificate)
    mine = (made.serial_number, account.tenant, account.name)
    accounts.certificates.add(
        Enrolled(fingerprint(made), *mine, now, times.start, times.end, None, by), how=how, who=who
    )
    return made


def revoke(accounts: Accounts, authority: Authority, word: str, now: int) -> list[Enrolled]:
    """End a certificate by its serial number, or all of an account by its name; what was ended.

    The record is first: it is looked at on every connection, so a crash before the list is written lets nobody in.
    """
    chosen = [one for one in accounts.certificates.meant(word) if one.ended is None]
    accounts.certificates.end(chosen, now)
    authority.relist(accounts.certificates.revoked(now), now)
    return chosen
