"""`pollux token`: accounts and tokens of people, services and devices."""

import argparse
import getpass
import json
import sys
from typing import Final

from pollux.clock import WallClock, iso
from pollux.errors import SetupError
from pollux.guard import Account, Accounts
from pollux.model.suggest import did_you_mean
from pollux.site.console import user

ROLES: Final = ("viewer", "operator", "engineer", "clinician", "approver", "app", "service", "administrator")


def run(options: argparse.Namespace) -> int:
    """Add, list or revoke; a token's secret is shown once, when it is made."""
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    accounts = Accounts(options.data / "accounts.db", clock=WallClock(), who=user())
    try:
        return {"add": add, "list": listed, "revoke": revoke, "person": person}[options.action](accounts, options)
    finally:
        accounts.close()


def add(accounts: Accounts, options: argparse.Namespace) -> int:
    """Make an account where there is none, and a token for it."""
    name = _name(options)
    known = accounts.find(name)
    if known is None or _nobodys(known):
        roles, twins = _rights(options)
        accounts.add(name, kind=options.kind, roles=roles, twins=twins, subject=_subject(roles, twins))
    elif _another(known, options):
        raise SetupError(
            f"expected what {name} was made with, {_words(known)}, got other rights", hint="take another name"
        )
    token = accounts.issue(name)
    print(json.dumps({"name": name, "id": token.id, "token": token.secret}) if options.json else token.secret)
    return 0


def person(accounts: Accounts, options: argparse.Namespace) -> int:
    """Make a person's account with a password, which is asked for, or read from standard input where it is piped."""
    name = _name(options)
    roles, twins = options.role or ["viewer"], [options.twin or "*"]
    accounts.add(name, kind="person", roles=_known(roles), twins=twins, subject=_subject(roles, twins))
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
        print(f"{account.name:24} {account.kind:8} {_words(account)}")
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
    return _known(options.role), [options.twin or "*"]


def _known(roles: list[str]) -> list[str]:
    """The roles, if all of them are: an account with a misspelt one could do nothing, and nobody would know why."""
    for role in roles:
        if role not in ROLES:
            raise SetupError(
                f"expected one of {', '.join(ROLES)}, got {role!r}", at="--role", hint=did_you_mean(role, ROLES)
            )
    return roles


def _subject(roles: list[str], twins: list[str]) -> str | None:
    """The person for whom an app speaks, who has the id of the person's twin; None for every other account."""
    if "app" not in roles:
        return None
    type_, _, id_ = twins[0].partition("/")
    if not type_ or not id_ or {"*", "/"} & {*type_, *id_}:
        raise SetupError(
            f"expected the twin of the person whose app it is, got {twins[0]!r}", hint="--role app --twin Patient/anna"
        )
    return id_


def _another(account: Account, options: argparse.Namespace) -> bool:
    """Whether rights are asked for that an account does not have: a token of it would open other doors than meant."""
    roles, twin = frozenset(options.role), options.twin
    return bool(roles and roles != account.roles) or bool(twin and (twin,) != account.twins)


def _words(account: Account) -> str:
    return f"{', '.join(sorted(account.roles))}  on {', '.join(account.twins)}"


def _nobodys(account: Account) -> bool:
    """Whether it is an app's account that nobody has said the person of."""
    return "app" in account.roles and account.subject is None
