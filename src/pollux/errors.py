"""Every error that Pollux raises on purpose.

    PolluxError
    ├── ModelError            the twin type itself is wrong; raised where the class is defined
    │   └── UnitError         two dimensions meet that cannot
    ├── SetupError            the installation or the site is wrong: a missing extra, a taken port, a bad option
    ├── NotFound              no such twin, signal, order, record; also what may not be seen
    ├── AccessRefused         who asks may not do this
    ├── DataRefused           bytes from outside that cannot be decoded or believed
    ├── StorageError          the disk
    │   ├── DamagedLog        bytes that were durable have changed; carries file and byte
    │   └── StorageFailed     a write or sync failed; nothing more is accepted until restart
    ├── Overloaded            a bounded queue is full; try again after `retry_after` seconds
    ├── SimulationError       a run that cannot be made (a member that fails is a value, not an error)
    ├── OrderRefused          a limit, an interlock, a gate or a policy says no
    └── Conflict              the same name was given to something else before

Each carries what was expected and found, where (`at`), and a `hint`; `str(error)` prints all three.
"""

from typing import final


class PolluxError(Exception):
    """Something Pollux refuses, with the place and a way out.

    >>> str(PolluxError("expected kelvin, got mmHg", at="Pump.heats", hint="convert it"))
    'expected kelvin, got mmHg - at Pump.heats\\nhint: convert it'
    """

    def __init__(self, message: str, *, at: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint

    def __str__(self) -> str:
        place = f" - at {self.at}" if self.at else ""
        way_out = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.message}{place}{way_out}"


class ModelError(PolluxError):
    """The twin type itself is wrong; raised where the class is defined.

    >>> import pollux as px
    >>> try:
    ...     class Pump(px.Twin):
    ...         pressure = px.sensor("mmhg")
    ... except px.ModelError as wrong:
    ...     print(wrong.hint)
    did you mean 'mmHg'?
    """


@final
class UnitError(ModelError):
    """Two dimensions meet that cannot, or a unit is not known."""


@final
class SetupError(PolluxError):
    """The installation or the site is wrong: a missing extra, a taken port, a bad option.

    >>> import pollux as px
    >>> try:
    ...     px.Spike(5.0, of=1)
    ... except px.SetupError as wrong:
    ...     print(wrong)
    expected to compare with 2 to 7 values, got 1
    """


@final
class NotFound(PolluxError):
    """No such twin, signal, order or record; also what may not be seen.

    >>> import pollux as px
    >>> class Tank(px.Twin):
    ...     level = px.hidden("m", start=2)
    >>> try:
    ...     px.prototype(Tank).run("1 h").band("depth")
    ... except px.NotFound as wrong:
    ...     print(wrong)
    depth was not recorded - at Tank
    """


@final
class AccessRefused(PolluxError):
    """Who asks may not do this."""


@final
class DataRefused(PolluxError):
    """Bytes from outside that cannot be decoded or believed.

    >>> import pathlib, tempfile, pollux as px
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     header = pathlib.Path(folder, "r.hea")
    ...     _ = header.write_text("")
    ...     try:
    ...         px.read_wfdb(header)
    ...     except px.DataRefused as wrong:
    ...         print(wrong)
    expected a record line, got an empty header - at r.hea
    """


class StorageError(PolluxError):
    """The disk holds or did something wrong."""


@final
class DamagedLog(StorageError):
    """Bytes that were durable have changed since.

    `file` is the name inside the data folder, `byte` the offset of the first fault.
    """

    def __init__(self, message: str, *, file: str, byte: int, hint: str | None = None) -> None:
        super().__init__(message, at=f"{file}, byte {byte}", hint=hint)
        self.file = file
        self.byte = byte


@final
class StorageFailed(StorageError):
    """A write or sync failed: nothing more is accepted until restart."""


@final
class Overloaded(PolluxError):
    """A bounded queue is full; `retry_after` says in how many seconds to try again."""

    def __init__(self, message: str, *, retry_after: float, at: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, at=at, hint=hint)
        self.retry_after = retry_after


@final
class SimulationError(PolluxError):
    """A run that cannot be made; a single member that fails is a value in the result.

    >>> import pollux as px
    >>> try:
    ...     px.level([5, 5], [1.0, 2.0])
    ... except px.SimulationError as wrong:
    ...     print(wrong)
    expected instants that increase - at Course
    hint: sort them, drop doubles
    """


@final
class OrderRefused(PolluxError):
    """A limit, an interlock, a gate or a policy says no."""


@final
class Conflict(PolluxError):
    """The same name was given to something else before."""
