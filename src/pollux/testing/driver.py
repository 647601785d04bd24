"""check_driver: the exam of a driver, free of any test framework.

It knows no protocol: whoever examines a driver lends it a bench, which makes the driver and gives devices that speak
to it. Each part states a promise: who sent it and in which order; acknowledged only what is durable; nothing from
strangers and nothing forbidden; one broken device disturbs nobody; a slow log makes senders wait instead of growing;
after a failure nothing is acknowledged; at the end no thread is left.
"""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from typing import final

from pollux.columns.frames import Frames
from pollux.connect import AbstractDriver, Sink
from pollux.errors import StorageFailed
from pollux.testing.log import ExamFailed

_PATIENCE = 20.0
_LOOK = 0.002


class AbstractDevice(ABC):
    """A device on the bench: it speaks the driver's protocol."""

    @abstractmethod
    def send(self, payload: bytes) -> None:
        """Send a message that asks to be acknowledged, and do not wait for that; may block while it is not taken."""

    @abstractmethod
    def send_forbidden(self, payload: bytes) -> None:
        """Send a message to where this device may not; being put out for it is no error here."""

    @abstractmethod
    def acknowledged(self) -> int:
        """How many messages have been acknowledged so far as accepted; does not wait."""

    @abstractmethod
    def break_off(self) -> None:
        """Begin a message and vanish in the middle of it."""

    @abstractmethod
    def close(self) -> None:
        """Say goodbye."""


class AbstractBench(ABC):
    """What the exam needs to examine one driver.

    `most_waiting` is how many payload bytes a single device may have handed over at most while nothing is durable.
    """

    most_waiting: int

    @abstractmethod
    def make(self, sink: Sink) -> AbstractDriver:
        """A driver, not yet started, that knows the devices `one` and `two` of tenant `t`."""

    @abstractmethod
    def device(self, driver: AbstractDriver, name: str) -> AbstractDevice | None:
        """A device that has come in under this name, or None if it was not let in."""


@final
class _Ticket:
    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self._calls: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self._lock = threading.Lock()
        self._durable = False

    def then(self, callback: Callable[..., object], *args: object) -> None:
        with self._lock:
            if not self._durable:
                self._calls.append((callback, args))
                return
        callback(*args)

    def complete(self) -> None:
        with self._lock:
            calls, self._calls, self._durable = self._calls, [], True
        for callback, args in calls:
            callback(*args)


@final
class _Log:
    """A sink that is in the exam's hands: it holds tickets back, or fails."""

    def __init__(self) -> None:
        self.tickets: list[_Ticket] = []
        self.holding = False
        self.failed = False

    def __call__(self, frames: Frames) -> _Ticket:
        if self.failed:
            raise StorageFailed("the exam's disk has failed")
        ticket = _Ticket(frames)
        self.tickets.append(ticket)
        if not self.holding:
            ticket.complete()
        return ticket

    def go_on(self) -> None:
        """Everything is durable, and will be at once from now on."""
        self.holding = False
        for ticket in list(self.tickets):
            ticket.complete()

    def messages(self) -> list[tuple[str, str, bytes]]:
        """(tenant, device, payload) of all that was handed over."""
        frames = [ticket.frames for ticket in list(self.tickets)]
        return [
            (part.sender(i).tenant, part.sender(i).device, bytes(part.payload(i)))
            for part in frames
            for i in range(len(part))
        ]

    def of(self, device: str) -> list[bytes]:
        """The payloads of one device, in the order in which they came."""
        return [payload for _, name, payload in self.messages() if name == device]


def check_driver(bench: AbstractBench) -> None:
    """Examine a driver on its bench.

    Raises:
        ExamFailed: with the promise that was broken.
    """
    for part in (
        _says_who_and_keeps_order,
        _acknowledges_what_is_durable,
        _keeps_strangers_and_the_forbidden_out,
        _outlives_a_device_that_breaks_off,
        _waits_for_a_slow_log,
        _gives_up_after_a_failure,
        _leaves_nothing_behind,
    ):
        part(bench)


@contextlib.contextmanager
def _running(bench: AbstractBench) -> Generator[tuple[AbstractDriver, _Log]]:
    log = _Log()
    driver = bench.make(log)
    driver.start()
    try:
        yield driver, log
    finally:
        driver.stop()


def _known(bench: AbstractBench, driver: AbstractDriver, name: str) -> AbstractDevice:
    device = bench.device(driver, name)
    if device is None:
        raise ExamFailed(f"expected the known device {name!r} to be let in")
    return device


def _until(condition: Callable[[], bool], promise: str) -> None:
    pause = threading.Event()
    for _ in range(int(_PATIENCE / _LOOK)):
        if condition():
            return
        pause.wait(_LOOK)
    raise ExamFailed(f"{promise}: did not happen within {_PATIENCE:g} s")


