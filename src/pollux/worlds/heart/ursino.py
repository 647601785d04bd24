r"""The reference for seconds to minutes: Ursino's circulation with its carotid baroreflex, in the values of Bonnemain.

Source: Ursino, Am J Physiol 1998;275:H1733; Bonnemain, Front Physiol 2020;11:1086, values of the Modelica model
Mathcard.

Two things are written otherwise than in the papers, without changing what is computed. The receptors' response to the
rate of change, τ_p dP_t/dt = P + τ_z dP/dt − P_t, is split into a state and a direct part, so that no derivative is
needed. The pure delays of 2, 5 and 0.2 s are chains of first-order lags with the same mean delay, behind the
logarithm: there everything is linear, so that means are exact and only ripples of single beats are smoother.
"""

from typing import Final

import pollux as px
from pollux.worlds.heart.reflex import firing, tone, vagal

STAGES: Final = 3
"""Lags in each chain: 2 s, then 3 s more for the veins."""


class Ventricle(px.Part):
    """Filled exponentially, emptied through a resistance that grows with the pressure it makes."""

    volume = px.hidden("ml")
    strongest = px.parameter("mmHg/ml", 2.392)
    gain = px.parameter("mmHg/ml", 0.475)
    unstressed = px.parameter("ml", 16.77)
    scale = px.parameter("mmHg", 1.5)
    curve = px.parameter("1/ml", 0.014)
    loss = px.parameter("s/ml", 3.75e-4)

    def isometric(self, active, strength):
        """The pressure if nothing flowed out."""
        contracted = strength * (self.volume - self.unstressed)
        return active * contracted + (1 - active) * self.scale * (px.exp(self.curve * self.volume) - 1)

    def ejected(self, isometric, after):
        """What flows out against the pressure behind the valve."""
        return px.maximum(isometric - after, 0) / (self.loss * px.maximum(isometric, after))


