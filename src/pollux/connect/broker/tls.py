"""The TLS context of a client: whom it believes, and what it shows of itself."""

import ssl
from pathlib import Path

from pollux.errors import SetupError


def client_context(
    ca: str | Path | None = None, certificate: str | Path | None = None, key: str | Path | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or 1.3; the server's name and chain are checked, against the authorities in `ca` or the system's.

    Raises SetupError where a file is missing or cannot be read.
    """
    at, what = str(ca), "the authorities to believe"
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            at, what = str(certificate), "a certificate and its key, not encrypted"
            context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise SetupError(f"expected {what}: {error}", at=at) from None
    return context
