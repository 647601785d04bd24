"""Surveys that listen: to a broker, to multicast DNS, to what a file has kept of a broker."""

import os
from argparse import Namespace
from pathlib import Path
from typing import Final, Literal

import msgspec

from pollux.check.broker import Broker
from pollux.clock import SECOND, Clock, WallClock, duration, iso, stopwatch
from pollux.connect.broker.tls import client_context
from pollux.connect.wire.topics import is_filter
from pollux.errors import SetupError
from pollux.site.samples import Unreadable, read_samples
from pollux.site.survey import multicast
from pollux.site.survey.analysis import findings
from pollux.site.survey.announced import Board, announced_report
from pollux.site.survey.draft import draft
from pollux.site.survey.findings import Findings
from pollux.site.survey.heard import Ear
from pollux.site.survey.listening import Listening, listen
from pollux.site.survey.naming import quoted
from pollux.site.survey.outcome import Outcome
from pollux.site.survey.plan import plan
from pollux.site.survey.progress import Bar
from pollux.site.survey.report import counted, report

_LONGEST: Final = 65_535
_EVERY: Final = 1_000


def broker_outcome(options: Namespace) -> Outcome:
    """Listen to a broker. Raises SetupError where it cannot be reached, or does not let us hear."""
    broker = _broker(options)
    context = client_context(broker.ca, broker.certificate, broker.key) if broker.secured else None
    filters = tuple(options.topics or ("#",))
    for one in filters:
        if not is_filter(one.encode(), longest=_LONGEST, levels=_LONGEST):
            raise SetupError(f"expected a topic filter, got {one!r}", hint="for example plant/# or +/telemetry")
    what = Listening(
        name=broker.name, host=broker.host, port=broker.port, filters=filters, username=broker.username or None,
        secret=_password(options), context=context,
    )  # fmt: skip
    ear, bar, seconds = Ear(), Bar(), duration(options.seconds) / SECOND
    clock: Clock = WallClock()
    began, ran = clock.now(), stopwatch()

    def progress(passed: float, so_far: Ear) -> None:
        bar(passed / seconds, f"{so_far.messages} messages of {len(so_far.topics)} topics")

    try:
        why = listen(what, ear, clock, seconds=seconds, progress=progress)
    finally:
        bar.close()
    found = findings(ear, what=options.what, began=began, seconds=stopwatch() - ran, note=why)
    return _messages(found, options, _broker_text(broker))


def file_outcome(options: Namespace) -> Outcome:
    """Look at what `mosquitto_sub` has written. Raises SetupError where there is no such file."""
    path = Path(options.what.partition(":")[2])
    if not path.is_file():
        raise SetupError("there is no such file", at=str(path), hint="mosquitto_sub -v -t '#' > capture.txt makes one")
    ear, bar, now = Ear(), Bar(), WallClock().now()
    first, last, unreadable, why = now, 0, 0, ""
    try:
        with path.open("rb") as lines:
            for count, sample in enumerate(read_samples(lines)):
                if isinstance(sample, Unreadable):
                    unreadable += 1
                    continue
                arrival = now if sample.arrival is None else sample.arrival
                first, last = min(first, arrival), max(last, arrival)
                ear.hear(sample.topic, sample.payload, arrival, encoding=sample.encoding)
                if count % _EVERY == 0:
                    bar(0.0, f"{count} messages")
    except KeyboardInterrupt:
        why = "interrupted"
    finally:
        bar.close()
    seconds = max(last - first, 0) / SECOND
    found = findings(ear, what=path.name, began=first, seconds=seconds, unreadable=unreadable, note=why)
    return _messages(found, options, "")


def mdns_outcome(options: Namespace) -> Outcome:
    """Listen for announcements. Raises SetupError where multicast cannot be heard."""
    board, bar, seconds = Board(), Bar(), duration(options.seconds) / SECOND
    began, ran = iso(WallClock().now()), stopwatch()

    def progress(passed: float, so_far: Board) -> None:
        bar(passed / seconds, f"{so_far.messages} messages")

    try:
        why = multicast.listen(board, _network(options.what), seconds=seconds, ask=options.ask, progress=progress)
    finally:
        bar.close()
    found = board.announced(options.what, began, stopwatch() - ran, asked=options.ask)
    told = f"{len(found.services)} services in {found.messages} messages"
    return Outcome(announced_report(found), found, "", f"{told}{f'; {why}' if why else ''}")


def _messages(found: Findings, options: Namespace, broker: str) -> Outcome:
    kinds, left_out = plan(found.found)
    twins = sum(len(kind.twins) for kind in kinds)
    told = f"{found.messages} messages, {found.topics} topics: {counted(len(kinds), 'type')}, {counted(twins, 'twin')}"
    told += f", {counted(len(left_out), 'pattern')} left out" if left_out else ""
    told += f"; {found.note}" if found.note else ""
    shown = found if options.samples else _without_samples(found)
    text = draft(found, broker) if kinds else ""
    return Outcome(report(shown, samples=options.samples), shown, text, told)


def _without_samples(found: Findings) -> Findings:
    bare = tuple(msgspec.structs.replace(one, sample="") for one in found.found)
    return msgspec.structs.replace(found, found=bare)


def _broker(options: Namespace) -> Broker:
    return Broker(
        options.what, username=options.user or "", password_file=options.password_file,
        password_env=options.password_env, ca=options.authority, certificate=options.certificate, key=options.key,
        plain=options.plain,
    )  # fmt: skip


def _password(options: Namespace) -> bytes | None:
    """The password, from a file or the environment: never from the command line, where others would see it."""
    if options.password_env:
        told = os.environ.get(options.password_env)
        if told is None:
            raise SetupError("expected the password in the environment, got nothing", at=options.password_env)
        return told.encode()
    if options.password_file is None:
        return None
    try:
        return bytes(options.password_file.read_bytes()).rstrip(b"\r\n")
    except OSError as error:
        at = str(options.password_file)
        raise SetupError(f"expected a file with the password: {error.strerror}", at=at) from None


def _broker_text(broker: Broker) -> str:
    """How a draft names the broker: where its password is, never the password."""
    scheme: Literal["mqtts", "mqtt"] = "mqtts" if broker.secured else "mqtt"
    told = [quoted(f"{scheme}://{broker.host}:{broker.port}")]
    for name in ("username", "password_file", "password_env", "ca", "certificate", "key"):
        value = getattr(broker, name)
        told += [f"{name}={quoted(str(value))}"] if value else []
    told += ["plain=True"] if broker.plain else []
    return f"px.Broker({', '.join(told)})"


def _network(what: str) -> multicast.Network:
    """`mdns:`, `mdns:ADDRESS` or `mdns:ADDRESS:PORT`."""
    address, _, port = what.removeprefix("mdns:").strip("/").partition(":")
    if port and not (port.isdecimal() and 0 < int(port) < 65_536):
        raise SetupError(f"expected mdns:ADDRESS:PORT, got {what!r}")
    return multicast.Network(int(port) if port else multicast.PORT, address)
