"""The trace of a device in words: each step of the way, and the first that is broken."""

import math
from collections.abc import Sequence
from typing import Final, Literal

from pollux.clock import SECOND
from pollux.columns.batch import Refusal
from pollux.columns.quality import Quality, Reason
from pollux.guard import Attempt as Tried
from pollux.show.compose.reception import HINTS, refusals
from pollux.show.compose.state import word
from pollux.show.compose.words import age, count
from pollux.show.documents import tracing as out
from pollux.show.routes import known, seconds
from pollux.show.tracing import AccountFact, HeardFact, TraceFact

RECENT: Final = 60 * SECOND
"""Handshakes of nobody knows whom that failed so recently may have been this device's."""

_UNMAPPED: Final = frozenset({Reason.UNKNOWN_TOPIC, Reason.UNKNOWN_TWIN, Reason.BAD_ID, Reason.NOT_ALLOWED})


def trace(fact: TraceFact, now: int) -> out.Trace:
    """What a site knows of the way of a device's data, as a document."""
    steps = _steps(fact, now)
    broken = next((one for one in steps if one.state == "broken"), None)
    arrives = broken is None and bool(fact.heard)
    return out.Trace(
        device=fact.device,
        at=seconds(now),
        verdict=_verdict(fact, broken, now),
        arrives=arrives,
        steps=steps,
        account=_account(fact.account, now),
        connections=tuple(
            out.Connection(
                protocol=one.protocol,
                address=one.address,
                client=one.client,
                since=seconds(one.since),
                heard=seconds(one.heard),
                bytes_in=one.bytes_in,
                bytes_out=one.bytes_out,
            )
            for one in fact.lines
        ),
        attempts=_attempts(fact.attempts),
        unnamed=_attempts(fact.nameless),
        twins=tuple(
            out.Spoken(
                twin=one.twin, heard=known(one.heard), messages=one.messages, online=one.online, text=one.text
            )
            for one in fact.twins
        ),
        more=fact.more,
        heard=tuple(map(_heard, fact.heard)),
        faults=refusals(fact.refusals),
    )  # fmt: skip


def _verdict(fact: TraceFact, broken: out.Step | None, now: int) -> str:
    if broken is not None:
        return f"{broken.label}: {broken.text}"
    if not fact.heard:
        return "nothing was ever heard of it"
    newest = max(fact.heard, key=lambda one: one.arrival)
    return f"arrives: {count(len(newest.values), 'value')} of {newest.twin}, {age(now - newest.arrival)} ago"


# -- step by step -----------------------------------------------------------------------------------------------------


def _steps(fact: TraceFact, now: int) -> tuple[out.Step, ...]:
    heard = max(fact.heard, key=lambda one: one.arrival, default=None)
    refused = fact.refusals[-1] if fact.refusals else None
    if heard is not None and refused is not None and refused.arrival < heard.arrival:
        refused = None  # what was refused before is among the faults; the way itself is open again
    return (
        _known(fact, now),
        _connected(fact, now),
        _received(fact, heard, refused, now),
        _mapped(heard, refused),
        _decoded(heard, refused),
        _believed(heard),
        _durable(fact),
        _shown(heard),
    )


def _known(fact: TraceFact, now: int) -> out.Step:
    account, last = fact.account, fact.attempts[-1] if fact.attempts else None
    entered = max((one.since for one in fact.lines), default=0)
    if account is not None and account.disabled:
        return _step("account", "broken", "its account is disabled", "enable it with pollux token")
    if last is not None and last.at > entered:
        text = f"refused {count(fact.failed, 'time')}, {age(now - last.at)} ago from {last.address or '?'}: {last.why}"
        return _step("account", "broken", text)
    if account is None and fact.lines:
        return _step("account", "ok", "came in by its name alone, without an account")
    if account is None:
        text = "no account of this name: it may come in by name from this machine alone, where the site allows that"
        return _step("account", "unknown", text, "pollux token add DIR NAME --kind device --twin TYPE/ID")
    proofs = [count(account.tokens, "token")] if account.tokens else []
    valid = [one for one in account.certificates if one.ended is None and now < one.expires]
    proofs += [count(len(valid), "certificate")] if valid else []
    if not proofs:
        hint = "pollux token issue, or pollux identity issue"
        return _step("account", "broken", "it has neither a token nor a certificate that holds", hint)
    text = f"{account.kind} with {' and '.join(proofs)}, for {' '.join(account.twins) or 'no twin'}"
    return _step("account", "ok", text, _renewal(account, now))


def _renewal(account: AccountFact, now: int) -> str | None:
    """What is to be done about the certificate that holds longest, if it must be renewed."""
    newest = max((one for one in account.certificates if one.ended is None), key=lambda one: one.expires, default=None)
    if newest is None or not newest.soon:
        return None
    when = f"ends in {age(newest.expires - now)}" if now < newest.expires else f"ended {age(now - newest.expires)} ago"
    return f"its newest certificate {when}: pollux identity renew, or let the device enrol again"


def _connected(fact: TraceFact, now: int) -> out.Step:
    if fact.lines:
        one = max(fact.lines, key=lambda line: line.heard)
        text = f"{one.protocol} from {one.address} since {age(now - one.since)}, {one.bytes_in:,} bytes in"
        return _step("connected", "ok", text)
    if any(one.online for one in fact.twins):
        return _step("connected", "unknown", "no connection is open; it is heard all the same, as over HTTP")
    recent = [one for one in fact.nameless if now - one.at <= RECENT]
    hint = f"a connection of nobody knows whom failed a moment ago: {recent[-1].why}" if recent else None
    return _step("connected", "broken", "no connection is open", hint or "see its address, port and network")


