"""Small types whose futures are known in closed form, and a circulation."""

import math

from pollux.model.equations import cycle, derived, event, on, rate, reading
from pollux.model.functions import clip, cos, exp, floor, log, maximum, minimum, sin, sqrt, tanh, where
from pollux.model.parts import Part
from pollux.model.priors import lognormal, uniform
from pollux.model.quantities import quantity
from pollux.model.roles import actuator, hidden, parameter, sensor
from pollux.model.settled import settled
from pollux.model.tables import table
from pollux.model.twin import Twin
from pollux.model.windows import last, mean, peak, sum, trough

SECOND = 1_000_000_000


class Decay(Twin):
    """x' = -k x + u."""

    x = hidden("1", start=1)
    k = parameter("1/s", uniform(0.5, 2.0))
    u = actuator("1/s", low=-10, high=10, safe=0)

    @rate(x)
    def decays(self):
        return self.u - self.k * self.x


class Oscillator(Twin):
    """x'' = -w^2 x, watched by windows of every kind over a cycle, an event and a duration."""

    x = hidden("m", start=1)
    v = hidden("m/s", start=0)
    w = parameter("1/s", 2 * math.pi)
    turn = parameter("s", 1.3)

    highest = sensor("m")
    lowest = sensor("m")
    average = sensor("m**2")
    area = sensor("m**2*s")
    closing = sensor("m")
    energy = sensor("m**2")
    between = sensor("m**2")

    @rate(x, v)
    def swings(self):
        return self.v, -(self.w**2) * self.x

    @cycle
    def round(self):
        return self.turn

    @derived
    def square(self):
        return self.x**2

    @event
    def rises(self):
        return self.x >= quantity(0.25, "m")

    @reading(highest)
    def sees_highest(self):
        return peak(self.x, over=self.round)

    @reading(lowest)
    def sees_lowest(self):
        return trough(self.x, over=self.round)

    @reading(average)
    def sees_average(self):
        return mean(self.square, over=self.round)

    @reading(area)
    def sees_area(self):
        return sum(self.square, over=self.round)

    @reading(closing)
    def sees_closing(self):
        return last(self.x, over=self.round)

    @reading(energy)
    def sees_energy(self):
        return mean(self.square, over="2.5 s")

    @reading(between)
    def sees_between(self):
        return mean(self.square, over=self.rises)


class Ball(Twin):
    """Falls, and leaves the ground with less speed than it came with."""

    height = hidden("m", start=10)
    speed = hidden("m/s", start=0)
    gravity = parameter("m/s**2", 9.81)
    bounce = parameter("1", 0.5)

    @rate(height, speed)
    def falls(self):
        return self.speed, -self.gravity

    @event
    def hits(self):
        return (self.height <= 0) & (self.speed < 0)

    @on(hits, speed)
    def turns(self):
        return -self.bounce * self.speed


class Tank(Twin):
    """Fills at a constant rate and is emptied when it is full."""

    level = hidden("1", start=0)
    inflow = parameter("1/s", 1.0)
    full = parameter("1", 1.0)

    @rate(level)
    def fills(self):
        return self.inflow

    @event
    def overflows(self):
        return self.level > self.full

    @on(overflows, level)
    def emptied(self):
        return 0


