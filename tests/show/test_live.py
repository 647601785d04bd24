"""The live wire: who is owed which frame, what rights allow, and what a slow client costs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns.quality import Quality
from pollux.errors import Overloaded
from pollux.guard import Identity
from pollux.show.facts import Announcement, Changes, Turn
from pollux.show.live.board import Board
from pollux.show.live.channels import CellsChannel, StateChannel
from pollux.show.live.doors import heard
from pollux.show.live.frames import CONTROL, Frame, FrameKind, read
from pollux.show.live.hub import RATE, Hub
from pollux.show.live.link import SIGN_IN_AGAIN, Link
from pollux.show.live.messages import Pause, Resume, Trouble, Watch, WatchTable, WatchTwin
from pollux.show.metrics import Tally

from .house import NOW, PUMP, FakeHouse


class Wire:
    """What a link has sent, as control messages and frames; `slow` holds a send back until it is let go."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.frames: list[Frame] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, message: bytes) -> None:
        await self.gate.wait()
        if message.startswith(CONTROL):
            self.told.append(msgspec.msgpack.decode(message[4:]))
        else:
            self.frames.append(read(message))

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["is"] == kind]


class Stage:
    """A hub that ticks when told, and links on it."""

    def __init__(self, house: FakeHouse) -> None:
        self.house, self.tally = house, Tally()
        self.hub = Hub(house, self.tally)
        self.tasks: list[asyncio.Task[int]] = []

    def identity(self, name: str) -> Identity:
        found = self.house.accounts.by_token(self.house.tokens[name])
        assert found is not None
        return found

    def link(self, name: str) -> tuple[Link, Wire]:
        identity, wire = self.identity(name), Wire()
        tenancy = self.house.tenancy(identity.tenant)
        assert tenancy is not None
        link = Link(identity, self.hub.gallery(identity.tenant, tenancy), self.house.gate, wire.send)
        self.hub.add(link)
        self.tasks.append(asyncio.ensure_future(link.serve()))
        return link, wire

    async def ticks(self, n: int = 3) -> None:
        for _ in range(n):
            await self.hub.tick()
            for _ in range(5):
                await asyncio.sleep(0)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.hub.stop()


def staged(test: Callable[[Stage], Awaitable[None]]) -> Callable[[FakeHouse], None]:
    """Run a coroutine on a stage."""

    def run(house: FakeHouse) -> None:
        async def play() -> None:
            stage = Stage(house)
            try:
                async with asyncio.timeout(30):
                    await test(stage)
            finally:
                await stage.end()

        asyncio.run(play())

    run.__doc__ = test.__doc__
    run.__name__ = test.__name__
    return run


ONE = Watch(twins=(WatchTwin(twin="Pump/P-1", fields=("temp", "wear")),))


@staged
async def test_the_first_frame_is_the_whole_state(stage: Stage) -> None:
    """A watch is answered by channel numbers, a frame with all fields, and the notes that frames lack."""
    link, wire = stage.link("viewer")
    link.look(ONE)
    await stage.ticks(RATE + 1)
    channel = wire.said("channels")[0]["channels"][0]
    assert channel == {"channel": 1, "kind": "state", "fields": ["temp", "wear"]}
    frame = wire.frames[0]
    assert (frame.kind, frame.channel, frame.seq) == (FrameKind.STATE, 1, stage.house.tenants[""].twins.seq)
    assert frame.values.tolist() == [301.0, 0.1]
    assert frame.times is not None
    assert frame.times.tolist() == [NOW / 1e9] * 2
    assert frame.quality is not None
    assert frame.quality.tolist() == [Quality.GOOD, Quality.ESTIMATED]
    assert frame.sigma is not None
    assert frame.sigma.tolist() == pytest.approx([0.4, 0.02])
    notes = wire.said("notes")[0]["values"]
    assert notes.keys() == {"temp", "wear"}
    assert (notes["temp"]["unit"], notes["temp"]["role"], notes["temp"]["due"]) == ("K", "measured", 60.0)
    assert wire.said("clock")[0]["behind"] in (None, 0.25)