def _says_who_and_keeps_order(bench: AbstractBench) -> None:
    with _running(bench) as (driver, log):
        devices = [_known(bench, driver, name) for name in ("one", "two")]
        for number in range(200):
            for device in devices:
                device.send(b"%d" % number)
        _until(lambda: all(device.acknowledged() == 200 for device in devices), "each message is acknowledged once")
        expected = [b"%d" % number for number in range(200)]
        for name in ("one", "two"):
            if log.of(name) != expected:
                raise ExamFailed(f"expected what {name} sent, once each and in its order, got {log.of(name)[:20]} ...")
        if {tenant for tenant, _, _ in log.messages()} != {"t"}:
            raise ExamFailed("expected the tenant of the credential in every frame's origin")
        for device in devices:
            device.close()


def _acknowledges_what_is_durable(bench: AbstractBench) -> None:
    with _running(bench) as (driver, log):
        log.holding = True
        one, two = _known(bench, driver, "one"), _known(bench, driver, "two")
        for number in range(5):
            one.send(b"%d" % number)
        _until(lambda: len(log.of("one")) == 5, "messages are handed over before they are durable")
        two.send(b"later")
        _until(lambda: bool(log.of("two")), "a second device is heard while the log is slow")
        if one.acknowledged() or two.acknowledged():
            raise ExamFailed("expected no acknowledgement before the batch is durable")
        log.go_on()
        _until(lambda: (one.acknowledged(), two.acknowledged()) == (5, 1), "what is durable is acknowledged")


def _keeps_strangers_and_the_forbidden_out(bench: AbstractBench) -> None:
    with _running(bench) as (driver, log):
        if bench.device(driver, "stranger") is not None:
            raise ExamFailed("expected a stranger not to be let in")
        one, two = _known(bench, driver, "one"), _known(bench, driver, "two")
        one.send_forbidden(b"forbidden")
        two.send(b"allowed")
        _until(lambda: log.of("two") == [b"allowed"], "others are heard beside a refusal")
        if one.acknowledged() or b"forbidden" in [payload for _, _, payload in log.messages()]:
            raise ExamFailed("expected what is forbidden to be neither handed over nor acknowledged")


def _outlives_a_device_that_breaks_off(bench: AbstractBench) -> None:
    with _running(bench) as (driver, log):
        two = _known(bench, driver, "two")
        for number in range(10):
            _known(bench, driver, "one").break_off()
            two.send(b"%d" % number)
        _until(lambda: two.acknowledged() == 10, "a device that breaks off disturbs no other")
        if log.of("one"):
            raise ExamFailed("expected nothing of a message that was broken off")
        one = _known(bench, driver, "one")
        one.send(b"back")
        _until(lambda: one.acknowledged() == 1, "a device that broke off can return")


def _waits_for_a_slow_log(bench: AbstractBench) -> None:
    with _running(bench) as (driver, log):
        log.holding = True
        one, two = _known(bench, driver, "one"), _known(bench, driver, "two")
        payload, count = bytes(4096), 4 * bench.most_waiting // 4096 + 100
        sender = threading.Thread(target=lambda: [one.send(b"%08d" % number + payload) for number in range(count)])
        sender.start()
        settled: list[int] = []
        pause = threading.Event()
        while len(settled) < 50 or settled[-1] != settled[-50]:
            settled.append(sum(map(len, log.of("one"))))
            if settled[-1] > bench.most_waiting:
                log.go_on()
                sender.join(_PATIENCE)
                raise ExamFailed(f"expected at most {bench.most_waiting} bytes to wait for the log, got {settled[-1]}")
            pause.wait(_LOOK)
        two.send(b"calm")
        _until(lambda: bool(log.of("two")), "a calm device is heard beside a flood")
        log.go_on()
        _until(lambda: one.acknowledged() == count, "a flood goes on when the log has caught up")
        sender.join(_PATIENCE)
        if [int(payload[:8]) for payload in log.of("one")] != list(range(count)):
            raise ExamFailed("expected a flood to arrive whole, once and in order")


def _gives_up_after_a_failure(bench: AbstractBench) -> None:
    with _running(bench) as (driver, log):
        one = _known(bench, driver, "one")
        one.send(b"before")
        _until(lambda: one.acknowledged() == 1, "what came before a failure is acknowledged")
        log.failed = True
        with contextlib.suppress(OSError):
            for number in range(5):
                one.send(b"%d" % number)
        two = bench.device(driver, "two")
        if two is not None:
            with contextlib.suppress(OSError):
                two.send(b"after")
        driver.stop()
        if one.acknowledged() != 1 or (two is not None and two.acknowledged()):
            raise ExamFailed("expected no acknowledgement after the sink has failed")


def _leaves_nothing_behind(bench: AbstractBench) -> None:
    before = set(threading.enumerate())
    with _running(bench) as (driver, _):
        _known(bench, driver, "one").send(b"x")
        counters = driver.counters
        if not counters or not all(count >= 0 for count in counters.values()):
            raise ExamFailed(f"expected counters by name, got {counters}")
    _until(lambda: set(threading.enumerate()) <= before, "stopping ends every thread that was started")


__all__ = ["AbstractBench", "AbstractDevice", "ExamFailed", "check_driver"]
