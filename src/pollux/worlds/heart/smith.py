"""The smallest regression: the reduced model of Smith 2004, six stressed volumes, as used by Jones and Carlson.

Source: Smith et al., Med Eng Phys 2004;26:131; Jones et al., J Physiol 2021. Volumes are stressed volumes; 30 % of
the blood.
"""

import pollux as px


class Ventricle(px.Part):
    """Contracts between a linear and an exponential pressure-volume relation."""

    volume = px.hidden("ml")
    stiffness = px.parameter("mmHg/ml", 1)
    scale = px.parameter("mmHg", 0.1)
    curve = px.parameter("1/ml", 0.02)

    def pressure(self, active):
        """The pressure now, `active` from 0 to 1."""
        return active * self.stiffness * self.volume + (1 - active) * self.scale * (
            px.exp(self.curve * self.volume) - 1
        )


def nadler(height, weight):
    """Blood volume of a man in litres, height in m, weight in kg.

    >>> round(nadler(1.78, 72.3), 3)
    5.001
    """
    return 0.3669 * height**3 + 0.03219 * weight + 0.6041


class Smith(px.Twin):
    """Two ventricles, four vessels, four diode valves."""

    left = Ventricle(volume=94.6812, stiffness=4.3197, scale=0.1203, curve=0.0231)
    right = Ventricle(volume=90.7302, stiffness=0.702, scale=0.2157, curve=0.0161)
    pa, pv = px.hidden("ml", start=43.0123), px.hidden("ml", start=808.458)
    sa, sv = px.hidden("ml", start=133.338), px.hidden("ml", start=329.78)

    heart_rate = px.parameter("1/min", 80)
    per_minute = px.parameter("1/min", 1, doc="the sharpness of the contraction is written for a rate in 1/min")
    sharpness = px.parameter("1/s**2", 1)
    e_pa, e_pv = px.parameter("mmHg/ml", 0.2583), px.parameter("mmHg/ml", 0.0073)
    e_sa, e_sv = px.parameter("mmHg/ml", 0.89869), px.parameter("mmHg/ml", 0.0059)
    r_sys, r_pul = px.parameter("mmHg*s/ml", 1.284902), px.parameter("mmHg*s/ml", 0.13192)
    r_mitral, r_aortic = px.parameter("mmHg*s/ml", 0.0158), px.parameter("mmHg*s/ml", 0.018)
    r_tricuspid, r_pulmonary = px.parameter("mmHg*s/ml", 0.0237), px.parameter("mmHg*s/ml", 0.0055)
    stressed, filling_time = px.parameter("ml", 1500), px.parameter("s", 2)

    systolic, diastolic = px.sensor("mmHg"), px.sensor("mmHg")
    lung_systolic, lung_diastolic, wedge = px.sensor("mmHg"), px.sensor("mmHg"), px.sensor("mmHg")
    right_systolic, right_diastolic = px.sensor("mmHg"), px.sensor("mmHg")
    full, emptied = px.sensor("ml"), px.sensor("ml")
    right_full, right_emptied = px.sensor("ml"), px.sensor("ml")
    output = px.sensor("l/min")

    @px.cycle
    def beat(self):
        return 1 / self.heart_rate

    @px.derived
    def active(self):
        off = self.beat.elapsed - self.beat.period / 2
        return px.exp(-self.heart_rate / self.per_minute * self.sharpness * off**2)

    @px.derived
    def total(self):
        return self.left.volume + self.right.volume + self.pa + self.pv + self.sa + self.sv

    @px.derived
    def through_body(self):
        return (self.e_sa * self.sa - self.e_sv * self.sv) / self.r_sys

    @px.derived
    def left_pressure(self):
        return self.left.pressure(self.active)

    @px.derived
    def right_pressure(self):
        return self.right.pressure(self.active)

    @px.rate(left.volume, sa, sv, right.volume, pa, pv)
    def flows(self):
        lv, rv = self.left_pressure, self.right_pressure
        mitral = px.maximum(self.e_pv * self.pv - lv, 0) / self.r_mitral
        aortic = px.maximum(lv - self.e_sa * self.sa, 0) / self.r_aortic
        tricuspid = px.maximum(self.e_sv * self.sv - rv, 0) / self.r_tricuspid
        pulmonary = px.maximum(rv - self.e_pa * self.pa, 0) / self.r_pulmonary
        body, lungs = self.through_body, (self.e_pa * self.pa - self.e_pv * self.pv) / self.r_pul
        filled = (self.stressed - self.total) / self.filling_time
        return (
            *(mitral - aortic, aortic - body, body - tricuspid + filled),
            *(tricuspid - pulmonary, pulmonary - lungs, lungs - mitral),
        )

    @px.reading(systolic)
    def high(self):
        return px.peak(self.e_sa * self.sa, over=self.beat)

    @px.reading(diastolic)
    def low(self):
        return px.trough(self.e_sa * self.sa, over=self.beat)

    @px.reading(lung_systolic)
    def lung_high(self):
        return px.peak(self.e_pa * self.pa, over=self.beat)

    @px.reading(lung_diastolic)
    def lung_low(self):
        return px.trough(self.e_pa * self.pa, over=self.beat)

    @px.reading(wedge)
    def lung_veins(self):
        return px.mean(self.e_pv * self.pv, over=self.beat)

    @px.reading(right_systolic)
    def right_high(self):
        return px.peak(self.right_pressure, over=self.beat)

    @px.reading(right_diastolic)
    def right_low(self):
        return px.trough(self.right_pressure, over=self.beat)

    @px.reading(full)
    def largest(self):
        return px.peak(self.left.volume, over=self.beat)

    @px.reading(emptied)
    def smallest(self):
        return px.trough(self.left.volume, over=self.beat)

    @px.reading(right_full)
    def right_largest(self):
        return px.peak(self.right.volume, over=self.beat)

    @px.reading(right_emptied)
    def right_smallest(self):
        return px.trough(self.right.volume, over=self.beat)

    @px.reading(output)
    def flow(self):
        return px.mean(self.through_body, over=self.beat)