@staged
async def test_changes_are_coalesced(stage: Stage) -> None:
    """Ten changes between two frames are one frame with the last value; no change is no frame."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("viewer")
    link.look(ONE)
    await stage.ticks(6)
    count = len(wire.frames)
    await stage.ticks(6)
    assert len(wire.frames) == count == 1
    for n in range(10):
        twins.tell("Pump/P-1", "temp", 310.0 + n)
    await stage.ticks(6)
    assert [frame.values.tolist()[0] for frame in wire.frames[1:]] == [319.0]
    twins.tell("Pump/P-2", "temp", 400.0)
    await stage.ticks(6)
    assert len(wire.frames) == 2


@staged
async def test_a_slow_client_skips_ticks(stage: Stage) -> None:
    """A client that does not read is owed one frame with the newest value, whatever has happened meanwhile."""
    twins = stage.house.tenants[""].twins
    slow, held = stage.link("viewer")
    quick, wire = stage.link("operator")
    for link in (slow, quick):
        link.look(ONE)
    await stage.ticks(6)
    held.gate.clear()
    for n in range(20):
        twins.tell("Pump/P-1", "temp", 300.0 + n)
        await stage.ticks(3)
    assert len(wire.frames) >= 20
    held.gate.set()
    await stage.ticks(6)
    assert len(held.frames) <= 4
    assert held.frames[-1].values.tolist()[0] == 319.0
    assert slow.skipped > 10
    stage.hub.drop(slow)
    assert stage.tally.skipped == slow.skipped


@staged
async def test_a_lost_link_is_taken_up(stage: Stage) -> None:
    """With the last position seen a new link is owed only what changed since."""
    twins = stage.house.tenants[""].twins
    _, other = stage.link("operator")
    first, wire = stage.link("viewer")
    first.look(ONE)
    await stage.ticks(6)
    seen = wire.frames[-1].seq
    again, resumed = stage.link("viewer")
    again.resume(seen)
    again.look(ONE)
    await stage.ticks(6)
    assert resumed.frames == []
    twins.tell("Pump/P-1", "wear", 0.2, quality=Quality.ESTIMATED)
    await stage.ticks(6)
    assert resumed.frames[0].values.tolist() == [301.0, 0.2]
    assert resumed.frames[0].seq > seen
    assert other.frames == []


@staged
async def test_a_table_is_one_frame_a_tick(stage: Stage) -> None:
    """Many twins in one channel: the first frame has all cells, the next ones those that changed, by number."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("viewer")
    link.look(Watch(tables=(WatchTable(type="Pump", fields=("temp", "speed")),)))
    await stage.ticks(2)
    channel = wire.said("cells")[0]
    assert (channel["twins"], channel["fields"]) == (["P-1", "P-2", "P-3"], ["temp", "speed"])
    first = wire.frames[0]
    assert first.cells is not None
    assert first.cells.tolist() == [0, 1, 2, 3, 4, 5]
    assert first.values.tolist() == [301.0, 302.0, 303.0, 2400.0, 2400.0, 2400.0]
    twins.tell("Pump/P-2", "speed", 2500.0)
    twins.tell("Pump/P-3", "temp", 333.0)
    await stage.ticks(1)
    assert wire.frames[1].cells is not None
    assert wire.frames[1].cells.tolist() == [2, 4]
    assert wire.frames[1].values.tolist() == [333.0, 2500.0]


@staged
async def test_samples_come_one_by_one(stage: Stage) -> None:
    """A samples channel carries every sample with its time, from the watch on."""
    twins, clock = stage.house.tenants[""].twins, stage.house.clock
    link, wire = stage.link("viewer")
    link.look(Watch(twins=(WatchTwin(twin="Pump/P-1", fields=(), samples=("temp",)),)))
    await stage.ticks(2)
    for n in range(5):
        clock.advance_to(clock.now() + 10**9)
        twins.tell("Pump/P-1", "temp", 310.0 + n)
    await stage.ticks(2)
    frame = next(frame for frame in wire.frames if frame.kind is FrameKind.SAMPLES)
    assert frame.values.tolist() == [310.0, 311.0, 312.0, 313.0, 314.0]
    assert frame.times is not None
    assert frame.times.tolist() == [NOW / 1e9 + n for n in range(1, 6)]
    assert wire.said("channels")[0]["channels"][0]["kind"] == "samples"


