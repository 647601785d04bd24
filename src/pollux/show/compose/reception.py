"""Why data do not arrive: the five stations on the way to a twin, and the faults that were found."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, Literal

from pollux.columns.batch import Refusal
from pollux.columns.quality import Reason
from pollux.show.compose.words import count
from pollux.show.documents.alarms import Excerpt, Fault, Reception, Station
from pollux.show.facts import ReceptionFact
from pollux.show.routes import known, seconds

HINTS: Final[Mapping[Reason, str]] = {
    Reason.UNKNOWN_TOPIC: "send to twins/{type}/{id}/telemetry, or declare a mapping for this topic",
    Reason.UNKNOWN_TWIN: "add the twin first, or correct the id in the topic",
    Reason.UNKNOWN_SIGNAL: "send the names that the type declares, or declare this one",
    Reason.BAD_ID: "letters, digits, dot, dash and underscore make an id",
    Reason.WRONG_TYPE: "send a number where a number is declared, without quotes and with a decimal point",
    Reason.WRONG_UNIT: "send the declared unit, or one of the same dimension",
    Reason.WRONG_ROLE: "send what is a sensor; an actuator is set by a command, a fact by PATCH",
    Reason.MALFORMED: "check the payload against its content type, and that it was not cut off",
    Reason.TOO_LARGE: "send fewer samples in a message",
    Reason.TOO_MANY: "look for a device that makes up ids, or raise the limit",
    Reason.BAD_TIME: "t is ISO 8601, or a number of s, ms, us or ns since 1970",
    Reason.BAD_SEQUENCE: "seq counts up from 0 in each boot, and boot is a short name",
    Reason.MAPPING_FAILED: "mend the mapping function; its error stands above",
    Reason.NOT_ALLOWED: "grant the device this twin, or correct the twin in its topic",
    Reason.PROTOCOL: "check the version of the protocol and the client's settings",
    Reason.UNSEALED: "let the device seal it with its key; pollux identity seal makes one",
    Reason.NO_KEY: "give the device a key that holds, or restore the keys; pollux identity list shows them",
    Reason.TAMPERED: "ask who is on the way; where nobody is, compare the device's key, its twin and the docs' example",
}
"""What to try, by the reason of a refusal."""

Stand = Literal["ok", "broken", "unknown"]

_SAID: Final[dict[str, str]] = {"device": "Device", "received": "Received", "decoded": "Decoded",
                                "believed": "Believed", "twin": "Twin"}  # fmt: skip


def reception(fact: ReceptionFact, title: str) -> Reception | None:
    """Where data are lost on their way; None when nothing is."""
    refused = fact.received - fact.decoded
    if fact.received and not refused and not fact.aside and fact.connected is not False:
        return None
    faults = (*refusals(fact.refusals), *_set_aside(fact))
    return Reception(
        title=title, since=known(fact.since), text=_sentence(fact, refused), stations=_stations(fact), faults=faults
    )


def refusals(given: Sequence[Refusal]) -> tuple[Fault, ...]:
    """Refused messages as faults: one for each reason and topic, the newest message as its example."""
    ordered = sorted(given, key=lambda one: (one.reason, one.topic, one.arrival))
    faults = [_fault([*group]) for _, group in groupby(ordered, key=lambda one: (one.reason, one.topic))]
    return tuple(sorted(faults, key=lambda fault: -fault.t))


def _fault(group: Sequence[Refusal]) -> Fault:
    newest = group[-1]
    sentence = newest.reason.sentence
    return Fault(
        severity="medium",
        title=sentence[:1].upper() + sentence[1:],
        text=newest.detail,
        hint=HINTS.get(newest.reason),
        topic=newest.topic,
        meta=f"from {newest.origin.device}",
        t=seconds(newest.arrival),
        excerpt=Excerpt(before="", mark=newest.excerpt, after=""),
        count=len(group),
    )


def _set_aside(fact: ReceptionFact) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            severity="medium",
            title=f"{field}: {why}",
            text="These values were decoded but not believed; they never became the twin's value.",
            hint="check the sensor, the clock of the device, and the declared low and high",
            topic=None,
            meta=field,
            t=seconds(last),
            excerpt=None,
            count=times,
        )
        for field, why, times, last in fact.aside
    )


def _stations(fact: ReceptionFact) -> tuple[Station, ...]:
    refused, aside = fact.received - fact.decoded, sum(times for _, _, times, _ in fact.aside)
    link: Stand = "unknown" if fact.connected is None else "ok" if fact.connected else "broken"
    heard: Stand = "ok" if fact.received else "broken"
    decoded: Stand = "unknown" if not fact.received else "ok" if fact.decoded and not refused else "broken"
    believed: Stand = "unknown" if not fact.decoded else "broken" if aside else "ok"
    twin: Stand = "ok" if fact.decoded else "unknown"
    return (
        _station("device", link, fact.link or "not known"),
        _station("received", heard, count(fact.received, "message")),
        _station("decoded", decoded, f"{fact.decoded:,} of {fact.received:,}"),
        _station("believed", believed, f"{aside:,} values set aside" if aside else "nothing set aside"),
        _station("twin", twin, "updated" if fact.decoded else "nothing to show"),
    )


def _station(key: Literal["device", "received", "decoded", "believed", "twin"], state: Stand, text: str) -> Station:
    return Station(key=key, label=_SAID[key], state=state, text=text)


def _sentence(fact: ReceptionFact, refused: int) -> str:
    if not fact.received:
        return "no message has arrived"
    parts = [f"{count(refused, 'message')} of {fact.received:,} refused"] if refused else []
    if fact.aside:
        parts.append(f"{count(sum(times for _, _, times, _ in fact.aside), 'value')} set aside")
    return ", ".join(parts) or "the device is not connected"
