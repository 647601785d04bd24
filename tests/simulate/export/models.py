"""Types for model exchange: cycles, events and conditions without windows, and what cannot be exported."""

import math

from tests.simulate.models import Fast

from pollux.model.delays import delay
from pollux.model.equations import algebraic, cycle, derived, event, on, rate, reading
from pollux.model.functions import exp, sin, sqrt, where
from pollux.model.links import links, total
from pollux.model.noises import noise
from pollux.model.parts import Part
from pollux.model.quantities import quantity
from pollux.model.roles import actuator, fact, hidden, parameter, sensor
from pollux.model.settled import settled
from pollux.model.twin import Twin


class Driven(Twin):
    """Follows a pulse that its own cycle makes; the cycle slows as it rises, and its turns are counted."""

    x = hidden("1", start=0)
    turns = hidden("1", start=0)
    lag = parameter("s", 0.3)
    turn = parameter("s", 0.8)

    @cycle
    def beat(self):
        return self.turn * (1 + 0.1 * self.x)

    @on(beat, turns)
    def counts(self):
        return self.turns + 1

    @rate(x)
    def follows(self):
        return (sin(math.pi * self.beat.phase) ** 2 + exp(-self.x) - self.x) / self.lag


class Shell(Part):
    """What holds the heat."""

    heat = parameter("J/K", 500, low=1, doc="how much heat warms it by a kelvin")


class Boiler(Twin):
    """Heats water, and switches off when it is hot: every role, a part, a flag and three kinds of output."""

    shell = Shell()
    temp = sensor("degC", low=-50, high=150, start=20, doc="of the water")
    shown = sensor("degF")
    outside = sensor("degC", low=-50, high=60, start=10)
    on_ = hidden("1", start=1)
    power = actuator("kW", low=0, high=5, safe=1)
    loss = parameter("W/K", 2.0)
    limit = parameter("degC", 80)
    insulated = fact("flag", False)
    area = fact("m**2", 2.0)
    owner = fact("text", "nobody")

    @derived
    def spent(self):
        return self.power * self.on_

    @derived
    def cold(self):
        return self.temp < quantity(30, "degC")

    @rate(temp)
    def warms(self):
        lost = where(self.insulated, self.loss / 2, self.loss) * (self.temp - self.outside)
        return (self.spent - lost) / self.shell.heat

    @rate(on_)
    def stays(self):
        return 0

    @event
    def hot(self):
        """The water is as hot as allowed."""
        return self.temp >= self.limit

    @on(hot, on_)
    def switches_off(self):
        return 0

    @reading(shown)
    def shows(self):
        return self.temp


class Fails(Twin):
    """Reaches infinity after a second: x' = x^2."""

    x = hidden("1", start=1)
    pace = parameter("1/s", 1.0)

    @rate(x)
    def grows(self):
        return self.pace * self.x**2


class Linked(Twin):
    """Adds up what others do."""

    pumps = links(Boiler)
    used = hidden("kJ", start=0)

    @rate(used)
    def adds(self):
        return total(self.pumps.spent)


class Nested(Twin):
    """Rests on a fast model."""

    y = hidden("1", start=1)
    pace = parameter("1/s", 1.0)

    @rate(y)
    def grows(self):
        return self.pace * settled(Fast, {Fast.target: self.y}, over="10 s").level


class Equal(Twin):
    """Reads a condition that has no side to come from."""

    x = hidden("1", start=1)
    pace = parameter("1/s", 1.0)

    @derived
    def exact(self):
        return self.x == 1.0

    @rate(x)
    def grows(self):
        return self.pace


class Divided(Twin):
    """A tank that empties through two valves in a row: the pressure between them follows from a residual."""

    level = sensor("m", start=2, low=0)
    between = sensor("m", start=1)
    area = parameter("m**2", 1.0)
    first = parameter("m**2.5/s", 0.1)
    second = parameter("m**2.5/s", 0.2)
    inflow = actuator("m**3/s", low=0, high=1, safe=0)

    @algebraic(between)
    def what_flows_in_flows_out(self):
        return self.first * sqrt(self.level - self.between) - self.second * sqrt(self.between)

    @derived
    def flow(self):
        return self.second * sqrt(self.between)

    @rate(level)
    def empties(self):
        return (self.inflow - self.flow) / self.area


class Stiff(Twin):
    """The problem of Robertson (1966) in small: a fast and a slow reaction, with an event on the way."""

    a = hidden("1", start=1)
    b = hidden("1", start=0)
    slow = parameter("1/s", 0.04)
    fast = parameter("1/s", 1e4)
    fills = hidden("1", start=0)

    @rate(a, b)
    def react(self):
        return -self.slow * self.a, self.slow * self.a - self.fast * self.b

    @event
    def halved(self):
        return self.a <= 0.5

    @on(halved, fills)
    def counts(self):
        return self.fills + 1


class Late(Twin):
    """x' = u - x(t - 0.3 s): swings, because it sees itself too late."""

    x = hidden("1", start=1)
    u = actuator("1", low=-1, high=1, safe=0)
    pace = parameter("1/s", 4.0)

    @derived
    def before(self):
        return delay(self.x, by="0.3 s")

    @rate(x)
    def turns_back(self):
        return self.pace * (self.u - self.before)


class Noisy(Twin):
    """Pushed by chance."""

    gusts = noise()
    x = hidden("1", start=0)
    force = parameter("1/s**0.5", 0.1)

    @rate(x)
    def sways(self):
        return self.force * self.gusts


class Taken(Twin):
    """Uses the names that an FMU gives to what a type does not name."""

    time = hidden("s", start=0)
    crossing = hidden("1", start=0)
    pace = parameter("1/s", 1.0)

    @rate(time, crossing)
    def runs(self):
        return 1, self.pace

    @event
    def over(self):
        return self.crossing > 1
