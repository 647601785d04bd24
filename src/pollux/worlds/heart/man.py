r"""The man himself: not the twin's equations but another model, so that the twin cannot be right by construction.

- A heartbeat: the twin has Santamore and Burkhoff's ten volumes and elastances that vary in time; he has Ursino's
  inertia of the blood, a sine-squared beat, a resistance that grows with the pressure, a reflex with delays.
- Salt: the twin eats evenly and excretes in proportion; he eats three meals, and arterial pressure drives it out.
- Furosemide: the twin's effect follows the daily dose; his goes from tablet to gut, plasma and urine within hours, and
  does less where less salt is held.
- Days: the twin has none; he sleeps, stands, weighs what he ate, forgets tablets.
- Wet lungs: linear in the pressure of about a day for the twin; his gather water and drain, and drown in the end.

The circulation has Ursino's parameters for heart failure, fitted to the stable patient of 1.2 (systolic 118, diastolic
62, rate 75, filling 16 mmHg, ejection fraction 0.30) by seven of them: our calibration. Sodium and furosemide have the
published forms with numbers of our choice. All of it is invented; nobody lived it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.worlds.heart import furosemide, sodium
from pollux.worlds.heart.ursino import Ursino

F64 = NDArray[np.float64]

HOUR: Final = 3_600 * 10**9
DAY: Final = 24 * HOUR
TURN: Final = 2 * HOUR
"""What life brings changes so often; his heartbeat is settled anew as often."""
MEALS: Final = (8, 12, 18)
MORNING: Final = 8
"""The hour of his tablets."""


class Man(px.Twin, personal=True):
    """A man with heart failure as he really is: Ursino's circulation, and days of his own."""

    loop_diuretic = px.actuator("mg/day", low=0, high=160, safe=40, start=40, doc="furosemide that is prescribed")
    beta_blocker = px.actuator("mg/day", low=0, high=50, safe=25, start=25, doc="carvedilol that is prescribed")

    eaten = px.parameter("mmol/h", 6.25, doc="sodium, as it is eaten")
    taken_in = px.parameter("kg/h", 0, doc="what meals and drinks weigh")
    swallows = px.parameter("1/h", 0, doc="1/2 in the two hours in which he swallows a day's tablets")
    adhered = px.parameter("1", 1, doc="whether he has swallowed them today")
    awake = px.parameter("1", 0.5, low=0, high=1)
    upright = px.parameter("1", 0, low=0, high=1)
    tension = px.parameter("1", 0, doc="what moves his vessels from turn to turn")
    haste = px.parameter("1/min", 0, doc="what moves his rate from turn to turn")
    ill = px.parameter("1", 0, low=0, high=1, doc="how ill he is with his chest cold")

    strength = px.parameter("mmHg/ml", 0.816, doc="of the left ventricle without nerves")
    curve = px.parameter("1/ml", 0.0130)
    nerve = px.parameter("mmHg/ml", 0.2, doc="what nerves add to the strength; blunted in heart failure")
    large_arteries = px.parameter("ml/mmHg", 0.1587)
    small_arteries = px.parameter("1", 0.2125, doc="compliance of the small arteries, of Ursino's healthy ones")
    resistance = px.parameter("1", 1.1333, doc="of Ursino's healthy vessels without nerves")
    lungs = px.parameter("mmHg*s/ml", 0.0894)
    quiet_beat = px.parameter("s", 0.5434, doc="length of a beat without nerves, at his usual dose")
    dry_blood = px.parameter("ml", 4455)
    dry_weight = px.parameter("kg", 80.4)
    share = px.parameter("ml/l", 230, doc="plasma gained per litre of fluid")
    pooled = px.parameter("ml", 70, doc="what the legs hold when he stands")
    kidneys = px.parameter("1/day", 0.115, doc="excretion without a diuretic, at his usual pressure")
    at_rest = px.parameter("mmHg", 87, doc="the pressure at which his kidneys excrete so")
    pressing = px.parameter("1/mmHg", 0.02, doc="how much more is excreted per mmHg of arterial pressure")
    loop_most = px.parameter("mmol/h", 232, doc="the most that furosemide excretes, where much salt is held")
    loop_half = px.parameter("ug/min", 95, doc="urinary delivery of half of that")
    spared = px.parameter("mmol", 1000, doc="excess of sodium at which furosemide does half of what it can")
    retention = px.parameter("1", 0.85, doc="the share of his excretion that the illness takes")
    weakness = px.parameter("1", 0.06, doc="the share of his strength that the illness takes")
    swollen_gut = px.parameter("1", 0.3, doc="by how much a swollen gut takes up tablets more slowly")

    hold = px.parameter("mmol/l", sodium.CONCENTRATION)
    density = px.parameter("kg/l", 1)
    each_day = px.parameter("1/day", 1)
    uptake, clearance = px.parameter("1/h", 0.7), px.parameter("1/h", 1.0)
    reaches_urine = px.parameter("1", 0.35, doc="of the tablet; from memory, unverified")
    emptying = px.parameter("h", 4, doc="until a meal has left")
    used_to = px.parameter("day", 5, doc="until his receptors are used to another pressure")
    night_vessels, night_rate = px.parameter("1", 0.05), px.parameter("1/min", 8)
    beta_days, beta_half = px.parameter("day", 3), px.parameter("mg/day", 30)
    beta_most = px.parameter("1/min", 20, doc="the most that carvedilol takes off his rate")
    usual_beta = px.parameter("mg/day", 25)
    no_pressure = px.parameter("mmHg", 0)
    bears = px.parameter("mmHg", 18, doc="filling pressure above which the lungs take up water")
    floods, drains = px.parameter("1/mmHg/h", 0.012), px.parameter("h", 12)
    calm, fast_breath = px.parameter("1/min", 15), px.parameter("1/min", 25)
    busy_breath = px.parameter("1/min", 0.8)
    full_saturation, drowning = px.parameter("%", 97), px.parameter("%", 30)
    half_drowned, half_breath = px.parameter("1", 3), px.parameter("1", 3.5)
    coolest, warm_day, fever = px.parameter("K", 309.45), px.parameter("K", 0.4), px.parameter("K", 0.9)

    salt = px.hidden("mmol", start=500, low=0, doc="sodium above what he needs")
    gut = px.hidden("mg", start=0, low=0)
    plasma = px.hidden("mg", start=0, low=0)
    meal = px.hidden("kg", start=0.1, low=0, doc="what is in stomach and bladder")
    water = px.hidden("1", start=0, low=0, doc="water in the lungs, 1 when he gasps")
    usual = px.hidden("mmHg", start=86, doc="the pressure at the middle of his receptors' curve")
    blocked = px.hidden("mg/day", start=25, low=0, doc="carvedilol as it works")

    @px.derived
    def fluid(self):
        return self.salt / self.hold

    @px.derived
    def blood(self):
        return self.dry_blood + self.share * self.fluid - self.pooled * self.upright

    @px.derived
    def tone(self):
        """What the vessels' resistance is multiplied by at this time of day."""
        return self.resistance * (1 + self.night_vessels * (self.awake - 0.5) + self.tension)

    @px.derived
    def slower(self):
        """What a change of his beta-blocker takes off the rate."""
        now, then = self.blocked / (self.beta_half + self.blocked), self.usual_beta / (self.beta_half + self.usual_beta)
        return self.beta_most * (now - then)

    @px.derived
    def beat(self):
        """Length of a beat without nerves, at this hour."""
        more = self.night_rate * (self.awake - 0.5) + self.haste - self.slower
        return 1 / (1 / self.quiet_beat + more)

    def heart(self):
        """The heartbeat of this moment, settled."""
        return px.settled(
            Ursino,
            {
                Ursino.left.strongest: self.strength * (1 - self.weakness * self.ill),
                Ursino.left.curve: self.curve,
                Ursino.left.gain: self.nerve,
                Ursino.c_sa: self.large_arteries,
                Ursino.c_sp: px.quantity(2.05, "ml/mmHg") * self.small_arteries,
                Ursino.c_ep: px.quantity(1.67, "ml/mmHg") * self.small_arteries,
                Ursino.r_sp: px.quantity(2.49, "mmHg*s/ml") * self.tone,
                Ursino.r_ep: px.quantity(0.78, "mmHg*s/ml") * self.tone,
                Ursino.r_pp: self.lungs,
                Ursino.period: self.beat,
                Ursino.blood: self.blood,
                Ursino.centre: self.usual,
            },
            over="40 s",
            every="2 h",
        )

    @px.derived
    def pulse(self):
        return self.heart().rate

    @px.derived
    def systolic(self):
        return self.heart().systolic

    @px.derived
    def diastolic(self):
        return self.heart().diastolic

    @px.derived
    def mean_pressure(self):
        return self.heart().mean_pressure

    @px.derived
    def filling(self):
        return self.heart().filling

    @px.derived
    def venous(self):
        return self.heart().venous

    @px.derived
    def output(self):
        return self.heart().output

    @px.derived
    def full(self):
        return self.heart().full

    @px.derived
    def emptied(self):
        return self.heart().emptied

    @px.derived
    def ejection(self):
        return 1 - self.emptied / self.full

    @px.derived
    def weight(self):
        return self.dry_weight + self.density * self.fluid + self.meal

    @px.derived
    def saturation(self):
        wet = self.water**2
        return self.full_saturation - self.drowning * wet / (self.half_drowned**2 + wet)

    @px.derived
    def respiration(self):
        faster = self.fast_breath * self.water / (self.half_breath + self.water)
        return self.calm + faster + self.busy_breath * self.awake

    @px.derived
    def temperature(self):
        return self.coolest + self.warm_day * self.awake + self.fever * self.ill

    @px.derived
    def swallowed(self):
        """Furosemide of today that he really swallowed."""
        return self.loop_diuretic * self.adhered

    @px.derived
    def delivery(self):
        """Furosemide that reaches the urine."""
        return self.reaches_urine * self.clearance * self.plasma

    @px.derived
    def driven_out(self):
        """Sodium that furosemide excretes now."""
        power = (self.delivery / self.loop_half) ** furosemide.STEEPNESS
        return self.loop_most * power / (1 + power) * self.salt / (self.spared + self.salt)

    @px.derived
    def passed(self):
        """Sodium that his kidneys excrete by themselves: pressure drives it out."""
        pressed = px.maximum(1 + self.pressing * (self.mean_pressure - self.at_rest), 0)
        return sodium.excretion(self.salt, self.kidneys * (1 - self.retention * self.ill)) * pressed

    @px.rate(salt, meal)
    def eats(self):
        return self.eaten - self.passed - self.driven_out, self.taken_in - self.meal / self.emptying

    @px.rate(gut, plasma, blocked)
    def medicates(self):
        absorbed = self.uptake * (1 - self.swollen_gut * self.ill) * self.gut
        return (
            self.loop_diuretic / self.each_day * self.swallows - absorbed,
            absorbed - self.clearance * self.plasma,
            (self.beta_blocker * self.adhered - self.blocked) / self.beta_days,
        )

    @px.rate(water)
    def gasps(self):
        return self.floods * px.maximum(self.filling - self.bears, self.no_pressure) - self.water / self.drains

    @px.rate(usual)
    def gets_used(self):
        return (self.mean_pressure - px.quantity(1.2, "mmHg") - self.usual) / self.used_to


