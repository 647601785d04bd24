"""`pollux identity`: the site's own certificate authority."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from pollux.clock import WallClock, iso
from pollux.errors import SetupError
from pollux.guard import Accounts, files
from pollux.guard.authority import ROOT_LIST, Authority
from pollux.guard.certificates import new_key, span
from pollux.guard.enrolment import enrol, revoke
from pollux.guard.issuers import serial_of
from pollux.guard.keys import PEM, key_text
from pollux.guard.records import Enrolled
from pollux.guard.requested import requested_key
from pollux.guard.sealing import KeptKey
from pollux.guard.signing import OrderKey
from pollux.guard.succession import renew_issuer, revoke_issuer
from pollux.site import sealing
from pollux.site.console import user
from pollux.site.endings import ends_soon
from pollux.site.enrolling import fetched

FOLDER: Final = "identity"
_OF_THE_ROOT: Final = "passphrase of the root's key: "
PASSPHRASE: Final = "POLLUX_IDENTITY_PASSPHRASE"  # noqa: S105  the name of a variable


def run(options: argparse.Namespace) -> int:
    """Make the authority, or let it do something."""
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "init": init,
        "server": server,
        "issue": issue,
        "renew": issue,
        "revoke": end,
        "list": listed,
        "renew-root": renew_root,
        "renew-issuer": follow,
        "revoke-issuer": end_issuer,
        "code": code,
        "enrol": fetch,
        "seal": sealing.seal,
        "end-seal": sealing.end_seal,
        "order-key": lambda asked: sealing.order_key(asked, passphrase(), asked.data / FOLDER),
    }
    if options.action != "enrol":
        options.data = Path(options.data)
    actions[options.action](options)
    return 0


def passphrase() -> bytes | None:
    """What the keys of this site are locked with, from the environment; None where they are not."""
    return os.environ.get(PASSPHRASE, "").encode() or None


def authority_of(data: Path) -> Authority:
    """The authority of a data folder; raises SetupError where there is none."""
    return Authority.opened(data / FOLDER, passphrase=passphrase())


def init(options: argparse.Namespace) -> None:
    """Make root and issuer; the root's key leaves for the file that was named, encrypted."""
    export = _given(options.root, "--root FILE", "where the root's key is to be kept, on another disk")
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    title = options.title or options.data.resolve().parent.name or "Pollux"
    made = Authority.made(
        options.data / FOLDER,
        title,
        export=export,
        secret=_asked("passphrase for the root's key: "),
        now=WallClock().now(),
        passphrase=passphrase(),
    )
    if options.host:
        made.serve_as(options.host, WallClock().now())
    _written(options.data, "authority made", made.mark, " ".join(options.host or []))
    print(
        f"authority {made.mark}\nthe root's key is in {export}, encrypted: keep that file and its passphrase elsewhere"
    )


def server(options: argparse.Namespace) -> None:
    """Make the certificate that the listeners show; one that serves takes it over at once."""
    hosts: list[str] = options.host or []
    if not hosts:
        raise SetupError("expected a name or an address", hint="--host plant.example --host 192.0.2.7")
    made = authority_of(options.data).serve_as(hosts, WallClock().now())
    _written(options.data, "server certificate made", serial_of(made), " ".join(hosts))
    print(f"{made.serial_number:040x}  until {iso(span(made).end)}")


def issue(options: argparse.Namespace) -> None:
    """Give an account a certificate: for the key of a request, or with a key that is made here and written once."""
    name, out = _named(options), _given(options.out, "--out FOLDER", "where the certificate is to be written")
    authority = authority_of(options.data)
    key = None if options.csr else new_key()
    public = key.public_key() if key else requested_key(options.csr.read_bytes())
    with closing(_accounts(options.data)) as accounts:
        if options.action == "renew" and not _alive(accounts, name):
            raise SetupError(f"expected a certificate of {name} that holds", hint=f"pollux identity issue ... {name}")
        how = "renewed" if options.action == "renew" else "issued"
        made = enrol(accounts, authority, name, public, WallClock().now(), how=how)
    out.mkdir(mode=files.FOLDER_MODE, parents=True, exist_ok=True)
    if key:
        files.replace(out / f"{name}.key", key_text(key))
    files.replace(out / f"{name}.pem", made.public_bytes(PEM) + authority.chain)
    files.replace(out / "authority.pem", authority.root.public_bytes(PEM))
    orders = OrderKey.kept(options.data / FOLDER, passphrase())
    if orders:
        files.replace(out / "orders.pem", orders.text)
    print(f"{made.serial_number:040x}  until {iso(span(made).end)}")


def end(options: argparse.Namespace) -> None:
    """End one certificate, or all of an account."""
    with closing(_accounts(options.data)) as accounts:
        for one in revoke(accounts, authority_of(options.data), _named(options), WallClock().now()):
            print(f"{one.id}  {one.name}")