class Ursino(px.Twin):
    """Thirteen pressures, flows and volumes, a beat, and eight effectors driven by one sympathetic and one vagal
    signal.
    """

    left = Ventricle(volume=110)
    right = Ventricle(volume=120, strongest=1.412, gain=0.282, unstressed=40.8, curve=0.011, loss=1.4e-3)
    sa, sp, sv, ev = (px.hidden("mmHg", start=p) for p in (95, 92, 7, 6))
    ra, pa, pp, pv, la = (px.hidden("mmHg", start=p) for p in (5, 17, 15, 9, 8))
    into_body, into_lungs = px.hidden("ml/s", start=80), px.hidden("ml/s", start=80)

    c_sa, c_sp, c_ep = px.parameter("ml/mmHg", 0.28), px.parameter("ml/mmHg", 2.05), px.parameter("ml/mmHg", 1.67)
    c_sv, c_ev, c_ra = px.parameter("ml/mmHg", 61.11), px.parameter("ml/mmHg", 50), px.parameter("ml/mmHg", 31.25)
    c_pa, c_pp = px.parameter("ml/mmHg", 0.76), px.parameter("ml/mmHg", 5.8)
    c_pv, c_la = px.parameter("ml/mmHg", 25.37), px.parameter("ml/mmHg", 19.23)
    v_fixed = px.parameter(
        "ml", 274.4 + 336.6 + 123 + 120 + 25 + 25, doc="unstressed volume outside the systemic veins"
    )
    v_sv, v_ev = px.parameter("ml", 1435.4), px.parameter("ml", 1537)
    r_sa, r_pa, r_pp = (px.parameter("mmHg*s/ml", r) for r in (0.06, 0.023, 0.0894))
    r_sp, r_ep, r_sv, r_ev = (px.parameter("mmHg*s/ml", r) for r in (2.49, 0.78, 0.038, 0.016))
    r_pv, r_mitral, r_tricuspid = (px.parameter("mmHg*s/ml", r) for r in (0.0056, 2.5e-3, 2.5e-3))
    l_sa, l_pa = px.parameter("mmHg*s**2/ml", 0.22e-3), px.parameter("mmHg*s**2/ml", 0.18e-3)
    period = px.parameter("s", 0.58, doc="the length of a beat without any nerve")
    systole, shortening = px.parameter("s", 0.5), px.parameter("s**2", 0.075)
    blood, filling_time = px.parameter("ml", 5300), px.parameter("s", 2)
    pump = px.parameter("ml/s", 0)

    act = px.parameter("1", 1, doc="0 freezes every effector at its value without tone")
    centre = px.parameter("mmHg", 92)
    sensing, leading = px.parameter("s", 2.076), px.parameter("s", 6.37)
    sp_gain, ep_gain = px.parameter("mmHg*s/ml", 0.695), px.parameter("mmHg*s/ml", 0.53)
    sv_gain, ev_gain = px.parameter("ml", -265.4), px.parameter("ml", -132.5)
    sinus_gain, vagus_gain = px.parameter("s", -0.13), px.parameter("s/Hz", 0.09)
    lag, more_lag, vagal_lag = (px.parameter("s", d / STAGES) for d in (2, 3, 0.2))
    slow_heart, slow_vessels, slow_veins = (px.parameter("s", t) for t in (8, 6, 20))
    slow_sinus, slow_vagus = px.parameter("s", 2), px.parameter("s", 1.5)
    sensed = px.hidden("mmHg", start=-190, doc="the lagging part of what the receptors sense")
    sent1, sent2, sent3, late1, late2, late3 = (px.hidden("1", start=1.18) for _ in range(6))
    heart, vessels, veins, sinus = (px.hidden("1", start=1.18) for _ in range(4))
    vagal1, vagal2, vagal3, vagus = (px.hidden("Hz", start=4.6) for _ in range(4))

    rate, output = px.sensor("1/min"), px.sensor("l/min")
    systolic, diastolic, mean_pressure = px.sensor("mmHg"), px.sensor("mmHg"), px.sensor("mmHg")
    lung_systolic, lung_diastolic, lung_mean = px.sensor("mmHg"), px.sensor("mmHg"), px.sensor("mmHg")
    filling, venous = px.sensor("mmHg"), px.sensor("mmHg")
    full, emptied = px.sensor("ml"), px.sensor("ml")

    @px.derived
    def turn(self):
        return self.period + self.act * (self.sinus_gain * self.sinus + self.vagus_gain * self.vagus)

    @px.cycle
    def beat(self):
        return self.turn

    @px.derived
    def active(self):
        length = self.systole - self.shortening / self.turn
        share = self.beat.phase * self.turn / length
        return px.where(share <= 1, px.sin(px.pi * share) ** 2, 0)

    @px.derived
    def left_strength(self):
        return self.left.strongest + self.act * self.left.gain * self.heart

    @px.derived
    def right_strength(self):
        return self.right.strongest + self.act * self.right.gain * self.heart

    @px.derived
    def splanchnic(self):
        return self.r_sp + self.act * self.sp_gain * self.vessels

    @px.derived
    def other(self):
        return self.r_ep + self.act * self.ep_gain * self.vessels

    @px.derived
    def vein_tone_rate(self):
        return self.act * (self.late3 - self.veins) / self.slow_veins

    @px.derived
    def left_isometric(self):
        return self.left.isometric(self.active, self.left_strength)

    @px.derived
    def right_isometric(self):
        return self.right.isometric(self.active, self.right_strength)

    @px.derived
    def left_out(self):
        return self.left.ejected(self.left_isometric, self.sa)

    @px.derived
    def right_out(self):
        return self.right.ejected(self.right_isometric, self.pa)

    @px.derived
    def left_in(self):
        return px.maximum(self.la - self.left_isometric * (1 - self.left.loss * self.left_out), 0) / self.r_mitral

    @px.derived
    def right_in(self):
        return px.maximum(self.ra - self.right_isometric * (1 - self.right.loss * self.right_out), 0) / self.r_tricuspid

    @px.derived
    def total(self):
        systemic = self.c_sa * self.sa + (self.c_sp + self.c_ep) * self.sp + self.c_sv * self.sv + self.c_ev * self.ev
        pulmonary = self.c_pa * self.pa + self.c_pp * self.pp + self.c_pv * self.pv
        heart = self.left.volume + self.right.volume + self.c_ra * self.ra + self.c_la * self.la
        veins = self.v_sv + self.v_ev + self.act * (self.sv_gain + self.ev_gain) * self.veins
        return systemic + pulmonary + heart + veins + self.v_fixed

    @px.rate(sa, into_body, sp, sv, ev, ra, right.volume)
    def systemic(self):
        splanchnic, other = (self.sp - self.sv) / self.splanchnic, (self.sp - self.ev) / self.other
        home, home_too = (self.sv - self.ra) / self.r_sv, (self.ev - self.ra) / self.r_ev
        filled = (self.blood - self.total) / self.filling_time
        return (
            (self.left_out + self.pump - self.into_body) / self.c_sa,
            (self.sa - self.sp - self.r_sa * self.into_body) / self.l_sa,
            (self.into_body - splanchnic - other) / (self.c_sp + self.c_ep),
            (splanchnic - home - self.sv_gain * self.vein_tone_rate + filled) / self.c_sv,
            (other - home_too - self.ev_gain * self.vein_tone_rate) / self.c_ev,
            (home + home_too - self.right_in) / self.c_ra,
            self.right_in - self.right_out,
        )

    @px.rate(pa, into_lungs, pp, pv, la, left.volume)
    def pulmonary(self):
        through, home = (self.pp - self.pv) / self.r_pp, (self.pv - self.la) / self.r_pv
        return (
            (self.right_out - self.into_lungs) / self.c_pa,
            (self.pa - self.pp - self.r_pa * self.into_lungs) / self.l_pa,
            (self.into_lungs - through) / self.c_pp,
            (through - home) / self.c_pv,
            (home - self.left_in) / self.c_la,
            self.left_in - self.left_out - self.pump,
        )

    @px.derived
    def receptors(self):
        return firing(self.sensed + self.leading / self.sensing * self.sa, self.centre)

    @px.rate(sensed, sent1, sent2, sent3, late1, late2, late3, vagal1, vagal2, vagal3)
    def nerves(self):
        return (
            (self.sa * (1 - self.leading / self.sensing) - self.sensed) / self.sensing,
            (tone(self.receptors) - self.sent1) / self.lag,
            (self.sent1 - self.sent2) / self.lag,
            (self.sent2 - self.sent3) / self.lag,
            (self.sent3 - self.late1) / self.more_lag,
            (self.late1 - self.late2) / self.more_lag,
            (self.late2 - self.late3) / self.more_lag,
            (vagal(self.receptors) - self.vagal1) / self.vagal_lag,
            (self.vagal1 - self.vagal2) / self.vagal_lag,
            (self.vagal2 - self.vagal3) / self.vagal_lag,
        )

    @px.rate(heart, vessels, veins, sinus, vagus)
    def effectors(self):
        return (
            (self.sent3 - self.heart) / self.slow_heart,
            (self.sent3 - self.vessels) / self.slow_vessels,
            (self.late3 - self.veins) / self.slow_veins,
            (self.sent3 - self.sinus) / self.slow_sinus,
            (self.vagal3 - self.vagus) / self.slow_vagus,
        )

    @px.reading(rate)
    def pulse(self):
        return 1 / px.mean(self.turn, over=self.beat)

    @px.reading(output)
    def flow(self):
        return px.mean(self.into_body, over=self.beat)

    @px.reading(systolic)
    def high(self):
        return px.peak(self.sa, over=self.beat)

    @px.reading(diastolic)
    def low(self):
        return px.trough(self.sa, over=self.beat)

    @px.reading(mean_pressure)
    def middle(self):
        return px.mean(self.sa, over=self.beat)

    @px.reading(lung_systolic)
    def lung_high(self):
        return px.peak(self.pa, over=self.beat)

    @px.reading(lung_diastolic)
    def lung_low(self):
        return px.trough(self.pa, over=self.beat)

    @px.reading(lung_mean)
    def lung_middle(self):
        return px.mean(self.pa, over=self.beat)

    @px.reading(filling)
    def wedge(self):
        return px.mean(self.la, over=self.beat)

    @px.reading(venous)
    def central(self):
        return px.mean(self.ra, over=self.beat)

    @px.reading(full)
    def largest(self):
        return px.peak(self.left.volume, over=self.beat)

    @px.reading(emptied)
    def smallest(self):
        return px.trough(self.left.volume, over=self.beat)