@final
@dataclass(frozen=True, slots=True)
class Illness:
    """A chest cold from one day of the calendar to another: saltier food (mmol/day), kidneys that hold it.

    `severity` is what `Man.ill` then is; it comes and goes within a day.
    """

    begins: float
    ends: float
    salt: float = 245.0
    severity: float = 1.0


WELL: Final = Illness(np.inf, np.inf)
"""Nothing happens."""


@final
@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody lives: sodium and weight of what he eats in a day, how much that varies, how often he forgets."""

    salt: float = 150.0
    varies: float = 0.2
    kilograms: float = 2.4
    forgets: float = 0.04


@final
@dataclass(frozen=True, slots=True)
class Lives:
    """The days of some men from `start` on: what meals, tablets, posture, sleep and illness bring, turn by turn.

    A man's day follows from `seed`, his number and the day alone, however time is cut. Called with the start and the
    end of a stretch it gives the courses of `Man`'s parameters: one column for each man, or what all share where there
    is one.

    >>> sorted(Lives(0, (WELL,), seed=3)(0, DAY))[:4]
    ['adhered', 'awake', 'eaten', 'haste']
    """

    start: int
    illnesses: Sequence[Illness]
    seed: int = 0
    habits: Habits = Habits()

    def __call__(self, start: int, end: int) -> Mapping[str, px.Course]:
        turns = range(start // TURN, max(-(-end // TURN), start // TURN + 1))
        lived = np.array([[self._turn(man, turn * TURN) for man in range(len(self.illnesses))] for turn in turns])
        times, members = [turn * TURN for turn in turns], slice(None) if len(self.illnesses) > 1 else 0
        return {name: px.level(times, lived[:, members, place]) for place, name in enumerate(BROUGHT)}

    def _turn(self, man: int, time: int) -> tuple[float, ...]:
        day, clock = (time - self.start) // DAY, time // HOUR % 24
        today, ill = _day(self.seed, man, day), self._ill(self.illnesses[man], (time - self.start) / DAY)
        took = _day(self.seed, man, day - (clock < MORNING)).luck >= self.habits.forgets
        salt = self.habits.salt + (self.illnesses[man].salt - self.habits.salt) * ill if ill else self.habits.salt
        meal = (clock in MEALS) / (len(MEALS) * TURN / HOUR)
        awake = 0.5 - 0.5 * float(np.cos(2 * np.pi * (clock - 3) / 24))
        turn = clock * HOUR // TURN
        return (
            meal * salt * max(0.0, 1 + self.habits.varies * today.hunger),
            meal * self.habits.kilograms * max(0.2, 1 + 0.15 * today.thirst),
            float(clock == MORNING and took) * HOUR / TURN,
            float(took),
            awake,
            float(awake > 0.4 and today.posture[turn] < 0.3),
            0.015 * today.tension[turn],
            today.haste[turn],
            ill,
        )

    @staticmethod
    def _ill(illness: Illness, day: float) -> float:
        rises, falls = day - illness.begins, illness.ends - day
        return illness.severity * float(np.clip(min(rises, falls), 0.0, 1.0)) if np.isfinite(rises) else 0.0


TURNS: Final = DAY // TURN
BROUGHT: Final = ("eaten", "taken_in", "swallows", "adhered", "awake", "upright", "tension", "haste", "ill")
"""What life brings, in the order in which a turn tells it."""


@final
@dataclass(frozen=True, slots=True)
class _Day:
    """The luck of one man's day; posture, tension and haste by its turns."""

    hunger: float
    thirst: float
    luck: float
    posture: tuple[float, ...]
    tension: tuple[float, ...]
    haste: tuple[float, ...]


