"""From a key to a certificate in a device's record."""

from cryptography import x509

from pollux.errors import NotFound, SetupError
from pollux.guard.accounts import Accounts
from pollux.guard.authority import Authority
from pollux.guard.certificates import PublicKey, fingerprint, span
from pollux.guard.records import Enrolled


def enrol(
    accounts: Accounts, authority: Authority, name: str, key: PublicKey, now: int, *, tenant: str = ""
) -> x509.Certificate:
    """A certificate for an account's key, in its record when this returns; older ones of the account go on.

    Raises NotFound where nobody of that name is known, SetupError for a person.
    """
    account = accounts.find(name, tenant=tenant)
    if account is None or account.disabled:
        hint = "pollux token add DIR NAME --kind device --twin TYPE/ID makes a device's account"
        raise NotFound(f"expected the name of an account, got {name!r}", hint=hint)
    if account.kind == "person":
        raise SetupError(f"expected a device or a service, got the person {name}", hint="people have passwords")
    made = authority.device(account.name, key, now)
    times = span(made)
    mine = (made.serial_number, account.tenant, account.name)
    accounts.certificates.add(Enrolled(fingerprint(made), *mine, now, times.start, times.end, None))
    return made


def revoke(accounts: Accounts, authority: Authority, word: str, now: int) -> list[Enrolled]:
    """End a certificate by its serial number, or all of an account by its name; what was ended.

    The record is first: it is looked at on every connection, so a crash before the list is written lets nobody in.
    """
    chosen = [one for one in accounts.certificates.meant(word) if one.ended is None]
    accounts.certificates.end(chosen, now)
    authority.relist(accounts.certificates.revoked(now), now)
    return chosen
