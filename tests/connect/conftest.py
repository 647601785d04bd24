"""A running plant for the tests of the endpoint."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from pollux.connect.wire.packets import V3, V5
from tests.connect.rig import Plant, running

# Compiling takes as long as it takes; no test asserts on time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(params=["plain", "compiled"])
def plant(request: pytest.FixtureRequest) -> Iterator[Plant]:
    """An endpoint, once with each splitter."""
    if request.param == "compiled":
        pytest.importorskip("numba")
    with running(request.param) as found:
        yield found


@pytest.fixture(params=[V3, V5], ids=["3.1.1", "5"])
def level(request: pytest.FixtureRequest) -> int:
    """Both versions of the protocol."""
    return int(request.param)
