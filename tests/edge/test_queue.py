"""The queue: bounded, in order, nothing durable lost, no number given twice."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.edge.queue import LEAST, Queue
from pollux.edge.segments import Ledger, framed, path_of
from pollux.errors import SetupError, StorageError
from pollux.testing.disk import FaultyDisk, PowerCut

FOLDER = Path("edge/queue")


def put(queue, lane="summary", size=50, twin="Pump/P-7", until=0, mark=b""):
    body = {}

    def payload(seq, boot):
        body["is"] = mark + b"%d %s " % (seq, boot.encode()) + bytes(size)
        return body["is"]

    number = queue.put(lane, twin=twin, stream=f"{twin} {lane}", until=until, topic="t", payload=payload)
    return number, body["is"]


def drained(queue, number=0):
    found = []
    while (message := queue.after(number)) is not None:
        found.append(message)
        number = message.number
    return found


def test_messages_leave_in_the_order_in_which_they_came_whatever_their_lane(tmp_path):
    """Numbers run through both lanes, `seq` through each twin."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    lanes = ["summary", "raw", "raw", "summary", "raw"]
    sent = [put(queue, lane, twin=f"Pump/{number % 2}") for number, lane in enumerate(lanes)]
    found = drained(queue)
    assert [(one.number, one.payload) for one in found] == sent
    assert [one.lane for one in found] == lanes
    assert [one.seq for one in found] == [1, 1, 2, 2, 3]
    queue.close()


def test_what_was_confirmed_is_gone_and_what_was_not_is_there_after_a_restart(tmp_path):
    """The counters go on in the same life."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    for number in range(5):
        put(queue, until=number)
    queue.confirm(3)
    life = queue.life
    queue.close()
    again = Queue(tmp_path / "q", budget=LEAST)
    assert [one.number for one in drained(again)] == [4, 5]
    assert again.waiting == 2
    assert again.until("Pump/P-7 summary") == 4
    put(again)
    assert [one.seq for one in drained(again)] == [4, 5, 6]
    assert again.life == life
    again.close()


def test_counters_outlive_the_messages_that_bore_them(tmp_path):
    """Everything confirmed and every old segment gone: the next number is still the next one."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    for number in range(600):
        put(queue, size=200, until=number)
        queue.confirm(number + 1)
    files = len(list((tmp_path / "q").glob("*.q")))
    queue.close()
    again = Queue(tmp_path / "q", budget=LEAST)
    assert files <= 2
    assert again.until("Pump/P-7 summary") == 599
    put(again)
    assert [one.seq for one in drained(again)] == [601]
    again.close()


def test_the_budget_is_never_passed_and_raw_gives_way_before_summaries(tmp_path):
    """Oldest raw first, then the oldest summaries; each is counted, and the count outlives a restart."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    for _ in range(20):
        put(queue, "summary", 100)
        put(queue, "raw", 8000)
        assert sum(one.stat().st_size for one in (tmp_path / "q").glob("*.q")) <= LEAST
    dropped = queue.dropped
    assert dropped.keys() == {"raw"}
    assert len(drained(queue)) == 40 - dropped["raw"]
    newest = [one.number for one in drained(queue) if one.lane == "raw"]
    assert newest == sorted(newest)
    assert newest[-1] == 40
    for _ in range(1000):
        put(queue, "summary", 400)
    assert queue.size <= LEAST
    assert [one.lane for one in drained(queue) if one.lane == "raw"] == []
    assert queue.dropped["raw"] == 20
    assert queue.dropped["summary"] + len(drained(queue)) == 1020
    dropped = queue.dropped
    queue.close()
    again = Queue(tmp_path / "q", budget=LEAST)
    assert again.dropped == dropped
    again.close()


def test_raw_never_makes_a_summary_give_way(tmp_path):
    """Where only summaries could go, the raw message is the one that is dropped."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    for _ in range(120):
        put(queue, "summary", 400)
    before = [one.number for one in drained(queue)]
    assert put(queue, "raw", 40_000)[0] == 0
    assert [one.number for one in drained(queue)] == before
    assert queue.dropped["raw"] == 1
    queue.close()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 160), st.lists(st.sampled_from("srca"), min_size=5, max_size=60))
def test_a_power_cut_at_any_moment_loses_nothing_that_was_kept_and_no_seq_means_two_things(seed, cut, steps):
    """Whatever the disk did with what was not synced: what `put` had returned is there, in order, and what was taken
    out before the cut is never followed by another message with its identity.
    """
    disk = FaultyDisk(seed=seed, cut_at=cut)
    kept: dict[int, bytes] = {}
    seen: dict[tuple[bytes, bytes], bytes] = {}
    confirmed = 0
    for _ in range(3):
        try:
            queue = Queue(FOLDER, budget=LEAST, disk=disk)
            found = {one.number: one.payload for one in drained(queue)}
            assert {number: body for number, body in kept.items() if number > confirmed}.items() <= found.items()
            for step in steps:
                if step == "c" and (message := queue.after(queue.acked)) is not None:
                    queue.confirm(message.number)
                    confirmed = max(confirmed, message.number)
                elif step == "a":
                    for message in drained(queue):
                        assert seen.setdefault(identity(message), message.payload) == message.payload
                else:
                    number, body = put(queue, "summary" if step == "s" else "raw", mark=b"%d " % seed)
                    kept[number] = body
            queue.close()
        except PowerCut:
            disk.restart()
            disk.cut_at = disk.operations + cut
    disk.restart()


