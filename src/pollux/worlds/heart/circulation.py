"""The circulation of Santamore and Burkhoff: ten volumes in a loop, four beating chambers, and the reflex that
steadies it.

Source: Santamore and Burkhoff, Am J Physiol 1991;260:H146; numbers as in Physiolibrary's Burkhoff model. Narrowed
valves lose pressure as R q + K q² (simplified Bernoulli), leaking ones let blood back; a pump may help the left
ventricle. With the reflex's gain at 0, as declared here, it is the published model.
"""

import pollux as px
from pollux.worlds.heart.reflex import Baroreflex


def activation(since, rise, relax):
    """How contracted, 0 to 1: a raised sine up to 1.5 rise times, then exponential relaxation."""
    rising = 0.5 + 0.5 * px.sin(px.pi * (since / rise - 0.5))
    return px.where(since <= 1.5 * rise, rising, 0.5 * px.exp((1.5 * rise - since) / relax))


def valve(before, after, resistance, loss):
    """Flow through a valve that opens forward: the q at which dP = R q + K q²."""
    drop = px.maximum(before - after, 0)
    return 2 * drop / (resistance + px.sqrt(resistance**2 + 4 * loss * drop))


def bernoulli(area):
    """K in mmHg (s/ml)² of an orifice of `area` cm²: dP = 4 v², v in m/s.

    >>> round(bernoulli(0.8) * (100 * 0.8 * 3.0) ** 2, 6)                # 3 m/s through 0.8 cm²
    36.0
    """
    return 1 / (50 * area) ** 2


class Chamber(px.Part):
    """Contracts between its end-systolic and its end-diastolic pressure-volume relation."""

    volume = px.hidden("ml")
    stiffness = px.parameter("mmHg/ml", 1.0, doc="end-systolic elastance, Ees")
    curve = px.parameter("1/ml", 0.024, doc="alpha of the end-diastolic relation")
    scale = px.parameter("mmHg", 0.34, doc="beta of the end-diastolic relation")
    empty = px.parameter("ml", 5)

    def passive(self, volume):
        """The pressure of the relaxed chamber."""
        return self.scale * (px.exp(self.curve * (volume - self.empty)) - 1)

    def pressure(self, active, strength):
        """The pressure now, `active` from 0 (relaxed) to 1 (contracted)."""
        contracted = strength * self.stiffness * (self.volume - self.empty)
        return active * contracted + (1 - active) * self.passive(self.volume)


class Vessel(px.Part):
    """An elastic vessel; `unstressed` is what it holds without pressure."""

    volume = px.hidden("ml")
    compliance = px.parameter("ml/mmHg", 1.0)
    unstressed = px.parameter("ml", 0)

    @px.derived
    def pressure(self):
        return (self.volume - self.unstressed) / self.compliance


