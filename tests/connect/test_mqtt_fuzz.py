"""Fuzzing with a canary: whatever some clients send, another is served throughout and nothing leaks."""

import contextlib
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pollux.connect import Limits
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Connect, Packet
from tests.connect.rig import Plant, running, until
from tests.connect.test_mqtt_codec import packets


@pytest.fixture(scope="module")
def target() -> object:
    """One endpoint for all cases of this module, so that what one case leaves behind is seen by the next."""
    with running("compiled", limits=Limits(arena_bytes=4 << 20)) as plant:
        plant.canary = plant.device("P-1", level=V5)  # type: ignore[attr-defined]
        yield plant


def _mutated(raw: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    out = bytearray(raw)
    for _ in range(chance.randrange(4)):
        kind = chance.randrange(3)
        place = chance.randrange(len(out) + 1)
        if kind == 0 and out:
            out[place % len(out)] = chance.randrange(256)
        elif kind == 1:
            out[place:place] = chance.randbytes(chance.randrange(1, 6))
        else:
            del out[place : place + chance.randrange(1, 6)]
    return bytes(out)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    level=st.sampled_from([V3, V5]),
    parts=st.lists(st.sampled_from([V3, V5]).flatmap(packets), min_size=1, max_size=5),
    introduced=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_the_canary_is_served(target: Plant, level: int, parts: list[Packet], introduced: bool, seed: int) -> None:
    """Mutated sequences of any control packets, before and after CONNECT, never disturb another client, and the
    endpoint never fails inside."""
    client = target.client(level)
    hello = encode(Connect(level, "P-2", username="P-2"), level) if introduced else b""
    stream = hello + _mutated(b"".join(encode(part, level) for part in parts), seed)
    with contextlib.suppress(ConnectionError):
        client.raw(stream)
    assert target.canary.quiet()  # type: ignore[attr-defined]
    client.close()
    target.clients.remove(client)
    assert target.count("internal_errors") == 0
    assert not target.endpoint.failure


def test_nothing_is_left_of_the_fuzzed(target: Plant) -> None:
    """After all that only the canary is connected, and nothing is held or counted for the others."""
    until(lambda: len(target.endpoint.connections()) == 1 and len(target.endpoint._loop.lines.by_handle) == 1)
    assert target.endpoint._loop.lines.held_bytes == 0
    assert target.endpoint._loop.lines.table.unlogged.sum() == 0
    assert not target.endpoint._loop.lines.strangers