@staged
async def test_a_cycle_is_sent_when_it_turns(stage: Stage) -> None:
    """A turn gets a channel when there is one, and is sent when it is another one."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("clinician")
    link.look(Watch(twins=(WatchTwin(twin="Patient/H-1", fields=("pulse",), cycle=True),)))
    await stage.ticks(RATE)
    assert not [frame for frame in wire.frames if frame.kind is FrameKind.CYCLE]
    for begun in (NOW, NOW, NOW + 10**9):
        twins.cycle = Turn(("pulse",), np.arange(3.0).reshape(3, 1), begun, 0.25, 7)
        await stage.ticks(RATE)
    cycles = [frame for frame in wire.frames if frame.kind is FrameKind.CYCLE]
    assert [frame.t0 for frame in cycles] == [NOW / 1e9, NOW / 1e9 + 1]
    assert wire.said("channels")[-1]["channels"][-1] == {"channel": 2, "kind": "cycle", "fields": ["pulse"]}


@staged
async def test_texts_and_words_come_when_they_change(stage: Stage) -> None:
    """Values that are no numbers, and remarks beside values, are sent once and again when they differ."""
    plant = stage.house.tenants[""]
    link, wire = stage.link("viewer")
    link.look(Watch(twins=(WatchTwin(twin="Pump/P-1"),)))
    await stage.ticks(3 * RATE)
    assert len(wire.said("text")) == 1
    assert wire.said("text")[0]["values"]["site"]["value"] == "hall 1"
    plant.twins.write("Pump/P-1", "site", "hall 2")
    plant.alarms.raise_("Pump/P-1", "temp", "high", "Too hot")
    await stage.ticks(2 * RATE)
    assert wire.said("text")[1]["values"].keys() == {"site"}
    assert wire.said("notes")[-1]["values"]["temp"]["flag"]["text"] == "Too hot"


@staged
async def test_what_may_not_be_seen_is_not_watched(stage: Stage) -> None:
    """Absent, foreign and forbidden twins are the same problem message, and hidden fields are left out."""
    link, wire = stage.link("reader")
    names = ("Pump/P-1", "Pump/P-2", "Pump/P-77", "Nothing/X", "Patient/H-1")
    link.look(
        Watch(twins=tuple(WatchTwin(twin=name) for name in names), tables=(WatchTable(type="Pump", fields=("wear",)),))
    )
    await stage.ticks(RATE + 3)
    problems = wire.said("problem")
    assert [problem["hint"] for problem in problems] == ["Pump/P-2", "Pump/P-77", "Nothing/X", "Patient/H-1", "Pump"]
    assert len({problem["detail"] for problem in problems}) == 1
    assert [channel["fields"] for channel in wire.said("channels")[0]["channels"]] == [["temp"]]
    assert [frame.values.tolist() for frame in wire.frames] == [[301.0]]
    assert {*wire.said("notes")[0]["values"]} == {"temp"}


@staged
async def test_rights_are_looked_at_again(stage: Stage) -> None:
    """Whoever loses a right loses the frames, and whoever loses the account is put out, within a second."""
    house = stage.house
    link, wire = stage.link("viewer")
    link.look(Watch(twins=(WatchTwin(twin="Pump/P-1"),)))
    await stage.ticks(6)
    assert wire.frames
    house.accounts.disable("operator")
    await stage.ticks(2)
    assert link.closing is None
    house.accounts.add("viewer", kind="person", roles={"viewer"}, twins=["Pump/P-2"])
    await stage.ticks(RATE + 1)
    assert await asyncio.wait_for(stage.tasks[0], 5) == SIGN_IN_AGAIN


class Later:
    """An audit trail whose entries are written when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refuses = True
        self.waiting: list[Callable[[], object]] = []

    def looked(self, who: Identity, target: str) -> "Later":
        self.asked.append((who.name, target))
        if self.refuses:
            raise Overloaded("the disk is full", retry_after=1.0)
        return self

    def then(self, callback: Callable[..., object], /, *args: object) -> None:
        self.waiting.append(lambda: callback(*args))


