"""Sealed payloads and signatures as bytes: what opens, and that nothing else does."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.clock import SECOND
from pollux.guard import cbor, sealing
from pollux.guard.cose import CoseError, read_sealed, seal, sign, verified
from pollux.guard.sealing import EVER, NOTICE, KeptKey, SealKeys

KEY = bytes(range(32))
VECTOR = {
    "key": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "kid": "P-7.00000000",
    "twin": "Pump/P-7",
    "nonce": "000102030405060708090a0b",
    "payload": '{"t":1795430536,"seq":1,"temp":301.5}',
}


def sealed(payload: bytes = b"{}", bound: bytes = b"Pump/P-7") -> bytes:
    return seal(payload, key=KEY, kid=b"P-7.00000000", bound=bound, content_type="application/json")


def opened(message: bytes, bound: bytes = b"Pump/P-7", key: bytes = KEY) -> bytes:
    return read_sealed(message).opened(AESGCM(key), bound)


def by_hand() -> tuple[bytes, bytes, bytes]:
    """The worked example, put together byte by byte as any language can: protected header, AAD, message."""
    kid, kind = VECTOR["kid"].encode(), b"application/json"
    protected = b"\xa3\x01\x03\x03" + bytes([0x60 | len(kind)]) + kind + b"\x04" + bytes([0x40 | len(kid)]) + kid
    twin, nonce = VECTOR["twin"].encode(), bytes.fromhex(VECTOR["nonce"])
    aad = b"\x83\x68Encrypt0" + b"\x58" + bytes([len(protected)]) + protected + bytes([0x40 | len(twin)]) + twin
    ciphertext = AESGCM(bytes.fromhex(VECTOR["key"])).encrypt(nonce, VECTOR["payload"].encode(), aad)
    head = b"\xd0\x83" + b"\x58" + bytes([len(protected)]) + protected + b"\xa1\x05\x4c" + nonce
    return protected, aad, head + b"\x58" + bytes([len(ciphertext)]) + ciphertext


def test_the_worked_example_of_the_docs_is_what_is_sealed_here():
    """Made by hand, byte by byte, it opens here; made here, it is the same; and the docs show it."""
    protected, aad, message = by_hand()
    made = seal(
        VECTOR["payload"].encode(),
        key=bytes.fromhex(VECTOR["key"]),
        kid=VECTOR["kid"].encode(),
        bound=VECTOR["twin"].encode(),
        content_type="application/json",
        nonce=bytes.fromhex(VECTOR["nonce"]),
    )
    assert made == message
    assert opened(message) == VECTOR["payload"].encode()
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "sealed.md").read_text()
    for shown in (*VECTOR.values(), protected.hex(), aad.hex(), message.hex()):
        assert shown in page.replace("\n", ""), shown


@given(st.binary(max_size=400), st.text(max_size=40))
def test_what_was_sealed_opens_and_two_of_the_same_differ(payload: bytes, place: str):
    """Round trip, for any payload and any place; the nonce is another each time."""
    bound = place.encode(errors="replace")
    first, second = sealed(payload, bound), sealed(payload, bound)
    assert opened(first, bound) == opened(second, bound) == payload
    assert first != second


@given(st.data())
def test_no_bit_can_be_changed(data: st.DataObject):
    """Wherever a bit is flipped, and wherever it is cut: refused, with words, never another error."""
    message = sealed(b'{"t": 1, "seq": 1, "temp": 301.5}')
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    changed = bytearray(message)
    changed[bit // 8] ^= 1 << bit % 8
    cut = data.draw(st.integers(0, len(message) - 1))
    for wrong in (bytes(changed), message[:cut], message + b"\0"):
        with pytest.raises(CoseError, match="expected"):
            opened(wrong)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(junk: bytes):
    """Whatever comes, behind the right beginning too."""
    for wrong in (junk, b"\xd0\x83" + junk, b"\xd2\x84" + junk):
        with pytest.raises(CoseError, match="expected"):
            opened(wrong)
        with pytest.raises(CoseError, match="expected"):
            verified(wrong, [])


def test_another_key_and_another_place_open_nothing():
    """The key of another device, and the topic of another twin or signal."""
    for key, bound in ((bytes(32), b"Pump/P-7"), (KEY, b"Pump/P-8"), (KEY, b"Pump/P-7/temp")):
        with pytest.raises(CoseError, match="sealed for this twin"):
            opened(sealed(), bound, key)


def test_headers_that_nobody_asked_for_are_refused():
    """Another algorithm, a critical header, a key outside the protected one, a short nonce."""
    good = {1: 3, 4: b"k"}
    for protected, plain in (
        ({**good, 1: 1}, {5: bytes(12)}),
        ({**good, 2: [99]}, {5: bytes(12)}),
        ({1: 3}, {4: b"k", 5: bytes(12)}),
        (good, {5: bytes(8)}),
        (good, {5: bytes(12), 6: b""}),
    ):
        wrong = b"\xd0\x83" + cbor.string(cbor.encoded(protected)) + cbor.encoded(plain) + cbor.string(bytes(16))
        with pytest.raises(CoseError, match="expected"):
            read_sealed(wrong)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    )
)
def test_plain_data_is_read_as_it_was_written(value: object):
    """Of any shape that is not too deep; a level more is refused."""
    levels = depth(value)
    if levels <= cbor.DEEPEST:
        assert cbor.decoded(cbor.encoded(value)) == value
    else:
        with pytest.raises(ValueError, match="levels"):
            cbor.decoded(cbor.encoded(value))


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def test_cbor_refuses_what_makes_two_readings_possible():
    """A name twice, an indefinite length, a tag, a length that lies, bytes after the end."""
    for wrong in ("a2616101616102", "9f01ff", "c100", "5aFFFFFFFF00", "0000", "a1f501", "ff", "f818"):
        with pytest.raises(ValueError, match="expected"):
            cbor.decoded(bytes.fromhex(wrong))


def test_a_signature_is_of_what_was_signed_and_of_a_known_key():
    """A bit of it changed, or a foreign key: refused."""
    key, foreign = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    message = sign(b"stop", key=key)
    assert verified(message, [foreign.public_key(), key.public_key()]) == b"stop"
    with pytest.raises(CoseError, match="known here"):
        verified(message, [foreign.public_key()])
    for bit in range(8 * len(message)):
        changed = bytearray(message)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CoseError, match="expected"):
            verified(bytes(changed), [key.public_key()])


def test_keys_are_kept_with_their_time_private_and_seen_by_who_serves(tmp_path: Path):
    """Made, changed over with overlap, ended; another reader finds the same, and no text shows a key."""
    keys = SealKeys(tmp_path)
    first = keys.make("P-7", ["Pump/P-7"], now=0)
    second = keys.make("P-7", ["Pump/P-7"], now=5 * SECOND)
    (ended,) = keys.end("P-7", now=9 * SECOND, keep=second.id)
    assert (ended.id, ended.until) == (first.id, 9 * SECOND + NOTICE)
    assert [(one.id, one.until) for one in SealKeys(tmp_path).all()] == [(first.id, ended.until), (second.id, EVER)]
    kept, _ = SealKeys(tmp_path).find(first.id) or pytest.fail("lost")
    assert kept.holds(18 * SECOND)
    assert not kept.holds(19 * SECOND)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "seals").iterdir()} == {0o600}
    assert first.key not in repr(first) + repr(kept)
    assert keys.find("../../etc/passwd.00000000") is None
    with pytest.raises(px.NotFound):
        keys.end("P-8", now=0)


def test_what_another_process_writes_is_seen_and_what_nobody_writes_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A further key at once; an end within a second, also in a folder that was quiet for long; no file is read twice
    while nothing changes.
    """
    theirs, ours, passed, reads = SealKeys(tmp_path), SealKeys(tmp_path), [100.0], list[str]()
    monkeypatch.setattr(sealing, "stopwatch", lambda: passed[0])
    read = SealKeys._read

    def noted(path: Path) -> KeptKey | None:
        reads.append(path.name)
        return read(path)

    monkeypatch.setattr(SealKeys, "_read", staticmethod(noted))
    assert ours.find("P-7.00000000") is None
    first, second = theirs.make("P-7", ["*"], now=0), theirs.make("P-8", ["*"], now=0)
    assert ours.find(first.id)
    assert ours.find(second.id)
    passed[0] += 2
    os.utime(tmp_path / "seals", (1, 1))
    assert ours.find(first.id)
    reads.clear()
    for _ in range(5):
        passed[0] += 2
        assert ours.find(first.id)
    assert reads == []
    theirs.end("P-7", now=0)
    passed[0] += 2
    kept, _ = ours.find(first.id) or pytest.fail("lost")
    assert kept.ends


def test_a_key_file_is_read_or_said_to_be_none(tmp_path: Path):
    """What the command writes is what a device reads; anything else is an error that names the file."""
    (tmp_path / "good").write_text(json.dumps({"id": "P-7.00000000", "key": KEY.hex()}))
    assert px.SealKey.read(tmp_path / "good").secret == KEY
    for name, text in (
        ("short", '{"id": "P-7.00000000", "key": "00"}'),
        ("odd", "{}"),
        ("hex", '{"id":"a","key":"x"}'),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(px.SetupError, match="expected a key to seal with"):
            px.SealKey.read(tmp_path / name)
    with pytest.raises(px.SetupError, match="expected a key to seal with"):
        px.SealKey.read(tmp_path / "missing")
