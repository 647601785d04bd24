"""Laws of the client's parts, without sockets: any bytes in any pieces, and queues that keep their promises."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pollux.clock import SECOND
from pollux.columns.frames import Frames
from pollux.connect.broker.channel import Broken
from pollux.connect.broker.conversation import Conversation, OldBroker
from pollux.connect.broker.counters import Counters
from pollux.connect.broker.delivery import Batch, Delivery
from pollux.connect.broker.dial import Dial
from pollux.connect.broker.intake import Intake
from pollux.connect.broker.outgoing import Outgoing, Parcel
from pollux.connect.broker.standing import Standing
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Ack, Connack, Farewell, Packet, Ping, Publish
from pollux.connect.wire.plain import PlainSplitter
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import PacketRefused
from pollux.errors import DataRefused
from tests.connect.rig import Ticket

DIAL = Dial(name="b", host="h", port=1, client_id="c", filters=("a/#",))

publishes = st.builds(
    lambda payload, qos, packet_id, user: Publish(
        b"a/b", payload, qos, packet_id=packet_id if qos else 0, properties=Properties(user=user) if user else NONE
    ),
    st.binary(max_size=300),
    st.integers(0, 2),
    st.integers(1, 65_535),
    st.sampled_from([(), (("k", "v"),)]),
)
others: st.SearchStrategy[Packet] = st.sampled_from(
    [Ping(Kind.PINGRESP), Ack(Kind.PUBACK, 7), Ack(Kind.PUBREL, 9), Farewell(Kind.DISCONNECT, 0x8B), Connack(0)]
)


def told(pieces: list[bytes]) -> tuple[list[bytes], list[Packet]]:
    """The payloads and the other packets of some bytes that come in these pieces."""
    intake, payloads, rest = Intake(PlainSplitter(), packet_bytes=1 << 12), list[bytes](), list[Packet]()
    for piece in pieces:
        intake.room[: len(piece)] = piece
        taken = intake.take(len(piece), V5, rest.append)
        if taken.cut is not None:
            for _, _, at, size in taken.cut.index.tolist():
                payloads.append(bytes(intake.arena.data[at : at + size]))
        intake.done()
    return payloads, rest


@given(st.lists(publishes | others, max_size=12), st.lists(st.integers(0, 4_000), max_size=6))
def test_pieces_make_no_difference(packets: list[Packet], cuts: list[int]) -> None:
    """The same messages and packets, in the same order, wherever the stream is cut."""
    stream = b"".join(encode(packet, V5) for packet in packets)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    payloads, rest = told(pieces)
    assert payloads == [packet.payload for packet in packets if isinstance(packet, Publish)]
    assert rest == [packet for packet in packets if not isinstance(packet, Publish)]


@given(st.lists(publishes | others, min_size=1, max_size=4), st.data())
def test_no_bytes_do_harm(packets: list[Packet], data: st.DataObject) -> None:
    """Changed bytes, in a conversation that is open or not, are taken or refused with a reason, and nothing else."""
    stream = bytearray(b"".join(encode(packet, V5) for packet in packets))
    for place in data.draw(st.lists(st.integers(0, len(stream) - 1), max_size=4)):
        stream[place] = data.draw(st.integers(0, 255))
    counters = Counters()
    standing = Standing(Outgoing(counters, most=10), V5)
    talk = Conversation(DIAL, standing, counters, lambda _: None, 0.0)
    talk.open = data.draw(st.booleans())
    intake = Intake(PlainSplitter(), packet_bytes=1 << 12)
    intake.room[: len(stream)] = bytes(stream)
    try:
        taken = intake.take(len(stream), talk.tongue(intake.start), lambda packet: talk.hear(packet, 0))
        assert taken.cut is None or len(taken.cut) >= 1
    except (PacketRefused, Broken, OldBroker):
        pass


@given(st.sets(st.integers(0, 19), max_size=19))
def test_of_a_batch_only_what_is_refused_is_left_out(bad: set[int]) -> None:
    """Whichever messages the log may not keep, all others are kept in order, and the batch is done once."""
    kept: list[int] = []
    refused: list[int] = []

    def sink(frames: Frames) -> Ticket:
        numbers = [int(bytes(frames.payload(i))) for i in range(len(frames))]
        if bad & set(numbers):
            raise DataRefused("not this one")
        kept.extend(numbers)
        return Ticket(frames, durable=True)

    woken: list[int] = []

    def left_out(frames: Frames, why: str) -> None:
        refused.append(int(bytes(frames.payload(0))))

    counters = Counters()
    delivery = Delivery(sink, counters, wake=lambda: woken.append(1), refused=left_out)
    batch = Batch(1, b"acks", 20, 20, 100)
    delivery.give(Frames.of((Any, b"a", b"%d" % n, 0, 0) for n in range(20)), batch)  # type: ignore[misc]
    assert (kept, refused) == ([n for n in range(20) if n not in bad], sorted(bad))
    assert (delivery.ready(), len(woken), delivery.unlogged) == ([batch], 1, 0)
    assert counters.refused_data == len(bad)


def test_identifiers_of_what_is_on_its_way_are_not_given_twice() -> None:
    """Not even after sixty thousand orders while the first one still waits."""
    outgoing = Outgoing(Counters(), most=70_000)
    outgoing.begin(V5, present=False, window=2, qos=1, largest=1 << 20, now=0)
    outgoing.put(Parcel(b"a", b"first", 10 * SECOND))
    outgoing.due(0)
    for _ in range(0xFEFF + 5):
        outgoing.put(Parcel(b"a", b"x"))
        packet = outgoing.due(0)
        packet_id = int.from_bytes(packet[5:7], "big")
        assert packet_id != 1
        outgoing.confirmed(packet_id, 0)
    again = outgoing.begin(V5, present=True, window=2, qos=1, largest=1 << 20, now=SECOND)
    assert again[5:7] == b"\0\1"
    assert outgoing.begin(V5, present=True, window=2, qos=1, largest=1 << 20, now=11 * SECOND) == b""
