"""The patient over days and months: fluid and drugs move slowly, and every heartbeat settles to what they make of it.

What changes in days is here: sodium and the water it holds, the level of each drug, the muscle that remodels or
weakens, the pressure that his receptors have got used to. What happens in a second is `Circulation`, run to its
periodic state for the parameters of the moment. A parameter with a prior differs from patient to patient and is
learnt from his own data.

**Decompensation**, as this world defines it (our choice): the filling pressure of his twin, averaged over about a
day, reaches 25 mmHg. Nobody measures that pressure at home, so it is a risk with a probability, never an alarm.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pollux as px
from pollux.worlds.heart import carvedilol, furosemide, sodium
from pollux.worlds.heart.circulation import Circulation
from pollux.worlds.heart.reflex import PATIENT_GAIN

CONGESTED: Final = 25.0
"""Filling pressure that counts as decompensated, mmHg (our choice; from memory: alveolar oedema begins about there)."""
WET: Final = 18.0
"""Filling pressure above which the lungs take up water, mmHg (from memory, unverified)."""
HALF_RACEMATE: Final = 0.5

DRIFT: Final[Mapping[str, float]] = MappingProxyType(
    {
        "strength": 0.07,
        "resistance": 0.08,
        "compliance": 0.03,
        "free_rate": 0.25,
        "surplus": 1.2,
        "intake": 0.05,
        "kidneys": 0.05,
    }
)
"""What may change from day to day, for his filter: a day's step in units of each prior's spread (our choice)."""
FADES: Final[Mapping[str, str]] = MappingProxyType({"surplus": "10 days"})
"""What befalls him and passes again: a salty week, an illness, tablets that he forgets (our choice)."""


class Therapy(px.Part):
    """A drug or a programme as a share of its full course: it acts after days, and on the muscle after months."""

    dose = px.actuator("1", low=0, high=1, safe=0, start=0)
    onset = px.parameter("day", 2)
    months = px.parameter("day", 120)
    level = px.hidden("1", start=0, low=0)
    grown = px.hidden("1", start=0, low=0)

    @px.rate(level, grown)
    def acts(self):
        return (self.dose - self.level) / self.onset, (self.level - self.grown) / self.months

    def factor(self, acute, chronic):
        """What a parameter is multiplied by, given its factors at full effect."""
        return (1 + (acute - 1) * self.level) * (1 + (chronic - 1) * self.grown)


class Patient(px.Twin, personal=True):
    """A patient with a weak left ventricle: what wearables tell, what his history told, what is inferred, what may be
    set.
    """

    pulse = px.sensor("1/min", low=20, high=250, noise=3, every="1 h")
    systolic = px.sensor("mmHg", low=40, high=260, noise=5, every="8 h")
    diastolic = px.sensor("mmHg", low=20, high=160, noise=4, every="8 h")
    saturation = px.sensor("%", low=50, high=100, noise=1.5, every="1 h")
    weight = px.sensor("kg", low=30, high=300, noise=0.4, every="1 day")
    respiration = px.sensor("1/min", low=3, high=60, noise=1.5, every="1 h")
    temperature = px.sensor("degC", low=30, high=43, noise=0.2, every="1 day")

    rhythm = px.fact(["sinus", "atrial fibrillation", "paced"], personal=True)
    consciousness = px.fact(["A", "C", "V", "P", "U"], personal=True)
    oxygen = px.fact("flag", personal=True, doc="whether he is given oxygen")
    potassium = px.fact("mmol/l", low=1, high=10, personal=True)
    creatinine = px.fact("umol/l", low=10, high=2000, personal=True)
    filtration = px.fact("ml/min", low=0, high=200, personal=True, doc="eGFR, per 1.73 m2 of body surface")
    qrs = px.fact("ms", low=40, high=300, personal=True)
    angio_oedema = px.fact("flag", personal=True)
    av_block = px.fact("flag", personal=True, doc="AV block II or III without pacemaker")
    type_one_diabetes = px.fact("flag", personal=True)
    in_hospital = px.fact("flag", personal=True)
    pde5_inhibitor = px.fact("flag", personal=True)
    ace_inhibitor = px.fact("flag", personal=True)
    allergies = px.fact("text", personal=True)
    narrowing = px.fact(
        "%", low=0, high=100, personal=True, doc="area lost in the left anterior descending artery, by scan"
    )
    scan_volume = px.fact(
        "ml", low=30, high=800, personal=True, doc="end-diastolic volume of the left ventricle, by scan"
    )
    scan_mass = px.fact("g", low=50, high=600, personal=True)
    motion_anterior = px.fact("1", 0.62, personal=True, doc="wall motion by scan, as a share of the mean")
    motion_lateral = px.fact("1", 1.18, personal=True)
    motion_inferior = px.fact("1", 1.20, personal=True)
    motion_apex = px.fact("1", 0.70, personal=True)

    strength = px.parameter("mmHg/ml", px.lognormal(0.80, 0.3), doc="end-systolic elastance of the left ventricle")
    curve = px.parameter("1/ml", px.lognormal(0.0198, 0.08), doc="alpha of its end-diastolic relation")
    right_strength = px.parameter("mmHg/ml", 0.3109)
    right_curve = px.parameter("1/ml", 0.0201)
    resistance = px.parameter("mmHg*s/ml", px.lognormal(0.973, 0.25), doc="systemic resistance")
    lung_resistance = px.parameter("mmHg*s/ml", px.lognormal(0.0806, 0.2))
    compliance = px.parameter("ml/mmHg", px.lognormal(0.822, 0.3), doc="of the large arteries")
    free_rate = px.parameter(
        "1/min", px.normal(81.5, 4), doc="heart rate without a beta-blocker, at his usual pressure"
    )
    dry_weight = px.parameter("kg", px.normal(80.6, 12), doc="weight without the fluid that sodium holds")
    dry_blood = px.parameter("ml", px.normal(4763, 150))
    plasma_share = px.parameter("ml/l", 225, doc="plasma gained per litre of extracellular fluid")
    intake = px.parameter("mmol/day", px.lognormal(150, 0.2), doc="sodium eaten")
    surplus = px.parameter(
        "mmol/day", px.normal(0, 60), doc="sodium that stays beyond what his intake and kidneys explain"
    )
    kidneys = px.parameter("1/day", px.lognormal(0.12, 0.35), doc="excretion without a diuretic")
    loop_effect = px.parameter("1/day", px.lognormal(2.4, 0.4), doc="excretion that a loop diuretic adds at most")
    half_delivery = px.parameter("ug/min", px.lognormal(110, 0.4), doc="urinary delivery of half the response, his own")
    weakening = px.parameter("1/day", px.lognormal(2e-4, 0.5), doc="how fast the muscle weakens")
    hold = px.parameter("mmol/l", sodium.CONCENTRATION)
    density = px.parameter("kg/l", 1)
    bioavailable = px.parameter("1", 0.5, doc="of furosemide by mouth; from memory, unverified")
    working_hours = px.parameter("h", 6, doc="for which one dose of furosemide reaches the urine")
    doses = px.parameter("1/day", 1)
    loop_days, reset_days, felt_days = px.parameter("day", 0.5), px.parameter("day", 2), px.parameter("day", 1)
    carvedilol_clearance = px.parameter("l/h", carvedilol.CLEARANCE)
    carvedilol_volume = px.parameter("l", carvedilol.CENTRAL + carvedilol.PERIPHERAL)
    slowing_most = px.parameter("1/min", carvedilol.EFFECT_LARGEST)
    slowing_half = px.parameter("ng/ml", carvedilol.EFFECT_HALF)
    present_slowing = px.parameter("1/min", 6, doc="what his present beta-blocker takes off; changes count from here")
    step_slowing = px.parameter("1/min", 12, doc="slowing of a full course, to which the changes of the muscle belong")
    beta_days = px.parameter("day", 120)
    full_saturation, wet_saturation = px.parameter("%", 96.5), px.parameter("%/mmHg", 0.55)
    calm_breathing, wet_breathing = px.parameter("1/min", 15), px.parameter("1/min/mmHg", 0.8)
    wet_above, congested_at = px.parameter("mmHg", WET), px.parameter("mmHg", CONGESTED)
    no_pressure, no_volume = px.parameter("mmHg", 0), px.parameter("ml", 0)
    arni_volume, sglt2_volume = px.parameter("ml", -100), px.parameter("ml", -150)
    ivabradine_rate, training_rate = px.parameter("1/min", -11), px.parameter("1/min", -3)
    strain_scale = px.parameter("%", 100)
    resting_flow = px.parameter("ml/min", 0.9, doc="perfusion of a healthy wall, per gram of muscle")

    loop_diuretic = px.actuator("mg/day", low=0, high=160, safe=40, start=40, doc="furosemide by mouth")
    beta_blocker = px.actuator("mg/day", low=0, high=50, safe=25, start=25, doc="carvedilol by mouth")
    arni = Therapy()
    sglt2 = Therapy(months=90)
    ivabradine = Therapy()
    training = Therapy(onset=20)

    salt = px.hidden("mmol", start=500, low=0, doc="sodium above the set point")
    diuresis = px.hidden("1/day", start=0.179, low=0, doc="excretion that the diuretic adds now")
    beta_level = px.hidden("ng/ml", start=3.5, low=0, doc="S-carvedilol in plasma")
    beta_grown = px.hidden("1", start=0, doc="remodelling under a change of the beta-blocker")
    lost = px.hidden("1", start=0, low=0, high=0.9, doc="share of the strength that is lost since the scan")
    usual = px.hidden("mmHg", start=87, low=30, doc="mean pressure to which his reflex is set")
    felt = px.hidden("mmHg", start=16, doc="filling pressure, averaged over about a day")

    @px.derived
    def fluid(self):
        """Extracellular fluid held by sodium."""
        return self.salt / self.hold

    @px.derived
    def blood(self):
        drugs = self.arni_volume * self.arni.level + self.sglt2_volume * self.sglt2.level
        return self.dry_blood + self.plasma_share * self.fluid + drugs

    @px.derived
    def slowing(self):
        return self.slowing_most * self.beta_level / (self.slowing_half + self.beta_level)

    @px.derived
    def more_beta(self):
        """The change of the beta-blocker since the scan, as a share of a full course."""
        return (self.slowing - self.present_slowing) / self.step_slowing

    @px.derived
    def sinus_rate(self):
        drugs = self.ivabradine_rate * self.ivabradine.level + self.training_rate * self.training.level
        return self.free_rate - self.slowing + drugs

    @px.derived
    def left_strength(self):
        beta = (1 - 0.1 * self.more_beta) * (1 + 0.39 * self.beta_grown)
        drugs = self.arni.factor(1, 1.3) * self.ivabradine.factor(1, 1.05)
        return self.strength * (1 - self.lost) * beta * drugs

    @px.derived
    def left_curve(self):
        drugs = self.arni.factor(1, 1.12) * self.ivabradine.factor(1, 1.02)
        return self.curve * (1 + 0.08 * self.beta_grown) * drugs

    @px.derived
    def vessels(self):
        return self.resistance * self.arni.factor(0.92, 1) * self.training.factor(0.93, 1)

    def heart(self):
        """The heartbeat that belongs to this moment, settled."""
        return px.settled(
            Circulation,
            {
                Circulation.heart_rate: self.sinus_rate,
                Circulation.lv.stiffness: self.left_strength,
                Circulation.lv.curve: self.left_curve,
                Circulation.rv.stiffness: self.right_strength,
                Circulation.rv.curve: self.right_curve,
                Circulation.svr: self.vessels,
                Circulation.pvr: self.lung_resistance,
                Circulation.arteries.compliance: self.compliance,
                Circulation.blood: self.blood,
                Circulation.reflex.gain: PATIENT_GAIN,
                Circulation.reflex.set_point: self.usual,
            },
            over="40 s",
            every="12 h",
            step="2 ms",
        )

    @px.derived
    def filling(self):
        """Mean pressure of the left atrium; nobody measures it."""
        return self.heart().filling

    @px.derived
    def venous(self):
        return self.heart().venous

    @px.derived
    def output(self):
        return self.heart().output

    @px.derived
    def mean_pressure(self):
        return self.heart().mean_pressure

    @px.derived
    def ejection(self):
        return self.heart().ejection

    @px.derived
    def full(self):
        return self.heart().full

    @px.derived
    def emptied(self):
        return self.heart().emptied

    @px.derived
    def lung_diastolic(self):
        return self.heart().lung_diastolic

    @px.derived
    def strain(self):
        """How much a wall shortens, in per cent (negative): the cube root of what remains, less one."""
        return self.strain_scale * ((1 - self.ejection) ** (1 / 3) - 1)

    @px.derived
    def strain_anterior(self):
        return self.motion_anterior * self.strain

    @px.derived
    def strain_lateral(self):
        return self.motion_lateral * self.strain

    @px.derived
    def strain_inferior(self):
        return self.motion_inferior * self.strain

    @px.derived
    def strain_apex(self):
        return self.motion_apex * self.strain

    @px.derived
    def wet(self):
        """By how much the filling pressure is above what the lungs bear without taking up water."""
        return px.maximum(self.felt - self.wet_above, self.no_pressure)

    @px.derived
    def delivery(self):
        """Furosemide that reaches the urine while a dose works."""
        return self.bioavailable * self.loop_diuretic / (self.doses * self.working_hours)

    @px.rate(salt, diuresis)
    def balance(self):
        working = self.working_hours * self.doses
        power = (self.delivery / self.half_delivery) ** furosemide.STEEPNESS
        target = self.loop_effect * working * power / (1 + power)
        excreted = sodium.excretion(self.salt, self.kidneys + self.diuresis)
        return self.intake + self.surplus - excreted, (target - self.diuresis) / self.loop_days

    @px.rate(beta_level, beta_grown)
    def beta_blockade(self):
        absorbed = HALF_RACEMATE * self.beta_blocker / self.carvedilol_volume
        cleared = self.carvedilol_clearance / self.carvedilol_volume * self.beta_level
        return absorbed - cleared, (self.more_beta - self.beta_grown) / self.beta_days

    @px.rate(lost)
    def weakens(self):
        return self.weakening * (1 - self.lost)

    @px.rate(usual, felt)
    def gets_used(self):
        return (self.mean_pressure - self.usual) / self.reset_days, (self.filling - self.felt) / self.felt_days

    @px.reading(pulse)
    def wrist(self):
        return self.heart().rate

    @px.reading(systolic)
    def cuff_high(self):
        return self.heart().systolic

    @px.reading(diastolic)
    def cuff_low(self):
        return self.heart().diastolic

    @px.reading(weight)
    def scale(self):
        return self.dry_weight + self.density * self.fluid

    @px.reading(saturation)
    def finger(self):
        return self.full_saturation - self.wet_saturation * self.wet

    @px.reading(respiration)
    def band(self):
        return self.calm_breathing + self.wet_breathing * self.wet

    @px.command(measures=True)
    def measure(
        self,
        signal=px.fact(  # noqa: B008
            ["pulse", "systolic", "diastolic", "saturation", "weight", "respiration", "temperature"]
        ),
    ):
        """Measure again, with the device that reads this signal."""

    @px.event
    def decompensates(self):
        """The filling pressure, averaged over about a day, reaches what this world calls decompensated."""
        return self.felt >= self.congested_at