class Words(Twin):
    """Every word of an equation, in one derivative."""

    x = hidden("1", start=0.3)
    y = hidden("1", start=0.7)
    a = parameter("1", 1.5)
    b = parameter("1", lognormal(0.4, 0.3))
    pace = parameter("1/s", 1)
    seen = sensor("1")

    @derived
    def mixture(self):
        waves = sin(3 * self.x) + cos(self.y * self.a) + tanh(self.x - self.y)
        powers = exp(-self.x * self.b) + log(1 + self.y**2) + sqrt(abs(self.x) + 0.1) + abs(self.y) ** 1.3
        choices = where((self.x > 0.2) & ~(self.y > 0.9) | (self.a < 1), self.x / self.a, self.y / (1 + self.x**2))
        bounds = maximum(self.x, 0.1) + minimum(self.y, self.b) + maximum(self.x, self.y) + clip(self.x, -0.5, 0.5)
        steps = floor(4 * self.x) / 10 + table(self.y, {-1: 0.0, 0: 0.5, 0.5: 0.2, 2: 1.0})
        return waves + powers + choices + bounds + steps

    @rate(x, y)
    def moves(self):
        back = (1 + self.y**2) ** -2
        return self.pace * (0.3 * sin(self.mixture) - 0.2 * self.x), self.pace * (0.25 * cos(self.mixture) - 0.4 * back)

    @cycle
    def beat(self):
        return 0.7 / (self.pace * (1 + 0.1 * self.x))

    @event
    def crosses(self):
        return self.x >= self.y

    @on(crosses, y)
    def kicked(self):
        return self.y + 0.2

    @reading(seen)
    def sees(self):
        return peak(self.mixture, over=self.beat)


class Fast(Twin):
    """Follows its target within a second, swinging about it: its settled mean is the square of the target."""

    x = hidden("1", start=0)
    target = parameter("1", 1)
    lag = parameter("s", 0.2)
    turn = parameter("s", 0.5)
    level = sensor("1")

    @cycle
    def beat(self):
        return self.turn

    @rate(x)
    def follows(self):
        return (self.target**2 + 0.1 * sin(2 * math.pi * self.beat.phase) - self.x) / self.lag

    @reading(level)
    def sees(self):
        return mean(self.x, over=self.beat)


class Slow(Twin):
    """Grows with what a fast model settles to: y' = c y^2, that is y = y0 / (1 - c y0 t)."""

    y = hidden("1", start=1)
    c = parameter("1/s", 1e-3)

    @derived
    def seen(self):
        return settled(Fast, {Fast.target: self.y}, over="10 s").level

    @rate(y)
    def grows(self):
        return self.c * self.seen


class Rarely(Twin):
    """As `Slow`, but says itself that its fast model need not be asked often."""

    y = hidden("1", start=1)
    c = parameter("1/s", 1e-3)

    @derived
    def seen(self):
        return settled(Fast, {Fast.target: self.y}, over="10 s", every="40 s").level

    @rate(y)
    def grows(self):
        return self.c * self.seen


def activation(since, rise, relax):
    """How contracted, 0 to 1: a raised sine for one and a half rise times, then exponential relaxation."""
    rising = 0.5 - 0.5 * cos(math.pi * since / rise)
    return where(since <= 1.5 * rise, rising, 0.5 * exp((1.5 * rise - since) / relax))


class Chamber(Part):
    """A chamber between its two pressure-volume relations."""

    volume = hidden("ml")
    stiffness = parameter("mmHg/ml", 1)
    curve = parameter("1/ml", 0.024)
    scale = parameter("mmHg", 0.34)
    empty = parameter("ml", 5)

    def pressure(self, active):
        stretch = self.volume - self.empty
        return active * self.stiffness * stretch + (1 - active) * self.scale * (exp(self.curve * stretch) - 1)


class Vessel(Part):
    """An elastic reservoir."""

    volume = hidden("ml")
    compliance = parameter("ml/mmHg", 1)
    unstressed = parameter("ml", 0)

    @derived
    def pressure(self):
        return (self.volume - self.unstressed) / self.compliance


