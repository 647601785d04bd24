"""Loading the compiled splitter, which takes a moment, and seconds where nothing is cached yet."""

import logging
import sys
from collections.abc import Callable

from pollux.connect.wire.splitter import AbstractSplitter
from pollux.errors import SetupError

_LOG = logging.getLogger("pollux.connect.mqtt")


def compiled(stopped: Callable[[], bool] = lambda: False) -> AbstractSplitter:
    """The compiled splitter, ready. Raises SetupError where there is none."""
    if sys.platform != "linux":
        raise SetupError(f"expected Linux for the compiled MQTT path, got {sys.platform}", hint='splitting="plain"')
    try:
        from pollux.connect.wire.fast import FastSplitter

        return FastSplitter().warm(stopped)
    except ImportError as error:
        raise SetupError(f"expected numba for the compiled MQTT path: {error}", hint='splitting="plain"') from None


def compiled_if_possible(stopped: Callable[[], bool]) -> AbstractSplitter | None:
    """The compiled splitter, or None where it cannot be had: the plain one gives the same results."""
    try:
        return compiled(stopped)
    except Exception as error:  # noqa: BLE001  no cache folder, another processor: none of it stops the endpoint
        _LOG.info("MQTT goes on without the compiled path: %s", error)
        return None
