"""Telemetry over HTTP: bytes to frames, 202 when durable, and every way in which it can be refused."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import cbor2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pollux.check.apart import apart
from pollux.check.faults import Fault
from pollux.columns.frames import Encoding, Message, Origin
from pollux.errors import Overloaded, StorageFailed
from pollux.show import Application
from pollux.show.inlet import Inlet
from pollux.show.parts import ENCODINGS, NDJSON, Part, alone, together
from pollux.show.problems import Refused
from pollux.show.rates import Rates
from pollux.show.telemetry import LARGEST
from tests.check.said import FILES

from .client import Answer, Client
from .house import NOW, Disk, FakeHouse

ONE = "/api/v1/twins/Pump/P-1/telemetry"
MANY = "/api/v1/telemetry"
BODY = b'{"t": 1763894536, "temp": 351.5}'
ARROW = (FILES / "pumps.arrow").read_bytes()


def test_a_body_becomes_one_frame(client: Client, house: FakeHouse) -> None:
    """The bytes are kept as they came, with the sender's identity, the native topic and the encoding."""
    answer = client.ask("POST", ONE, house.tokens["device"], BODY, media="application/json; charset=utf-8")
    assert (answer.status, answer.json) == (202, {"accepted": 1})
    origin, topic, payload, encoding = house.disk.messages()[0]
    assert (origin.tenant, origin.device) == ("", "P-1")
    assert (topic, payload, encoding) == ("twins/Pump/P-1/telemetry", BODY, Encoding.JSON)
    assert int(house.disk.heard[0].arrival[0]) == NOW


@pytest.mark.parametrize(
    ("media", "body", "encoding"),
    [
        ("application/cbor", cbor2.dumps({"temp": 1.0}), Encoding.CBOR),
        ("application/msgpack", msgspec.msgpack.encode({"temp": 1.0}), Encoding.MSGPACK),
        ("application/octet-stream", b"\x01\x02", Encoding.BINARY),
        ("application/json", b'[{"temp": 1}, {"temp": 2}]', Encoding.JSON),
    ],
)
def test_the_content_type_says_the_encoding(
    client: Client, house: FakeHouse, media: str, body: bytes, encoding: Encoding
) -> None:
    """CBOR, MessagePack, binary blocks and JSON arrays travel as they are, marked by what they are."""
    assert client.ask("POST", ONE, house.tokens["device"], body, media=media).status == 202
    _, _, payload, found = house.disk.messages()[0]
    assert (payload, found) == (body, encoding)


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", json.dumps([{"twin": "Pump/P-1", "data": {"temp": 1}}] * 2).encode()),
        (NDJSON, b'{"twin": "Pump/P-1", "data": {"temp": 1}}\n\n{"twin":"Pump/P-1","data":{"temp": 2}}\n'),
        ("application/msgpack", msgspec.msgpack.encode([{"twin": "Pump/P-1", "data": {"temp": 1}}] * 2)),
        ("application/cbor", cbor2.dumps([{"twin": "Pump/P-1", "data": {"temp": 1}}] * 2)),
    ],
)
def test_a_batch_holds_messages_of_several_twins(client: Client, house: FakeHouse, media: str, body: bytes) -> None:
    """A batch in each of its forms becomes one frame a message."""
    answer = client.ask("POST", MANY, house.tokens["device"], body, media=media)
    assert (answer.status, answer.json) == (202, {"accepted": 2})
    assert [topic for _, topic, _, _ in house.disk.messages()] == ["twins/Pump/P-1/telemetry"] * 2


def test_202_waits_for_the_disk(client: Client, house: FakeHouse) -> None:
    """No answer comes before the log has synced, and then it comes."""
    house.disk.slow = True

    async def post() -> tuple[bool, int]:
        task = asyncio.ensure_future(client._ask("POST", ONE, headers, [BODY]))
        assert await asyncio.to_thread(house.disk.waited.wait, 10)
        early = task.done()
        house.disk.sync()
        return early, (await task).status

    headers = {"host": "127.0.0.1:8080", "authorization": f"Bearer {house.tokens['device']}",
               "content-type": "application/json"}  # fmt: skip
    assert client.run(post()) == (False, 202)


