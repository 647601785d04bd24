"""Sessions that outlive a restart: what a client was promised holds after it, whether Pollux was stopped or killed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pollux.clock import SECOND
from pollux.columns.frames import Frames
from pollux.connect import Limits
from pollux.connect.mqtt.memory import Recalled
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Ack, Connect, Farewell, Publish, Wish
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.errors import DamagedLog
from pollux.guard import Identity
from tests.connect.kept_house import House, connecting, house, payloads, subscribing, unconfirmed
from tests.connect.rig import TELEMETRY, OpenGate, until

HOW = pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
TOPICS = "twins/+/+/telemetry"
COMMANDS = "twins/Pump/P-7/commands"


def absent(made: House, level: int = V5, *wishes: Wish | str, seconds: int = 600) -> None:
    """A client that has subscribed and gone."""
    client = made.hearer(level, present=False, seconds=seconds)
    client.subscribe(*(wishes or (TOPICS,)))
    made.leave(client)


# -- what is promised -------------------------------------------------------------------------------------------------


@HOW
def test_what_came_meanwhile_waits_through_a_restart(tmp_path: Path, level: int, killed: bool) -> None:
    """Subscriptions are there, and what came for an absent client arrives in order after a restart, once."""
    with house(tmp_path) as made:
        absent(made, level)
        made.tell(b"1", b"2", b"3")
        made.again(killed=killed)
        made.tell(b"4")
        back = made.hearer(level, present=True)
        assert payloads(back, 4) == [b"1", b"2", b"3", b"4"]
        assert back.quiet()
        assert (made.count("restored_sessions"), made.count("recalled")) == (1, 3)


@HOW
def test_what_was_confirmed_does_not_come_again(tmp_path: Path, level: int, killed: bool) -> None:
    """What was sent and not confirmed comes first, with DUP and its identifier; what was confirmed does not."""
    with house(tmp_path) as made:
        client = made.hearer(level, present=False)
        client.subscribe(TOPICS)
        made.tell(b"1", b"2", b"3", b"4")
        sent = [unconfirmed(client) for _ in range(4)]
        client.send(Ack(Kind.PUBACK, sent[0].packet_id)).send(Ack(Kind.PUBACK, sent[2].packet_id))
        made.until("confirmed_qos1", 2)
        made.settled()
        made.again(killed=killed)
        back = made.hearer(level, present=True)
        again = [unconfirmed(back), unconfirmed(back)]
        assert [(one.payload, one.dup, one.packet_id) for one in again] == [
            (sent[1].payload, True, sent[1].packet_id),
            (sent[3].payload, True, sent[3].packet_id),
        ]
        assert back.quiet()


def test_what_was_confirmed_just_before_a_kill_may_come_again(tmp_path: Path, level: int) -> None:
    """How far a session is is written a moment later: then a message comes twice, and none is missing."""
    with house(tmp_path) as made:
        client = made.hearer(level, present=False)
        client.subscribe(TOPICS)
        made.settled()
        made.tell(b"1", b"2")
        assert payloads(client, 2) == [b"1", b"2"]
        made.until("confirmed_qos1", 2)
        made.register.put = lambda *_: None  # type: ignore[method-assign]
        made.again(killed=True)
        back = made.hearer(level, present=True)
        assert payloads(back, 2) == [b"1", b"2"]


@HOW
def test_acknowledged_subscriptions_hold(tmp_path: Path, level: int, killed: bool) -> None:
    """A SUBACK means that the subscription is there after a kill, an UNSUBACK that it is not."""
    with house(tmp_path) as made:
        client = made.hearer(level, present=False)
        client.subscribe(TOPICS, "twins/Pump/P-7/state")
        client.unsubscribe(TOPICS)
        made.again(killed=killed)
        made.tell(b"unheard")
        back = made.hearer(level, present=True)
        assert back.quiet()
        made.endpoint.publish("twins/Pump/P-7/state", b"heard", qos=1)
        assert back.message().payload == b"heard"


@HOW
def test_a_clean_start_holds(tmp_path: Path, killed: bool) -> None:
    """After a CONNACK to a clean start nothing of the older session comes back, nor of one that has ended."""
    with house(tmp_path) as made:
        absent(made)
        client = made.client()
        assert client.connect("ann", client_id="c", clean=True).session_present is False
        made.again(killed=killed)
        again = made.hearer(present=False)
        made.tell(b"1")
        assert again.quiet()
        again.subscribe(TOPICS)
        again.send(Farewell(Kind.DISCONNECT, 0, Properties(session_expiry=0))).ended()
        until(lambda: made.endpoint._loop.router.lasting == 0)
        made.settled()
        made.again(killed=killed)
        made.hearer(present=False)


def test_a_client_that_subscribes_again_misses_nothing(tmp_path: Path) -> None:
    """To ask again for what one hears already leaves what waits; what is new is heard from then on."""
    with house(tmp_path) as made:
        absent(made)
        made.tell(b"1")
        client = made.hearer(present=True)
        assert unconfirmed(client).payload == b"1"
        client.subscribe(Wish(TOPICS, 1, retained=2))
        made.again(killed=True)
        client = made.hearer(present=True)
        assert unconfirmed(client).payload == b"1"
        made.leave(client)
        made.tell(b"2")
        made.again(killed=True)
        other = made.hearer(present=False, client_id="d")
        other.subscribe(TOPICS)
        made.again(killed=True)
        assert payloads(made.hearer(present=True), 2) == [b"1", b"2"]
        assert made.hearer(present=True, client_id="d").quiet()


def test_many_restarts_lose_nothing(tmp_path: Path) -> None:
    """Messages from before several restarts are all there, in order, each once where Pollux was stopped."""
    with house(tmp_path) as made:
        absent(made)
        for number in range(5):
            made.tell(b"%d a" % number, b"%d b" % number)
            made.again(killed=number % 2 == 0)
        expected = [b"%d %s" % (number, word) for number in range(5) for word in (b"a", b"b")]
        assert payloads(made.hearer(present=True), 10) == expected


# -- the disk ---------------------------------------------------------------------------------------------------------


class Full:
    """Lets a disk say that it is full while `full` is set."""

    def __init__(self, made: House) -> None:
        self.full, self._write = True, made.disk.pwritev
        made.disk.pwritev = self  # type: ignore[assignment, method-assign]

    def __call__(self, handle: int, pieces: list[bytes], offset: int) -> None:
        if self.full:
            raise OSError(28, "no space left on device")
        self._write(handle, pieces, offset)


def test_nobody_is_told_what_is_not_on_the_disk(tmp_path: Path, level: int) -> None:
    """While the disk is full there is no CONNACK and no SUBACK to a session that lasts; all others are served."""
    with house(tmp_path) as made:
        client = made.hearer(level, present=False)
        disk = Full(made)
        client.send(subscribing(TOPICS))
        until(lambda: made.count("unwritten_sessions") > 0)
        passing = made.client(level)
        assert passing.connect("ann", client_id="passing").code == 0
        assert passing.subscribe(TOPICS) == (1,)
        newcomer = made.client(V5)
        newcomer.send(connecting("new"))
        made.tell(b"1")
        assert passing.message().payload == b"1"
        for waiting in (client, newcomer):
            waiting.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                waiting.get()
            waiting.socket.settimeout(20)
        disk.full = False
        assert newcomer.get().code == 0  # type: ignore[union-attr]
        assert client.get().codes == (1,)  # type: ignore[union-attr]
        assert client.message().payload == b"1"


def test_a_clean_start_waits_until_the_old_session_is_gone(tmp_path: Path) -> None:
    """There is no CONNACK to a clean start while the disk still has what it ends."""
    with house(tmp_path) as made:
        absent(made)
        disk = Full(made)
        client = made.client()
        client.send(Connect(V5, "c", True, 0, "ann", None, None, NONE))
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.get()
        client.socket.settimeout(20)
        disk.full = False
        assert client.get().session_present is False  # type: ignore[union-attr]
        made.again(killed=True)
        made.hearer(present=False)


def test_who_waits_for_the_disk_is_not_called_silent(tmp_path: Path) -> None:
    """The keep-alive of a client that is not read because its answer waits begins again with the answer."""
    with house(tmp_path) as made:
        client = made.client()
        assert client.connect("ann", client_id="c", keep_alive=2, said=Properties(session_expiry=600)).code == 0
        disk = Full(made)
        client.send(subscribing(TOPICS))
        until(lambda: made.count("unwritten_sessions") > 0)
        made.clock.advance_to(made.clock.now() + 60 * SECOND)
        turned = made.endpoint._loop
        until(lambda: turned._swept == made.clock.now() or turned.turned == made.clock.now())
        disk.full = False
        assert client.get().codes == (1,)  # type: ignore[union-attr]
        assert client.quiet()
        assert made.count("timeout_keep_alive") == 0


def test_who_is_put_out_before_its_answer_hears_nothing(tmp_path: Path) -> None:
    """A connection that is taken over while its CONNACK waits ends without a word: nothing comes before CONNACK."""
    with house(tmp_path) as made:
        disk = Full(made)
        first, second = made.client(), made.client()
        first.send(connecting("c"))
        until(lambda: made.count("admitted") == 1)
        second.send(connecting("c"))
        assert first.ended() is None
        disk.full = False
        assert second.get().code == 0  # type: ignore[union-attr]


def test_clean_sessions_write_nothing(tmp_path: Path, level: int) -> None:
    """Who asks for no session leaves nothing on the disk, neither beside the log nor in it."""
    with house(tmp_path) as made:
        client = made.client(level)
        client.connect("ann", client_id="c", clean=True)
        client.subscribe(TOPICS)
        made.tell(b"1")
        assert client.message().payload == b"1"
        client.unsubscribe(TOPICS)
        made.again()
        assert list((made.folder / "sessions").iterdir()) == []
        frames = [record.entry for record in made.log.read() if isinstance(record.entry, Frames)]
        assert frames
        assert not any(one.said for one in frames)


def test_what_is_written_is_private_and_no_payload(tmp_path: Path) -> None:
    """The register holds names, for its owner alone, and nothing of what was sent."""
    with house(tmp_path) as made:
        absent(made)
        made.tell(b"a payload that nobody may find")
        made.settled()
        found = made.folder / "sessions" / "register"
        assert found.stat().st_mode & 0o777 == 0o600
        assert TOPICS.encode() in found.read_bytes()
        assert b"nobody may find" not in found.read_bytes()


def test_a_torn_end_of_the_register_is_passed_over(tmp_path: Path) -> None:
    """What a crash has left half written was told to nobody: sessions go on without it."""
    with house(tmp_path) as made:
        absent(made)
        made.tell(b"1")
        made.again(killed=True)
        made.end()
        register = made.folder / "sessions" / "register"
        whole = register.read_bytes()
        register.write_bytes(whole + whole[: len(whole) // 3])
        made._start()
        assert payloads(made.hearer(present=True), 1) == [b"1"]


@pytest.mark.parametrize("where", ["register", "log"])
def test_what_cannot_be_read_is_no_session(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bytes have changed no session goes on by halves: session present is 0, and it is counted."""
    with house(tmp_path) as made:
        absent(made)
        made.tell(b"1")
        made.end()
        register = made.folder / "sessions" / "register"
        if where == "register":
            content = bytearray(register.read_bytes())
            content[40] ^= 1
            register.write_bytes(content)
        else:
            monkeypatch.setattr(made, "_past", broken)
        made._start()
        assert made.count("unreadable_sessions") == 1
        monkeypatch.undo()
        made.hearer(present=False)
        made.again()
        made.hearer(present=True)


