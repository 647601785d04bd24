"""A row of turbines, a solar panel and a battery that trades, as somebody would write them down.

Sources: Jensen 1983 with the sum of squares of Katic 1986 (wakes), Dobos 2014 (PVWatts), arithmetic (the battery).
"""

import pollux as px


class Row(px.Twin):
    """Ten turbines one behind another, each in the wakes of all before it (Jensen)."""

    thrust = px.parameter("1", 0.806)
    spread = px.parameter("1", 0.04, doc="by how much a wake widens over its way")
    diameter, distance = px.parameter("m", 80), px.parameter("m", 560)
    place = px.parameter("1", 1, doc="in the row, from 1")

    def deficit(self, behind):
        """Loss of wind in the wake of a turbine so many places ahead, relative to the free wind."""
        wider = 1 + 2 * self.spread * behind * self.distance / self.diameter
        return (1 - px.sqrt(1 - self.thrust)) / wider**2

    @px.derived
    def wind(self):
        """Relative to the free wind."""
        wakes = sum(px.where(self.place > n, self.deficit(n) ** 2, 0) for n in range(1, 10))
        return 1 - px.sqrt(wakes)

    @px.derived
    def power(self):
        """Relative to the first turbine, by the cube of the wind."""
        return self.wind**3


class Panel(px.Twin):
    """The direct current of a panel (PVWatts): less the hotter its cells."""

    light = px.parameter("W/m**2", 900)
    standard = px.parameter("W/m**2", 1000)
    cell, standard_cell = px.parameter("degC", 30), px.parameter("degC", 25)
    rated = px.parameter("W", 100)
    loss = px.parameter("1/K", -0.003)

    @px.derived
    def power(self):
        return self.light / self.standard * self.rated * (1 + self.loss * (self.cell - self.standard_cell))


class Battery(px.Twin):
    """A battery that buys and sells; losses are its own."""

    charging, discharging = (
        px.actuator("MW", low=0, high=2, safe=0, doc="at the side of the grid"),
        px.actuator("MW", low=0, high=2, safe=0),
    )
    price = px.parameter("EUR/MWh", 1)
    efficiency = px.parameter("1", 0.9, doc="each way")
    stored = px.hidden("MWh", low=0)
    earned = px.hidden("EUR")

    @px.rate(stored, earned)
    def trades(self):
        into = self.efficiency * self.charging - self.discharging / self.efficiency
        return into, self.price * (self.discharging - self.charging)
