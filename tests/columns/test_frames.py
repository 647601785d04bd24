from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns import Encoding, Frames, Message, Origin

ORIGINS = [Origin("a", "d1"), Origin("a", "d2", boot="7"), Origin("b", "d1", subject="s")]
MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(ORIGINS),
        st.binary(max_size=20),
        st.binary(max_size=40),
        st.integers(0, 2**62),
        st.sampled_from([int(one) for one in Encoding]),
        st.integers(0, 2),
    ),
    max_size=8,
)


def told(frames: Frames) -> list[Message]:
    return [
        Message(
            frames.sender(i),
            frames.topic(i),
            bytes(frames.payload(i)),
            int(frames.arrival[i]),
            int(frames.encoding[i]),
            int(frames.qos[i]),
        )
        for i in range(len(frames))
    ]


@settings(deadline=None)
@given(MESSAGES)
def test_messages_come_out_as_they_went_in(messages):
    """An arena with an index holds exactly the messages, in their order."""
    assert told(Frames.of(messages)) == messages


@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=4))
def test_joined_batches_hold_all_messages_in_order(batches):
    """Joining batches concatenates them, whatever their origins."""
    joined = Frames.join([Frames.of(batch) for batch in batches])
    assert told(joined) == [message for batch in batches for message in batch]


@settings(deadline=None)
@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_batches_beside_each_other_are_as_joined(batches):
    """Without sharing origins the messages are the same, and the parts are left as they were."""
    parts = [Frames.of(batch) for batch in batches]
    carrying = [replace(part, said={row: b"%d" % row for row in range(len(part))}) for part in parts]
    beside, joined = Frames.beside(carrying), Frames.join(carrying)
    assert told(beside) == told(joined)
    expected = [b"%d" % row for part in parts for row in range(len(part))]
    assert [beside.said[row] for row in range(len(beside))] == expected
    assert joined.said == beside.said
    assert [told(part) for part in parts] == batches


@settings(deadline=None)
@given(MESSAGES, st.data())
def test_selected_and_compacted_frames_keep_their_messages(messages, data):
    """A selection shares the arena, its compact form does not; both say the same."""
    keep = data.draw(st.lists(st.booleans(), min_size=len(messages), max_size=len(messages)))
    selected = Frames.of(messages).select(np.array(keep, np.bool_))
    expected = [message for message, kept in zip(messages, keep, strict=True) if kept]
    assert told(selected) == expected
    assert told(selected.compact()) == expected
    assert len(selected.compact().arena) == sum(len(one.topic) + len(one.payload) for one in expected)


@settings(deadline=None)
@given(MESSAGES)
def test_each_tenant_gets_its_own_messages_and_no_others(messages):
    """Splitting by tenant keeps every message once, in order, with its tenant."""
    parts = dict(Frames.of(messages).by_tenant())
    for tenant in ("a", "b"):
        mine = [message for message in messages if message.origin.tenant == tenant]
        assert told(parts[tenant]) == mine if mine else tenant not in parts


def test_one_tenant_costs_no_copy():
    """Where all messages are of one tenant the batch itself is handed on."""
    frames = Frames.of([Message(ORIGINS[0], b"t", b"p", 1), Message(ORIGINS[1], b"t", b"p", 2)])
    assert next(frames.by_tenant())[1] is frames