def listed(options: argparse.Namespace) -> None:
    """Print what the authority stands on, every certificate, and every key with which devices seal."""
    seals = sealing.listed(options.data)
    if seals and not (options.data / FOLDER / "root.pem").exists():
        _list_seals(seals, as_json=options.json)
        return
    authority, now = authority_of(options.data), WallClock().now()
    with closing(_accounts(options.data)) as accounts:
        known = accounts.certificates.of()
    issuers = {serial_of(one): span(one).end for one in authority.issuers.certificates()}
    if options.json:
        rows = [_row(one, now) for one in known]
        said = {"authority": authority.mark, "ends": authority.ends(), "issuers": issuers, "certificates": rows}
        print(json.dumps({**said, "seals": [sealing.row(one) for one in seals]}))
        return
    print(f"authority {authority.mark}")
    for serial, until in issuers.items():
        print(f"issuer {serial}  until {iso(until)}")
    for name, until in authority.ends().items():
        print(f"{name:42} {_until(name, until, now)}")
    for one in known:
        print(f"{one.id}  {one.name:24} {_state(one, now)}")
    _list_seals(seals)


def _list_seals(seals: Sequence[KeptKey], *, as_json: bool = False) -> None:
    if as_json:
        print(json.dumps({"seals": [sealing.row(one) for one in seals]}))
        return
    for one in seals:
        print(sealing.line(one, WallClock().now()))


def renew_root(options: argparse.Namespace) -> None:
    """Let the root say anew what it stands for, from its export."""
    export = _given(options.root, "--root FILE", "the export of the root's key")
    authority, now = authority_of(options.data), WallClock().now()
    with closing(_accounts(options.data)) as accounts:
        revoked = accounts.certificates.revoked(now)
    root = authority.root_from(export, _asked(_OF_THE_ROOT))
    authority.renew_root_list(root, revoked, now)
    until = authority.ends()[ROOT_LIST]
    _written(options.data, "root's list renewed", authority.mark, f"until {iso(until)}")
    print(f"until {iso(until)}")


def follow(options: argparse.Namespace) -> None:
    """Let a new issuer follow, signed by the root from its export; what the old one has issued goes on."""
    export = _given(options.root, "--root FILE", "the export of the root's key")
    authority, now = authority_of(options.data), WallClock().now()
    with closing(_accounts(options.data)) as accounts:
        made = renew_issuer(accounts, authority, export, _asked(_OF_THE_ROOT), now)
    print(f"{serial_of(made)}  until {iso(span(made).end)}")


def end_issuer(options: argparse.Namespace) -> None:
    """End an issuer and all that it has issued; devices enrol anew."""
    export = _given(options.root, "--root FILE", "the export of the root's key")
    authority, now = authority_of(options.data), WallClock().now()
    with closing(_accounts(options.data)) as accounts:
        ended = revoke_issuer(
            accounts, authority, export, _asked(_OF_THE_ROOT), now, serial=options.name or ""
        )  # fmt: skip
    for one in ended:
        print(f"{one.id}  {one.name}")
    print(f"issuer {serial_of(authority.issuer.certificate)} issues; give each device a code: pollux identity code")


def code(options: argparse.Namespace) -> None:
    """Print a code with which a device enrols once; it names the authority, so that the device knows whom it tells."""
    mark = authority_of(options.data).mark
    with closing(_accounts(options.data)) as accounts:
        print(f"{accounts.issue_code(_named(options)).secret}.{mark}")


def fetch(options: argparse.Namespace) -> None:
    """On the device: make a key, and get a certificate for it from the site of an address."""
    out = _given(options.out, "--out FOLDER", "where key and certificate are to be written")
    given = options.name or _asked("code: ").decode()
    made = fetched(str(options.data), given, out)
    print(f"{made.serial_number:040x}  until {iso(span(made).end)}")


def _written(data: Path, action: str, target: str, detail: str) -> None:
    """Put what changes no account into the audit trail, by way of the spool."""
    with closing(_accounts(data)) as accounts:
        accounts.spool.tell(action, target, detail)


def _accounts(data: Path) -> Accounts:
    return Accounts(data / "accounts.db", clock=WallClock(), who=user())


def _alive(accounts: Accounts, name: str) -> bool:
    now = WallClock().now()
    return any(one.valid(now) for one in accounts.certificates.of(name))


def _row(one: Enrolled, now: int) -> dict[str, object]:
    return {"serial": one.id, "name": one.name, "expires": iso(one.expires), "state": _state(one, now)}


def _state(one: Enrolled, now: int) -> str:
    if one.ended is not None:
        return f"revoked {iso(one.ended)}"
    if now >= one.expires:
        return f"expired {iso(one.expires)}"
    return _until(one.name, one.expires, now)


def _until(name: str, until: int, now: int) -> str:
    return f"until {iso(until)}" + ("  ends soon: renew it" if ends_soon(name, until, now) else "")


def _named(options: argparse.Namespace) -> str:
    if not options.name:
        raise SetupError("expected a name", hint=f"pollux identity {options.action} DIR NAME")
    return str(options.name)


def _given(path: Path | None, option: str, why: str) -> Path:
    if path is None:
        raise SetupError(f"expected {option}", hint=why)
    return path


def _asked(question: str) -> bytes:
    """A passphrase, asked for, or read from standard input where it is piped."""
    return (getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")).encode()