def broken(first: int, until: int | None) -> Iterator[tuple[int, Frames]]:
    raise DamagedLog("expected other bytes", file="log", byte=first)


def test_a_log_that_was_put_back_hides_nothing(tmp_path: Path) -> None:
    """Where the log is an older copy, entries are numbered anew: what comes is heard all the same, after a kill too."""
    with house(tmp_path) as made:
        made.tell(b"0")
        made.log.flush()
        shutil.copytree(made.folder / "log", tmp_path / "older")
        client = made.hearer(present=False)
        client.subscribe(TOPICS)
        made.tell(*(b"%d" % number for number in range(1, 9)))
        payloads(client, 8)
        made.until("confirmed_qos1", 8)
        made.end()
        shutil.rmtree(made.folder / "log")
        shutil.copytree(tmp_path / "older", made.folder / "log")
        made._start()
        made.tell(b"new")
        made.again(killed=True)
        assert payloads(made.hearer(present=True), 1) == [b"new"]


def test_a_start_reads_no_more_than_it_must(tmp_path: Path) -> None:
    """Where nothing waits the log is not read again, nor where nobody has a session."""
    with house(tmp_path) as made:
        made.tell(*(b"%d" % number for number in range(20)))
        made.again()
        assert made.read == []
        client = made.hearer(present=False)
        client.subscribe(TOPICS)
        made.tell(b"1")
        payloads(client, 1)
        made.until("confirmed_qos1", 1)
        made.again()
        assert made.read == []
        made.tell(b"2")
        made.again()
        assert len(made.read) == 1


