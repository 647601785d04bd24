"""What ends soon of a site's identity, and what has ended: each is an alarm until it is renewed.

Certificates, lists and how long before their end they are called to mind, which `POLLUX_IDENTITY_SOON` says in days.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import DAY, iso
from pollux.errors import SetupError
from pollux.guard import Accounts
from pollux.guard.authority import ISSUER_LIST, ROOT_LIST
from pollux.guard.records import Enrolled
from pollux.watch import Severity
from pollux.watch.site import HOUSE

VARIABLE: Final = "POLLUX_IDENTITY_SOON"
SOON_DAYS: Final = 30.0
SHORTLY: Final = 2 * DAY
"""The same for the issuers' lists, which an open site writes anew each day."""

LISTED: Final = 20
"""Devices whose certificates end soon that have an alarm each; how many more there are is one alarm."""

_RENEWED_BY: Final[Mapping[str, str]] = {
    "root": "it cannot be renewed: make another authority and enrol the devices there",
    ROOT_LIST: "pollux identity renew-root DIR --root FILE",
    "issuer": "pollux identity renew-issuer DIR --root FILE",
    ISSUER_LIST: "a site that serves writes it each day: its log says why it could not",
    "server": "pollux identity server DIR --host NAME",
}


@final
@dataclass(frozen=True, slots=True)
class Ending:
    """Something that must be renewed: `rule` names it and whether it has ended; `about` is the device whose it is."""

    rule: str
    severity: Severity
    title: str
    detail: str
    about: str = HOUSE


def window() -> int:
    """How long before its end something is called to mind, in nanoseconds; raises SetupError for what is no number."""
    text = os.environ.get(VARIABLE) or f"{SOON_DAYS:g}"
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days <= 3_650:
        raise SetupError(f"expected days, 0 to 3650, got {text!r}", at=VARIABLE, hint=f"{VARIABLE}=30")
    return round(days * DAY)


def ends_soon(name: str, until: int, now: int) -> bool:
    """Whether a certificate or list of this name must be renewed now."""
    return until - now < (SHORTLY if name == ISSUER_LIST else window())


def endings(ends: Mapping[str, int], accounts: Accounts, now: int) -> list[Ending]:
    """What ends soon or has ended: what the listeners stand on, and the newest certificate of each device."""
    found = [_ending(name, until, now) for name, until in ends.items() if ends_soon(name, until, now)]
    due = sorted(
        (one for one in newest(accounts) if ends_soon(one.name, one.expires, now)),
        key=lambda one: (one.expires, one.name),
    )
    found += [_of_device(one, now) for one in due[:LISTED]]
    if len(due) > LISTED:
        text = "`pollux identity list` shows them all"
        title = f"Certificates of more than {LISTED} devices end soon"
        found.append(Ending("more-devices-end-soon", "medium", title, text))
    return found


def newest(accounts: Accounts) -> Iterable[Enrolled]:
    """Of each account that may come in, the certificate that holds longest, unless all were revoked."""
    found: dict[tuple[str, str], Enrolled] = {}
    for one in accounts.certificates.of():
        account, key = accounts.find(one.name, tenant=one.tenant), (one.tenant, one.name)
        if one.ended is not None or account is None or account.disabled:
            continue
        if key not in found or found[key].expires < one.expires:
            found[key] = one
    return found.values()


def _ending(name: str, until: int, now: int) -> Ending:
    phase, words = _words(until, now)
    what = name if "list" in name else f"certificate of the {name}"
    # For all of them nobody comes in by certificate once they have ended.
    return Ending(f"{_slug(name)}-{phase}", "high", f"The {what} {words}", f"{iso(until)}; {_RENEWED_BY[name]}")


def _of_device(one: Enrolled, now: int) -> Ending:
    phase, words = _words(one.expires, now)
    whose = f"{one.tenant}-{one.name}" if one.tenant else one.name
    detail = f"{iso(one.expires)}; pollux identity renew DIR {one.name}, or by the device itself"
    title = f"The certificate of {one.name} {words}"
    return Ending(f"device-{whose}-{phase}", "medium", title, detail, about=one.name)


def _words(until: int, now: int) -> tuple[str, str]:
    return ("ended", "has ended") if until <= now else ("ends-soon", "ends soon")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'s", "s"))
