"""Twin types that the tests of columns, check and mirror share."""

from pollux.model.equations import cycle, derived, event, on, rate, reading
from pollux.model.functions import maximum
from pollux.model.links import links, total
from pollux.model.priors import lognormal
from pollux.model.roles import actuator, fact, hidden, parameter, sensor
from pollux.model.twin import Twin
from pollux.model.windows import mean, peak


class Pump(Twin):
    """A pump with signals of every role and facts of every kind."""

    temp = sensor("K", low=250, high=420, noise=0.4)
    vibration = sensor("1", low=0, noise=0.01)
    oil = sensor("degC", low=-20, high=150)
    flow = sensor("m**3/h", every="10 s")
    speed = actuator("rpm", low=0, high=3000, slew="100 rpm/s", safe=600)
    wear = hidden("1", start=0, low=0)
    room = parameter("K", 293)
    cooling = parameter("1/s", 1 / 900)
    friction = parameter("K/s/rpm**2", lognormal(8e-9, 0.1))
    line = fact("text")
    fuel = fact(["gas", "oil"])
    here = fact("position")
    running = fact("flag")
    floor = fact("1")

    @derived
    def excess(self):
        return self.temp - self.room

    @rate(temp)
    def heats(self):
        return self.friction * self.speed**2 - self.cooling * (self.temp - self.room)

    @event
    def hot(self):
        return self.excess >= 0.1 * self.room

    @on(hot, temp)
    def vents(self):
        return self.temp - 0.01 * self.room


class Heart(Twin):
    """Something that beats, with readings over a beat."""

    volume = hidden("ml", start=100)
    highest = sensor("ml")
    average = sensor("ml")
    stiffness = parameter("1/s", 1.0)

    @cycle
    def beat(self):
        return 1 / self.stiffness

    @rate(volume)
    def fills(self):
        return self.stiffness * maximum(self.volume, 0) * (0.5 - self.beat.phase)

    @reading(highest)
    def reads_highest(self):
        return peak(self.volume, over=self.beat)

    @reading(average)
    def reads_average(self):
        return mean(self.volume, over=self.beat) + 0 * peak(self.volume, over=self.beat)


class Room(Twin):
    """A room that draws power."""

    power = sensor("W", noise=3.0)
    area = fact("m**2", 20)


class Building(Twin):
    """A building of many rooms."""

    rooms = links(Room)

    @derived
    def load(self):
        return total(self.rooms.power)

    @derived
    def density(self):
        return total(self.rooms.power / self.rooms.area)
