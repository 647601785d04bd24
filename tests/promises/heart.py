"""The model of the measurements: a heart and circulation of eight states, as a type and as peers write it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pollux.model import functions
from pollux.model.equations import cycle, derived, rate, reading
from pollux.model.priors import lognormal
from pollux.model.roles import hidden, parameter, sensor
from pollux.model.twin import Twin
from pollux.model.windows import mean, peak, trough


class Heart(Twin):
    """Six volumes, four valves, the phase of the beat and a baroreflex: reduced from Smith et al. (2004)."""

    left = hidden("ml", start=104.2)
    aorta = hidden("ml", start=124.1)
    cava = hidden("ml", start=295.2)
    right = hidden("ml", start=104.2)
    trunk = hidden("ml", start=39.04)
    veins = hidden("ml", start=826.9)
    felt = hidden("mmHg", start=85)

    e_left = parameter("mmHg/ml", lognormal(2.8798, 0.1))
    e_right = parameter("mmHg/ml", lognormal(0.5850, 0.1))
    e_aorta = parameter("mmHg/ml", lognormal(0.6913, 0.1))
    e_cava = parameter("mmHg/ml", 0.0059)
    e_trunk = parameter("mmHg/ml", 0.3690)
    e_veins = parameter("mmHg/ml", 0.0073)
    r_mitral = parameter("mmHg*s/ml", 0.0158)
    r_aortic = parameter("mmHg*s/ml", 0.0180)
    r_tricuspid = parameter("mmHg*s/ml", 0.0237)
    r_pulmonary = parameter("mmHg*s/ml", 0.0055)
    r_lungs = parameter("mmHg*s/ml", 0.1552)
    r_body = parameter("mmHg*s/ml", lognormal(1.0889, 0.1))
    p_left = parameter("mmHg", 0.1203)
    p_right = parameter("mmHg", 0.2157)
    curve_left = parameter("1/ml", 0.033)
    curve_right = parameter("1/ml", 0.023)
    thorax = parameter("mmHg", -4)
    set_point = parameter("mmHg", 85)
    pace = parameter("1/s", 1.2)
    lag = parameter("s", 5)
    gain_pace = parameter("1", 0.6)
    gain_tone = parameter("1", 0.5)
    sharpness = parameter("1", 80 / 1.44)

    systolic = sensor("mmHg", noise=4)
    diastolic = sensor("mmHg", noise=4)
    average = sensor("mmHg", noise=4)

    @derived
    def error(self):
        return self.felt / self.set_point - 1

    @cycle
    def beat(self):
        return 1 / (self.pace * (1 - self.gain_pace * self.error))

    @derived
    def active(self):
        return functions.exp(-self.sharpness * (self.beat.phase - 0.45) ** 2)

    @derived
    def left_pressure(self):
        passive = self.p_left * (functions.exp(self.curve_left * self.left) - 1)
        return self.active * self.e_left * self.left + (1 - self.active) * passive + self.thorax

    @derived
    def right_pressure(self):
        passive = self.p_right * (functions.exp(self.curve_right * self.right) - 1)
        return self.active * self.e_right * self.right + (1 - self.active) * passive + self.thorax

    @derived
    def aortic_pressure(self):
        return self.e_aorta * self.aorta

    @rate(left, aorta, cava, right, trunk, veins)
    def flows(self):
        cava = self.e_cava * self.cava
        trunk = self.e_trunk * self.trunk + self.thorax
        veins = self.e_veins * self.veins + self.thorax
        mitral = functions.maximum((veins - self.left_pressure) / self.r_mitral, 0)
        aortic = functions.maximum((self.left_pressure - self.aortic_pressure) / self.r_aortic, 0)
        tricuspid = functions.maximum((cava - self.right_pressure) / self.r_tricuspid, 0)
        pulmonary = functions.maximum((self.right_pressure - trunk) / self.r_pulmonary, 0)
        body = (self.aortic_pressure - cava) / (self.r_body * (1 - self.gain_tone * self.error))
        lungs = (trunk - veins) / self.r_lungs
        out, into = (
            (mitral, aortic, body, tricuspid, pulmonary, lungs),
            (aortic, body, tricuspid, pulmonary, lungs, mitral),
        )
        return tuple(before - after for before, after in zip(out, into, strict=True))

    @rate(felt)
    def feels(self):
        return (self.aortic_pressure - self.felt) / self.lag

    @reading(systolic)
    def sees_systolic(self):
        return peak(self.aortic_pressure, over=self.beat)

    @reading(diastolic)
    def sees_diastolic(self):
        return trough(self.aortic_pressure, over=self.beat)

    @reading(average)
    def sees_average(self):
        return mean(self.aortic_pressure, over=self.beat)


WILD = 200.0
"""Beyond any exponent of a heart, and so far below the end of floats that what comes of it can be squared."""


def bounded_exp(x: float) -> float:
    """RK45 tries steps so wild that the exponential overflows, or its square; it rejects them afterwards."""
    return math.exp(min(x, WILD))


def plain_rates(
    t: float,
    y: Sequence[Any],
    p: Mapping[str, Any],
    exp: Callable[[Any], Any] = bounded_exp,
    maximum: Callable[[Any, float], Any] = max,
) -> tuple[Any, ...]:
    """The rates of `Heart` as a user of scipy would write them: plain Python, on floats or on what JAX traces."""
    left, aorta, cava, right, trunk, veins, felt, turns = y
    error = felt / p["set_point"] - 1
    pace = p["pace"] * (1 - p["gain_pace"] * error)
    active = exp(-p["sharpness"] * (turns % 1.0 - 0.45) ** 2)
    passive_left = p["p_left"] * (exp(p["curve_left"] * left) - 1)
    passive_right = p["p_right"] * (exp(p["curve_right"] * right) - 1)
    p_left = active * p["e_left"] * left + (1 - active) * passive_left + p["thorax"]
    p_right = active * p["e_right"] * right + (1 - active) * passive_right + p["thorax"]
    p_aorta, p_cava = p["e_aorta"] * aorta, p["e_cava"] * cava
    p_trunk, p_veins = p["e_trunk"] * trunk + p["thorax"], p["e_veins"] * veins + p["thorax"]
    mitral = maximum((p_veins - p_left) / p["r_mitral"], 0.0)
    aortic = maximum((p_left - p_aorta) / p["r_aortic"], 0.0)
    tricuspid = maximum((p_cava - p_right) / p["r_tricuspid"], 0.0)
    pulmonary = maximum((p_right - p_trunk) / p["r_pulmonary"], 0.0)
    body = (p_aorta - p_cava) / (p["r_body"] * (1 - p["gain_tone"] * error))
    lungs = (p_trunk - p_veins) / p["r_lungs"]
    systemic = (mitral - aortic, aortic - body, body - tricuspid)
    pulmonic = (tricuspid - pulmonary, pulmonary - lungs, lungs - mitral)
    return (*systemic, *pulmonic, (p_aorta - felt) / p["lag"], pace)
