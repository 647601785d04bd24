"""Machines and stocks in formulas, and a bearing that is heard: as somebody would write them down.

Sources: Nakajima 1988 (OEE), Harris 1913 (order quantity), Randall and Antoni, MSSP 2011;25:485 (bearing frequencies,
envelope), Saxena et al., PHM 2008 (score). Turns of a shaft are told in 1/min and not in rpm: rpm is an angular speed,
2 pi rad per turn, and a frequency in Hz made of it would be too high by that factor.
"""

import pollux as px


class Machine(px.Twin):
    """Overall equipment effectiveness: how much of what a machine could make is made and is good."""

    availability, performance, quality = px.parameter("1", 0.90), px.parameter("1", 0.95), px.parameter("1", 0.99)
    between_failures, to_repair = px.parameter("h", 90), px.parameter("h", 10)

    @px.derived
    def effectiveness(self):
        return self.availability * self.performance * self.quality

    @px.derived
    def up(self):
        """Availability as failures and repairs make it."""
        return self.between_failures / (self.between_failures + self.to_repair)


class Stock(px.Twin):
    """What is ordered in lots, and what that costs."""

    demand = px.parameter("1/year", 1200)
    order = px.parameter("EUR", 50, doc="per order, however large")
    holding = px.parameter("EUR/year", 3, doc="per piece")
    lot = px.parameter("1", 200)

    @px.derived
    def best_lot(self):
        return px.sqrt(2 * self.order * self.demand / self.holding)

    def costs(self, lot):
        """Per year: orders, and half a lot in store on average."""
        return self.order * self.demand / lot + self.holding * lot / 2

    @px.derived
    def cost(self):
        return self.costs(self.lot)

    @px.derived
    def least_cost(self):
        return self.costs(self.best_lot)


class Bearing(px.Part):
    """How often a rolling element passes a fault, by the geometry of the bearing."""

    shaft = px.parameter("1/min", 1797)
    balls = px.parameter("1", 9)
    ball, pitch = px.parameter("mm", 7.94), px.parameter("mm", 39.04)
    angle = px.parameter("deg", 0, doc="of contact")

    def ratio(self):
        return self.ball / self.pitch * px.cos(self.angle)

    @px.derived
    def outer(self):
        """BPFO, of a fault of the outer race."""
        return self.balls / 2 * self.shaft * (1 - self.ratio())

    @px.derived
    def inner(self):
        """BPFI, of the inner race."""
        return self.balls / 2 * self.shaft * (1 + self.ratio())

    @px.derived
    def cage(self):
        """FTF, of the cage."""
        return self.shaft / 2 * (1 - self.ratio())

    @px.derived
    def spin(self):
        """BSF, of a ball; a fault of it hits a race twice a turn."""
        return self.pitch / (2 * self.ball) * self.shaft * (1 - self.ratio() ** 2)


class Rig(px.Twin):
    """A bearing on a test rig and its frequencies, as a meter shows them."""

    bearing = Bearing()
    outer, inner, cage, spin = px.sensor("Hz"), px.sensor("Hz"), px.sensor("Hz"), px.sensor("Hz")

    @px.reading(outer)
    def shows_outer(self):
        return self.bearing.outer

    @px.reading(inner)
    def shows_inner(self):
        return self.bearing.inner

    @px.reading(cage)
    def shows_cage(self):
        return self.bearing.cage

    @px.reading(spin)
    def shows_spin(self):
        return self.bearing.spin


class DamagedBearing(px.Twin):
    """A housing that rings whenever a ball passes the fault of a race."""

    bearing = Bearing()
    at_outer = px.parameter("1", 1, doc="1 for a fault of the outer race, 0 for one of the inner")
    ringing = px.parameter("1/s", 12_566, doc="angular speed at which the housing rings: 2000 turns a second")
    damping = px.parameter("1", 0.05)
    blow = px.parameter("m/s", 0.01)

    place = px.hidden("m")
    speed = px.hidden("m/s")

    @px.cycle
    def passage(self):
        at_outer = self.at_outer * self.bearing.outer
        return 1 / (at_outer + (1 - self.at_outer) * self.bearing.inner)

    @px.on(passage, speed)
    def struck(self):
        return self.speed + self.blow

    @px.derived
    def acceleration(self):
        return -(self.ringing**2) * self.place - 2 * self.damping * self.ringing * self.speed

    @px.rate(place, speed)
    def rings(self):
        return self.speed, self.acceleration


class Forecast(px.Twin):
    """How bad a forecast of remaining life was (PHM08): late is worse than early."""

    predicted, true = px.parameter("1", 100, doc="flights"), px.parameter("1", 100)
    patience_early, patience_late = px.parameter("1", 13), px.parameter("1", 10)

    @px.derived
    def score(self):
        late = self.predicted - self.true
        early = px.exp(-late / self.patience_early) - 1
        return px.where(late < 0, early, px.exp(late / self.patience_late) - 1)
