"""One issuer after another: renewed with overlap while it may be trusted, revoked at once when it may not.

Both need the root, from where it is kept. What a crash has left half done is completed by the same command again: a
revocation ends records first, for these are looked at on every connection.
"""

from pathlib import Path

from cryptography import x509

from pollux.guard.accounts import Accounts
from pollux.guard.authority import Authority
from pollux.guard.issuers import serial_of
from pollux.guard.records import Enrolled


def renew_issuer(accounts: Accounts, authority: Authority, export: Path, secret: bytes, now: int) -> x509.Certificate:
    """A new issuer, which issues from now on; what the old one has issued holds until it ends.

    The listeners get a certificate of the new one, under the same names. Raises SetupError for another root than this
    authority's, or a wrong passphrase.
    """
    root = authority.root_from(export, secret)
    old, made = authority.issuer.certificate, authority.succeed(root, accounts.certificates.revoked(now), now)
    accounts.spool.tell("issuer renewed", serial_of(made), f"follows {serial_of(old)}")
    return made


def revoke_issuer(
    accounts: Accounts, authority: Authority, export: Path, secret: bytes, now: int, *, serial: str = ""
) -> list[Enrolled]:
    """End an issuer, the current one unless another is named, with all that it has issued; what was ended comes back.

    The root's list names it, its key is destroyed, and a new one issues in its place where it was the current one.
    Raises SetupError as `renew_issuer`, NotFound for the serial number of no issuer.
    """
    root = authority.root_from(export, secret)
    meant = authority.issuers.meant(serial) if serial else authority.issuer.certificate
    found = accounts.certificates.issued_by(serial_of(meant))
    chosen = [one for one in found if one.ended is None]
    accounts.certificates.end(chosen, now)
    accounts.spool.tell("issuer revoked", serial_of(meant), f"with {len(chosen)} certificates", always=True)
    revoked = accounts.certificates.revoked(now)
    if meant == authority.issuer.certificate:
        authority.succeed(root, revoked, now)
    authority.renew_root_list(root, revoked, now, without=[meant.serial_number])
    # Last: while its file is there the command can be given again.
    authority.issuers.drop(serial_of(meant))
    authority.relist(revoked, now)
    return chosen