@lru_cache(maxsize=65_536)
def _day(seed: int, man: int, day: int) -> _Day:
    rng = np.random.Generator(np.random.Philox(key=[seed, (man << 32) + day + 1]))
    hunger, thirst = rng.standard_normal(2).tolist()
    luck = float(rng.random())
    posture, tension, haste = rng.random(TURNS), rng.standard_normal(TURNS), rng.standard_normal(TURNS)
    return _Day(hunger, thirst, luck, tuple(posture.tolist()), tuple(tension.tolist()), tuple(haste.tolist()))


def wearables(
    *, wrist: str = "1 h", finger: str = "1 h", lost: tuple[tuple[int, int], ...] = ()
) -> tuple[px.Sensor, ...]:
    """What he wears and stands on, in the words of `Patient`: errors as such devices state them (our choice).

    `wrist` is how often wrist and patch read, `finger` how often the oximeter does; `lost` are stretches in which he
    does not use the cuff.
    """
    extra_beats = px.Artefact(0.01, times=1.5)
    loose_clip = px.Artefact(0.004, times=0.9)
    return (
        px.Sensor("wrist", wrist, (px.Channel("pulse", noise=3.0, step=1.0, artefact=extra_beats),), dropout=0.02),
        px.Sensor(
            "oximeter",
            finger,
            (px.Channel("saturation", noise=1.0, step=1.0, high=100.0, artefact=loose_clip),),
            dropout=0.03,
        ),
        px.Sensor(
            "cuff",
            "1 day",
            (px.Channel("systolic", noise=5.0, step=1.0), px.Channel("diastolic", noise=4.0, step=1.0)),
            dropout=0.04,
            gaps=lost,
            at=("7 h", "13 h", "21 h"),
        ),
        px.Sensor("scale", "1 day", (px.Channel("weight", noise=0.2, step=0.1),), dropout=0.02, at=("7 h",)),
        px.Sensor(
            "patch",
            wrist,
            (px.Channel("respiration", noise=1.2, step=1.0), px.Channel("temperature", noise=0.15, step=0.1)),
            dropout=0.02,
        ),
        px.Sensor("pillbox", "1 day", (px.Channel("loop_diuretic", reads="swallowed"),), at=("9 h",)),
    )
