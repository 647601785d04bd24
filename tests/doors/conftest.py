"""One open site for the tests of a file: nothing that one test sends may disturb the next."""

from collections.abc import Iterator

import pytest

from .rig import Canary, House, opened


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A site with all doors open."""
    with opened(tmp_path_factory.mktemp("doors")) as found:
        yield found


@pytest.fixture
def canary(house: House) -> Iterator[Canary]:
    """A healthy device that is heard before and after each trouble."""
    bird = Canary(house)
    bird.sings(within=10.0)
    yield bird
    bird.sings()
    bird.close()
