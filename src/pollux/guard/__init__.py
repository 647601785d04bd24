"""Who may: identities, the one gate, accounts, keys. Never a socket."""

from pollux.guard.accounts import Accounts
from pollux.guard.attempts import Attempt, Attempts
from pollux.guard.gate import Gate
from pollux.guard.identity import Credential, Identity, Kind
from pollux.guard.keyring import Keyring
from pollux.guard.known import Account, Issued
from pollux.guard.policy import DEFAULT_POLICY, Action, Grant, Policy
from pollux.guard.requests import Doors, host_allowed, needs_origin, origin_allowed
from pollux.guard.tokens import Token

__all__ = [
    "DEFAULT_POLICY",
    "Account",
    "Accounts",
    "Action",
    "Attempt",
    "Attempts",
    "Credential",
    "Doors",
    "Gate",
    "Grant",
    "Identity",
    "Issued",
    "Keyring",
    "Kind",
    "Policy",
    "Token",
    "host_allowed",
    "needs_origin",
    "origin_allowed",
]
