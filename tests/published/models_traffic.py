"""Roads, signals and walkers in formulas, as somebody would write them down.

Sources: Lighthill and Whitham 1955 with a triangular diagram (Daganzo 1994), Webster 1958 (signals), Weidmann 1993
(walkers).
"""

import pollux as px


class Road(px.Twin):
    """How much flows at a density: a triangle."""

    free = px.parameter("m/s", 25, doc="speed of whoever is alone")
    wave = px.parameter("m/s", 6.25, doc="at which a jam moves back")
    jam = px.parameter("1/m", 0.15)
    density = px.parameter("1/m", 0.03)
    per_hour = px.sensor("1/h", doc="capacity as traffic engineers tell it")

    @px.derived
    def flow(self):
        return px.maximum(px.minimum(self.free * self.density, self.wave * (self.jam - self.density)), 0)

    @px.derived
    def critical(self):
        """The density of the greatest flow."""
        return self.wave * self.jam / (self.free + self.wave)

    @px.derived
    def capacity(self):
        return self.free * self.critical

    @px.reading(per_hour)
    def counts(self):
        return self.capacity


class Signal(px.Twin):
    """A signal after Webster: its best cycle, and how long a car waits on one of its roads.

    d = C (1 - l)^2 / (2 (1 - l x)) + x^2 / (2 q (1 - x)) - 0.65 (C / q^2)^(1/3) x^(2 + 5 l), with the cycle C, the
    share l of it that is green, the flow q and the degree of saturation x.
    """

    lost = px.parameter("s", 10, doc="per cycle, to starting and clearing")
    used = px.parameter("1", 0.7, doc="sum of flow over saturation flow of the roads that matter")
    slack, steady = px.parameter("1", 1.5), px.parameter("s", 5)

    length = px.parameter("s", 66.67, doc="of the cycle")
    green = px.parameter("s", 30)
    saturation = px.parameter("1/s", 0.5)
    flow = px.parameter("1/s", 0.18)

    @px.derived
    def best_length(self):
        return (self.slack * self.lost + self.steady) / (1 - self.used)

    @px.derived
    def share(self):
        return self.green / self.length

    @px.derived
    def degree(self):
        return self.flow / (self.share * self.saturation)

    @px.derived
    def uniform(self):
        """The wait if cars came like clockwork."""
        return self.length * (1 - self.share) ** 2 / (2 * (1 - self.share * self.degree))

    @px.derived
    def random(self):
        """What chance adds."""
        return self.degree**2 / (2 * self.flow * (1 - self.degree))

    @px.derived
    def correction(self):
        """What Webster's simulations took off."""
        return 0.65 * (self.length / self.flow**2) ** (1 / 3) * self.degree ** (2 + 5 * self.share)

    @px.derived
    def delay(self):
        return self.uniform + self.random - self.correction


class Walkers(px.Twin):
    """How fast people walk in a crowd (Weidmann)."""

    crowd = px.parameter("1/m**2", 1)
    free = px.parameter("m/s", 1.34)
    shape = px.parameter("1/m**2", 1.913)
    packed = px.parameter("1/m**2", 5.4)

    @px.derived
    def speed(self):
        return self.free * (1 - px.exp(-self.shape * (1 / self.crowd - 1 / self.packed)))
