"""Bytes and messages: every message comes back, and no bytes do more than raise CoapError."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pollux.connect.coap.asked import asked
from pollux.connect.coap.blocks import Block, cut
from pollux.connect.coap.codes import CoapError, Code, Kind, Number
from pollux.connect.coap.message import Message, decode, encode, of_uint, to_uint

OPTIONS = some.lists(some.tuples(some.integers(0, 0xFFFF), some.binary(max_size=300)), max_size=12).map(
    lambda found: tuple(sorted(found, key=lambda one: one[0]))
)
MESSAGES = some.builds(
    Message,
    some.sampled_from(list(Kind)),
    some.integers(1, 255),
    some.integers(0, 0xFFFF),
    some.binary(max_size=8),
    OPTIONS,
    some.binary(max_size=64),
)


@given(MESSAGES)
def test_every_message_comes_back(message: Message) -> None:
    """Encoding and decoding are inverse, also for options beyond 13 and 269 in number and length."""
    assert decode(encode(message)) == message


@given(some.binary(max_size=80))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    """What decodes encodes to a message that means the same; the rest raises CoapError, and so do options."""
    code = Code.CONTENT
    try:
        message = decode(data)
        assert decode(encode(message)) == message
        code = Code.VALID
        asked(message.options)
    except CoapError as error:
        refused = {Code.BAD_REQUEST, Code.BAD_OPTION, Code.PROXYING_NOT_SUPPORTED}
        code = error.code if error.code in ({Code.EMPTY} if code == Code.CONTENT else refused) else Code.INTERNAL_ERROR
    assert code != Code.INTERNAL_ERROR


@given(MESSAGES, some.data())
def test_a_message_that_was_damaged_is_refused_or_another(message: Message, data: some.DataObject) -> None:
    """Bits that flip and ends that are cut off never raise anything but CoapError."""
    sound = bytearray(encode(message))
    for _ in range(data.draw(some.integers(1, 3))):
        place = data.draw(some.integers(0, len(sound) - 1))
        sound[place] ^= 1 << data.draw(some.integers(0, 7))
    cut_off = bytes(sound[: data.draw(some.integers(0, len(sound)))])
    for broken in (bytes(sound), cut_off):
        try:
            asked(decode(broken).options)
        except CoapError:
            continue


@given(some.integers(0, 0xFFFFFFFF))
def test_numbers_are_as_short_as_they_can_be(value: int) -> None:
    """A number comes back, without a leading zero."""
    written = of_uint(value)
    assert to_uint(written) == value
    assert not written.startswith(b"\0")


@given(some.binary(min_size=1, max_size=5_000), some.integers(0, 6))
def test_blocks_make_up_the_body(body: bytes, exponent: int) -> None:
    """The blocks of a body, one after the other until no more follow, are the body."""
    pieces, number = b"", 0
    while True:
        found, piece = cut(body, Block(number, False, exponent))
        block = Block.read(dict(found)[Number.BLOCK2])
        assert (block.number, block.exponent, len(piece) <= block.size) == (number, exponent, True)
        pieces += piece
        if not block.more:
            break
        number += 1
    assert pieces == body


@pytest.mark.parametrize(
    "text",
    ["", "40", "400100", "00010001", "c0010001", "49010001000000000000000000", "41010001", "40010001ff", "40010001f0",
     "400100010f", "40010001d0", "40010001e000", "4001000151", "4000000100", "40010001ee0000"],
)  # fmt: skip
def test_broken_messages_are_named_as_such(text: str) -> None:
    """Cut heads, other versions, long tokens, reserved lengths, a marker without payload: EMPTY says they are none."""
    with pytest.raises(CoapError) as refused:
        decode(bytes.fromhex(text))
    assert refused.value.code == Code.EMPTY


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        (((9, b"x"),), Code.BAD_OPTION),
        (((Number.ACCEPT, b""), (Number.ACCEPT, b"")), Code.BAD_OPTION),
        (((Number.URI_HOST, b""),), Code.BAD_OPTION),
        (((Number.PROXY_URI, b"coap://x"),), Code.PROXYING_NOT_SUPPORTED),
        (((Number.BLOCK1, b"\x07"),), Code.BAD_REQUEST),
        (((Number.URI_PATH, b"\xff"),), Code.BAD_REQUEST),
        (((Number.URI_PATH, b"a/b"),), Code.BAD_REQUEST),
        (((Number.URI_PATH, b"a\x00"),), Code.BAD_REQUEST),
    ],
)
def test_critical_options_that_are_wrong_are_refused(given_: tuple[tuple[int, bytes], ...], code: Code) -> None:
    """A critical option that is not known, doubled or of a wrong length is 4.02; text that is none is 4.00."""
    with pytest.raises(CoapError) as refused:
        asked(given_)
    assert refused.value.code == code


def test_elective_options_that_are_wrong_are_ignored() -> None:
    """What need not be understood changes nothing."""
    assert asked(((10, b"x"), (Number.ETAG, bytes(9)), (Number.OBSERVE, b"\1"), (Number.OBSERVE, b""))).observe == 1
