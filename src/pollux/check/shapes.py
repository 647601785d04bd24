"""The shapes of foreign data, told to whoever reads the types."""

from typing import Any, TypeGuard


def is_object(told: object) -> TypeGuard[dict[Any, Any]]:
    """Whether this is an object, whatever it holds."""
    return isinstance(told, dict)


def is_list(told: object) -> TypeGuard[list[Any]]:
    """Whether this is a list, whatever it holds."""
    return isinstance(told, list)