def test_a_failed_sync_is_told(client: Client, house: FakeHouse) -> None:
    """When the disk fails under messages that were taken, their senders get 503 at once, and never 202."""
    house.disk.slow = True

    async def post() -> int:
        task = asyncio.ensure_future(client._ask("POST", ONE, headers, [BODY]))
        assert await asyncio.to_thread(house.disk.waited.wait, 10)
        house.disk.fail()
        return (await task).status

    headers = {"host": "127.0.0.1:8080", "authorization": f"Bearer {house.tokens['device']}",
               "content-type": "application/json"}  # fmt: skip
    assert client.run(post()) == 503


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Overloaded("the log is behind", retry_after=2.0), 429),
        (StorageFailed("the disk failed"), 503),
        (RuntimeError("a fault"), 503),
    ],
)
def test_what_the_log_refuses_is_never_accepted(
    client: Client, house: FakeHouse, failure: Exception, status: int
) -> None:
    """A log that is overloaded, broken or faulty answers 429 or 503 with the time to wait, never 202."""
    house.disk.failure = failure
    answer = client.ask("POST", ONE, house.tokens["device"], BODY, media="application/json")
    assert answer.status == status
    assert int(answer.headers["retry-after"]) >= 1


def test_the_queue_is_bounded() -> None:
    """Beyond its bound the inlet refuses with Overloaded, and takes again once the disk has caught up."""
    disk = Disk(slow=True)
    inlet, message = Inlet(disk.sink, most_messages=2), Message(Origin("", "d"), b"t", b"p", 0)
    inlet.start()
    answers: list[object] = []
    inlet.put([message, message], answers.append)
    with pytest.raises(Overloaded):
        inlet.put([Message(Origin("", "other"), b"t", b"p", 0)], answers.append)
    assert disk.waited.wait(10)
    disk.sync()
    inlet.put([message], answers.append)
    inlet.stop()
    disk.sync()
    assert (answers, inlet.accepted, inlet.refused) == ([None, None], 3, 1)


def test_no_sender_keeps_out_the_others() -> None:
    """One sender fills a quarter of the queue at most; another one still gets in."""
    disk = Disk(slow=True)
    inlet = Inlet(disk.sink, most_messages=8)
    inlet.start()
    greedy, modest = (Message(Origin("", name), b"t", b"p", 0) for name in ("greedy", "modest"))
    inlet.put([greedy, greedy], lambda _: None)
    with pytest.raises(Overloaded):
        inlet.put([greedy], lambda _: None)
    inlet.put([modest], lambda _: None)
    inlet.stop()
    disk.sync()
    assert inlet.accepted == 3


def test_what_waits_together_travels_together() -> None:
    """Messages that arrive while the log is busy become one batch of frames, in their order."""
    disk = Disk()
    inlet = Inlet(disk.sink)
    inlet._open = True
    for n in range(5):
        inlet.put([Message(Origin("", "d"), b"t", b"%d" % n, 0)], lambda _: None)
    inlet.start()
    inlet.stop()
    assert len(disk.heard) == 1
    assert [payload for _, _, payload, _ in disk.messages()] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_large_body_is_refused_before_it_is_read(client: Client, house: FakeHouse) -> None:
    """Ten megabytes are refused by their announced length, none of them read."""
    chunks = [bytes(1 << 20)] * 10
    announced = client.ask(
        "POST", ONE, house.tokens["device"], chunks, media="application/json", headers={"content-length": str(10 << 20)}
    )
    assert (announced.status, announced.read, announced.headers["connection"]) == (413, 0, "close")
    unannounced = client.ask("POST", ONE, house.tokens["device"], chunks, media="application/json")
    assert (unannounced.status, unannounced.read <= LARGEST + (1 << 20)) == (413, True)
    assert house.disk.heard == []


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/json", b"", 400),
        ("application/json", b"{", 400),
        ("application/json", b'"text"', 422),
        ("application/json", b"[" * 100_000, 400),
        ("text/plain", b"1", 415),
        (None, b"{}", 415),
        ("application/x-www-form-urlencoded", b"a=1", 415),
        (NDJSON, b"{}\n{", 400),
        (NDJSON, b"\n", 422),
    ],
)
def test_what_cannot_be_read_is_refused(
    client: Client, house: FakeHouse, media: str | None, body: bytes, status: int
) -> None:
    """A body that is empty, malformed, too deep or of another kind is a clear problem, and nothing is kept."""
    answer = client.ask("POST", ONE, house.tokens["device"], body, media=media)
    assert answer.status == status
    assert answer.json["detail"]
    assert house.disk.heard == []


