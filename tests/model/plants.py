"""Twin types that several tests of the model share: the pump of the design and a ten-volume circulation."""

import pollux as px
from pollux.model.graph import Expr


def graph(value: object) -> Expr:
    """A value of an equation as the node that it is."""
    assert isinstance(value, Expr)
    return value


class Pump(px.Twin):
    """A centrifugal pump whose seal ages faster the hotter it runs."""

    speed = px.actuator("rpm", low=600, high=3000, slew="100 rpm/s", safe=600)
    temp = px.sensor("K", low=250, high=420, noise=0.4)
    wear = px.hidden("1", start=0, low=0)

    room = px.parameter("K", 293)
    cooling = px.parameter("1/s", 1 / 900)
    friction = px.parameter("K/s/rpm**2", px.lognormal(8e-9, 0.1))  # differs from pump to pump: learnt
    ageing = px.parameter("1/s", px.lognormal(4e-9, 0.3))
    softness = px.parameter("K", 12)

    @px.rate(temp)
    def heats(self):
        return self.friction * self.speed**2 - self.cooling * (self.temp - self.room)

    @px.rate(wear)
    def wears(self):
        return self.ageing * px.exp((self.temp - self.room) / self.softness)

    @px.event
    def seal_fails(self):
        return self.wear >= 1


def activation(since: px.Value, rise: px.Value, relax: px.Value) -> px.Value:
    """How contracted, 0 to 1: half a sine while it rises, then an exponential fall."""
    rising = 0.5 + 0.5 * px.sin(px.pi * (since / rise - 0.5))
    return px.where(since <= 1.5 * rise, rising, 0.5 * px.exp((1.5 * rise - since) / relax))


def valve(before: px.Value, after: px.Value, resistance: px.Value) -> px.Value:
    """The flow through a valve, which opens one way."""
    return px.maximum((before - after) / resistance, 0)


class Chamber(px.Part):
    """Contracts between its two pressure-volume relations."""

    volume = px.hidden("ml")
    stiffness = px.parameter("mmHg/ml", 1.0)
    curve = px.parameter("1/ml", 0.024)
    scale = px.parameter("mmHg", 0.34)
    empty = px.parameter("ml", 5)

    def pressure(self, active: px.Value) -> px.Value:
        stretch = self.volume - self.empty
        relaxed = self.scale * (px.exp(self.curve * stretch) - 1)
        return active * self.stiffness * stretch + (1 - active) * relaxed


class Vessel(px.Part):
    """Holds more the higher its pressure."""

    volume = px.hidden("ml")
    compliance = px.parameter("ml/mmHg", 1.0)
    unstressed = px.parameter("ml", 0)

    @px.derived
    def pressure(self):
        return (self.volume - self.unstressed) / self.compliance


class Circulation(px.Twin):
    """Four beating chambers, six vessels, four valves and a cuff."""

    heart_rate = px.parameter("1/min", 80)
    delay = px.parameter("s", 0.16)
    rise_v, relax_v = px.parameter("s", 0.20), px.parameter("s", 0.030)
    rise_a, relax_a = px.parameter("s", 0.125), px.parameter("s", 0.020)

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

    r_mitral = px.parameter("mmHg*s/ml", 0.0025)
    r_tricuspid = px.parameter("mmHg*s/ml", 0.0025)
    r_aortic = px.parameter("mmHg*s/ml", 0.022)
    r_pulmonary = px.parameter("mmHg*s/ml", 0.022)
    r_aorta = px.parameter("mmHg*s/ml", 0.024)
    svr = px.parameter("mmHg*s/ml", 0.75)
    r_veins = px.parameter("mmHg*s/ml", 0.02)
    r_trunk = px.parameter("mmHg*s/ml", 0.02)
    pvr = px.parameter("mmHg*s/ml", 0.02)
    r_lung_veins = px.parameter("mmHg*s/ml", 0.015)

    systolic = px.sensor("mmHg", noise=4)
    diastolic = px.sensor("mmHg", noise=4)

    @px.cycle
    def beat(self):
        return 1 / self.heart_rate

    @px.derived
    def atria(self):
        return activation(self.beat.elapsed, self.rise_a, self.relax_a)

    @px.derived
    def ventricles(self):
        since = self.beat.elapsed - self.delay
        return activation(px.where(since >= 0, since, since + self.beat.period), self.rise_v, self.relax_v)

    @px.rate(
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
        la, ra = self.la.pressure(self.atria), self.ra.pressure(self.atria)
        aortic = valve(lv, self.aorta.pressure, self.r_aortic)
        mitral = valve(la, lv, self.r_mitral)
        tricuspid = valve(ra, rv, self.r_tricuspid)
        pulmonary = valve(rv, self.trunk.pressure, self.r_pulmonary)
        out = (self.aorta.pressure - self.arteries.pressure) / self.r_aorta
        body = (self.arteries.pressure - self.veins.pressure) / self.svr
        back = (self.veins.pressure - ra) / self.r_veins
        into_lungs = (self.trunk.pressure - self.lungs.pressure) / self.r_trunk
        lungs = (self.lungs.pressure - self.lung_veins.pressure) / self.pvr
        home = (self.lung_veins.pressure - la) / self.r_lung_veins
        return (
            mitral - aortic,
            aortic - out,
            out - body,
            body - back,
            back - tricuspid,
            tricuspid - pulmonary,
            pulmonary - into_lungs,
            into_lungs - lungs,
            lungs - home,
            home - mitral,
        )

    @px.reading(systolic)
    def cuff_high(self):
        return px.peak(self.aorta.pressure, over=self.beat)

    @px.reading(diastolic)
    def cuff_low(self):
        return px.trough(self.aorta.pressure, over=self.beat)
