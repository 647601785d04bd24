"""The one gate: who comes in, and who may do what. Everything that is not granted is refused."""

from concurrent.futures import Future
from typing import Final, final

from pollux.guard.accounts import Accounts
from pollux.guard.attempts import Attempts
from pollux.guard.identity import Credential, Identity, is_plain
from pollux.guard.policy import DEFAULT_POLICY, Action, Policy
from pollux.guard.records import Enrolled
from pollux.guard.requests import is_loopback

DECISIONS = 65_536

_SECRETS: Final = {"person": "password", "device": "token", "service": "token"}


def _now(identity: Identity | None) -> "Future[Identity | None]":
    answer: Future[Identity | None] = Future()
    answer.set_result(identity)
    return answer


def _fits(credential: Credential, found: Identity) -> bool:
    """Whether the name that was shown, if any, is that of whoever was found."""
    return credential.name in (None, "", found.name, f"{found.tenant}/{found.name}")


def _why_certified(record: Enrolled | None, name: str, now: int) -> str:
    if record is None:
        return "the certificate is in no account's record: enrol it, or issue one with `pollux identity issue`"
    if record.ended is not None:
        return f"the certificate {record.id} was revoked"
    if now >= record.expires:
        return f"the certificate {record.id} has expired"
    if now < record.starts:
        return f"the certificate {record.id} does not hold yet: is the clock right?"
    if name not in ("", record.name, f"{record.tenant}/{record.name}"):
        return f"the certificate is of {record.name}, and another name was given beside it"
    return f"the account of {record.name} is disabled, or the token beside the certificate is not its own"


@final
class Gate:
    """Authenticates credentials and answers every "may it?" of the installation.

    What does not exist and what is forbidden get the same answer, False. With `by_name` (insecure, loopback only) a
    device may come in under its name without a secret: it is then an identity whose only twin is the one of that name.

    >>> gate = Gate(by_name=True)
    >>> device = gate.authenticate(Credential("P-7", address="127.0.0.1")).result()
    >>> gate.may(device, "publish", "Pump/P-7/telemetry"), gate.may(device, "publish", "Pump/P-8/telemetry")
    (True, False)
    """

    def __init__(
        self, accounts: Accounts | None = None, *, policy: Policy = DEFAULT_POLICY, by_name: bool = False
    ) -> None:
        self._accounts = accounts
        self._policy = policy
        self._by_name = by_name
        self._decisions: dict[tuple[Identity, Action, str], bool] = {}
        self.attempts = Attempts(accounts.now if accounts else lambda: 0)

    @property
    def version(self) -> int:
        """Grows whenever an identity may have ended or changed; whoever keeps decisions or connections looks at it."""
        if self._accounts is None:
            return 0
        self._accounts.refresh()
        return self._accounts.version

    def authenticate(self, credential: Credential) -> "Future[Identity | None]":
        """Who shows this credential, or nobody. Done at once for a token; later where a password must be hashed.

        Raises Overloaded when there were too many attempts with passwords.
        """
        answer = self._recognised(credential)
        answer.add_done_callback(lambda done: self._note(credential, done))
        return answer

    def _recognised(self, credential: Credential) -> "Future[Identity | None]":
        if credential.certificate is not None:
            return _now(self._certified(credential, credential.certificate))
        if not credential.secret:
            return _now(self._named(credential))
        if self._accounts is None:
            return _now(None)
        self._accounts.refresh()
        found = self._accounts.by_token(credential.secret)
        if found is not None:
            return _now(found if _fits(credential, found) else None)
        if not credential.name:
            return _now(None)
        tenant, _, name = credential.name.rpartition("/")
        account = self._accounts.find(name, tenant=tenant)
        if account is not None and account.kind != "person":
            # Devices and services have no password, so a wrong token need not be hashed: no flood of devices can
            # fill the pool that people sign in through.
            return _now(None)
        return self._accounts.by_password(name, credential.secret, address=credential.address, tenant=tenant)

    def may(self, identity: Identity, action: Action, target: str) -> bool:
        """Whether an identity may do this to `type/id/signal`; decisions are remembered."""
        key = (identity, action, target)
        known = self._decisions.get(key)
        if known is None:
            if len(self._decisions) >= DECISIONS:
                self._decisions.clear()
            known = self._decisions[key] = self._policy.allows(identity, action, target)
        return known

    def alive(self, identity: Identity) -> bool:
        """Whether an identity that came in earlier would still be let in."""
        if identity.grant == "name":
            return self._by_name and (self._accounts is None or self._accounts.find(identity.name) is None)
        return self._accounts is not None and self._accounts.alive(identity)

    def _note(self, credential: Credential, answer: "Future[Identity | None]") -> None:
        """Remember, of an attempt that failed, what whoever runs the site wants to know."""
        if answer.cancelled() or answer.exception() is not None or answer.result() is not None:
            return
        name = credential.name or credential.client
        record = self._record(credential)
        claimed = name or (f"{record.tenant}/{record.name}".lstrip("/") if record else "")
        self.attempts.tell(claimed, credential.client, credential.address, self._why(credential, name, record))

    def _record(self, credential: Credential) -> Enrolled | None:
        if self._accounts is None or credential.certificate is None:
            return None
        return self._accounts.certificates.find(credential.certificate)

    def _why(self, credential: Credential, name: str, record: Enrolled | None) -> str:
        """Why nobody was recognised, in words for whoever runs the site."""
        tenant, _, plain = name.rpartition("/")
        account = self._accounts.find(plain, tenant=tenant) if self._accounts is not None else None
        if credential.certificate is not None:
            return _why_certified(record, name, 0 if self._accounts is None else self._accounts.now())
        if account is not None and account.disabled:
            return "the account is disabled"
        if credential.secret:
            return "there is no account of this name" if account is None else f"the {_SECRETS[account.kind]} is wrong"
        if account is not None:
            return "nothing was shown that proves the name: neither a token nor a certificate"
        if not self._by_name:
            return "there is no account of this name, and nobody comes in by name alone"
        return "a device comes in by name alone from this machine, under a name of letters, digits, _ and -"

    def _certified(self, credential: Credential, certificate: bytes) -> Identity | None:
        """Whose certificate it is; what else was shown must be of the same account."""
        if self._accounts is None:
            return None
        self._accounts.refresh()
        found = self._accounts.by_certificate(certificate)
        if found is None or not _fits(credential, found):
            return None
        beside = self._accounts.by_token(credential.secret) if credential.secret else found
        return found if beside is not None and (beside.tenant, beside.name) == (found.tenant, found.name) else None

    def _named(self, credential: Credential) -> Identity | None:
        name = credential.name or credential.client
        if not self._by_name or not is_plain(name) or not is_loopback(credential.address):
            return None
        if self._accounts is not None and self._accounts.find(name) is not None:
            return None  # whoever has an account proves it
        return Identity("", name, "device", frozenset({"device"}), (f"*/{name}",), grant="name")