def compressed(client: Client, house: FakeHouse, body: bytes | list[bytes], coding: str) -> Answer:
    """A body sent with a coding."""
    headers = {"content-encoding": coding}
    return client.ask("POST", ONE, house.tokens["device"], body, media="application/json", headers=headers)


PACKED = gzip.compress(BODY, mtime=0)


@pytest.mark.parametrize(("coding", "packed"), [("gzip", PACKED), ("X-GZIP", PACKED), ("deflate", zlib.compress(BODY))])
def test_a_compressed_body_is_unfolded(client: Client, house: FakeHouse, coding: str, packed: bytes) -> None:
    """In gzip or deflate, whole or byte by byte; what the log keeps is the body itself."""
    for body in (packed, [packed[i : i + 1] for i in range(len(packed))]):
        assert compressed(client, house, body, coding).status == 202
    assert [payload for _, _, payload, _ in house.disk.messages()] == [BODY, BODY]


def test_a_bomb_is_refused_before_it_unfolds(client: Client, house: FakeHouse) -> None:
    """A gigabyte in a megabyte costs at most the bound and a byte; the memory of the process does not feel it."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    assert len(bomb) < LARGEST // 8
    tracemalloc.start()
    answer = compressed(client, house, [bomb[:100_000], bomb[100_000:], b"junk"], "gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert peak < 4 * LARGEST
    assert house.disk.heard == []


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("br", b"x", 415),
        ("gzip, gzip", b"x", 415),
        ("gzip", b"no gzip", 400),
        ("gzip", PACKED[:-4], 400),
        ("gzip", PACKED + b"more", 400),
        ("deflate", PACKED, 400),
    ],
)
def test_what_is_not_that_coding_is_refused(
    client: Client, house: FakeHouse, coding: str, body: bytes, status: int
) -> None:
    """Another coding, two of them, junk, a part of one, something after its end."""
    answer = compressed(client, house, body, coding)
    assert (answer.status, answer.json["at"]) == (status, "Content-Encoding")
    assert house.disk.heard == []


@pytest.mark.parametrize(
    ("media", "body", "told"),
    [
        ("text/csv", b"twin,temp\nPump/P-1,300\nPump/P-1,301\n", {"temp": [300, 301]}),
        ("application/senml+json", b'[{"n":"Pump/P-1/temp","t":1795430536,"v":300}]',
         [{"t": 1795430536 * 10**9, "temp": 300}]),
        ("application/vnd.apache.arrow.stream", ARROW,
         {"t": [1795430536 * 10**9, 1795430537 * 10**9], "temp": [300.0, 302.0]}),
    ],
)  # fmt: skip
def test_a_format_that_names_its_twins_is_taken_apart(
    client: Client, house: FakeHouse, media: str, body: bytes, told: object
) -> None:
    """CSV and Arrow by their column `twin`, SenML by its names; what travels on is MessagePack of one twin each."""
    answer = client.ask("POST", f"{MANY}?partial=true", house.tokens["device"], body, media=media)
    assert answer.status == 202
    _, topic, payload, encoding = house.disk.messages()[0]
    assert (topic, encoding) == ("twins/Pump/P-1/telemetry", Encoding.MSGPACK)
    assert msgspec.msgpack.decode(payload) == told


def test_a_format_that_names_no_twin_is_for_one_twin(client: Client, house: FakeHouse) -> None:
    """XML of several twins, and CSV without a column for them."""
    admin = house.tokens["admin"]
    assert client.ask("POST", MANY, admin, b"<r/>", media="text/xml").status == 415
    answer = client.ask("POST", MANY, admin, b"temp\n300\n", media="text/csv")
    assert (answer.status, answer.json["at"]) == (422, "$")
    assert "column 'twin'" in answer.json["detail"]


@pytest.mark.parametrize(
    ("media", "body", "places"),
    [
        (NDJSON, b'{"twin": "Pump/P-1", "data": {}}\n{"twin": "Pump/P-2", "data": {}}\n{\n', ["line 2.twin", "line 3"]),
        ("application/json",
         b'[{"twin": "Pump/P-1", "data": 1}, {"twin": 7, "data": 1}, {"twin": "Pump/#", "data": 1}]',
         ["$[1].twin", "$[2].twin"]),
        ("application/cbor", cbor2.dumps([{"twin": "Pump/P-1", "data": 1}, {"twin": "Pump/P-1"}]), ["$[1]"]),
        ("application/msgpack", msgspec.msgpack.encode([{"twin": "Pump/P-1", "data": 1}, 7]), ["$[1]"]),
    ],
)  # fmt: skip
def test_what_can_be_taken_is_taken_where_that_is_asked(
    client: Client, house: FakeHouse, media: str, body: bytes, places: list[str]
) -> None:
    """`?partial=true` lists what was not taken, with its place and the reason; without it nothing is taken."""
    token = house.tokens["device"]
    assert client.ask("POST", MANY, token, body, media=media).status in (400, 404, 422)
    assert house.disk.heard == []
    answer = client.ask("POST", f"{MANY}?partial=true", token, body, media=media)
    assert (answer.status, answer.json["accepted"]) == (202, 1)
    assert [one["at"] for one in answer.json["refused"]] == places
    assert all(one["detail"] for one in answer.json["refused"])
    assert len(house.disk.messages()) == 1


def test_a_body_of_which_nothing_can_be_taken_is_refused(client: Client, house: FakeHouse) -> None:
    """Also where parts would do."""
    answer = client.post(f"{MANY}?partial=true", [{"twin": "Pump/P-2", "data": {}}], house.tokens["device"])
    assert (answer.status, answer.json["at"]) == (422, "$[0].twin")
    assert house.disk.heard == []


def test_one_account_may_send_so_much_and_no_more(house: FakeHouse, page: Path) -> None:
    """Beyond its rate it is told when to try again; another account is not held up by it."""
    now = [100.0]
    rates = Rates(10, 20, now=lambda: now[0])
    client = Client(Application(house, page=page, rates=rates))
    try:
        lines = b'{"temp": 1}\n' * 20
        assert client.ask("POST", ONE, house.tokens["device"], lines, media=NDJSON).status == 202
        answer = client.ask("POST", ONE, house.tokens["device"], BODY, media="application/json")
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert client.ask("POST", ONE, house.tokens["admin"], BODY, media="application/json").status == 202
        now[0] += 0.25
        assert client.ask("POST", ONE, house.tokens["device"], BODY, media="application/json").status == 202
        assert rates.refused == 1
    finally:
        client.close()


def test_a_bucket_bears_a_debt_and_the_oldest_is_forgotten() -> None:
    """More than a bucket holds gets in when it is full, and is paid for; memory is bounded by accounts."""
    now = [0.0]
    rates = Rates(10, 20, accounts=2, now=lambda: now[0])
    rates.take(("", "a"), 50)
    with pytest.raises(Overloaded) as full:
        rates.take(("", "a"), 1)
    assert full.value.retry_after == pytest.approx(3.1)
    rates.take(("", "b"), 1)
    rates.take(("", "c"), 1)
    rates.take(("", "a"), 20)


def test_nobody_speaks_for_another_twin(client: Client, house: FakeHouse) -> None:
    """A device sends for its own twin alone; in a batch one foreign twin refuses the whole."""
    token = house.tokens["device"]
    for path in (ONE.replace("P-1", "P-2"), ONE.replace("P-1", "P-77"), ONE.replace("P-1", "*")):
        assert client.ask("POST", path, token, BODY, media="application/json").status == 404
    batch = [{"twin": "Pump/P-1", "data": {}}, {"twin": "Pump/P-2", "data": {}}]
    answer = client.post(MANY, batch, token)
    assert (answer.status, answer.json["at"]) == (404, "$[1].twin")
    assert client.post(MANY, [{"twin": "Pump/#", "data": {}}], house.tokens["admin"]).status == 422
    assert client.ask("POST", ONE, house.tokens["viewer"], BODY, media="application/json").status == 404
    assert client.ask("POST", ONE, None, BODY, media="application/json").status == 401
    assert client.ask("GET", ONE, token).status == 404
    assert house.disk.heard == []


def test_a_tenant_is_that_of_the_credential(client: Client, house: FakeHouse) -> None:
    """Frames bear the sender's tenant; only the installation's administrator sends for another one."""
    assert client.ask("POST", ONE, house.tokens["stranger"], BODY, media="application/json").status == 202
    assert (
        client.ask("POST", f"{ONE}?tenant=north", house.tokens["admin"], BODY, media="application/json").status == 202
    )
    assert (
        client.ask("POST", f"{ONE}?tenant=north", house.tokens["device"], BODY, media="application/json").status == 404
    )
    assert [origin.tenant for origin, _, _, _ in house.disk.messages()] == ["north", "north"]


def nested(leaves: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Values with lists and maps in them."""
    return st.recursive(leaves, lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside))