class Circulation(Twin):
    """The closed loop of Santamore and Burkhoff (1991): ten volumes, four valves."""

    rhythm = parameter("1/min", 80)
    delay = parameter("s", 0.16)
    lv = Chamber(volume=125, stiffness=1.54)
    rv = Chamber(volume=112, stiffness=0.38)
    la = Chamber(volume=81, stiffness=0.25, curve=0.04, scale=0.30)
    ra = Chamber(volume=73, stiffness=0.20, curve=0.04, scale=0.30)
    aorta = Vessel(volume=38, compliance=0.10, unstressed=30)
    arteries = Vessel(volume=834, compliance=1.7, unstressed=700)
    veins = Vessel(volume=2701, compliance=70, unstressed=2230)
    trunk = Vessel(volume=30, compliance=1.0, unstressed=20)
    lungs = Vessel(volume=802, compliance=20, unstressed=600)
    lung_veins = Vessel(volume=154, compliance=7, unstressed=100)
    svr = parameter("mmHg*s/ml", 0.75)
    pvr = parameter("mmHg*s/ml", 0.02)
    valve = parameter("mmHg*s/ml", 0.0025)
    outlet = parameter("mmHg*s/ml", 0.022)
    root = parameter("mmHg*s/ml", 0.024)
    series = parameter("mmHg*s/ml", 0.02)
    home = parameter("mmHg*s/ml", 0.015)
    rise_v = parameter("s", 0.20)
    relax_v = parameter("s", 0.030)
    rise_a = parameter("s", 0.125)
    relax_a = parameter("s", 0.020)

    systolic = sensor("mmHg")
    diastolic = sensor("mmHg")
    arterial = sensor("mmHg")
    output = sensor("ml/s")
    full = sensor("ml")
    emptied = sensor("ml")
    wedge = sensor("mmHg")
    venous = sensor("mmHg")

    @cycle
    def beat(self):
        return 1 / self.rhythm

    @derived
    def atria(self):
        return activation(self.beat.elapsed, self.rise_a, self.relax_a)

    @derived
    def ventricles(self):
        since = self.beat.elapsed - self.delay
        return activation(where(since >= 0, since, since + self.beat.period), self.rise_v, self.relax_v)

    @derived
    def left_atrial(self):
        return self.la.pressure(self.atria)

    @derived
    def right_atrial(self):
        return self.ra.pressure(self.atria)

    @derived
    def through_the_body(self):
        return (self.arteries.pressure - self.veins.pressure) / self.svr

    @rate(
        lv.volume,
        aorta.volume,
        arteries.volume,
        veins.volume,
        ra.volume,
        rv.volume,
        trunk.volume,
        lungs.volume,
        lung_veins.volume,
        la.volume,
    )
    def flows(self):
        lv, rv = self.lv.pressure(self.ventricles), self.rv.pressure(self.ventricles)
        la, ra = self.left_atrial, self.right_atrial
        flows = (
            maximum((lv - self.aorta.pressure) / self.outlet, 0),
            (self.aorta.pressure - self.arteries.pressure) / self.root,
            self.through_the_body,
            (self.veins.pressure - ra) / self.series,
            maximum((ra - rv) / self.valve, 0),
            maximum((rv - self.trunk.pressure) / self.outlet, 0),
            (self.trunk.pressure - self.lungs.pressure) / self.series,
            (self.lungs.pressure - self.lung_veins.pressure) / self.pvr,
            (self.lung_veins.pressure - la) / self.home,
            maximum((la - lv) / self.valve, 0),
        )
        return tuple(before - after for before, after in zip(flows[-1:] + flows[:-1], flows, strict=True))

    @reading(systolic)
    def sees_systolic(self):
        return peak(self.aorta.pressure, over=self.beat)

    @reading(diastolic)
    def sees_diastolic(self):
        return trough(self.aorta.pressure, over=self.beat)

    @reading(arterial)
    def sees_arterial(self):
        return mean(self.aorta.pressure, over=self.beat)

    @reading(output)
    def sees_output(self):
        return mean(self.through_the_body, over=self.beat)

    @reading(full)
    def sees_full(self):
        return peak(self.lv.volume, over=self.beat)

    @reading(emptied)
    def sees_emptied(self):
        return trough(self.lv.volume, over=self.beat)

    @reading(wedge)
    def sees_wedge(self):
        return mean(self.left_atrial, over=self.beat)

    @reading(venous)
    def sees_venous(self):
        return mean(self.right_atrial, over=self.beat)
