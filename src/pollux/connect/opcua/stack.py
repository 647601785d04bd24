"""The seam to asyncua, the stack that speaks OPC UA: its generated types suit no strict checker and are plain here.

Imported by what runs a connection or a server alone, so that a site can be declared without the optional library.
"""

import logging
from importlib import import_module
from typing import Any, Final, TypeAlias, TypeGuard

# What it would say of each lost connection, with a trace, is said by us in one line; whoever sets a level hears it all.
if logging.getLogger("asyncua").level == logging.NOTSET:
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)

ua: Final[Any] = import_module("asyncua.ua")
Client: Final[Any] = import_module("asyncua").Client
security_policies: Final[Any] = import_module("asyncua.crypto.security_policies")
CertProperties: Final[Any] = import_module("asyncua.crypto.uacrypto").CertProperties

Session: TypeAlias = Any
"""An `asyncua.client.ua_session.UaSession`: the services of one session."""
NodeId: TypeAlias = Any
DataValue: TypeAlias = Any
VariantType: TypeAlias = Any

UaError: Final[type[Exception]] = ua.UaError
StatusError: Final[type[Exception]] = ua.UaStatusCodeError
"""What the server has answered, as an error; its name is that of the status."""


def value_of(told: DataValue | None) -> Any:
    """What stands in a data value, None where there is nothing."""
    return None if told is None or told.Value is None else told.Value.Value


def is_list(told: object) -> TypeGuard[list[Any]]:
    """Whether this is a list, whatever it holds."""
    return isinstance(told, list)


def words_of(error: BaseException) -> str:
    """What a failure of the stack says to people: the name of a status where it is one."""
    if isinstance(error, StatusError):
        return type(error).__name__
    return str(error).partition("\n")[0][:200] or type(error).__name__
