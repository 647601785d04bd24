"""Which server is believed: the matrix of certificates, and what Pollux shows of itself."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pollux.clock import DAY, WallClock
from pollux.connect.opcua.trust import Untrusted, fingerprint, own, split_chain, trust_of
from pollux.errors import SetupError
from tests.connect.opcua.authority import DER, PEM, Authority, self_signed

URI, HOST = "urn:acme:server", "plant.example"
NOW = WallClock().now()


@pytest.fixture(scope="module")
def ca():
    return Authority()


@pytest.fixture
def files(tmp_path, ca):
    """The authority's certificate and its list, as files."""
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "crl.pem").write_bytes(ca.crl())
    return tmp_path


def believed(certificate, files, *, listed=False, now=NOW, host=HOST, between=()):
    """Check one chain; raises Untrusted."""
    revoked = files / "crl.pem" if listed else None
    trust_of(None, files / "ca.pem", revoked).check([certificate, *between], host, now)


def test_a_good_certificate_of_the_authority_is_believed(ca, files):
    """Directly, and through one between."""
    good, _ = ca.issue("Plant", URI, host=HOST)
    believed(good, files)
    believed(good, files, listed=True)
    below = Authority("Issuing CA", issuer=ca)
    leaf, _ = below.issue("Plant", URI, host=HOST)
    believed(leaf, files, between=[below.certificate])


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (lambda ca: ca.issue("P", URI, host=HOST, start=-9, end=-1)[0], "has expired"),
        (lambda ca: ca.issue("P", URI, host=HOST, start=1)[0], "does not hold before"),
        (lambda ca: ca.issue("P", URI, host=HOST, bits=1024)[0], "2048 bits"),
        (lambda ca: ca.issue("P", URI, host="other.example")[0], "expected a certificate of plant.example"),
        (lambda ca: ca.issue("P", URI, host=HOST, ca=True)[0], "got that of an authority"),
        (lambda ca: self_signed("P", URI, host=HOST)[0], "expected an issuer that was named"),
        (lambda ca: Authority().issue("P", URI, host=HOST)[0], "expected an issuer that was named"),
    ],
    ids=["expired", "early", "short key", "other host", "authority", "self-signed", "another CA of the same name"],
)
def test_a_bad_certificate_is_not_believed(ca, files, bad, why):
    """Each for its own reason."""
    with pytest.raises(Untrusted, match=why):
        believed(bad(ca), files)


def test_a_leaf_cannot_act_as_an_authority(ca, files):
    """A certificate that a good one has signed is not believed, since that one is no authority."""
    good, key = ca.issue("Plant", URI, host=HOST)
    false = Authority("Plant")
    false.key, false.name = key, good.subject
    leaf, _ = false.issue("Evil", URI, host=HOST)
    with pytest.raises(Untrusted, match="expected an issuer"):
        believed(leaf, files, between=[good])


def test_what_was_taken_back_is_out(ca, files):
    """By the list of its own authority, that has not run out; a list of another one is no list."""
    gone, _ = ca.issue("Gone", URI, host=HOST)
    ca.revoke(gone)
    (files / "crl.pem").write_bytes(ca.crl())
    with pytest.raises(Untrusted, match="has taken the certificate back"):
        believed(gone, files, listed=True)
    good, _ = ca.issue("Plant", URI, host=HOST)
    with pytest.raises(Untrusted, match="has run out"):
        believed(good, files, listed=True, now=NOW + 8 * DAY)
    forged = Authority()
    (files / "crl.pem").write_bytes(forged.crl())
    with pytest.raises(Untrusted, match="its authority has signed"):
        believed(good, files, listed=True)
    (files / "crl.pem").write_bytes(Authority("Other CA").crl())
    with pytest.raises(Untrusted, match="expected a revocation list of"):
        believed(good, files, listed=True)


def test_a_pinned_certificate_is_believed_alone(ca, tmp_path):
    """By its fingerprint, in any writing, or by its file; another one is told with its own fingerprint."""
    pinned, _ = self_signed("Plant", URI)
    (tmp_path / "server.der").write_bytes(pinned.public_bytes(DER))
    (tmp_path / "server.pem").write_bytes(pinned.public_bytes(PEM))
    digits = fingerprint(pinned)
    colons = ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper()
    for pin in (digits, colons, str(tmp_path / "server.der"), str(tmp_path / "server.pem")):
        trust_of(pin, None, None).check([pinned], "any", NOW)
    other, _ = self_signed("Plant", URI)
    with pytest.raises(Untrusted, match=fingerprint(other)):
        trust_of(digits, None, None).check([other], "any", NOW)
    with pytest.raises(Untrusted, match="has expired"):
        trust_of(digits, None, None).check([pinned], "any", NOW + 400 * DAY)


def test_files_that_are_none_are_named(tmp_path):
    """A missing file and one with other bytes."""
    with pytest.raises(SetupError, match="cannot be read"):
        trust_of(str(tmp_path / "missing.der"), None, None)
    (tmp_path / "other.pem").write_text("hello")
    with pytest.raises(SetupError, match="expected a certificate"):
        trust_of(None, tmp_path / "other.pem", None)


@pytest.mark.parametrize("blob", [b"", b"\x30", b"hello world", b"\x30\x82\xff\xff" + bytes(40)])
def test_what_a_server_shows_may_be_anything(blob):
    """Other bytes are untrusted, and nothing else."""
    with pytest.raises(Untrusted):
        split_chain(blob)


def test_the_own_certificate_is_made_once_and_kept_apart(tmp_path):
    """Signed by itself, for an application of its own URI, with a key that nobody else may read."""
    made = own(tmp_path / "o", "urn:pollux:1", "here", NOW, certificate=None, key=None)
    again = own(tmp_path / "o", "urn:pollux:1", "here", NOW, certificate=None, key=None)
    assert (made.certificate, made.key) == (again.certificate, again.key)
    certificate = x509.load_der_x509_certificate(made.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:pollux:1"]
    key = serialization.load_pem_private_key(made.key, None)
    assert key.public_key() == certificate.public_key()
    assert (tmp_path / "o" / "key.pem").stat().st_mode & 0o077 == 0
    given = own(
        tmp_path / "p", "urn:x", "here", NOW,
        certificate=tmp_path / "o" / "certificate.der", key=tmp_path / "o" / "key.pem",
    )  # fmt: skip
    assert given.uri == "urn:pollux:1"
    assert not (tmp_path / "p").exists()