def _received(fact: TraceFact, heard: HeardFact | None, refused: Refusal | None, now: int) -> out.Step:
    arrival = max(heard.arrival if heard else 0, refused.arrival if refused else 0)
    if not arrival:
        return _step("received", "broken", "no message has arrived", "publish one, and see that it is acknowledged")
    delay = None
    if heard is not None and heard.values:
        delay = seconds(heard.arrival - max(one.t for one in heard.values))
    size = (
        f"{heard.size:,} bytes on {heard.topic}" if heard is not None and not refused else "a message that was refused"
    )
    silent = refused is None and not any(one.online for one in fact.twins)
    text = f"{size}, {age(now - arrival)} ago"
    if silent:
        return _step(
            "received", "broken", f"silent: the newest is {text}", "longer ago than its own rhythm", delay=delay
        )
    return _step("received", "ok", text, delay=delay)


def _mapped(heard: HeardFact | None, refused: Refusal | None) -> out.Step:
    if refused is not None and refused.reason in _UNMAPPED:
        return _refused("mapped", refused)
    if heard is not None and refused is None:
        return _step("mapped", "ok", f"{heard.topic} is {heard.twin}")
    return _step("mapped", "unknown", "nothing to map yet" if refused is None else "its topic is known")


def _decoded(heard: HeardFact | None, refused: Refusal | None) -> out.Step:
    if refused is not None:
        unmapped = refused.reason in _UNMAPPED
        return _step("decoded", "unknown", "not tried") if unmapped else _refused("decoded", refused)
    if heard is None:
        return _step("decoded", "unknown", "nothing to decode yet")
    return _step("decoded", "ok", ", ".join(one.field for one in heard.values[:8]) or "no value")


def _believed(heard: HeardFact | None) -> out.Step:
    if heard is None or not heard.values:
        return _step("believed", "unknown", "nothing to believe yet")
    doubted = [one for one in heard.values if one.quality in (Quality.BAD, Quality.UNCERTAIN)]
    if not doubted:
        return _step("believed", "ok", f"{count(len(heard.values), 'value')} of the newest message, all good")
    text = "; ".join(f"{one.field} is {word(one.quality)}: {one.reason.sentence}" for one in doubted[:3])
    return _step("believed", "broken", text, "check the sensor, the clock of the device, and the declared low and high")


def _durable(fact: TraceFact) -> out.Step:
    if fact.synced is None:
        return _step("durable", "unknown", "nothing was written yet")
    half, most = (1_000 * one for one in fact.synced)
    return _step(
        "durable", "ok", f"on the disk within {half:.1f} ms, at most {most:.1f} ms for 95 %", delay=fact.synced[0]
    )


def _shown(heard: HeardFact | None) -> out.Step:
    if heard is None:
        return _step("shown", "unknown", "nothing to show yet")
    return _step("shown", "ok", f"at /api/v1/twins/{heard.twin} and on its page")


Key = Literal["account", "connected", "received", "mapped", "decoded", "believed", "durable", "shown"]

_LABELS: Final[dict[Key, str]] = {
    "account": "Account", "connected": "Connection", "received": "Received", "mapped": "Mapped",
    "decoded": "Decoded", "believed": "Believed", "durable": "Durable", "shown": "Shown",
}  # fmt: skip


def _step(key: Key, state: out.Stand, text: str, hint: str | None = None, *, delay: float | None = None) -> out.Step:
    return out.Step(key=key, label=_LABELS[key], state=state, text=text, hint=hint, delay=delay)


def _refused(key: Key, refused: Refusal) -> out.Step:
    text = f"{refused.reason.sentence}: {refused.detail}" if refused.detail else refused.reason.sentence
    return _step(key, "broken", text, HINTS.get(refused.reason))


# -- beside the way ---------------------------------------------------------------------------------------------------


def _account(fact: AccountFact | None, now: int) -> out.Account | None:
    if fact is None:
        return None
    certificates = tuple(
        out.Certificate(
            serial=one.serial,
            expires=seconds(one.expires),
            state="revoked" if one.ended is not None else "expired" if now >= one.expires else "valid",
        )
        for one in fact.certificates
    )
    return out.Account(
        kind=fact.kind, disabled=fact.disabled, tokens=fact.tokens, certificates=certificates, twins=fact.twins
    )


def _attempts(tried: Sequence[Tried]) -> tuple[out.Attempt, ...]:
    return tuple(out.Attempt(t=seconds(one.at), client=one.client, address=one.address, why=one.why) for one in tried)


def _heard(fact: HeardFact) -> out.Heard:
    values = tuple(
        out.HeardValue(
            field=one.field,
            value=one.value if math.isfinite(one.value) else None,
            unit=one.unit,
            t=seconds(one.t),
            quality=word(one.quality),
            reason=one.reason.sentence if one.reason != Reason.NONE else None,
        )
        for one in fact.values
    )
    return out.Heard(
        twin=fact.twin,
        device=fact.device,
        t=seconds(fact.arrival),
        topic=fact.topic,
        size=fact.size,
        excerpt=fact.excerpt,
        values=values,
    )
