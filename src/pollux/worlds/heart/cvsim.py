"""A teaching standard as a second regression: CVSim-6, six compartments with time-varying compliance, no reflex.

Source: Heldt, Mukkamala et al., CVSim (MIT), six-compartment back end. Systole lasts 0.3 sqrt(T), relaxation half of
it.
"""

import pollux as px


class Compartment(px.Part):
    """An elastic compartment; `unstressed` is what it holds without pressure."""

    volume = px.hidden("ml")
    compliance = px.parameter("ml/mmHg", 1)
    unstressed = px.parameter("ml", 0)

    @px.derived
    def pressure(self):
        return (self.volume - self.unstressed) / self.compliance


class Ventricle(px.Part):
    """Its elastance moves between that of diastole and that of systole."""

    volume = px.hidden("ml")
    systolic, diastolic = px.parameter("ml/mmHg", 1), px.parameter("ml/mmHg", 10)
    unstressed = px.parameter("ml", 15)

    def pressure(self, active, outside):
        """The pressure now, `active` from 0 to 1, `outside` that in the chest."""
        elastance = active * (1 / self.systolic - 1 / self.diastolic) + 1 / self.diastolic
        return elastance * (self.volume - self.unstressed) + outside


class CVSim(px.Twin):
    """Two ventricles, arteries and veins of body and lungs."""

    left = Ventricle(volume=105, systolic=0.4, diastolic=9.69)
    right = Ventricle(volume=190, systolic=1.30, diastolic=19.29)
    arteries = Compartment(volume=733, compliance=2, unstressed=715)
    veins = Compartment(volume=3414, compliance=100, unstressed=2500)
    lung_arteries = Compartment(volume=121, compliance=3.4, unstressed=90)
    lung_veins = Compartment(volume=572, compliance=9, unstressed=490)

    heart_rate = px.parameter("1/min", 70)
    second = px.parameter("s", 1)
    chest = px.parameter("mmHg", -4)
    blood, filling_time = px.parameter("ml", 5150), px.parameter("s", 2)
    r_out, r_body, r_in = (px.parameter("mmHg*s/ml", r) for r in (0.006, 1, 0.04))
    r_lung_out, r_lungs, r_lung_in = (px.parameter("mmHg*s/ml", r) for r in (0.006, 0.07, 0.006))

    systolic, diastolic, mean_pressure = px.sensor("mmHg"), px.sensor("mmHg"), px.sensor("mmHg")
    lung_systolic, lung_diastolic, lung_mean = px.sensor("mmHg"), px.sensor("mmHg"), px.sensor("mmHg")
    filling, venous = px.sensor("mmHg"), px.sensor("mmHg")
    full, emptied, output = px.sensor("ml"), px.sensor("ml"), px.sensor("l/min")

    @px.cycle
    def beat(self):
        return 1 / self.heart_rate

    @px.derived
    def active(self):
        systole = 0.3 * self.second * px.sqrt(self.beat.period / self.second)
        share = self.beat.elapsed / systole
        rising = 0.5 * (1 - px.cos(px.pi * share))
        falling = 0.5 * (1 + px.cos(2 * px.pi * (share - 1)))
        return px.where(share <= 1, rising, px.where(share <= 1.5, falling, 0))

    @px.derived
    def lung_vein_pressure(self):
        return self.lung_veins.pressure + self.chest

    @px.derived
    def lung_pressure(self):
        return self.lung_arteries.pressure + self.chest

    @px.derived
    def through_body(self):
        return (self.arteries.pressure - self.veins.pressure) / self.r_body

    @px.derived
    def total(self):
        body = self.left.volume + self.arteries.volume + self.veins.volume
        return body + self.right.volume + self.lung_arteries.volume + self.lung_veins.volume

    @px.rate(left.volume, arteries.volume, veins.volume, right.volume, lung_arteries.volume, lung_veins.volume)
    def flows(self):
        lv, rv = self.left.pressure(self.active, self.chest), self.right.pressure(self.active, self.chest)
        out = px.maximum(lv - self.arteries.pressure, 0) / self.r_out
        home = px.maximum(self.veins.pressure - rv, 0) / self.r_in
        lung_out = px.maximum(rv - self.lung_pressure, 0) / self.r_lung_out
        lung_home = px.maximum(self.lung_vein_pressure - lv, 0) / self.r_lung_in
        body, lungs = self.through_body, (self.lung_pressure - self.lung_vein_pressure) / self.r_lungs
        filled = (self.blood - self.total) / self.filling_time
        return (
            *(lung_home - out, out - body, body - home + filled),
            *(home - lung_out, lung_out - lungs, lungs - lung_home),
        )

    @px.reading(systolic)
    def high(self):
        return px.peak(self.arteries.pressure, over=self.beat)

    @px.reading(diastolic)
    def low(self):
        return px.trough(self.arteries.pressure, over=self.beat)

    @px.reading(mean_pressure)
    def middle(self):
        return px.mean(self.arteries.pressure, over=self.beat)

    @px.reading(lung_systolic)
    def lung_high(self):
        return px.peak(self.lung_pressure, over=self.beat)

    @px.reading(lung_diastolic)
    def lung_low(self):
        return px.trough(self.lung_pressure, over=self.beat)

    @px.reading(lung_mean)
    def lung_middle(self):
        return px.mean(self.lung_pressure, over=self.beat)

    @px.reading(filling)
    def wedge(self):
        return px.mean(self.lung_vein_pressure, over=self.beat)

    @px.reading(venous)
    def central(self):
        return px.mean(self.veins.pressure, over=self.beat)

    @px.reading(full)
    def largest(self):
        return px.peak(self.left.volume, over=self.beat)

    @px.reading(emptied)
    def smallest(self):
        return px.trough(self.left.volume, over=self.beat)

    @px.reading(output)
    def flow(self):
        return px.mean(self.through_body, over=self.beat)
