"""What may be done to what: grants, compiled into one test.

A target is a path `type/id/signal`, or `type/id/channel` for what travels over a wire. A pattern covers a target when
it matches every segment it has; a shorter pattern covers everything below. `*` in a target means "all of them", and
only a `*` in the pattern covers that: who may read one signal may not read the twin as a whole.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, final, get_args

from pollux.errors import SetupError
from pollux.guard.identity import Identity

Action = Literal["read", "write", "command", "propose", "approve", "admin", "publish", "subscribe", "see-names"]
ACTIONS: frozenset[str] = frozenset(get_args(Action))

_WHO = re.compile(r"(role|person|device|service):[^\s/*]+")


@lru_cache(maxsize=65_536)
def _compiled(pattern: str) -> re.Pattern[str]:
    segments = ("[^/]*".join(map(re.escape, segment.split("*"))) for segment in pattern.split("/"))
    return re.compile("/".join(segments) + r"(?:/.*)?", re.DOTALL)


def covers(pattern: str, target: str) -> bool:
    """Whether a pattern reaches a target.

    >>> covers("Pump/*/temp", "Pump/P-7/temp"), covers("Pump/*", "Pump/P-7/temp"), covers("Pump/*/temp", "Pump/P-7/*")
    (True, True, False)
    """
    if "*" not in pattern:
        # As for the own twin of each of many devices: a regular expression for each would cost half a millisecond.
        return target == pattern or target.startswith(pattern + "/")
    return _compiled(pattern).fullmatch(target) is not None


@final
@dataclass(frozen=True, slots=True)
class Grant:
    """One line of a policy: who (`role:operator`, `person:ann`, `service:erp`, `device:P-7`) may do what to what.

    >>> Grant("role:viewer", frozenset({"read"}), "Pump/*/temp").target
    'Pump/*/temp'
    """

    who: str
    actions: frozenset[Action]
    target: str

    def __post_init__(self) -> None:
        if not _WHO.fullmatch(self.who):
            raise SetupError(f"expected who as role:, person:, device: or service:NAME, got {self.who!r}", at="Grant")
        if not self.actions or not self.actions <= ACTIONS:
            raise SetupError(f"expected some of {', '.join(sorted(ACTIONS))}, got {sorted(self.actions)}", at="Grant")
        if not self.target or self.target.startswith("/") or "//" in self.target:
            raise SetupError(f"expected a target such as 'Pump/*/temp', got {self.target!r}", at="Grant")


@final
class Policy:
    """A frozen list of grants. What no grant names is refused; there is no grant that takes away.

    >>> policy = Policy([Grant("role:viewer", frozenset({"read"}), "Pump/*/temp")])
    >>> ann = Identity("", "ann", "person", frozenset({"viewer"}), ("Pump/P-7",))
    >>> policy.allows(ann, "read", "Pump/P-7/temp"), policy.allows(ann, "read", "Pump/P-8/temp")
    (True, False)
    """

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grants)
        self._of: dict[str, list[Grant]] = {}
        for grant in self.grants:
            self._of.setdefault(grant.who, []).append(grant)

    def allows(self, identity: Identity, action: Action, target: str) -> bool:
        """Whether some grant of the identity names the action on the target, inside the identity's own twins."""
        if not any(covers(pattern, target) for pattern in identity.twins):
            return False
        return any(
            action in grant.actions and covers(grant.target, target)
            for who in (f"{identity.kind}:{identity.name}", *(f"role:{role}" for role in identity.roles))
            for grant in self._of.get(who, ())
        )


def _role(name: str, actions: Iterable[Action], target: str = "*") -> Grant:
    return Grant(f"role:{name}", frozenset(actions), target)


DEFAULT_POLICY = Policy(
    [
        _role("administrator", get_args(Action)),
        _role("engineer", ("read", "write", "propose", "command")),
        _role("operator", ("read", "propose", "command")),
        _role("approver", ("read", "approve")),
        _role("viewer", ("read",)),
        _role("service", ("read", "write")),
        _role("service", ("publish",), "*/*/telemetry"),
        _role("service", ("publish",), "*/*/ack"),
        _role("clinician", ("read", "propose", "approve", "see-names")),
        _role("app", ("publish",), "*/*/plan-ack"),
        _role("app", ("subscribe",), "*/*/plan"),
        _role("device", ("publish",), "*/*/telemetry"),
        _role("device", ("publish",), "*/*/ack"),
        _role("device", ("subscribe",), "*/*/commands"),
    ]
)
