"""Rooms, walls, comfort and a heat pump, as somebody would write them down.

Resistance and capacity networks as in ISO 13790; the figures of merit are those of BOPTEST (Blum et al., J Building
Performance Simulation 2021;14:586): discomfort per zone, energy, cost and emissions per square metre, and the greatest
mean power of a quarter of an hour.
"""

import pollux as px


class Room(px.Twin):
    """One resistance, one capacity: C dT/dt = (To - T)/R + Q."""

    temp = px.sensor("K", start=293.15)
    outside = px.parameter("K", 273.15)
    resistance = px.parameter("K/kW", px.lognormal(5, 0.5))
    capacity = px.parameter("kWh/K", px.lognormal(4, 0.5))
    heat = px.actuator("kW", low=-20, high=20, safe=0)

    @px.rate(temp)
    def warms(self):
        return ((self.outside - self.temp) / self.resistance + self.heat) / self.capacity


class Wall(px.Part):
    """A wall with one mass between two resistances."""

    temp = px.hidden("K", start=283.15)
    capacity = px.parameter("kWh/K", px.lognormal(12, 0.3))
    inner = px.parameter("K/kW", px.lognormal(1, 0.3))
    outer = px.parameter("K/kW", px.lognormal(5, 0.3))

    def taking(self, room):
        """Heat from the room into the wall."""
        return (room - self.temp) / self.inner

    def losing(self, outside):
        """Heat from the wall to the outside."""
        return (self.temp - outside) / self.outer

    def warms(self, room, outside):
        return (self.taking(room) - self.losing(outside)) / self.capacity


class House(px.Twin):
    """Two resistances and two capacities; with a leak of air a third resistance beside the wall."""

    temp = px.sensor("K", start=293.15)
    wall = Wall()
    outside = px.parameter("K", 273.15)
    capacity = px.parameter("kWh/K", px.lognormal(1, 0.3))
    leak = px.parameter("kW/K", 0, doc="by air, beside the wall")
    heat = px.actuator("kW", low=-20, high=20, safe=0)

    @px.derived
    def by_air(self):
        return self.leak * (self.temp - self.outside)

    @px.derived
    def by_wall(self):
        return self.wall.losing(self.outside)

    @px.derived
    def stored(self):
        """Heat in room and wall above the outside."""
        return self.capacity * (self.temp - self.outside) + self.wall.capacity * (self.wall.temp - self.outside)

    @px.rate(temp, wall.temp)
    def warms(self):
        room = (self.heat - self.wall.taking(self.temp) - self.by_air) / self.capacity
        return room, self.wall.warms(self.temp, self.outside)


class Zone(px.Part):
    """A zone that should be neither cold nor hot; its floor counts."""

    temp = px.sensor("degC", start=21)
    least, most = px.parameter("degC", 20), px.parameter("degC", 24)
    floor = px.parameter("m**2", 50)

    @px.derived
    def outside_band(self):
        """By how much it is too cold or too hot."""
        return px.maximum(self.least - self.temp, 0) + px.maximum(self.temp - self.most, 0)


class Building(px.Twin):
    """Two zones and one meter, and what a year's judge would say of them."""

    south, north = Zone(), Zone()
    power = px.sensor("kW", start=0)
    price = px.parameter("EUR/kWh", 0.30)
    carbon = px.parameter("kg/kWh", 0.2)

    discomfort = px.hidden("K*h", doc="the mean of the zones")
    energy = px.hidden("kWh/m**2")
    cost = px.hidden("EUR/m**2")
    emissions = px.hidden("kg/m**2")
    quarter = px.sensor("kW/m**2", doc="mean of the last full quarter of an hour")

    @px.derived
    def intensity(self):
        return self.power / (self.south.floor + self.north.floor)

    @px.rate(discomfort, energy, cost, emissions)
    def counts(self):
        uncomfortable = (self.south.outside_band + self.north.outside_band) / 2
        return uncomfortable, self.intensity, self.price * self.intensity, self.carbon * self.intensity

    @px.reading(quarter)
    def meters(self):
        return px.mean(self.intensity, over="15 min")


class HeatPump(px.Twin):
    """A share of what Carnot allows."""

    hot, cold = px.parameter("K", 308.15), px.parameter("K", 273.15)
    share = px.parameter("1", 0.45)

    @px.derived
    def performance(self):
        return self.share * self.hot / (self.hot - self.cold)
