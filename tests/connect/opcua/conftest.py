"""One plant for all tests of OPC UA: making a server takes seconds."""

import pytest

from tests.connect.opcua.rig import Plant


@pytest.fixture(scope="session")
def plant():
    made = Plant()
    yield made
    made.close()
