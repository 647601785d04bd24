"""A bed with a monitor as a twin type: what is measured once a minute, which values are doubted, and which alarm."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pollux as px

NOTICE: Final = (
    "Research software, not a medical device, not validated clinically. "
    "Do not use for emergencies or for treatment decisions."
)


class Bedside(px.Twin, personal=True):
    """A person at a bedside monitor; every signal is measured, nothing is modelled."""

    heart_rate = px.sensor("1/min", low=0, high=350, every="1 min", doc="from the ECG")
    pulse = px.sensor("1/min", low=0, high=350, every="1 min", doc="from the oximeter")
    respiration = px.sensor("1/min", low=0, high=150, every="1 min")
    spo2 = px.sensor("%", low=0, high=100, every="1 min", doc="oxygen saturation")

    cuff_systolic = px.sensor("mmHg", low=0, high=300)
    cuff_diastolic = px.sensor("mmHg", low=0, high=300)
    cuff_mean = px.sensor("mmHg", low=0, high=300, doc="as the cuff itself estimates it")

    line_systolic = px.sensor("mmHg", low=-50, high=350, every="1 min", doc="from a line in an artery")
    line_diastolic = px.sensor("mmHg", low=-50, high=350, every="1 min")
    line_mean = px.sensor("mmHg", low=-50, high=350, every="1 min")


LOOSE: Final = px.Disconnected(at=0.0, within=0.05)
"""A pressure line with nothing at its end reads zero: that is no pressure, and never becomes one."""

UNLIVELY: Final = px.OutOfRange(low=20, high=250)
UNSATURATED: Final = px.OutOfRange(low=51)
"""What no minute of a living adult reads (choices); some oximeters show 50 where they measure nothing."""

DOUBTS: Final[Mapping[Any, Sequence[Any]]] = {
    # A zero of the ECG may be a loose lead or a heart that stands still: it is doubted, and it alarms all the same.
    Bedside.heart_rate: [UNLIVELY],
    Bedside.pulse: [UNLIVELY],
    Bedside.respiration: [px.OutOfRange(low=3, high=80)],
    Bedside.spo2: [UNSATURATED],
    Bedside.line_systolic: [LOOSE],
    Bedside.line_diastolic: [LOOSE],
    Bedside.line_mean: [LOOSE, px.OutOfRange(low=30)],
}
"""Which values are not believed."""

RULES: Final = (
    px.limit(Bedside.heart_rate < 40, severity="high", title="Heart rate low", hysteresis=2),
    px.limit(Bedside.heart_rate > 130, severity="high", title="Heart rate high", hysteresis=2),
    px.limit(Bedside.spo2 < 90, severity="high", title="Oxygen saturation low", hysteresis=1),
    px.limit(Bedside.cuff_systolic < 90, severity="high", title="Systolic pressure low", hysteresis=2),
    px.limit(Bedside.cuff_mean < 60, severity="high", title="Mean pressure low", hysteresis=2),
    px.limit(Bedside.line_systolic < 90, severity="high", title="Systolic pressure low (line)", hysteresis=2),
    px.limit(Bedside.line_mean < 60, severity="high", title="Mean pressure low (line)", hysteresis=2),
    px.silence(Bedside.heart_rate, after="3 min", severity="medium", title="The monitor is silent"),
)
"""Hard limits of adults, on raw values first of all: mean 60 and systolic 90 mmHg, rate 40 and 130, SpO2 90 %."""


def declared(title: str = "Bedside", *, source: str = "") -> tuple[px.Site, px.Fleet[Bedside]]:
    """A site with one fleet of beds; `source` says where what it shows comes from."""
    site = px.Site(title, notice=f"{NOTICE} {source}".strip())
    mapping = px.mqtt("twins/Bedside/{id}/telemetry", doubts=DOUBTS)
    beds = site.fleet(Bedside, mapping, thing="patient")
    site.watch(Bedside, *RULES)
    return site, beds
