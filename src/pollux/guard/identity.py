"""Who is asking: an identity and the credential it came with."""

import re
from dataclasses import dataclass, field
from typing import Literal, final

from pollux.errors import SetupError

Kind = Literal["person", "device", "service"]
KINDS: tuple[Kind, ...] = ("person", "device", "service")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.:-]{0,127}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def checked_name(name: str) -> str:
    """The name itself, if an account may bear it: it appears in patterns, records and log lines, so it is plain.

    >>> checked_name("pump-7")
    'pump-7'
    """
    if not _NAME.fullmatch(name):
        raise SetupError(
            f"expected a name of letters, digits and _@.:- (at most 128), got {name!r}",
            hint="a person's full name belongs in a fact or a label, not in the account's name",
        )
    return name


def is_plain(name: str) -> bool:
    """Whether a name that nobody vouched for may stand in a pattern: no wildcard, no separator, nothing to parse.

    >>> is_plain("P-7"), is_plain("*"), is_plain("a/b")
    (True, False, False)
    """
    return bool(_PLAIN.fullmatch(name))


@final
@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody or something that has proved who it is.

    `roles` say what may be done (policy.py); `twins` are the patterns `type/id` within which that holds, and none means
    nothing. `subject` names the person of whom a device's data speak. `grant` is the credential's own id, which ends
    with its revocation; it is no secret.

    >>> Identity("", "P-7", "device", frozenset({"device"}), ("Pump/P-7",)).name
    'P-7'
    """

    tenant: str
    name: str
    kind: Kind
    roles: frozenset[str] = frozenset()
    twins: tuple[str, ...] = ()
    subject: str | None = None
    grant: str = ""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        mine = (self.tenant, self.name, self.kind, self.roles, self.twins, self.subject, self.grant)
        object.__setattr__(self, "_hash", hash(mine))

    def __hash__(self) -> int:
        # Decisions are cached by identity, so its hash is wanted once per decision: it is computed once.
        return self._hash


@final
@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody showed at a door; the secret never appears in a text.

    >>> Credential("P-7", secret=b"hush")
    Credential(name='P-7', client='', address='', certificate=None)

    `certificate` is the fingerprint of the one that the connection itself has shown, in TLS.
    """

    name: str | None
    secret: bytes | None = field(default=None, repr=False)
    client: str = ""
    address: str = ""
    certificate: bytes | None = None
