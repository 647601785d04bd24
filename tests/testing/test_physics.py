"""check_physics finds what it is there to find."""

import numpy as np
import pytest

from pollux.errors import DataRefused, NotFound
from pollux.simulate import AbstractPhysics
from pollux.testing.physics import check_physics


class Counter(AbstractPhysics):
    """A sound little physics: two members that count seconds at their own pace; subclasses break one law each."""

    def __init__(self):
        self.count = np.zeros(2)
        self.pace = np.ones(2)
        self.now = 0

    @property
    def states(self):
        return ("count",)

    @property
    def inputs(self):
        return ("pace",)

    @property
    def outputs(self):
        return ("double",)

    @property
    def members(self):
        return 2

    @property
    def time(self):
        return self.now

    def set(self, values):
        for name, value in values.items():
            if name != "pace":
                raise NotFound(name)
            self.pace = np.broadcast_to(np.asarray(value, float), 2).copy()

    def get(self, name):
        found = {"count": self.count, "pace": self.pace, "double": 2 * self.count}.get(name)
        if found is None:
            raise NotFound(name)
        return found.copy()

    def step(self, span):
        self.count = self.count + self.pace * span
        self.now += span

    def save(self):
        return b"count" + self.now.to_bytes(8, "little") + self.count.tobytes() + self.pace.tobytes()

    def load(self, saved):
        if len(saved) != 45 or saved[:5] != b"count":
            raise DataRefused("no state")
        self.now = int.from_bytes(saved[5:13], "little")
        self.count, self.pace = np.frombuffer(saved[13:]).reshape(2, 2).copy()


class Forgetful(Counter):
    """Leaves a number out of what it saves."""

    def load(self, saved):
        super().load(saved)
        self.count = np.zeros(2)


class Lucky(Counter):
    """Draws lots."""

    luck = np.random.default_rng()

    def step(self, span):
        super().step(span)
        self.count = self.count + self.luck.random()


class Moved(Counter):
    """Changes when it is saved."""

    def save(self):
        self.count = self.count + 1
        return super().save()


class Late(Counter):
    """Loses a nanosecond with every step."""

    def step(self, span):
        super().step(span)
        self.now -= 1


class Careless(Counter):
    """Takes any bytes."""

    def load(self, saved):
        if len(saved) == 45:
            super().load(saved)


class Generous(Counter):
    """Answers to every name."""

    def get(self, name):
        return super().get(name) if name in ("count", "pace", "double") else np.zeros(2)


class Hiding(Counter):
    """Hides a failure."""

    def step(self, span):
        super().step(span)
        self.count = np.nan_to_num(self.count)


class Infectious(Counter):
    """Lets one member's failure reach another."""

    def step(self, span):
        super().step(span)
        self.count = self.count + 0 * self.count.sum()


class Single(Counter):
    """Gives one number for two members."""

    def get(self, name):
        return super().get(name)[:1]


def test_a_sound_physics_passes():
    """All laws are kept, and named."""
    assert len(check_physics(Counter, span=10, poison="pace")) == 9
    assert len(check_physics(Counter, span=10)) == 8


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (Forgetful, "another future|future is another|reads differently"),
        (Lucky, "stepped alike differ"),
        (Moved, "saving changed"),
        (Late, "ns to pass"),
        (Careless, "bytes that are no state"),
        (Generous, "unknown name"),
        (Hiding, "left every state"),
        (Infectious, "disturbed another"),
        (Single, "one number for each"),
    ],
)
def test_each_broken_law_is_found(kind, complaint):
    """A physics that breaks one law fails the exam with that law."""
    with pytest.raises(AssertionError, match=complaint):
        check_physics(kind, span=10, poison="pace")
