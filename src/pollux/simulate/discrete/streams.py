"""Named streams of random numbers: the same name has the same luck, whatever else is drawn."""

import hashlib
from typing import final

from numpy.random import Generator, Philox


@final
class Streams:
    """Random generators by name for one member of a simulation, each counting on its own.

    The key is made of seed and name, the counter begins at the member: with the same names two options meet the same
    luck, and a process that draws more often disturbs no other.

    >>> float(Streams(1)["arrivals"].random()) == float(Streams(1)["arrivals"].random())
    True
    >>> float(Streams(1)["arrivals"].random()) == float(Streams(1, member=1)["arrivals"].random())
    False
    """

    def __init__(self, seed: int = 0, *, member: int = 0) -> None:
        self._seed = seed
        self._member = member
        self._made: dict[str, Generator] = {}

    def __getitem__(self, name: str) -> Generator:
        """The generator of a name, made when it is first asked for."""
        if name not in self._made:
            digest = hashlib.blake2b(f"{self._seed}\0{name}".encode(), digest_size=16).digest()
            counter = [0, 0, 0, self._member]
            self._made[name] = Generator(Philox(key=int.from_bytes(digest, "little"), counter=counter))
        return self._made[name]
