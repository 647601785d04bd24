"""A running endpoint for the tests of CoAP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connect.coap.rig import Plant, opened


@pytest.fixture
def coap(tmp_path: Path) -> Iterator[Plant]:
    """An endpoint in the clear."""
    with opened(tmp_path) as plant:
        yield plant
