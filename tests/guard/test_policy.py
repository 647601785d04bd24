"""The one gate: what is granted, what is not, and that nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.errors import SetupError
from pollux.guard import DEFAULT_POLICY, Credential, Gate, Grant, Identity, Policy
from pollux.guard.policy import ACTIONS, covers

NAMES = st.text("abcP-7_.", min_size=1, max_size=5)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def person(*roles: str, twins: tuple[str, ...] = ("*",), name: str = "ann") -> Identity:
    return Identity("", name, "person", frozenset(roles), twins)


DEVICE = Identity("", "P-7", "device", frozenset({"device"}), ("Pump/P-7",))


@given(st.sampled_from(sorted(ACTIONS)), PATHS)
def test_who_has_no_grant_may_nothing(action: str, target: str) -> None:
    """Deny by default: no role, no twins or no policy each refuse every action on every target."""
    for identity in (person(), person("stranger"), person("administrator", twins=())):
        assert not DEFAULT_POLICY.allows(identity, action, target)  # type: ignore[arg-type]
    assert not Policy([]).allows(person("administrator"), action, target)  # type: ignore[arg-type]


@given(PATHS, PATHS)
def test_a_pattern_without_wildcards_covers_itself_and_what_is_below(pattern: str, below: str) -> None:
    """A plain path covers exactly itself and its own continuation, never a path that merely begins alike."""
    assert covers(pattern, pattern)
    assert covers(pattern, f"{pattern}/{below}")
    assert not covers(f"{pattern}/{below}", pattern)
    assert not covers(pattern, pattern + "x")


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        ("Pump/*/temp", "Pump/P-7/temp", True),
        ("Pump/*/temp", "Pump/P-7/wear", False),
        ("Pump/*/temp", "Pump/P-7", False),
        ("Pump/*/temp", "Pump/P-7/*", False),
        ("Pump/P-*", "Pump/P-7/temp", True),
        ("Pump/P-*", "Pump/Q-7/temp", False),
        ("Pump/P-*", "Pump/*", False),
        ("*", "Pump/P-7/temp", True),
        ("Pump/*", "Pump/*/*", True),
        ("Pump.", "Pumpx", False),
        ("Pump/*", "Pump/a\nb", True),
    ],
)
def test_what_patterns_cover(pattern: str, target: str, expected: bool) -> None:
    """Wildcards stay inside their segment, `*` in a target needs a `*` in the pattern, dots are only dots."""
    assert covers(pattern, target) is expected


def test_a_device_reaches_its_own_twin_only() -> None:
    """A device publishes its telemetry and acknowledgements, hears its commands, and nothing of or about another."""
    gate = Gate()
    assert gate.may(DEVICE, "publish", "Pump/P-7/telemetry")
    assert gate.may(DEVICE, "publish", "Pump/P-7/ack")
    assert gate.may(DEVICE, "subscribe", "Pump/P-7/commands")
    refused = [
        ("publish", "Pump/P-7/commands"),
        ("publish", "Pump/P-7/state"),
        ("publish", "Pump/P-8/telemetry"),
        ("publish", "Pump/*/telemetry"),
        ("subscribe", "Pump/P-8/commands"),
        ("subscribe", "Pump/*/commands"),
        ("read", "Pump/P-7/temp"),
        ("command", "Pump/P-7/speed"),
        ("admin", "*"),
    ]
    assert not [case for case in refused if gate.may(DEVICE, *case)]  # type: ignore[arg-type]


def test_an_app_reaches_the_plan_of_its_own_person_only() -> None:
    """It hears and answers that plan; commands, telemetry and every other person are as absent as for a stranger."""
    gate = Gate()
    app = Identity("", "phone", "service", frozenset({"app"}), ("Patient/anna",))
    assert gate.may(app, "subscribe", "Patient/anna/plan")
    assert gate.may(app, "publish", "Patient/anna/plan-ack")
    refused = [
        ("publish", "Patient/anna/plan"),
        ("publish", "Patient/anna/ack"),
        ("publish", "Patient/anna/telemetry"),
        ("subscribe", "Patient/anna/commands"),
        ("subscribe", "Patient/bert/plan"),
        ("publish", "Patient/bert/plan-ack"),
        ("read", "Patient/anna/weight"),
        ("approve", "Patient/anna/commands"),
    ]
    assert not [case for case in refused if gate.may(app, *case)]  # type: ignore[arg-type]
    for action, part in (("subscribe", "plan"), ("publish", "plan-ack")):
        assert not gate.may(DEVICE, action, f"Pump/P-7/{part}")  # type: ignore[arg-type]


def test_a_grant_names_one_account() -> None:
    """A grant to a person's name is not a grant to a device of that name."""
    policy = Policy([Grant("person:ann", frozenset({"approve"}), "Pump")])
    assert policy.allows(person(), "approve", "Pump/P-7")
    impostor = Identity("", "ann", "device", frozenset({"device"}), ("*",))
    assert not policy.allows(impostor, "approve", "Pump/P-7")


@pytest.mark.parametrize(
    ("who", "actions", "target"),
    [("ann", {"read"}, "*"), ("role:x", {"fly"}, "*"), ("role:x", set(), "*"), ("role:x", {"read"}, "/a")],
)
def test_wrong_grants_are_refused_when_they_are_made(who: str, actions: set[str], target: str) -> None:
    """A grant that could never apply as meant is an error where it is written, not a silent refusal later."""
    with pytest.raises(SetupError):
        Grant(who, frozenset(actions), target)  # type: ignore[arg-type]


def test_remembered_decisions_are_the_same_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of decisions never changes an answer and never outgrows its bound."""
    monkeypatch.setattr("pollux.guard.gate.DECISIONS", 50)
    gate, viewer = Gate(), person("viewer", twins=("Pump",))
    for _ in range(2):
        for number in range(200):
            assert gate.may(viewer, "read", f"Pump/{number}/temp")
            assert not gate.may(viewer, "read", f"Room/{number}/temp")
    assert len(gate._decisions) <= 50


@pytest.mark.parametrize("name", ["*", "P-*", "a/b", "+", "#", "", "a b", "Pump/P-7", "..", "P\n7"])
def test_nobody_comes_in_by_a_name_that_is_a_pattern(name: str) -> None:
    """Where devices come in by name, a name with a wildcard or separator is nobody: it would be power."""
    gate = Gate(by_name=True)
    assert gate.authenticate(Credential(name, address="127.0.0.1")).result() is None
    assert gate.authenticate(Credential(None, client=name, address="127.0.0.1")).result() is None


def test_by_name_only_when_asked_for_and_only_from_here() -> None:
    """Without `by_name`, or from another machine, or with a secret that nobody gave out, a name proves nothing."""
    assert Gate().authenticate(Credential("P-7", address="127.0.0.1")).result() is None
    gate = Gate(by_name=True)
    assert gate.authenticate(Credential("P-7", address="10.0.0.7")).result() is None
    assert gate.authenticate(Credential("P-7", secret=b"guess", address="127.0.0.1")).result() is None
    found = gate.authenticate(Credential(None, client="P-7", address="::1")).result()
    assert found is not None
    assert (found.kind, found.twins, gate.alive(found)) == ("device", ("*/P-7",), True)
    assert not Gate().alive(found)
