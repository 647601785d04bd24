"""Resources: who may what, formats, states, blocks, observations, and what is found under /.well-known/core."""

import json
from pathlib import Path

import cbor2
import pytest

from pollux.clock import SECOND
from pollux.columns.frames import Encoding
from pollux.columns.quality import Reason
from pollux.connect.coap.blocks import Block
from pollux.connect.coap.codes import CBOR, Code, Kind, Number
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.message import to_uint
from tests.connect.coap.rig import COMMANDS, STATE, TELEMETRY, Client, Plant, opened, until

VALUE = b'{"temp": 300}'


def reader(coap: Plant) -> Client:
    """Somebody who may read every pump."""
    coap.accounts.add("reader", kind="service", roles={"viewer"}, twins=["Pump/*"])
    return coap.client(f"token={coap.accounts.issue('reader').secret}")


@pytest.mark.parametrize(
    ("format_", "payload", "encoding"),
    [
        (None, VALUE, Encoding.GUESS),
        (50, VALUE, Encoding.JSON),
        (60, cbor2.dumps({"temp": 300}), Encoding.CBOR),
        (0, b"300.5", Encoding.TEXT),
        (42, b"\0\1\2\3", Encoding.BINARY),
    ],
)
def test_telemetry_is_taken_in_every_format(coap: Plant, format_: int | None, payload: bytes, encoding: int) -> None:
    """POST and PUT alike; bytes, topic, sender and encoding arrive as they were sent."""
    device = coap.device()
    more = {} if format_ is None else {"content_format": format_}
    for method in (Code.POST, Code.PUT):
        assert device.ask(method, TELEMETRY, payload, **more).code == Code.CHANGED
    assert coap.sink.messages() == [("P-7", TELEMETRY.encode(), payload)] * 2
    assert {int(one.frames.encoding[0]) for one in coap.sink.tickets} == {encoding}


def test_a_topic_names_the_encoding_and_patterns_name_the_twin(coap: Plant) -> None:
    """`telemetry/cbor` without a content format is CBOR; a mapped pattern is a path like any other."""
    device = coap.device()
    assert device.ask(Code.POST, f"{TELEMETRY}/cbor", cbor2.dumps({"temp": 1})).code == Code.CHANGED
    assert device.ask(Code.POST, "plant/line1/P-7/telemetry", VALUE).code == Code.CHANGED
    assert device.ask(Code.POST, "plant/line1/P-8/telemetry", VALUE).code == Code.NOT_FOUND
    assert [int(one.frames.encoding[0]) for one in coap.sink.tickets] == [Encoding.CBOR, Encoding.GUESS]


@pytest.mark.parametrize(
    ("format_", "payload", "code", "said"),
    [
        (50, b'{"temp": ', Code.BAD_REQUEST, b"expected JSON"),
        (60, b"\xff", Code.BAD_REQUEST, b"expected CBOR"),
        (60, b"\x81" * 500, Code.BAD_REQUEST, b"expected CBOR"),
        (0, b"\xff\xfe", Code.BAD_REQUEST, b"expected TEXT"),
        (50, b"", Code.BAD_REQUEST, b"expected a payload"),
        (9_999, VALUE, Code.UNSUPPORTED_FORMAT, b"expected a content format"),
    ],
)
def test_what_is_not_written_as_it_says_is_refused_with_the_reason(
    coap: Plant, format_: int, payload: bytes, code: Code, said: bytes
) -> None:
    """4.00 and 4.15 carry what was expected and found; nothing is stored, and the site hears of bad payloads."""
    answer = coap.device().ask(Code.POST, TELEMETRY, payload, content_format=format_)
    assert (answer.code, answer.payload.startswith(said)) == (code, True)
    assert coap.sink.payloads() == []
    if code == Code.BAD_REQUEST:
        assert [one.reason for one in coap.letters] == [Reason.MALFORMED]


