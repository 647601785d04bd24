"""What a simulated second costs: the eight-state circulation and the one of ten volumes, against scipy at equal error.

Run it as a program for the table: `python -m tests.promises.ensemble`. Time is wall time on two threads, the median of
several runs; processor time is printed beside it by the program, because it says more on a machine that others use.
The errors of both sides are found against steps of 20 microseconds, in aortic pressure after a minute.
"""

import importlib.util
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pollux.columns import layout_of
from pollux.model.equations import cycle, derived, rate, reading
from pollux.model.functions import exp, maximum
from pollux.model.priors import lognormal
from pollux.model.roles import hidden, parameter, sensor
from pollux.model.schema import Schema, schema_of
from pollux.model.twin import Twin
from pollux.model.windows import mean, peak, trough
from pollux.simulate import Run, ensemble, run
from tests.promises.measurement import Measurement
from tests.simulate.models import Circulation

SECOND = 1_000_000_000
REPEATS = 5
THREADS = 2


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
        return exp(-self.sharpness * (self.beat.phase - 0.45) ** 2)

    @derived
    def left_pressure(self):
        passive = self.p_left * (exp(self.curve_left * self.left) - 1)
        return self.active * self.e_left * self.left + (1 - self.active) * passive + self.thorax

    @derived
    def right_pressure(self):
        passive = self.p_right * (exp(self.curve_right * self.right) - 1)
        return self.active * self.e_right * self.right + (1 - self.active) * passive + self.thorax

    @derived
    def aortic_pressure(self):
        return self.e_aorta * self.aorta

    @rate(left, aorta, cava, right, trunk, veins)
    def flows(self):
        cava = self.e_cava * self.cava
        trunk = self.e_trunk * self.trunk + self.thorax
        veins = self.e_veins * self.veins + self.thorax
        mitral = maximum((veins - self.left_pressure) / self.r_mitral, 0)
        aortic = maximum((self.left_pressure - self.aortic_pressure) / self.r_aortic, 0)
        tricuspid = maximum((cava - self.right_pressure) / self.r_tricuspid, 0)
        pulmonary = maximum((self.right_pressure - trunk) / self.r_pulmonary, 0)
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