@staged
async def test_a_person_is_shown_once_it_is_written_down_who_looks(stage: Stage) -> None:
    """Nothing before the entry is durable; where it cannot be made it is tried again each second, and only then."""
    audit = Later()
    stage.house.tenants[""].audit = audit  # type: ignore[assignment]
    link, wire = stage.link("clinician")
    link.look(Watch(twins=(WatchTwin(twin="Patient/H-1"), WatchTwin(twin="Pump/P-1"))))
    await stage.ticks(2 * RATE)
    assert {frame.channel for frame in wire.frames} == {wire.said("channels")[1]["channels"][0]["channel"]}
    assert [note["twin"] for note in wire.said("notes")] == ["Pump/P-1"]
    assert audit.asked == [("clinician", "Patient/H-1")] * 2
    audit.refuses = False
    await stage.ticks(2 * RATE)
    assert len(audit.waiting) == 1
    assert len({frame.channel for frame in wire.frames}) == 1
    audit.waiting[0]()
    await stage.ticks(RATE + 3)
    assert len({frame.channel for frame in wire.frames}) == 2
    assert "Patient/H-1" in [note["twin"] for note in wire.said("notes")]


@staged
async def test_whoever_does_not_listen_is_not_told_ever_more(stage: Stage) -> None:
    """A client that sends junk, or changes its mind, and reads nothing fills no memory; when it reads, it is served."""
    link, wire = stage.link("viewer")
    wire.gate.clear()
    link.tell(Trouble(title="first", detail="", hint=None))
    await stage.ticks(3)
    for number in range(5_000):
        link.tell(Trouble(title=str(number), detail="junk", hint=None))
    for _ in range(200):
        link.look(Watch(twins=tuple(WatchTwin(twin=f"Pump/none-{n}") for n in range(64))))
        await stage.ticks(1)
    assert len(link._said) <= 1_000
    wire.gate.set()
    await stage.ticks(2 * RATE)
    assert wire.said("problem")[-1]["hint"] == "Pump/none-63"