def test_not_yours_and_not_there_look_alike(coap: Plant) -> None:
    """Everything that this device may not use is 4.04 with the same words, whether it exists or not."""
    device = coap.device()
    answers = [
        device.ask(Code.POST, "twins/Pump/P-8/telemetry", VALUE),
        device.ask(Code.POST, "twins/Tank/T-1/telemetry", VALUE),
        device.ask(Code.POST, "anything", VALUE),
        device.ask(Code.GET, "twins/Pump/P-8/state"),
        device.ask(Code.GET, "twins/Pump/P-8/commands", observe=0),
        device.ask(Code.GET, "nothing/here"),
        device.ask(Code.GET, STATE),
    ]
    assert {(one.code, one.payload) for one in answers} == {(Code.NOT_FOUND, b"there is nothing here for you")}
    assert coap.letters[0].reason == Reason.NOT_ALLOWED
    assert device.ask(Code.GET, TELEMETRY).code == Code.METHOD_NOT_ALLOWED
    assert device.ask(Code.DELETE, TELEMETRY).code == Code.METHOD_NOT_ALLOWED
    assert device.ask(Code.POST, COMMANDS, VALUE).code == Code.METHOD_NOT_ALLOWED


def test_nobody_is_served_without_an_identity(coap: Plant) -> None:
    """Without name or token, with a wrong token, and with both: 4.01 or 4.00, also for what is there at all."""
    assert coap.client().ask(Code.POST, TELEMETRY, VALUE).code == Code.UNAUTHORIZED
    assert coap.client().ask(Code.GET, ".well-known/core").code == Code.UNAUTHORIZED
    assert coap.client("token=wrong").ask(Code.POST, TELEMETRY, VALUE).code == Code.UNAUTHORIZED
    assert coap.client("token=x", "name=P-7").ask(Code.POST, TELEMETRY, VALUE).code == Code.BAD_REQUEST
    assert coap.client("name=*").ask(Code.POST, TELEMETRY, VALUE).code == Code.UNAUTHORIZED
    assert coap.device().ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
    coap.accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
    until(lambda: coap.device().ask(Code.POST, TELEMETRY, VALUE).code == Code.UNAUTHORIZED)
    token = coap.accounts.issue("P-7").secret
    until(lambda: coap.client(f"token={token}").ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED)
    assert coap.client("name=P-8", "x=y").ask(Code.POST, TELEMETRY, VALUE).code == Code.BAD_REQUEST


def test_a_state_is_shown_in_json_and_cbor_with_its_etag(coap: Plant) -> None:
    """2.05 with ETag and format; the same ETag again is 2.03 without payload; another format is 4.06."""
    device = reader(coap)
    answer = device.ask(Code.GET, STATE)
    found = dict(answer.options)
    assert (answer.code, json.loads(answer.payload), to_uint(found[Number.CONTENT_FORMAT])) == (
        Code.CONTENT, json.loads(coap.states["Pump/P-7"]), 50,
    )  # fmt: skip
    again = device.ask(Code.GET, STATE, etag=found[Number.ETAG])
    assert (again.code, again.payload) == (Code.VALID, b"")
    coap.states["Pump/P-7"] = coap.states["Pump/P-7"].replace(b'"seq": 3', b'"seq": 4')
    assert device.ask(Code.GET, STATE, etag=found[Number.ETAG]).code == Code.VALID
    other = device.ask(Code.GET, STATE, accept=CBOR)
    assert cbor2.loads(other.payload) == json.loads(coap.states["Pump/P-7"])
    assert device.ask(Code.GET, STATE, accept=41).code == Code.NOT_ACCEPTABLE
    del coap.states["Pump/P-7"]
    assert device.ask(Code.GET, STATE).code == Code.NOT_FOUND


def test_conditions_are_held(coap: Plant) -> None:
    """If-Match takes what is there in the state that was named, If-None-Match what is not there; else 4.12."""
    tag = dict(reader(coap).ask(Code.GET, STATE).options)[Number.ETAG]
    device = coap.device()
    assert device.ask(Code.PUT, TELEMETRY, VALUE, if_match=tag).code == Code.CHANGED
    assert device.ask(Code.PUT, TELEMETRY, VALUE, if_match=b"").code == Code.CHANGED
    assert device.ask(Code.PUT, TELEMETRY, VALUE, if_match=b"abcd").code == Code.PRECONDITION_FAILED
    assert device.ask(Code.PUT, TELEMETRY, VALUE, if_none_match=b"").code == Code.PRECONDITION_FAILED
    coap.states.clear()
    assert device.ask(Code.PUT, TELEMETRY, VALUE, if_match=b"").code == Code.PRECONDITION_FAILED
    assert device.ask(Code.PUT, TELEMETRY, VALUE, if_none_match=b"").code == Code.CHANGED


