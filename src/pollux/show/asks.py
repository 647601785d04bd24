"""What clients may say: queries and bodies, each a frozen value that was validated when it was decoded."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Scalar = float | str | bool
Text = Annotated[str, Meta(max_length=2_000)]
Word = Annotated[str, Meta(min_length=1, max_length=128)]
Moment = float | str
"""Seconds since 1970 UTC, or ISO 8601."""


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing may be asked."""


class AtQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`at` asks for the past, as it was known then."""

    at: Moment | None = None


class StateQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`at` asks for a moment, `seq` for a position of the log."""

    at: Moment | None = None
    seq: Annotated[int, Meta(ge=0)] | None = None


class TwinsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`q` is looked for in ids, `where` compares values ("temp > 350 and wear >= 0.5"), `fields` asks for values."""

    type: str | None = None
    q: Annotated[str, Meta(max_length=200)] | None = None
    where: Annotated[str, Meta(max_length=500)] | None = None
    fields: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    after: Annotated[str, Meta(max_length=400)] | None = None
    at: Moment | None = None


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`points` is the width of the picture in columns; `agg` puts one figure instead of the extremes into each."""

    fields: str | None = None
    from_: Moment | None = field(default=None, name="from")
    to: Moment | None = None
    points: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    agg: Literal["mean", "min", "max", "sum", "count", "last"] | None = None
    at: Moment | None = None


class MarksQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The stretch of the time bar."""

    from_: Moment | None = field(default=None, name="from")
    to: Moment | None = None
    at: Moment | None = None


class CycleQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The twin's own turn, or that of one option of a fork; `fields` names the columns that are wanted, in order."""

    fields: str | None = None
    at: Moment | None = None
    fork: str | None = None
    option: str | None = None


class AlarmsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The alarms of one twin, or of all that may be seen."""

    twin: str | None = None
    at: Moment | None = None


class LostQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest refusals."""

    limit: Annotated[int, Meta(ge=1, le=1_000)] = 200


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Entries after a position."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 200


class WallQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which wall."""

    name: Annotated[str, Meta(max_length=128)] = ""


class WatchQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`watch` is the base64url of what a `watch` message holds, as JSON; `resume` the last position seen."""

    watch: Annotated[str, Meta(max_length=16_384)]
    resume: Annotated[int, Meta(ge=0)] = 0


class TelemetryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """With `partial` what can be taken is taken, and the answer lists the rest; otherwise it is all or nothing."""

    partial: bool = False


class StreamQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`type` is how binary messages are written: a content type, or its suffix in topics; texts are JSON."""

    type: Annotated[str, Meta(max_length=128)] = "cbor"


class SceneQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`v` changes with the model, so that caches may keep it."""

    v: str | None = None


class SignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name with its password, or a token."""

    name: Annotated[str, Meta(max_length=257)] | None = None
    password: Annotated[str, Meta(max_length=1_024)] | None = None
    token: Annotated[str, Meta(max_length=1_024)] | None = None
    code: Annotated[str, Meta(max_length=64)] | None = None


class TwinBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts and parameters of a twin by name, in their declared units; the ids of the twins that it is linked to."""

    values: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    links: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


class TwinPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts and parameters to change; null takes one back to its default. A link that is named is replaced."""

    values: dict[str, Scalar | None] = field(default_factory=dict[str, Scalar | None])
    links: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=2_000)] = ""


class Shelve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, and for how many seconds, or until when."""

    reason: Text = ""
    duration: Annotated[float, Meta(gt=0, le=30 * 86_400)] | None = None
    until: Moment | None = None


class Approval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signature, with a reason where the policy asks for one, and a second factor where it asks for that."""

    reason: Text = ""
    code: Annotated[str, Meta(max_length=64)] = ""


class ForkAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fork, and a run at once when `choices` of the lab are given."""

    choices: tuple[Word, ...] = ()
    title: Annotated[str, Meta(max_length=200)] = ""
    kept: bool = False


class RunAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far to run ahead ("30 days"), and what to try.

    `choices` are names of the lab; `settings` map actuators to values to try, several keys make a grid. The same `seed`
    is the same luck; without it the luck follows from the twin and the day.
    """

    over: Annotated[str, Meta(max_length=64)]
    choices: tuple[Word, ...] = ()
    settings: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    members: Annotated[int, Meta(ge=1, le=10_000)] = 200
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class SensitivityAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which uncertain thing decides `output`: a signal or derived value at the end, or the chance of an event.

    `over` is how far ahead, as far as the fork was run where it is not said; `settings` hold actuators at values.
    "tornado" moves one input at a time, "sobol" all of them together, with thousands of runs.
    """

    output: Word
    over: Annotated[str, Meta(max_length=64)] | None = None
    method: Literal["tornado", "sobol"] = "tornado"
    settings: dict[str, float] = field(default_factory=dict[str, float])


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sum of money for each unit of a quantity: `amount` in `unit`, as in 0.4 EUR/day/rpm."""

    amount: float
    unit: Annotated[str, Meta(min_length=1, max_length=64)]


class Bound(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No option is recommended in which `event` happens with a greater chance than `at_most`."""

    event: Word
    at_most: Annotated[float, Meta(ge=0, le=1)]


class AdviceAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted: gain integrated over time by signal, loss at each event's first time, and what must not happen.

    `choices` are names of the lab, or none for all; `settings` map actuators to values to try.
    """

    over: Annotated[str, Meta(max_length=64)]
    gain: dict[str, Price] = field(default_factory=dict[str, Price])
    loss: dict[str, Price] = field(default_factory=dict[str, Price])
    constraints: tuple[Bound, ...] = ()
    choices: tuple[Word, ...] = ()
    settings: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    members: Annotated[int, Meta(ge=1, le=10_000)] = 200


class CheckAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The card that somebody thinks of acting on."""

    advice: Word


class CommandAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order: every actuator takes `set`. It must expire: `expires_at` in seconds since 1970 UTC or ISO 8601."""

    id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]
    name: Word
    params: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    expires_at: Moment | None = None
    reason: Text = ""


class AckAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person's app says of a change on the plan: `accepted` is read, `done` is taken."""

    state: Literal["accepted", "done", "rejected", "failed"]
    reason: Text = ""


class SignAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second of two steps: the check that was made, and a second factor where it is asked for."""

    check: Word
    advice: Word | None = None
    code: Annotated[str, Meta(max_length=64)] = ""
    reason: Text = ""
