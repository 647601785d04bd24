"""How a twin is presented when its domain says nothing: its first signals at the top, then their charts."""

from collections.abc import Iterator, Sequence
from typing import Final

from pollux.clock import DAY, HOUR, MINUTE, SECOND
from pollux.show.documents.twins import Chart, Link, Range, Scene, TimeBar, View, Vital
from pollux.show.facts import Caption, Field, TwinType

MOST_VITALS: Final = 6
MOST_CHARTS: Final = 3

TIME: Final = TimeBar(
    past=DAY / SECOND,
    future=7 * DAY / SECOND,
    ranges=(
        Range(label="1 hour", past=HOUR / SECOND, future=15 * MINUTE / SECOND),
        Range(label="1 day", past=DAY / SECOND, future=7 * DAY / SECOND),
        Range(label="14 days", past=14 * DAY / SECOND, future=7 * DAY / SECOND),
    ),
)


def view(
    type_: TwinType,
    twin: str,
    visible: Sequence[int],
    *,
    caption: Caption,
    notice: str | None,
    panels: Sequence[str],
    acting: bool,
) -> View:
    """The fields that may be seen, those that change first."""
    fields = [type_.fields[place] for place in visible]
    numbers = [field for field in fields if field.plain and field.role in ("measured", "estimate", "risk")]
    tops = numbers + [field for field in fields if field.role == "set"]
    act = "Orders can be sent." if acting else "Nothing that can act is built."
    return View(
        twin=f"{type_.name}/{twin}",
        type=type_.name,
        group=Link(title=type_.plural, href=f"fleets/{type_.name}"),
        title=caption.title,
        subtitle=caption.subtitle or None,
        notice=notice,
        time=TIME,
        vitals=tuple(Vital(label=field.label, signals=(field.name,)) for field in tops[:MOST_VITALS]),
        charts=tuple(_chart(field) for field in numbers[:MOST_CHARTS]),
        scene=None,
        lab=None,
        words={"past": "past", "live": f"You see the {type_.one} as it is. {act}"},
        panels=tuple(panels),
    )


def bound_by(view: View) -> tuple[str, ...]:
    """Every signal that a view shows or colours something by, each once."""
    tops = [signal for vital in view.vitals for signal in vital.signals]
    names = [*tops, *(chart.signal for chart in view.charts), *(_of_scene(view.scene) if view.scene else ())]
    return tuple(dict.fromkeys(names))


def _of_scene(scene: Scene) -> Iterator[str]:
    for part in scene.parts:
        for signals in (part.signals, *(patch.signals for patch in part.patches)):
            yield from signals.values()
    yield from (callout.signal for callout in scene.callouts if callout.signal is not None)
    yield from (spin.signal for spin in scene.motion.spin)


def _chart(field: Field) -> Chart:
    return Chart(label=field.label, signal=field.name)


def plain_caption(type_: TwinType, twin: str) -> Caption:
    """What a twin is called by those who may not see names."""
    return Caption(f"{type_.one[:1].upper()}{type_.one[1:]} {twin}")