# -- in blocks --------------------------------------------------------------------------------------------------------


def test_a_large_body_comes_in_blocks(coap: Plant) -> None:
    """Each block is acknowledged with 2.31, the last with 2.04 once the whole is durable."""
    device = coap.device()
    body = b"[" + b",".join(b'{"temp": %d}' % (300 + n % 50) for n in range(400)) + b"]"
    pieces = [body[at : at + 512] for at in range(0, len(body), 512)]
    for number, piece in enumerate(pieces):
        block = Block(number, number + 1 < len(pieces), 5)
        answer = device.ask(Code.POST, TELEMETRY, piece, content_format=50, block1=block.value)
        assert answer.code == (Code.CONTINUE if block.more else Code.CHANGED)
        assert Block.read(dict(answer.options)[Number.BLOCK1]) == block
    assert coap.sink.payloads() == [body]


def test_blocks_that_are_missing_too_many_or_too_large_are_refused(tmp_path: Path) -> None:
    """A gap is 4.08, a body beyond the bound 4.13 with the size that fits, a short block 4.00; nothing is stored."""
    limits = Limits(body_bytes=2_048, bodies=3, bodies_each=2, body_seconds=0.2)
    with opened(tmp_path, limits=limits) as coap:
        device = coap.device()

        def block(number: int, more: bool, size: int = 1_024, path: str = TELEMETRY, **said: int) -> int:
            value = Block(number, more, 6).value
            return device.ask(Code.POST, path, bytes(size), content_format=42, block1=value, **said).code

        assert block(1, True) == Code.INCOMPLETE
        assert [block(0, True), block(2, True), block(1, True)] == [Code.CONTINUE, Code.INCOMPLETE, Code.INCOMPLETE]
        assert [block(0, True), block(1, True), block(2, False)] == [Code.CONTINUE, Code.CONTINUE, Code.TOO_LARGE]
        assert block(0, True, 100) == Code.BAD_REQUEST
        assert block(0, True, size1=3_000) == Code.TOO_LARGE
        for suffix in ("", "/json", "/cbor"):
            assert block(0, True, path=TELEMETRY + suffix) == Code.CONTINUE
        assert coap.endpoint._loop._saying.bodies.given_up == 1
        until(lambda: coap.endpoint._loop._saying.bodies.held == 0, "given up after its time")
        assert block(1, False) == Code.INCOMPLETE
        assert coap.sink.payloads() == []


def test_a_large_state_leaves_in_blocks_of_one_moment(coap: Plant) -> None:
    """The blocks are of the state as it was when the first was asked for, whatever happens meanwhile."""
    device = reader(coap)
    body = coap.states["Pump/P-7"] = json.dumps({"seq": 1, "text": "x" * 3_000}).encode()
    first = device.ask(Code.GET, STATE)
    block = Block.read(dict(first.options)[Number.BLOCK2])
    assert (block, to_uint(dict(first.options)[Number.SIZE2])) == (Block(0, True, 6), len(body))
    coap.states["Pump/P-7"] = b'{"seq": 2}'
    found = first.payload
    while block.more:
        block = Block(block.number + 1, False, 6)
        answer = device.ask(Code.GET, STATE, block2=block.value)
        assert dict(answer.options)[Number.ETAG] == dict(first.options)[Number.ETAG]
        block, found = Block.read(dict(answer.options)[Number.BLOCK2]), found + answer.payload
    assert found == body
    assert device.ask(Code.GET, STATE, block2=Block(9, False, 6).value).code == Code.BAD_REQUEST
    small = device.ask(Code.GET, STATE, block2=Block(0, False, 0).value)
    assert len(small.payload) == 10