def identity(message):
    _, seq, boot, _ = message.payload.split(b" ", 3)
    return seq, boot


def test_bytes_that_changed_cost_their_segment_only_and_begin_a_new_life(tmp_path):
    """What stood before them is sent, what stands in other segments too; counters never go back to a used number."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    for _ in range(100):
        put(queue, size=200)
    life = queue.life
    queue.close()
    victim = sorted((tmp_path / "q").glob("summary-*.q"))[1]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    again = Queue(tmp_path / "q", budget=LEAST)
    found = [one.seq for one in drained(again)]
    assert again.damaged == 1
    assert again.life != life
    assert 60 < len(found) < 100
    assert found == sorted(found)
    assert found[-1] == 100
    put(again)
    assert drained(again)[-1].seq == 1
    again.close()


def test_bytes_that_change_while_they_wait_are_noticed_when_they_are_sent(tmp_path):
    """What cannot be read is never sent; what follows in other segments is, and nothing written later is lost."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    for _ in range(10):
        put(queue)
    (file,) = (tmp_path / "q").glob("summary-*.q")
    data = bytearray(file.read_bytes())
    data[-300] ^= 1
    file.write_bytes(data)
    first = [one.number for one in drained(queue)]
    put(queue)
    assert len(first) < 10
    assert [one.number for one in drained(queue)] == [*first, 11]
    assert queue.damaged == 1
    assert queue.dropped["summary"] == 10 - len(first)
    queue.close()
    again = Queue(tmp_path / "q", budget=LEAST)
    assert [one.number for one in drained(again)] == [*first, 11]
    again.close()


def test_a_full_disk_makes_older_ones_give_way_and_is_no_end(tmp_path):
    """The budget is larger than the disk: what cannot be written is counted, and all goes on."""
    disk = FaultyDisk(seed=1, capacity=40_000)
    queue = Queue(FOLDER, budget=1 << 20, disk=disk)
    for _ in range(300):
        put(queue, "raw", 300)
        put(queue, "summary", 300)
    found = drained(queue)
    assert found
    assert len(found) + sum(queue.dropped.values()) == 600
    assert found[-1].number >= 590
    queue.close()


def test_a_disk_that_is_full_never_prevents_a_start():
    """Not even where the last bytes were torn, so that a new life has to begin on it."""
    disk = FaultyDisk(seed=1, capacity=30_000)
    queue = Queue(FOLDER, budget=1 << 20, disk=disk)
    for _ in range(200):
        put(queue, "raw", 300)
        put(queue, "summary", 300)
    life = queue.life
    queue.close()
    victim = sorted(name for name in disk.list(FOLDER) if name.startswith("summary"))[-1]
    handle = disk.open(FOLDER / victim)
    disk.truncate(handle, disk.size(handle) - 3)
    disk.close(handle)
    disk.capacity = sum(len(disk.contents(FOLDER / name)) for name in disk.list(FOLDER))
    again = Queue(FOLDER, budget=1 << 20, disk=disk)
    assert again.life != life
    assert put(again)[0]
    assert drained(again)[-1].seq == 1
    again.close()


def test_a_sync_that_fails_is_an_end_and_no_retry():
    """The number was not given to anybody: after a restart another message has it, or none."""
    disk = FaultyDisk(seed=1)
    queue = Queue(FOLDER, budget=LEAST, disk=disk)
    put(queue)
    disk.fail_all_syncs = True
    with pytest.raises(StorageError, match="expected the disk to write"):
        put(queue)
    disk.fail_all_syncs = False
    disk.crash()
    again = Queue(FOLDER, budget=LEAST, disk=disk)
    assert [one.number for one in drained(again)] == [1]
    again.close()


def test_files_of_a_newer_version_are_refused(tmp_path):
    """Nothing of them is cut or removed."""
    Queue(tmp_path / "q", budget=LEAST).close()
    newer = path_of(tmp_path / "q", "summary", 1)
    newer.write_bytes(framed(Ledger("PXQ2")))
    with pytest.raises(StorageError, match="version PXQ1, got PXQ2"):
        Queue(tmp_path / "q", budget=LEAST)
    assert newer.stat().st_size


def test_one_process_has_it_and_a_budget_has_a_least(tmp_path):
    """Both are said at once."""
    queue = Queue(tmp_path / "q", budget=LEAST)
    with pytest.raises(SetupError, match="in use"):
        Queue(tmp_path / "q", budget=LEAST)
    queue.close()
    with pytest.raises(SetupError, match="at least"):
        Queue(tmp_path / "q", budget=100)