def measure() -> list[Measurement]:
    """The promises `ensemble` and `single`, and the circulation of ten volumes."""
    heart = schema_of(Heart)
    ours = _error(heart)
    ensemble_cost, _ = cost(heart, members=10_000, seconds=4, step=SECOND // 200)
    single_cost, _ = cost(heart, members=1, seconds=60, step=SECOND // 200)
    circulation_cost, _ = cost(schema_of(Circulation), members=1000, seconds=4, step=SECOND // 1000)
    name, value, error = _peer(heart)
    ratio = value / (ensemble_cost * _steps_for(error, ours)) if value and error else None
    unit = "us per member and simulated second"
    return [
        Measurement(
            "ensemble", ensemble_cost, unit, "<= 3.0 on 2 cores, >= 300 times RK45 at equal error", name, value, ratio
        ),
        Measurement("single", single_cost, unit, "<= 25"),
        Measurement("circulation", circulation_cost, unit, "<= 50"),
    ]


def cost(schema: Schema, *, members: int, seconds: int, step: int) -> tuple[float, float]:
    """Wall and processor time in microseconds per member and simulated second, readings and own parameters included."""
    layout = layout_of(schema)
    start = ensemble(layout, layout.start(1), ids=("one",), members=members)
    request = Run(schema, start, 0, seconds * SECOND, step=step, record=tuple(schema.readings), backend="numba")
    with ThreadPoolExecutor(THREADS) as threads:
        run(request, executor=threads)
        times = [_timed(lambda: run(request, executor=threads)) for _ in range(REPEATS)]
    scale = 1e6 / members / seconds
    return statistics.median(t[0] for t in times) * scale, min(t[1] for t in times) * scale


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def _pressure(schema: Schema, step: int) -> float:
    start = layout_of(schema).start(1)
    request = Run(schema, start, 0, 60 * SECOND, step=step, record=("aortic_pressure",), backend="numba")
    return float(run(request)["aortic_pressure"][-1, 0])


def _error(schema: Schema) -> float:
    """The error of steps of 5 ms in aortic pressure after a minute, in mmHg."""
    return abs(_pressure(schema, SECOND // 200) - _pressure(schema, SECOND // 50_000))


def _steps_for(error: float, ours: float) -> float:
    """How many times more steps we need for another error; valves make the method one of second order here."""
    return float(max(1.0, (ours / error) ** 0.5))


def _peer(schema: Schema) -> tuple[str, float | None, float | None]:
    """scipy's RK45 at a tolerance of 1e-6: name, microseconds per simulated second, error in mmHg."""
    name = "scipy solve_ivp RK45, rtol 1e-6"
    if importlib.util.find_spec("scipy") is None:
        return "scipy (pip install scipy)", None, None
    from scipy.integrate import solve_ivp

    layout = layout_of(schema)
    values = dict(zip(layout.names, layout.start(1)[:, 0].tolist(), strict=True))
    start = [values[name] for name in schema.states]
    began = time.perf_counter()
    found = solve_ivp(plain_rates, (0.0, 60.0), start, args=(values,), method="RK45", rtol=1e-6, atol=1e-8)
    spent = time.perf_counter() - began
    pressure = float(found.y[schema.states.index("aorta"), -1]) * float(values["e_aorta"])
    return name, spent / 60 * 1e6, abs(pressure - _pressure(schema, SECOND // 50_000))


def plain_rates(t: float, y: Sequence[float], p: Mapping[str, float]) -> tuple[float, ...]:
    """The rates of `Heart` as a user of scipy would write them: plain Python on floats."""
    left, aorta, cava, right, trunk, veins, felt, turns = y
    error = felt / p["set_point"] - 1
    pace = p["pace"] * (1 - p["gain_pace"] * error)
    active = math.exp(-p["sharpness"] * (turns % 1.0 - 0.45) ** 2)
    passive_left = p["p_left"] * (_exp(p["curve_left"] * left) - 1)
    passive_right = p["p_right"] * (_exp(p["curve_right"] * right) - 1)
    p_left = active * p["e_left"] * left + (1 - active) * passive_left + p["thorax"]
    p_right = active * p["e_right"] * right + (1 - active) * passive_right + p["thorax"]
    p_aorta, p_cava = p["e_aorta"] * aorta, p["e_cava"] * cava
    p_trunk, p_veins = p["e_trunk"] * trunk + p["thorax"], p["e_veins"] * veins + p["thorax"]
    mitral = max((p_veins - p_left) / p["r_mitral"], 0.0)
    aortic = max((p_left - p_aorta) / p["r_aortic"], 0.0)
    tricuspid = max((p_cava - p_right) / p["r_tricuspid"], 0.0)
    pulmonary = max((p_right - p_trunk) / p["r_pulmonary"], 0.0)
    body = (p_aorta - p_cava) / (p["r_body"] * (1 - p["gain_tone"] * error))
    lungs = (p_trunk - p_veins) / p["r_lungs"]
    systemic = (mitral - aortic, aortic - body, body - tricuspid)
    pulmonic = (tricuspid - pulmonary, pulmonary - lungs, lungs - mitral)
    return (*systemic, *pulmonic, (p_aorta - felt) / p["lag"], pace)


WILD = 200.0
"""Beyond any exponent of a heart, and so far below the end of floats that what comes of it can be squared."""


def _exp(x: float) -> float:
    """RK45 tries steps so wild that the exponential overflows, or its square; it rejects them afterwards."""
    return math.exp(min(x, WILD))


def main() -> None:
    """Print the table, and the processor time that wall time hides."""
    for one in measure():
        peer = f"{one.peer}: {one.peer_value:,.0f}" if one.peer_value else one.peer or ""
        ratio = f"{one.ratio:,.0f} times" if one.ratio else ""
        print(f"{one.name:12} {one.value:8.2f} {one.unit}  goal {one.goal}  {peer}  {ratio}")
    for schema, members, seconds, step in (
        (schema_of(Heart), 10_000, 4, SECOND // 200),
        (schema_of(Heart), 1, 60, SECOND // 200),
        (schema_of(Circulation), 1000, 4, SECOND // 1000),
    ):
        wall, processor = cost(schema, members=members, seconds=seconds, step=step)
        print(f"{schema.name:12} {members:6} members: wall {wall:7.2f}, processor {processor:7.2f} us")


if __name__ == "__main__":
    main()