# -- observed ---------------------------------------------------------------------------------------------------------


def test_a_state_is_observed(coap: Plant) -> None:
    """Each change is told with a number that grows; ending by observe=1 or by a reset ends it."""
    device = reader(coap)
    first = device.ask(Code.GET, STATE, observe=0, token=b"o")
    numbers = [to_uint(dict(first.options)[Number.OBSERVE])]
    for value in range(3):
        body = b'{"seq": 1, "temp": %d}' % value
        coap.endpoint.publish(STATE, body)
        told = device.get()
        assert (told.kind, told.code, told.token, told.payload) == (Kind.NON, Code.CONTENT, b"o", body)
        numbers.append(to_uint(dict(told.options)[Number.OBSERVE]))
    assert numbers == sorted(set(numbers))
    assert Number.OBSERVE not in dict(device.ask(Code.GET, STATE, observe=1, token=b"o").options)
    coap.endpoint.publish(STATE, b"{}")
    assert device.quiet()
    device.ask(Code.GET, STATE, observe=0, token=b"p")
    coap.endpoint.publish(STATE, b"{}")
    device.reject(device.get())
    until(lambda: len(coap.endpoint._loop.observers) == 0)


def test_of_a_state_only_the_newest_waits(tmp_path: Path) -> None:
    """While a confirmation is outstanding what comes is coalesced; who confirms nothing observes no longer."""
    limits = Limits(confirm_seconds=1e-9, piggyback_seconds=0.05, ack_seconds=0.4, retransmissions=1)
    with opened(tmp_path, limits=limits) as coap:
        device = reader(coap)
        device.ask(Code.GET, STATE, observe=0, token=b"o")
        for value in range(5):
            coap.endpoint.publish(STATE, b'{"temp": %d}' % value)
        told = device.get()
        assert (told.kind, told.payload) == (Kind.CON, b'{"temp": 0}')
        until(lambda: coap.count("coalesced") == 3)
        device.acknowledge(told)
        assert device.get().payload == b'{"temp": 4}'
        coap.endpoint.publish(STATE, b'{"temp": 5}')
        told = device.get()
        assert (told.kind, told.payload) == (Kind.CON, b'{"temp": 5}')
        assert device.get() == told
        until(lambda: len(coap.endpoint._loop.observers) == 0)
        assert coap.count("unconfirmed") == 1


def test_orders_are_each_told_and_confirmed(tmp_path: Path) -> None:
    """Orders come one after the other, all of them, each confirmed; what finds no room is dropped and counted."""
    with opened(tmp_path, limits=Limits(orders=2)) as coap:
        device = coap.device()
        begun = device.ask(Code.GET, COMMANDS, observe=0, token=b"c")
        assert (begun.code, begun.payload) == (Code.CONTENT, b"")
        for order in range(4):
            coap.endpoint.publish(COMMANDS, b'{"id": "%d"}' % order)
        for order in range(3):
            told = device.get()
            assert (told.kind, told.payload) == (Kind.CON, b'{"id": "%d"}' % order)
            device.acknowledge(told)
        assert device.quiet()
        assert coap.count("dropped_orders") == 1
        coap.endpoint.publish(COMMANDS, b"{}", expires=1)
        until(lambda: coap.count("expired") == 1)
        assert device.quiet()
        said = b'{"id": "0", "state": "done"}'
        assert device.ask(Code.POST, f"{COMMANDS}/ack", said).code == Code.CHANGED
        assert coap.sink.messages() == [("P-7", f"{COMMANDS}/ack".encode(), said)]
        assert device.ask(Code.POST, f"{COMMANDS}/ack", b"no").code == Code.BAD_REQUEST


