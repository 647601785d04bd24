"""`pollux token`: accounts and tokens of people, services and devices."""

import argparse
import getpass
import json
import sys
from typing import Final

from pollux.clock import WallClock, iso
from pollux.errors import SetupError
from pollux.guard import Accounts

ROLES: Final = ("viewer", "operator", "engineer", "clinician", "approver", "app", "service", "administrator")


def run(options: argparse.Namespace) -> int:
    """Add, list or revoke; a token's secret is shown once, when it is made."""
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    accounts = Accounts(options.data / "accounts.db", clock=WallClock())
    try:
        return {"add": add, "list": listed, "revoke": revoke, "person": person}[options.action](accounts, options)
    finally:
        accounts.close()


def add(accounts: Accounts, options: argparse.Namespace) -> int:
    """Make an account where there is none, and a token for it."""
    name = _name(options)
    if accounts.find(name) is None:
        roles, twins = _rights(options)
        accounts.add(name, kind=options.kind, roles=roles, twins=twins)
    token = accounts.issue(name)
    print(json.dumps({"name": name, "id": token.id, "token": token.secret}) if options.json else token.secret)
    return 0


def person(accounts: Accounts, options: argparse.Namespace) -> int:
    """Make a person's account with a password, which is asked for, or read from standard input where it is piped."""
    name = _name(options)
    accounts.add(name, kind="person", roles=options.role or ["viewer"], twins=[options.twin or "*"])
    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    accounts.set_password(name, password)
    return 0


def listed(accounts: Accounts, options: argparse.Namespace) -> int:
    """Print every account with its tokens."""
    for account in accounts.accounts():
        tokens = [one for one in accounts.issued(account.name, tenant=account.tenant) if one.ended is None]
        if options.json:
            print(json.dumps({"name": account.name, "kind": account.kind, "roles": sorted(account.roles),
                              "twins": list(account.twins), "tokens": [one.id for one in tokens]}))  # fmt: skip
            continue
        print(f"{account.name:24} {account.kind:8} {', '.join(sorted(account.roles))}  on {', '.join(account.twins)}")
        for one in tokens:
            print(f"    {one.id}  {one.purpose}  since {iso(one.created)}")
    return 0


def revoke(accounts: Accounts, options: argparse.Namespace) -> int:
    """End a token by its id."""
    accounts.revoke(_name(options))
    return 0


def _name(options: argparse.Namespace) -> str:
    if not options.name:
        raise SetupError("expected a name", hint=f"pollux token {options.action} DIR NAME")
    return str(options.name)


def _rights(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Roles and twins: a device speaks for its own twin, others need a role."""
    if options.kind == "device":
        if not options.twin:
            raise SetupError("expected the twin that the device speaks for", hint="--twin TYPE/ID")
        return ["device"], [options.twin]
    if not options.role:
        raise SetupError("expected a role", hint=f"--role {', '.join(ROLES)}")
    return options.role, [options.twin or "*"]