PLAIN = st.none() | st.booleans() | st.text()
BODIES = st.one_of(
    st.binary(max_size=64),
    nested(PLAIN | st.floats()).map(json.dumps).map(str.encode),
    nested(PLAIN | st.integers() | st.binary()).map(cbor2.dumps),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BODIES, st.sampled_from([*ENCODINGS, NDJSON]))
def test_any_bytes_are_taken_or_refused(body: bytes, media: str) -> None:
    """Whatever arrives is split into messages or refused with a reason; nothing else is ever raised."""
    for read in (lambda: alone("Pump/P-1", body, media), lambda: together(body, media, taken_apart)):
        parts, refused = outcome(read)
        if refused is None:
            assert all(isinstance(part.twin, str) and isinstance(part.data, bytes) for part in parts)
        else:
            assert refused.status in (400, 415, 422)
            assert refused.detail


def taken_apart(body: bytes, encoding: Encoding) -> Sequence[tuple[str, bytes]]:
    """As a house does it."""
    try:
        return apart(body, encoding, arrival=NOW)
    except Fault as fault:
        raise Refused(422, fault.detail) from None


def outcome(read: Callable[[], Sequence[Part]]) -> tuple[Sequence[Part], Refused | None]:
    """What was read, or why it was not."""
    try:
        return read(), None
    except Refused as refused:
        return (), refused


@pytest.mark.parametrize(
    "body", [b"\x80\x80", b"\x81\xd8\x23\x63(a)", b"\x81\xd8\x1c\x81\xd8\x1d\x00", b"\x81" * 5_000]
)
def test_hostile_cbor_is_refused(body: bytes) -> None:
    """Regular expressions, cycles and depth bombs in CBOR are refused."""
    with pytest.raises(Refused):
        together(body, "application/cbor", taken_apart)