def test_observers_that_are_gone_are_found(tmp_path: Path) -> None:
    """After a long silence the state as it is goes out, and nothing in place of an order; who is gone is forgotten."""
    limits = Limits(refresh_seconds=0.3, piggyback_seconds=0.05, ack_seconds=0.3, retransmissions=1)
    with opened(tmp_path, limits=limits) as coap:
        ear, device = reader(coap), coap.device()
        first = ear.ask(Code.GET, STATE, observe=0, token=b"s")
        assert to_uint(dict(first.options)[Number.MAX_AGE]) == 100
        device.ask(Code.GET, COMMANDS, observe=0, token=b"c")
        told = ear.get()
        assert (told.kind, told.code, told.payload) == (Kind.CON, Code.CONTENT, coap.states["Pump/P-7"])
        ear.acknowledge(told)
        nothing = device.get()
        assert (nothing.kind, nothing.code, nothing.payload, nothing.token) == (Kind.CON, Code.CONTENT, b"", b"c")
        device.acknowledge(nothing)
        assert ear.get().kind is Kind.CON
        until(lambda: len(coap.endpoint._loop.observers) == 0)


def test_a_large_notification_begins_with_its_first_block(coap: Plant) -> None:
    """The others are asked for, and are of the same moment (RFC 7959, section 2.6)."""
    device = reader(coap)
    device.ask(Code.GET, STATE, observe=0, token=b"o")
    body = json.dumps({"seq": 1, "text": "y" * 1_500}).encode()
    coap.endpoint.publish(STATE, body)
    told = device.get()
    assert Block.read(dict(told.options)[Number.BLOCK2]) == Block(0, True, 6)
    rest = device.ask(Code.GET, STATE, block2=Block(1, False, 6).value)
    assert told.payload + rest.payload == body


def test_observers_are_bounded_and_end_with_their_rights(tmp_path: Path) -> None:
    """One too many is served unobserved; who has lost its token is told so, and hears no more."""
    with opened(tmp_path, limits=Limits(observers_each=2)) as coap:
        coap.accounts.add("reader", kind="service", roles={"viewer"}, twins=["Pump/*"])
        issued = coap.accounts.issue("reader")
        device = coap.client(f"token={issued.secret}")
        observed = [Number.OBSERVE in dict(device.ask(Code.GET, STATE, observe=0, token=bytes((n,))).options)
                    for n in (1, 2, 3)]  # fmt: skip
        assert observed == [True, True, False]
        assert coap.count("refused_observers") == 1
        coap.accounts.revoke(issued.id)
        last = [device.get() for _ in range(2)]
        assert {(one.code, one.token) for one in last} == {(Code.UNAUTHORIZED, b"\1"), (Code.UNAUTHORIZED, b"\2")}
        coap.endpoint.publish(STATE, b"{}")
        assert device.quiet()
        assert device.ask(Code.GET, STATE).code == Code.UNAUTHORIZED


def test_what_is_there_is_found(coap: Plant) -> None:
    """A device finds its own resources, by attributes too; one that names no twin finds none."""
    device = coap.device()
    answer = device.ask(Code.GET, ".well-known/core")
    links = answer.payload.decode().split(",")
    assert to_uint(dict(answer.options)[Number.CONTENT_FORMAT]) == 40
    assert {link.partition(">")[0][1:] for link in links} == {f"/{TELEMETRY}", f"/{COMMANDS}", f"/{COMMANDS}/ack"}
    assert [";obs" in link for link in links].count(True) == 1
    asked = coap.client("name=P-7", "rt=pollux.tele*").ask(Code.GET, ".well-known/core")
    assert asked.payload.decode().startswith(f"</{TELEMETRY}>;rt=")
    assert b"," not in asked.payload
    assert reader(coap).ask(Code.GET, ".well-known/core").payload == b""
    assert device.ask(Code.POST, ".well-known/core", b"x").code == Code.METHOD_NOT_ALLOWED


def test_a_token_that_runs_out_opens_nothing_more(coap: Plant) -> None:
    """Nothing changes but the time: requests are refused, and its observations end."""
    coap.accounts.add("reader", kind="service", roles={"viewer"}, twins=["Pump/*"])
    device = coap.client(f"token={coap.accounts.issue('reader', lifetime=SECOND).secret}")
    assert device.ask(Code.GET, STATE, observe=0, token=b"o").code == Code.CONTENT
    last = device.get()
    assert (last.code, last.token) == (Code.UNAUTHORIZED, b"o")
    assert device.ask(Code.GET, STATE).code == Code.UNAUTHORIZED
