"""`pollux identity seal`, `end-seal`, `order-key`: what protects payloads and orders where a broker is not trusted."""

import argparse
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from pollux.clock import WallClock, iso
from pollux.errors import SetupError
from pollux.guard import Accounts, files
from pollux.guard.sealing import KeptKey, SealKeys, told
from pollux.guard.signing import OrderKey
from pollux.site.console import user

KEYS: Final = "keys"


def seal(options: argparse.Namespace) -> None:
    """Make a key with which a device seals, and write it once, for the device."""
    name, out = _named(options), options.out
    if out is None:
        raise SetupError("expected --out FILE", hint="where the device's key is to be written")
    options.data.mkdir(parents=True, exist_ok=True, mode=files.FOLDER_MODE)
    keys, now = SealKeys(options.data / KEYS), WallClock().now()
    key = keys.make(name, options.twins or _twins(options.data, name), now=now)
    _written(options.data, "key to seal with made", key.id, name)
    files.replace(out, msgspec.json.encode(key) + b"\n")
    print(f"{key.id}  written to {out}")
    if options.only:
        _end(options.data, name, now, keep=key.id)


def end_seal(options: argparse.Namespace) -> None:
    """End one key by its id, or all of a device."""
    _end(options.data, _named(options), WallClock().now())


def order_key(options: argparse.Namespace, passphrase: bytes | None, folder: Path) -> None:
    """Print the public key with which devices check orders, or write it; the key is made where there is none."""
    options.data.mkdir(parents=True, exist_ok=True, mode=files.FOLDER_MODE)
    new = OrderKey.kept(folder, passphrase) is None
    key = OrderKey.made(folder, passphrase)
    if new:
        _written(options.data, "key that signs orders made", key.public.public_bytes_raw().hex(), "")
    if options.out is None:
        print(key.text.decode(), end="")
    else:
        options.out.write_bytes(key.text)
        print(f"written to {options.out}; a site that is running signs from its next start on")


def listed(data: Path) -> list[KeptKey]:
    """Every key with which devices seal."""
    return SealKeys(data / KEYS).all()


def line(key: KeptKey, now: int) -> str:
    """A key, for people."""
    return f"{key.id:42} {told(key, now)}  {', '.join(key.twins)}"


def row(key: KeptKey) -> dict[str, object]:
    """A key, for programs; what it is made of stays where it is."""
    return {
        "id": key.id,
        "name": key.name,
        "twins": list(key.twins),
        "since": iso(key.since),
        "until": iso(key.until) if key.ends else None,
    }


def _twins(data: Path, name: str) -> list[str]:
    """What a device's account may speak for; without an account the twins of its name."""
    path = data / "accounts.db"
    if path.exists():
        with closing(Accounts(path, clock=WallClock())) as accounts:
            account = accounts.find(name)
            if account is not None and account.twins:
                return list(account.twins)
    return [f"*/{name}"]


def _end(data: Path, name: str, now: int, *, keep: str = "") -> None:
    for one in SealKeys(data / KEYS).end(name, now=now, keep=keep):
        _written(data, "key to seal with ended", one.id, one.name)
        print(line(one, now))


def _written(data: Path, action: str, target: str, detail: str) -> None:
    """Put it into the audit trail, by way of the spool."""
    with closing(Accounts(data / "accounts.db", clock=WallClock(), who=user())) as accounts:
        accounts.spool.tell(action, target, detail)


def _named(options: argparse.Namespace) -> str:
    if not options.name:
        raise SetupError("expected a name", hint=f"pollux identity {options.action} DIR NAME")
    return str(options.name)
