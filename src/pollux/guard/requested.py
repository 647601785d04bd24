"""Signing requests: of what a device asks for only its public key is taken, and that only if it is a good one."""

from typing import Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pollux.errors import DataRefused
from pollux.guard.certificates import PublicKey

LARGEST: Final = 16_384
"""Bytes that a request may have."""

SMALLEST_RSA, LARGEST_RSA = 2_048, 4_096
CURVES: Final = (ec.SECP256R1, ec.SECP384R1)


def requested_key(request: bytes) -> PublicKey:
    """The key for which a PKCS#10 request (PEM or DER) asks for a certificate; its names are not looked at.

    Raises DataRefused for what is no request, is not signed with that very key, or has a weak or unusual key.
    """
    if len(request) > LARGEST:
        raise DataRefused(f"expected a signing request of at most {LARGEST} bytes, got {len(request)}")
    try:
        load = x509.load_pem_x509_csr if request.lstrip().startswith(b"-----") else x509.load_der_x509_csr
        asked = load(request)
        proved, key = asked.is_signature_valid, asked.public_key()
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        raise DataRefused("expected a signing request (PKCS#10) in PEM or DER") from None
    if not proved:
        raise DataRefused("expected a request that is signed with the key it asks for")
    if not _good(key):
        raise DataRefused(
            "expected a key on P-256, P-384 or Ed25519, or RSA of 2048 to 4096 bits",
            hint="for example: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ...",
        )
    return cast("PublicKey", key)


def _good(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return SMALLEST_RSA <= key.key_size <= LARGEST_RSA
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, CURVES)
    return isinstance(key, ed25519.Ed25519PublicKey)
