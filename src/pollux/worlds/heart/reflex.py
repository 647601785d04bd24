r"""The carotid baroreflex of Ursino (1998), and how it is coupled to the circulation of a patient.

Receptors fire with the pressure they sense, the brain answers with sympathetic and vagal nerves, and these change the
strength of the heart, the resistance of the arterioles, the volume that the veins hold without pressure, and the
length of a beat:

    f_cs  = (f_min + f_max exp((P − P_n) / k_a)) / (1 + exp((P − P_n) / k_a)) f_es  = f_es∞ + (f_es0 − f_es∞)
    exp(−k_es f_cs)              f_ev = (f_ev0 + f_ev∞ exp((f_cs − f_cs0) / k_ev)) / (1 + exp(...)) tone  = ln(max(0,
    f_es − f_es,min) + 1)                      X = X_0 + G tone, low-pass filtered

Source: Ursino, Am J Physiol 1998;275:H1733; numbers as in the model of Bonnemain 2020.

**The coupling** (our own; none was found in the literature). A patient's parameters are those at the pressure he
lives with. So the reflex acts by *differences*: tone at the sensed pressure minus tone at his own set point. At the
set point nothing changes; below it the heart grows stronger (relative to Ursino's basal values), arterioles narrow,
veins hold less, and the beat shortens. The set point is the centre P_n of the receptor's curve, and it follows the
patient's own pressure over days (`Patient.usual`): receptors reset, else they would fight a treatment that lowers the
pressure for good. Two things are left out because the twin looks at minutes and longer: the pure delays of 2 to 5 s
and the receptors' response to the rate of change, which average out.
"""

from typing import Final

import pollux as px

SLOWEST, FASTEST, WIDTH = px.quantity(2.52, "Hz"), px.quantity(47.78, "Hz"), px.quantity(11.758, "mmHg")
SYMPATHETIC_LEAST, SYMPATHETIC_MOST = px.quantity(2.10, "Hz"), px.quantity(16.11, "Hz")
SYMPATHETIC_FALL, THRESHOLD, HERTZ = px.quantity(0.0675, "s"), px.quantity(2.66, "Hz"), px.quantity(1, "Hz")
VAGAL_LEAST, VAGAL_MOST = px.quantity(3.2, "Hz"), px.quantity(6.3, "Hz")
VAGAL_CENTRE, VAGAL_WIDTH = px.quantity(25, "Hz"), px.quantity(7.06, "Hz")

PATIENT_GAIN: Final = 0.3
"""The reflex's gain in a patient (our calibration): model B then loses as much of the fall of pressure under a
vasodilator as
model U does in severe heart failure, about a third. It is below 1 because the rate-sensitive receptors, left out
here, saturate with every pulse."""

STRENGTH: Final = 0.475 / 2.95
"""Gain of the contractility over its basal value; for the right ventricle, 0.282 / 1.75, it is the same."""
SPLANCHNIC: Final = (2.49, 0.695)
OTHER: Final = (0.78, 0.53)
"""Resistance of the two systemic beds without tone, and its gain, mmHg s/ml."""


def firing(pressure, centre):
    """Traffic of the receptors at a sensed pressure, around the centre of their curve."""
    lift = px.exp((pressure - centre) / WIDTH)
    return (SLOWEST + FASTEST * lift) / (1 + lift)


def tone(receptors):
    """Sympathetic tone, as the effectors feel it."""
    traffic = SYMPATHETIC_LEAST + (SYMPATHETIC_MOST - SYMPATHETIC_LEAST) * px.exp(-SYMPATHETIC_FALL * receptors)
    return px.log(px.maximum(0, (traffic - THRESHOLD) / HERTZ) + 1)


def vagal(receptors):
    """Vagal traffic to the sinus node."""
    lift = px.exp((receptors - VAGAL_CENTRE) / VAGAL_WIDTH)
    return (VAGAL_LEAST + VAGAL_MOST * lift) / (1 + lift)


def resistance(sympathetic):
    """Of the splanchnic and the other beds in parallel, in mmHg s/ml; only its ratio is used."""
    return 1 / (1 / (SPLANCHNIC[0] + SPLANCHNIC[1] * sympathetic) + 1 / (OTHER[0] + OTHER[1] * sympathetic))


class Baroreflex(px.Part):
    """Differences of nervous tone from the patient's own resting state; with `gain` 0 there is no reflex."""

    gain = px.parameter("1", 0, low=0)
    set_point = px.parameter("mmHg", 90)
    sensing = px.parameter("s", 2.076)
    slow_heart = px.parameter("s", 8)
    slow_vessels = px.parameter("s", 6)
    slow_veins = px.parameter("s", 20)
    slow_sinus = px.parameter("s", 2)
    slow_vagus = px.parameter("s", 1.5)
    vein_gain = px.parameter("ml", -397.9, doc="splanchnic -265.4 and other veins -132.5")
    sinus_gain = px.parameter("s", -0.13)
    vagus_gain = px.parameter("s/Hz", 0.09)

    sensed = px.hidden("mmHg", start=90)
    heart = px.hidden("1", start=0)
    vessels = px.hidden("1", start=0)
    veins = px.hidden("1", start=0)
    sinus = px.hidden("1", start=0)
    vagus = px.hidden("Hz", start=0)

    @px.derived
    def rest_tone(self):
        return tone(firing(self.set_point, self.set_point))

    @px.derived
    def strength(self):
        """Factor on the contractility of both ventricles."""
        return 1 + STRENGTH * self.heart

    @px.derived
    def narrowing(self):
        """Factor on the systemic resistance."""
        return resistance(self.rest_tone + self.vessels) / resistance(self.rest_tone)

    @px.derived
    def unstressed(self):
        """What the systemic veins hold more (or less) without pressure."""
        return self.vein_gain * self.veins

    @px.derived
    def lengthening(self):
        """What a beat is longer (or shorter)."""
        return self.sinus_gain * self.sinus + self.vagus_gain * self.vagus

    def rates(self, pressure):
        """How the six states change at an arterial pressure, in the order in which they are declared."""
        receptors, rest = firing(self.sensed, self.set_point), firing(self.set_point, self.set_point)
        more_tone = self.gain * (tone(receptors) - tone(rest))
        more_vagal = self.gain * (vagal(receptors) - vagal(rest))
        return (
            (pressure - self.sensed) / self.sensing,
            (more_tone - self.heart) / self.slow_heart,
            (more_tone - self.vessels) / self.slow_vessels,
            (more_tone - self.veins) / self.slow_veins,
            (more_tone - self.sinus) / self.slow_sinus,
            (more_vagal - self.vagus) / self.slow_vagus,
        )
