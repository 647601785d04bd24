"""Who issues in the root's name now, and who did before and still answers for certificates that hold.

    issuer.pem          key and certificate of the one that issues
    former-SERIAL.pem   the same of one before it: it issues no more, but signs the list of its certificates

A former one goes when its certificate ends, for nothing that it has issued holds longer; or when the root no longer
stands for it.
"""

import re
from pathlib import Path
from typing import Final, final

from cryptography import x509
from cryptography.x509.oid import NameOID

from pollux.errors import NotFound
from pollux.guard import files
from pollux.guard.certificates import LONGEST_COMMON_NAME, Signer, span
from pollux.guard.keys import certificate_at, signer_at, signer_text

ISSUER: Final = "issuer.pem"
_NUMBERED: Final = re.compile(r"(.*?) issuer(?: (\d+))?", re.DOTALL)


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number as people see and write it."""
    return f"{certificate.serial_number:040x}"


def next_title(certificate: x509.Certificate) -> str:
    """What the successor of an issuer is called: no two bear one name, for lists are found by the name.

    The title is cut so that the number stays whole.
    """
    common = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    found = _NUMBERED.fullmatch(common)
    title, number = (found[1], int(found[2] or 1)) if found else (common, 1)
    tail = f" issuer {number + 1}"
    return title[: LONGEST_COMMON_NAME - len(tail)] + tail


@final
class Issuers:
    """The issuers of a folder, the current one first. What another process has changed is seen by the next question."""

    def __init__(self, folder: Path, passphrase: bytes | None) -> None:
        self._folder, self._passphrase = folder, passphrase
        self._kept = self._load()

    @property
    def current(self) -> Signer:
        """The one that issues."""
        if files.stamp(self._folder / ISSUER) != self._kept[0]:
            self._kept = self._load()
        return self._kept[1]

    def former(self, now: int) -> list[Signer]:
        """Those before it whose own certificates have not ended."""
        mine = self.current.certificate.serial_number
        found = [signer_at(path, self._passphrase) for path in self._files()]
        return [
            one
            for one in found
            if one.certificate.serial_number != mine and now < span(one.certificate).end
        ]  # fmt: skip

    def certificates(self) -> list[x509.Certificate]:
        """The certificates of all, without their keys."""
        current = self.current.certificate
        return [current, *(one for one in map(certificate_at, self._files()) if one != current)]

    def succeed(self, successor: Signer) -> None:
        """Let another issue from now on."""
        files.replace(self._folder / ISSUER, signer_text(successor, self._passphrase))

    def keep_former(self, signer: Signer) -> None:
        """Keep one that is about to be followed by another."""
        files.replace(self._former(serial_of(signer.certificate)), signer_text(signer, self._passphrase))

    def drop(self, serial: str) -> None:
        """Destroy the key of a former one; nothing where it is gone already."""
        files.erase(self._former(serial))

    def sweep(self, now: int) -> None:
        """Destroy the keys of those that have ended."""
        for path in self._files():
            if span(certificate_at(path)).end <= now:
                files.erase(path)

    def meant(self, serial: str) -> x509.Certificate:
        """The issuer of a serial number; raises NotFound."""
        for one in self.certificates():
            if serial_of(one) == serial.lower():
                return one
        hint = "`pollux identity list` shows them"
        raise NotFound(f"expected the serial number of an issuer, got {serial!r}", hint=hint)

    def _load(self) -> tuple[files.Stamp | None, Signer]:
        path = self._folder / ISSUER
        stamp = files.stamp(path)  # before it is read: one that is replaced meanwhile is read once more
        return stamp, signer_at(path, self._passphrase)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("former-*.pem"))

    def _former(self, serial: str) -> Path:
        return self._folder / f"former-{serial}.pem"