class Circulation(px.Twin):
    """Ten volumes, four valves, one reflex; what cuff, echo and catheter read of them over a beat."""

    heart_rate = px.parameter("1/min", 80, doc="at the pressure to which the reflex is set")
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
    reflex = Baroreflex()

    blood = px.parameter("ml", 4950, doc="the total volume; the veins are filled or drained until it is reached")
    filling_time = px.parameter("s", 2)
    r_mitral, r_tricuspid = px.parameter("mmHg*s/ml", 0.0025), px.parameter("mmHg*s/ml", 0.0025)
    r_aortic, r_pulmonary = px.parameter("mmHg*s/ml", 0.022), px.parameter("mmHg*s/ml", 0.022)
    k_mitral, k_aortic = px.parameter("mmHg*s**2/ml**2", 0), px.parameter("mmHg*s**2/ml**2", 0)
    no_loss = px.parameter("mmHg*s**2/ml**2", 0)
    mitral_leak = px.parameter("ml/s/mmHg", 0, doc="backward conductance of a leaking mitral valve")
    r_aorta = px.parameter("mmHg*s/ml", 0.024)
    svr = px.parameter("mmHg*s/ml", 0.75)
    r_veins = px.parameter("mmHg*s/ml", 0.02)
    r_trunk = px.parameter("mmHg*s/ml", 0.02)
    pvr = px.parameter("mmHg*s/ml", 0.02)
    r_lung_veins = px.parameter("mmHg*s/ml", 0.015)
    pump = px.parameter("ml/s", 0, doc="a constant flow from the left ventricle into the aorta")

    rate = px.sensor("1/min", noise=2)
    systolic, diastolic = px.sensor("mmHg", noise=5), px.sensor("mmHg", noise=4)
    mean_pressure = px.sensor("mmHg", noise=4)
    output = px.sensor("l/min", noise=0.7)
    filling = px.sensor("mmHg", noise=3, doc="mean pressure of the left atrium: the wedge pressure")
    venous = px.sensor("mmHg", noise=2, doc="mean pressure of the right atrium")
    lung_systolic, lung_diastolic = px.sensor("mmHg", noise=2), px.sensor("mmHg", noise=2)
    lung_mean = px.sensor("mmHg", noise=2)
    full, emptied = px.sensor("ml", noise=25), px.sensor("ml", noise=25)
    ejection = px.sensor("1", noise=0.05)
    end_diastolic = px.sensor("mmHg", noise=3)

    @px.cycle
    def beat(self):
        return 1 / self.heart_rate + self.reflex.lengthening

    @px.derived
    def total(self):
        heart = self.lv.volume + self.rv.volume + self.la.volume + self.ra.volume
        body = self.aorta.volume + self.arteries.volume + self.veins.volume
        return heart + body + self.trunk.volume + self.lungs.volume + self.lung_veins.volume

    @px.derived
    def body_flow(self):
        veins = (self.veins.volume - self.veins.unstressed - self.reflex.unstressed) / self.veins.compliance
        return (self.arteries.pressure - veins) / (self.svr * self.reflex.narrowing)

    @px.derived
    def atria(self):
        return activation(self.beat.elapsed, self.rise_a, self.relax_a)

    @px.derived
    def ventricles(self):
        since = self.beat.elapsed - self.delay
        return activation(px.where(since >= 0, since, since + self.beat.period), self.rise_v, self.relax_v)

    @px.derived
    def left_pressure(self):
        return self.lv.pressure(self.ventricles, self.reflex.strength)

    @px.derived
    def left_atrial(self):
        return self.la.pressure(self.atria, 1)

    @px.derived
    def right_atrial(self):
        return self.ra.pressure(self.atria, 1)

    @px.rate(
        *(lv.volume, aorta.volume, arteries.volume, veins.volume, ra.volume),
        *(rv.volume, trunk.volume, lungs.volume, lung_veins.volume, la.volume),
    )
    def flows(self):
        lv, la, ra = self.left_pressure, self.left_atrial, self.right_atrial
        rv = self.rv.pressure(self.ventricles, self.reflex.strength)
        veins = (self.veins.volume - self.veins.unstressed - self.reflex.unstressed) / self.veins.compliance
        aortic = valve(lv, self.aorta.pressure, self.r_aortic, self.k_aortic) + self.pump
        mitral = valve(la, lv, self.r_mitral, self.k_mitral) - self.mitral_leak * px.maximum(lv - la, 0)
        tricuspid = valve(ra, rv, self.r_tricuspid, self.no_loss)
        pulmonary = valve(rv, self.trunk.pressure, self.r_pulmonary, self.no_loss)
        out = (self.aorta.pressure - self.arteries.pressure) / self.r_aorta
        body = self.body_flow
        back = (veins - ra) / self.r_veins
        into_lungs = (self.trunk.pressure - self.lungs.pressure) / self.r_trunk
        lungs = (self.lungs.pressure - self.lung_veins.pressure) / self.pvr
        home = (self.lung_veins.pressure - la) / self.r_lung_veins
        filled = (self.blood - self.total) / self.filling_time
        return (
            *(mitral - aortic, aortic - out, out - body, body - back + filled, back - tricuspid),
            *(tricuspid - pulmonary, pulmonary - into_lungs, into_lungs - lungs, lungs - home, home - mitral),
        )

    @px.rate(reflex.sensed, reflex.heart, reflex.vessels, reflex.veins, reflex.sinus, reflex.vagus)
    def reflexes(self):
        return self.reflex.rates(self.aorta.pressure)

    @px.reading(rate)
    def pulse(self):
        return 1 / px.mean(self.beat.period, over=self.beat)

    @px.reading(systolic)
    def cuff_high(self):
        return px.peak(self.aorta.pressure, over=self.beat)

    @px.reading(diastolic)
    def cuff_low(self):
        return px.trough(self.aorta.pressure, over=self.beat)

    @px.reading(mean_pressure)
    def catheter_mean(self):
        return px.mean(self.aorta.pressure, over=self.beat)

    @px.reading(output)
    def thermodilution(self):
        return px.mean(self.body_flow, over=self.beat)

    @px.reading(filling)
    def wedge(self):
        return px.mean(self.left_atrial, over=self.beat)

    @px.reading(venous)
    def central_venous(self):
        return px.mean(self.right_atrial, over=self.beat)

    @px.reading(lung_systolic)
    def lung_high(self):
        return px.peak(self.trunk.pressure, over=self.beat)

    @px.reading(lung_diastolic)
    def lung_low(self):
        return px.trough(self.trunk.pressure, over=self.beat)

    @px.reading(lung_mean)
    def lung_middle(self):
        return px.mean(self.trunk.pressure, over=self.beat)

    @px.reading(full)
    def echo_full(self):
        return px.peak(self.lv.volume, over=self.beat)

    @px.reading(emptied)
    def echo_emptied(self):
        return px.trough(self.lv.volume, over=self.beat)

    @px.reading(ejection)
    def echo_ejection(self):
        return 1 - px.trough(self.lv.volume, over=self.beat) / px.peak(self.lv.volume, over=self.beat)

    @px.event
    def mitral_closes(self):
        """The left ventricle is as full as it gets; its pressure is that of the atrium."""
        return (self.left_pressure > self.left_atrial) & (self.beat.elapsed < self.delay + self.rise_v)

    @px.reading(end_diastolic)
    def catheter_end_diastolic(self):
        return px.last(self.left_atrial, over=self.mitral_closes)
