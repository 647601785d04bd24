"""The compiled passes of decoder and mirror give what NumPy gives, bit for bit."""

import json
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import mqtt
from pollux.clock import MINUTE, SECOND, instant
from pollux.columns import Encoding, Message, Origin
from pollux.columns.memory import NEVER
from pollux.mirror.effects import Changes, Effects
from pollux.mirror.presence import Rhythm
from tests.mirror.live import MAPPINGS, Live

pytest.importorskip("numba")

NOW = instant("2026-11-23T10:00:00Z")
DEVICES = [Origin("", "d1"), Origin("", "d2", boot="b")]
NEITHER = (mqtt("plant/{line}/{floor}/{id}/telemetry"), mqtt("p/{id}/{signal}"))

numbers = st.sampled_from([300.0, 300.5, 330.0, 999.0, -5.0, None, -0.0, 0.0])
moments = st.sampled_from([NOW, NOW + SECOND, NOW + 2 * SECOND, NOW - SECOND, 0, NOW + 10**18, NOW + 11 * MINUTE])
named = st.lists(st.tuples(st.sampled_from(["temp", "vibration", "speed", "flow", "oil"]), numbers), max_size=4)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """A document, a series, or something that is no payload."""
    told: dict[str, Any] = dict(draw(named))
    if draw(st.booleans()):
        told["t"] = draw(moments)
    if draw(st.integers(0, 3)) == 0:
        told["temp"] = draw(st.lists(numbers.filter(lambda one: one is not None), max_size=4))
        told["t"] = [draw(moments) for _ in told["temp"]]
    if draw(st.integers(0, 2)) == 0:
        told["seq"] = draw(st.integers(0, 6))
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([b"", b"{", b"[1]", b"\xff", b'{"oil": "drums"}']))
    return json.dumps(told).encode()


messages = st.builds(
    lambda payload, id, device, late: Message(
        DEVICES[device], b"plant/l1/2/%s/telemetry" % id, payload, NOW + late, Encoding.GUESS
    ),
    payloads(),
    st.sampled_from([b"P-1", b"P-2", b"P-3"]),
    st.integers(0, 1),
    st.sampled_from([0, SECOND // 2, SECOND, 3 * SECOND]),
)


def arrays(changes: Changes) -> dict[str, Any]:
    """Everything that a change says, as plain values."""
    batch = {name: getattr(changes.batch, name).tobytes() for name in changes.batch.__slots__}
    own = {name: getattr(changes, name).tolist() for name in ("late", "current")} | {"changed": changes.changed()}
    return batch | own | {"kinds": [getattr(changes.batch, name).dtype for name in changes.batch.__slots__]}


def said(effects: Effects) -> dict[str, Any]:
    return {
        "changes": {name: arrays(one) for name, one in effects.changes.items()},
        "heard": {name: rows.tolist() for name, rows in effects.heard.items()},
        "refusals": effects.refusals,
        "newcomers": effects.newcomers,
        "counts": effects.counts,
    }


@pytest.mark.parametrize("mappings", [MAPPINGS, NEITHER], ids=["doubting", "plain"])
@settings(max_examples=150, deadline=None)
@given(batches=st.lists(st.lists(messages, max_size=12), min_size=1, max_size=4))
def test_compiled_and_not_are_the_same(mappings: Any, batches: list[list[Message]]) -> None:
    plain, compiled = Live(mappings), Live(mappings, compiled=True)
    for batch in batches:
        assert said(plain.hear(batch)) == said(compiled.hear(batch))
        assert plain.state() == compiled.state()


def test_a_silence_of_never_and_a_jump_back_are_learnt_alike() -> None:
    kernels = import_module("pollux.mirror.kernels")
    rows = np.array([0, 1, 0, 0, 2, 1, 0], np.int32)
    arrivals = np.array([5, 9, 7, 6, NEVER + 1, 9, 400], np.int64) * 1
    plain, compiled = Rhythm(), Rhythm()
    for rhythm in (plain, compiled):
        rhythm.reserve(3)
    for _ in range(3):
        assert plain.hear(rows, arrivals).tolist() == compiled.hear(rows, arrivals, kernels).tolist()
        for name, array in plain.arrays(3).items():
            assert array.tolist() == compiled.arrays(3)[name].tolist(), name
        arrivals = arrivals + 1000


def test_nothing_is_compiled_while_messages_come() -> None:
    live = Live(NEITHER, compiled=True)
    entered = [
        getattr(import_module(module), name)
        for module, names in (
            ("pollux.mirror.kernels", ("hear", "settle", "tally")),
            ("pollux.check.kernel_samples", ("spread", "judge")),
            ("pollux.check.kernel_frames", ("choose",)),
            ("pollux.check.kernel_blocks", ("read_heads", "cut")),
        )
        for name in names
    ]
    before = [len(kernel.signatures) for kernel in entered]
    one = Message(DEVICES[0], b"plant/l1/2/P-1/telemetry", b'{"temp": [300.0, 999.0], "t": [1, 2]}', NOW)
    many = [Message(DEVICES[1], b"p/P-%d/temp" % i, b"301.5", NOW + i) for i in range(50)]
    for batch in ([one], many, [one, one, *many]):
        live.hear(batch)
    assert [len(kernel.signatures) for kernel in entered] == before