@HOW
def test_a_start_looks_for_what_waits(tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between messages that wait the log is not read, however much of it there is."""
    monkeypatch.setattr("pollux.connect.mqtt.restoring.NEAR", 3)
    with house(tmp_path) as made:
        absent(made, V5, TELEMETRY.decode())
        for number in range(3):
            made.tell(b"%d" % number)
            for _ in range(8):
                made.tell(b"unheard", name="P-8")
        if killed:
            made.clock.advance_to(made.clock.now() + 61 * SECOND)
            made.settled()
        made.tell(b"last")
        made.again(killed=killed)
        assert len(made.read) <= 5
        assert payloads(made.hearer(present=True), 4) == [b"0", b"1", b"2", b"last"]


# -- bounds, time, rights ---------------------------------------------------------------------------------------------


@HOW
def test_sessions_and_messages_expire_through_a_restart(tmp_path: Path, killed: bool) -> None:
    """The time of sessions and of messages goes on while Pollux is away."""
    with house(tmp_path) as made:
        absent(made, seconds=100)
        made.tell(b"short", said=Properties(message_expiry=10))
        made.tell(b"long", said=Properties(message_expiry=500))
        made.again(seconds=50, killed=killed)
        back = made.hearer(present=True, seconds=100)
        found = back.message()
        assert (found.payload, found.properties.message_expiry) == (b"long", 450)
        assert back.quiet()
        assert made.count("expired") == 1
        made.leave(back)
        made.settled()
        made.again(seconds=101, killed=killed)
        assert made.count("expired_sessions") == 1
        made.hearer(present=False)


def test_who_was_there_at_the_kill_has_its_whole_time(tmp_path: Path) -> None:
    """The session of a client that was connected begins to run out when Pollux is there again."""
    with house(tmp_path) as made:
        client = made.hearer(present=False, seconds=100)
        client.subscribe(TOPICS)
        made.tell(b"1")
        made.again(seconds=1_000, killed=True)
        made.clock.advance_to(made.clock.now() + 99 * SECOND)
        assert payloads(made.hearer(present=True), 1) == [b"1"]


def test_the_bounds_hold_through_a_restart(tmp_path: Path) -> None:
    """Of what is found again the oldest gives way as it would have before, and is counted."""
    with house(tmp_path, limits=Limits(waiting=3, sessions=2, arena_bytes=4 << 20)) as made:
        for name in ("a", "b", "c"):
            client = made.hearer(present=False, client_id=name)
            client.subscribe(TOPICS)
            made.leave(client)
        made.tell(*(b"%d" % number for number in range(5)))
        made.again(killed=True)
        assert made.count("dropped_oldest_kept") == 2 * 2
        assert payloads(made.hearer(present=True, client_id="c"), 3) == [b"2", b"3", b"4"]
        made.hearer(present=False, client_id="a")
    small = Limits(kept_bytes=5_000, arena_bytes=4 << 20)
    with house(tmp_path / "small", limits=small) as made:
        absent(made)
        made.tell(*(bytes(800) for _ in range(10)))
        made.again(killed=True)
        assert 3_000 < made.endpoint._loop.keeping.bytes <= 5_000


def test_who_is_put_out_within_a_batch_misses_none_of_it(tmp_path: Path) -> None:
    """What is written when a slow client is put out does not pass over the rest of the very batch that did it."""
    with house(tmp_path, limits=Limits(window=1, waiting=3, arena_bytes=4 << 20)) as made:
        client = made.hearer(present=False)
        client.subscribe(TOPICS)
        device = made.client()
        device.connect("P-7", client_id="device")
        batch = [encode(Publish(TELEMETRY, b"%d" % n, 1, False, False, n + 1, NONE), V5) for n in range(8)]
        device.raw(b"".join(batch))
        made.until("disconnected_slow", 1)
        made.until("acknowledged", 8)
        made.again(killed=True)
        assert payloads(made.hearer(present=True), 4) == [b"0", b"5", b"6", b"7"]


@HOW
def test_a_revoked_identity_has_no_session(tmp_path: Path, killed: bool) -> None:
    """Who was revoked, before or after a restart, gets nothing, and nothing of its session stays on the disk."""
    with house(tmp_path) as made:
        absent(made)
        made.tell(b"1")
        if killed:
            made.again(killed=True)
            made.hearer(present=False, name="root")
        made.gate.ended.add("ann")
        made.gate.version += 1
        if killed:
            made.clock.advance_to(made.clock.now() + 3 * SECOND)
            until(lambda: not len(made.endpoint._loop.keeping))
        else:
            made.again()
            assert made.count("restored_sessions") == 0
        register = made.folder / "sessions" / "register"
        until(lambda: TOPICS.encode() not in register.read_bytes())
        assert b"ann" not in register.read_bytes()
        made.gate.ended.clear()
        made.hearer(present=False)


def test_rights_are_asked_again_after_a_restart(tmp_path: Path) -> None:
    """What waited is heard by the rights of the return."""
    wide = Identity("", "bob", "person", frozenset({"viewer"}), ("*",), grant="test")
    narrow = Identity("", "bob", "person", frozenset({"viewer"}), ("Pump/P-1",), grant="test")
    gate = OpenGate(people=(wide,))
    with house(tmp_path, gate=gate) as made:
        client = made.hearer(present=False, name="bob")
        client.subscribe(TOPICS)
        made.tell(b"1")
        assert unconfirmed(client).payload == b"1"
        made.leave(client)
        made.tell(b"2")
        made.again()
        gate._people["bob"] = narrow
        back = made.hearer(present=True, name="bob")
        assert back.quiet()
        assert made.count("hidden") >= 2


def test_nothing_of_an_erased_person_comes_back(tmp_path: Path) -> None:
    """What waited of a person whose key was destroyed meanwhile is gone; what others said is there."""
    gate = OpenGate(people=(Identity("", "cuff", "device", frozenset({"device"}), ("Patient/1",), "somebody"),))
    root = Identity("", "ann", "person", frozenset({"administrator"}), ("*",), grant="test")
    gate._people["ann"] = root
    with house(tmp_path, gate=gate) as made:
        absent(made)
        cuff = made.client()
        cuff.connect("cuff")
        user = Properties(user=(("whose", "somebody else's secret"),))
        cuff.publish(b"personal", topic=b"twins/Patient/1/telemetry", qos=1, said=user)
        assert isinstance(cuff.get(), Ack)
        made.tell(b"plain")
        made.settled()
        everything = [path.read_bytes() for path in made.folder.rglob("*") if path.is_file()]
        assert not any(b"personal" in content or b"else's secret" in content for content in everything)
        made.again()
        assert payloads(made.hearer(present=True), 1) == [b"personal"]
        made.again()
        made.keys.destroy("somebody")
        made.again()
        assert payloads(made.hearer(present=True), 1) == [b"plain"]


# -- what a message carries -------------------------------------------------------------------------------------------


def test_a_message_comes_back_as_it_was(tmp_path: Path) -> None:
    """Properties, the retain flag as published, and identifiers of subscriptions are those of the message."""
    said = Properties(
        payload_format=1,
        content_type="application/json",
        response_topic="twins/Pump/P-7/commands/ack",
        correlation=b"\0\1",
        user=(("a", "1"), ("a", "2")),
    )
    with house(tmp_path) as made:
        client = made.hearer(present=False)
        client.subscribe(Wish(TELEMETRY.decode(), 1, as_published=True), said=Properties(subscription_ids=(7,)))
        made.leave(client)
        made.tell(b"1", said=said, retain=True)
        made.again(killed=True)
        found = made.hearer(present=True).message()
        assert (found.payload, found.retain, found.qos) == (b"1", True, 1)
        assert found.properties == Properties(
            payload_format=1,
            content_type="application/json",
            response_topic="twins/Pump/P-7/commands/ack",
            correlation=b"\0\1",
            user=(("a", "1"), ("a", "2")),
            subscription_ids=(7,),
        )


def test_nobody_hears_itself_after_a_restart(tmp_path: Path) -> None:
    """No local holds for what is found again: for the session that sent it, not for others of the same name."""
    root = Identity("", "P-7", "device", frozenset({"administrator", "device"}), ("*",), grant="test")
    with house(tmp_path, gate=OpenGate(people=(root,))) as made:
        for name in ("self", "other"):
            client = made.hearer(present=False, name="P-7", client_id=name)
            client.subscribe(Wish(TOPICS, 1, no_local=True))
            made.leave(client)
        client = made.hearer(present=True, name="P-7", client_id="self")
        client.publish(b"mine", qos=1)
        assert isinstance(client.get(), Ack)
        made.again(killed=True)
        assert made.hearer(present=True, name="P-7", client_id="self").quiet()
        assert payloads(made.hearer(present=True, name="P-7", client_id="other"), 1) == [b"mine"]


def test_a_group_hears_each_message_once(tmp_path: Path) -> None:
    """What waited for the members of a shared subscription is shared among them after a restart, too."""
    with house(tmp_path) as made:
        for name in ("a", "b"):
            client = made.hearer(present=False, client_id=name)
            client.subscribe(f"$share/g/{TOPICS}")
            made.leave(client)
        made.tell(*(b"%d" % number for number in range(6)))
        made.again(killed=True)
        assert made.count("recalled") == 6
        found = [payloads(made.hearer(present=True, client_id=name), 3) for name in ("a", "b")]
        assert sorted(found[0] + found[1]) == [b"%d" % number for number in range(6)]


def test_what_others_of_a_group_have_does_not_come_again(tmp_path: Path) -> None:
    """What was given to a member that was there is not owed to one that was away."""
    with house(tmp_path) as made:
        absent(made, V5, f"$share/g/{TOPICS}")
        other = made.client()
        other.connect("ann", client_id="there")
        other.subscribe(f"$share/g/{TOPICS}")
        made.tell(b"1", b"2")
        assert payloads(other, 2) == [b"1", b"2"]
        made.again()
        assert made.hearer(present=True).quiet()


def test_a_group_gets_nothing_again_for_what_waits_otherwise(tmp_path: Path) -> None:
    """Who has messages waiting of its own is given none of those again that others of its group have."""
    with house(tmp_path) as made:
        absent(made, V5, TOPICS, f"$share/g/{TOPICS}")
        other = made.client()
        other.connect("ann", client_id="there")
        other.subscribe(f"$share/g/{TOPICS}")
        made.tell(b"1", b"2")
        payloads(other, 2)
        made.again()
        back = made.hearer(present=True)
        assert payloads(back, 2) == [b"1", b"2"]
        assert back.quiet()


# -- QoS 2 ------------------------------------------------------------------------------------------------------------


def test_qos_2_is_once_through_a_stop(tmp_path: Path, level: int) -> None:
    """A message of QoS 2 whose identifier was open when Pollux stopped is neither logged nor delivered twice."""
    with house(tmp_path) as made:
        device = made.hearer(level, present=False, name="P-7", client_id="P-7")
        device.publish(b"once", qos=2, packet_id=9)
        assert device.get() == Ack(Kind.PUBREC, 9)
        client = made.hearer(level, present=False)
        client.subscribe(Wish(TOPICS, 2))
        made.tell(b"heard", qos=2)
        found = unconfirmed(client)
        client.send(Ack(Kind.PUBREC, found.packet_id))
        assert client.get() == Ack(Kind.PUBREL, found.packet_id)
        made.again()
        device = made.hearer(level, present=True, name="P-7", client_id="P-7")
        device.send(Publish(TELEMETRY, b"once", 2, False, True, 9, NONE))
        assert device.get() == Ack(Kind.PUBREC, 9)
        device.send(Ack(Kind.PUBREL, 9))
        assert device.get() == Ack(Kind.PUBCOMP, 9)
        back = made.hearer(level, present=True)
        assert back.get() == Ack(Kind.PUBREL, found.packet_id)
        back.send(Ack(Kind.PUBCOMP, found.packet_id))
        assert back.quiet()
        frames = [record.entry for record in made.log.read() if isinstance(record.entry, Frames)]
        assert sum(len(one) for one in frames) == 2


def test_no_identifier_hides_a_message_after_a_kill(tmp_path: Path) -> None:
    """After a kill what is known of open identifiers is old: a new message under one of them is taken, and the client
    is asked to give up what it may hold before one is used for something else."""
    with house(tmp_path) as made:
        device = made.hearer(present=False, name="P-7", client_id="P-7")
        device.publish(b"first", qos=2, packet_id=9)
        assert device.get() == Ack(Kind.PUBREC, 9)
        client = made.hearer(present=False)
        client.subscribe(Wish(TOPICS, 2))
        made.settled()
        made.again(killed=True)
        device = made.hearer(present=True, name="P-7", client_id="P-7")
        device.publish(b"second", qos=2, packet_id=9)
        assert device.get() == Ack(Kind.PUBREC, 9)
        back = made.hearer(present=True)
        asked = back.get()
        assert isinstance(asked, Ack)
        assert asked.kind is Kind.PUBREL
        back.send(Ack(Kind.PUBCOMP, asked.packet_id, Reason.PACKET_ID_NOT_FOUND))
        found = back.message()
        assert (found.payload, found.packet_id) == (b"second", asked.packet_id)
        assert back.quiet()
        made.until("confirmed_qos2", 1)


# -- from inside ------------------------------------------------------------------------------------------------------


@HOW
def test_an_order_waits_for_its_device_through_a_restart(tmp_path: Path, level: int, killed: bool) -> None:
    """What was queued from inside is asked for by its name; what is over meanwhile, or has none, does not come."""
    with house(tmp_path) as made:
        device = made.hearer(level, present=False, name="P-7", client_id="P-7")
        device.subscribe(COMMANDS)
        made.leave(device)
        expires = made.clock.now() + 300 * SECOND
        reached: list[int] = []
        for name in ("o-1", "o-2", "o-3"):
            made.endpoint.publish(COMMANDS, name.encode(), qos=1, expires=expires, ref=name, then=reached.append)
        made.endpoint.publish(COMMANDS, b"nameless", qos=1, expires=expires, then=reached.append)
        until(lambda: reached == [1] * 4)
        made.settled()
        made.orders["o-1"] = Recalled(COMMANDS, b"o-1", expires)
        made.orders["o-3"] = Recalled(COMMANDS, b"o-3", made.clock.now() + SECOND)
        made.again(seconds=10, killed=killed)
        back = made.hearer(level, present=True, name="P-7", client_id="P-7")
        assert payloads(back, 1) == [b"o-1"]
        assert back.quiet()


def test_an_order_that_was_sent_is_sent_again(tmp_path: Path) -> None:
    """What was sent from inside and not confirmed comes again with DUP and its identifier."""
    with house(tmp_path) as made:
        device = made.hearer(V3, present=False, name="P-7", client_id="P-7")
        device.subscribe(COMMANDS)
        expires = made.clock.now() + 300 * SECOND
        made.orders["o-1"] = Recalled(COMMANDS, b"o-1", expires)
        made.endpoint.publish(COMMANDS, b"o-1", qos=1, expires=expires, ref="o-1")
        first = unconfirmed(device)
        made.again()
        again = unconfirmed(made.hearer(V3, present=True, name="P-7", client_id="P-7"))
        assert (again.payload, again.dup, again.packet_id) == (b"o-1", True, first.packet_id)