@staged
async def test_a_table_asks_the_gate_a_bounded_number_of_times(stage: Stage) -> None:
    """A field that is named twice, and more cells than may be asked for one by one, are answered as if not there."""
    link, wire = stage.link("clinician")
    link.look(
        Watch(
            tables=(
                WatchTable(type="Pump", fields=("temp", "temp")),
                WatchTable(type="Patient", fields=("pulse", "name")),
                WatchTable(type="Nothing", fields=("temp",)),
            )
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pollux.show.live.watching.MOST_ASKED", 3)  # two persons with two fields are four
        await stage.ticks(2)
    problems = wire.said("problem")
    assert [one["hint"] for one in problems] == ["Pump", "Patient", "Nothing"]
    assert len({(one["title"], one["detail"]) for one in problems}) == 1


@staged
async def test_a_fork_that_was_dropped_disturbs_nobody(stage: Stage) -> None:
    """Its progress may be told after it is gone; everything else that was said arrives all the same."""
    plant = stage.house.tenants[""]
    link, wire = stage.link("viewer")
    link.look(ONE)
    await stage.ticks(2)
    plant.twins.said.append(Announcement("forks", "Pump/P-1"))
    plant.twins.runs.append(("F-77", 0.5, "half"))
    await stage.ticks(RATE + 3)
    assert [(one["what"], one["twin"]) for one in wire.said("changed")] == [("forks", "Pump/P-1")]
    assert wire.said("progress") == []


@staged
async def test_an_expired_session_is_put_out(stage: Stage) -> None:
    """A link that came in with a session ends with it, although nothing else has changed."""
    house = stage.house
    secret = house.accounts.open_session(stage.identity("viewer")).secret
    identity = house.accounts.by_session(secret)
    assert identity is not None
    wire = Wire()
    link = Link(identity, stage.hub.gallery("", house.tenants[""]), house.gate, wire.send)
    stage.hub.add(link)
    await stage.ticks(2)
    house.clock.advance_to(house.clock.now() + 13 * 3_600 * 10**9)
    await stage.ticks(RATE + 1)
    assert link.closing == SIGN_IN_AGAIN


@staged
async def test_what_else_changes_is_announced_once_a_second(stage: Stage) -> None:
    """Announcements are coalesced, filtered by right, and move fleets and walls too."""
    twins = stage.house.tenants[""].twins
    viewer, wire = stage.link("viewer")
    reader, other = stage.link("reader")
    viewer.look(Watch(twins=(WatchTwin(twin="Pump/P-1"),), fleets=("Pump",)))
    reader.look(Watch(twins=(WatchTwin(twin="Pump/P-1"),), wall="ward"))
    await stage.ticks(2)
    twins.said += [Announcement("alarms", "Pump/P-2")] * 5 + [
        Announcement("forks", "Pump/P-1"),
        Announcement("view", "Pump/P-3"),
    ]
    await stage.ticks(RATE + 2)
    assert [(one["what"], one["twin"]) for one in wire.said("changed")] == [
        ("fleet", None), ("alarms", "Pump/P-2"), ("forks", "Pump/P-1"),
    ]  # fmt: skip
    assert [(one["what"], one["twin"]) for one in other.said("changed")] == [("forks", "Pump/P-1")]
    twins.said.append(Announcement("alarms", "Pump/P-1"))
    await stage.ticks(RATE + 2)
    assert [(one["what"], one["twin"]) for one in other.said("changed")][-2:] == [
        ("wall", None),
        ("alarms", "Pump/P-1"),
    ]


@staged
async def test_an_alarm_of_no_twin_is_announced_for_each_that_is_watched(stage: Stage) -> None:
    """What concerns the whole site may stand beside any twin, so each page asks again."""
    viewer, wire = stage.link("viewer")
    viewer.look(Watch(twins=(WatchTwin(twin="Pump/P-1"),)))
    await stage.ticks(2)
    stage.house.tenants[""].twins.said.append(Announcement("alarms", None))
    await stage.ticks(RATE + 2)
    assert [(one["what"], one["twin"]) for one in wire.said("changed")] == [
        ("fleet", None), ("alarms", "Pump/P-1"), ("alarms", None),
    ]  # fmt: skip


@staged
async def test_a_wall_is_told_without_names(stage: Stage) -> None:
    """A wall credential hears that its wall has changed, and nothing of which twin it was."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("wall")
    link.look(Watch(wall="ward-4", twins=(WatchTwin(twin="Patient/H-1"),)))
    await stage.ticks(2)
    twins.said.append(Announcement("alarms", "Patient/H-1"))
    await stage.ticks(RATE + 2)
    assert [(one["what"], one["twin"]) for one in wire.said("changed")] == [("wall", None)]
    assert wire.frames == []


@staged
async def test_progress_of_a_run_is_told(stage: Stage) -> None:
    """Whoever watches the twin hears how far a fork of it has come."""
    from pollux.show.asks import ForkAsk

    plant = stage.house.tenants[""]
    fork = plant.forks.make("Pump", "P-1", ForkAsk(choices=("keep",)), who=stage.identity("admin"))
    link, wire = stage.link("viewer")
    link.look(ONE)
    await stage.ticks(2)
    plant.twins.runs.append((fork, 0.5, "100 of 200"))
    await stage.ticks(RATE + 2)
    assert wire.said("progress")[0] == {"is": "progress", "fork": fork, "progress": 0.5, "text": "100 of 200"}


@staged
async def test_a_pause_sends_nothing(stage: Stage) -> None:
    """A paused link gets no values until it watches again."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("viewer")
    link.look(ONE)
    await stage.ticks(6)
    link.look(None)
    twins.tell("Pump/P-1", "temp", 350.0)
    await stage.ticks(6)
    assert len(wire.frames) == 1
    link.look(ONE)
    await stage.ticks(6)
    assert wire.frames[-1].values.tolist()[0] == 350.0


@staged
async def test_twins_that_come_and_go(stage: Stage) -> None:
    """When rows move, every link goes on with its own twin."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("viewer")
    link.look(Watch(twins=(WatchTwin(twin="Pump/P-3", fields=("temp",)),)))
    await stage.ticks(6)
    for n in range(100):
        twins.add("Pump", f"X-{n}")
    twins.remove_row("Pump", "P-1")
    twins.tell("Pump/P-3", "temp", 377.0)
    await stage.ticks(8)
    assert wire.frames[-1].values.tolist() == [377.0]
    assert {frame.values.tolist()[0] for frame in wire.frames} == {303.0, 377.0}


@staged
async def test_a_fault_of_one_twin_spares_the_others(stage: Stage) -> None:
    """A house that cannot read one thing still shows the others."""
    twins = stage.house.tenants[""].twins
    link, wire = stage.link("viewer")
    link.look(Watch(twins=(WatchTwin(twin="Pump/P-1", fields=("temp",), samples=("temp",)),)))

    def broken(*_: object) -> None:
        raise RuntimeError("samples cannot be read")

    twins.samples = broken  # type: ignore[method-assign,assignment]
    await stage.ticks(6)
    assert [frame.kind for frame in wire.frames] == [FrameKind.STATE]


CHANGE = st.tuples(st.integers(0, 5), st.integers(0, 9), st.floats(-1e3, 1e3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CHANGE, max_size=8), max_size=8), st.data())
def test_whatever_a_client_misses_it_ends_with_the_newest(ticks: list[list[Any]], data: st.DataObject) -> None:
    """A client that is served at any ticks whatever holds the same table in the end as the board does."""
    ids = tuple(f"P-{n}" for n in range(10))
    board, truth = Board(PUMP), np.full((6, 10), np.nan)
    cells = CellsChannel(1, board, ids, range(6), since=0)
    state = StateChannel(2, board, "P-4", range(6), since=0)
    shown, one = np.full(60, np.nan), np.full(6, np.nan)
    for seq, batch in enumerate([*ticks, []], 1):
        last = {(f, r): v for f, r, v in batch}
        for (f, r), v in last.items():
            truth[f, r] = v
        n = len(last)
        board.take(
            Changes(
                seq, ids, np.array([r for _, r in last], np.int32), np.array([f for f, _ in last], np.int32),
                np.array([*last.values()], np.float64), np.full(n, Quality.GOOD, np.uint8),
                np.full(n, seq, np.int64), np.full(n, np.nan),
            )
        )  # fmt: skip
        if batch == [] or data.draw(st.booleans()):
            frame, whole = cells.frame(0.0), state.frame(0.0)
            if frame is not None and frame.cells is not None:
                shown[frame.cells] = frame.values
            one = one if whole is None else whole.values
    np.testing.assert_allclose(shown.reshape(6, 10), truth, rtol=1e-6)
    np.testing.assert_array_equal(one, truth[:, 4])


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b"", Trouble),
        (b"\0\0\0\0", Trouble),
        (b"\1\0\0\0" + msgspec.msgpack.encode({"is": "pause"}), Trouble),
        (CONTROL + msgspec.msgpack.encode({"is": "pause"}), Pause),
        (CONTROL + msgspec.msgpack.encode({"is": "resume", "seq": 5}), Resume),
        (CONTROL + msgspec.msgpack.encode({"is": "resume", "seq": -5}), Trouble),
        (CONTROL + msgspec.msgpack.encode({"is": "watch", "twins": [{"twin": "a/b", "cycle": True}]}), Watch),
        (CONTROL + msgspec.msgpack.encode({"is": "watch", "twins": [{"twin": "a/b"}] * 65}), Trouble),
        (CONTROL + msgspec.msgpack.encode({"is": "hello"}), Trouble),
        (CONTROL + b"\x91" * 100_000, Trouble),
    ],
)
def test_messages_of_clients_are_validated(message: bytes, kind: type) -> None:
    """What is no message of the wire is answered by a problem, not by the end of the link."""
    assert isinstance(heard(message), kind)


@given(st.binary(max_size=64))
def test_any_message_is_understood_or_not(message: bytes) -> None:
    """No bytes of a client raise anything."""
    assert heard(CONTROL + message) is not None
