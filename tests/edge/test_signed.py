"""Signed orders at the agent, with somebody on the way who changes, repeats, forges and floods."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

import pollux as px
from pollux.act import Order
from pollux.clock import SECOND, SimulatedClock, iso
from pollux.edge.driving import Driven, Driving
from pollux.edge.orders import REMEMBERED, Orders
from pollux.guard.signing import OrderKey, public_keys
from pollux.site.carrier import message

START = 1_800_000_000 * SECOND
TOPIC = "twins/Fan/F-1/commands"
KEY = OrderKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
FOREIGN = OrderKey(Ed25519PrivateKey.from_private_bytes(bytes([1] * 32)))


class Fan(px.Twin):
    """A fan whose speed can be set."""

    speed = px.actuator("rpm", low=600, high=3000, safe=600)
    heat = px.actuator("degC", low=10, high=60, safe=20)


@dataclass
class Bench:
    """An agent that believes one key."""

    signed: bool = True

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(START)
        self.set: list[tuple[str, float]] = []
        writes = {name: lambda value, name=name: self.set.append((name, value)) for name in ("speed", "heat")}
        self.driving = Driving(Driven(Fan.__pollux__, "F-1", writes, 5.0), self.clock, lambda told: None)
        self.again()

    def again(self) -> None:
        """The agent is started anew."""
        self.orders = Orders([], [self.driving], self.clock, [KEY.public] if self.signed else [])

    def hear(self, payload: bytes, topic: str = TOPIC) -> list[tuple[str, str]]:
        answers = self.orders.hear(topic, payload)
        return [(body["state"], body["reason"]) for body in (json.loads(payload) for _, payload in answers)]


def order(id: str = "o1", *, twin: str = "F-1", key: OrderKey | None = KEY, age: int = 0, **params: float) -> bytes:
    """An order as the site sends it."""
    told = tuple(sorted((params or {"speed": 2000.0}).items()))
    made = Order(id, "Fan", twin, "set", told, "eve", START - age * SECOND, START + 60 * SECOND, "cool it")
    return message(made, dict(told), key)


def changed(payload: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(payload), **fields}).encode()


def test_a_signed_order_is_carried_out_once_and_answered_as_often_as_it_comes():
    """Accepted and done; the same signature again sets nothing."""
    bench = Bench()
    assert bench.hear(order()) == [("accepted", "signature and limits checked at the device"), ("done", "")]
    assert [state for state, _ in bench.hear(order())] == ["done"]
    assert bench.set == [("speed", 2000.0)]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (order(key=None), "expected a signed order"),
        (order(key=FOREIGN), "known here"),
        (changed(order(), params={"speed": 2999.0}), "got another params"),
        (changed(order(), id="o2"), "got another id"),
        (changed(order(), expires_at=iso(START + 3600 * SECOND)), "got another expires_at"),
        (changed(order(), issued_at=iso(START + SECOND)), "got another issued_at"),
        (changed(order(), target="Fan/F-2"), "got another target"),
        (changed(order(), target=""), "got another target"),
        (order(twin="F-2"), "got another target"),
        (changed(order(), signature=json.loads(order(speed=700.0))["signature"]), "got another params"),
        (changed(order(), signature="!"), "base64"),
        (changed(order(), signature=base64.b64encode(b"\xd2\x84\x00").decode()), "expected"),
        (order(age=1), "since the agent was started"),
    ],
)
def test_what_the_site_has_not_signed_for_this_twin_is_rejected_with_the_reason(payload: bytes, words: str):
    """A changed field, a foreign key, another twin's order, an older one: nothing is set."""
    bench = Bench()
    ((state, reason),) = bench.hear(payload)
    assert state == "rejected"
    assert words in reason
    assert bench.set == []
    assert [state for state, _ in bench.hear(order())] == ["accepted", "done"], "the true one is not held up by it"


@settings(max_examples=100)
@given(st.data())
def test_no_bit_of_a_signed_order_can_be_changed(data: st.DataObject):
    """Of the whole message: what is set is what was signed, or nothing."""
    payload = bytearray(order())
    bit = data.draw(st.integers(0, 8 * len(payload) - 1))
    payload[bit // 8] ^= 1 << bit % 8
    bench = Bench()
    bench.hear(bytes(payload))
    assert bench.set in ([], [("speed", 2000.0)])


def test_whoever_floods_cannot_make_the_agent_forget_what_it_has_done():
    """A thousand made-up orders later the true one is still known; after its time it is over; and after a restart,
    which forgets it, it is too old.
    """
    bench = Bench()
    bench.hear(order())
    for number in range(REMEMBERED + 1):
        bench.hear(changed(order(), id=f"x{number}"))
    assert [state for state, _ in bench.hear(order())] == ["done"]
    bench.clock.advance_to(START + SECOND)
    bench.again()
    ((state, reason),) = bench.hear(order())
    assert (state, "older one" in reason) == ("rejected", True)
    late = Bench()
    late.clock.advance_to(START + 61 * SECOND)
    late.orders._started = START
    assert late.hear(order()) == [("rejected", "its time is over")]
    assert bench.set == [("speed", 2000.0)]
    assert late.set == []


def test_an_agent_without_a_key_believes_its_link_as_before():
    """Signed or not."""
    bench = Bench(signed=False)
    assert [state for state, _ in bench.hear(order(key=None))] == ["accepted", "done"]
    assert [state for state, _ in bench.hear(order("o2"))] == ["accepted", "done"]


def test_while_a_site_changes_its_key_an_agent_knows_both(tmp_path):
    """One file with two public keys; a file without any is said to be none."""
    path = tmp_path / "orders.pem"
    path.write_bytes(KEY.text + FOREIGN.text)
    assert [one.public_bytes_raw() for one in public_keys(path)] == [
        one.public.public_bytes_raw() for one in (KEY, FOREIGN)
    ]
    path.write_bytes(b"nothing")
    with pytest.raises(px.SetupError, match="expected public keys on Ed25519"):
        public_keys(path)


def test_the_key_is_made_once_and_locked_where_the_site_has_a_passphrase(tmp_path):
    """Another passphrase opens nothing, and the file is its owner's alone."""
    made = OrderKey.made(tmp_path, b"a long passphrase")
    assert OrderKey.made(tmp_path, b"a long passphrase").text == made.text
    assert (tmp_path / "orders.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(px.SetupError, match="expected the passphrase"):
        OrderKey.kept(tmp_path, None)
    assert OrderKey.kept(tmp_path / "nowhere", None) is None
