"""The hot path in plain Python: the reference for the compiled one, and what serves until that is ready."""

import os
from typing import final

import numpy as np

from pollux.connect.wire.splitter import (
    ALLOWED,
    I32,
    I64,
    LOOK_YOURSELF,
    U8,
    UNKNOWN,
    AbstractSplitter,
    Arena,
    Cut,
    Gathered,
    Segments,
    Why,
)

PERMITS = 1 << 20
_Row = tuple[int, int, int, int]


@final
class PlainSplitter(AbstractSplitter):
    """Splits, judges and gathers with lists, slices and a dict."""

    def __init__(self) -> None:
        self.wild = 0
        self._permits: dict[tuple[int, bytes], int] = {}
        self._heard: dict[bytes, int] = {}

    def receive(self, handles: I32, arena: Arena, at: int, room: int, chunk: int) -> I64:
        view, counts = arena.view, list[int]()
        for handle in handles.tolist():
            if at + chunk > room:
                break
            try:
                count = os.readv(handle, [view[at : at + chunk]])
            except OSError:
                counts.append(LOOK_YOURSELF)
                continue
            counts.append(count)
            at += count
        return np.array(counts, np.int64)

    def split(self, arena: Arena, segments: Segments, rows: int, largest: int) -> tuple[Cut, I32, I32]:
        index: list[_Row] = []
        numbers: list[int] = []
        flags: list[int] = []
        ids: list[int] = []
        stops, whys = list[int](), list[int]()
        columns = (segments.start, segments.end, segments.number, segments.level)
        for start, end, number, level in zip(*(column.tolist() for column in columns), strict=True):
            at, why = start, Why.CUT
            while True:
                why, stop, row, packet_id = ordinary(arena.data, at, end, level, largest)
                if row is None:
                    break
                if len(index) >= rows:
                    why = Why.FULL
                    break
                index.append(row)
                numbers.append(number)
                flags.append(arena.data[at] & 15)
                ids.append(packet_id)
                at = stop
            stops.append(at)
            whys.append(int(why))
        cut = Cut(
            np.array(index, np.int32).reshape(-1, 4),
            np.array(numbers, np.int32),
            np.array(flags, np.uint8),
            np.array(ids, np.int32),
            np.zeros(len(ids), np.int32),
        )
        return cut, np.array(stops, np.int32), np.array(whys, np.int32)

    def judge(self, arena: Arena, cut: Cut, serials: I64) -> tuple[U8, U8, U8]:
        data, permits, listened, wild = arena.data, self._permits, self._heard, self.wild > 0
        verdict, encoding, heard = list[int](), list[int](), list[bool]()
        for (at, size, _, _), serial in zip(cut.index.tolist(), serials[cut.number].tolist(), strict=True):
            topic = bytes(data[at : at + size])
            known = permits.get((serial, topic))
            verdict.append(UNKNOWN if known is None else ALLOWED)
            encoding.append(known or 0)
            heard.append(wild or topic in listened)
        return np.array(verdict, np.uint8), np.array(encoding, np.uint8), np.array(heard, np.uint8)

    def gather(self, arena: Arena, cut: Cut, verdict: U8, levels: I32) -> Gathered:
        data, version = arena.data, levels.tolist()
        parts: list[bytes | bytearray] = []
        index: list[_Row] = []
        rows: list[int] = []
        answers = bytearray()
        count = len(version)
        begin, end, answered, refused = [0] * count, [0] * count, [0] * count, [0] * count
        at, before = 0, -1
        columns = (cut.index, cut.number, cut.flags, cut.packet_id, verdict)
        for row, (where, number, flags, packet_id, judged) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            if number != before:
                begin[number], before = len(answers), number
            if judged == ALLOWED:
                topic, topic_size, payload, payload_size = where
                parts += (data[topic : topic + topic_size], data[payload : payload + payload_size])
                index.append((at, topic_size, at + topic_size, payload_size))
                at += topic_size + payload_size
                rows.append(row)
            if flags & 6:
                answered[number] += 1
                kind = 0x40 | (flags & 4) << 2  # PUBACK, or PUBREC
                if judged == ALLOWED:
                    answers += bytes((kind, 2, packet_id >> 8, packet_id & 255))
                elif version[number] >= 5:
                    answers += bytes((kind, 3, packet_id >> 8, packet_id & 255, judged))
                else:
                    refused[number] = 1
            end[number] = len(answers)
        table = np.array(index, np.int32).reshape(-1, 4)
        ends = (np.array(column, np.int32) for column in (begin, end, answered, refused))
        return Gathered(b"".join(parts), table, np.array(rows, np.int32), bytes(answers), *ends)

    def reply(self, handles: I32, answers: bytes, begin: I32, end: I32) -> I64:
        view, counts = memoryview(answers), list[int]()
        for handle, first, last in zip(handles.tolist(), begin.tolist(), end.tolist(), strict=True):
            try:
                counts.append(os.write(handle, view[first:last]))
            except OSError:
                counts.append(LOOK_YOURSELF)
        return np.array(counts, np.int64)

    def permit(self, serial: int, topic: bytes, encoding: int) -> None:
        if len(self._permits) >= PERMITS:
            self._permits.clear()
        self._permits[serial, topic] = encoding

    def forget(self) -> None:
        self._permits.clear()

    def hear(self, topic: bytes, change: int) -> None:
        count = self._heard.get(topic, 0) + change
        if count > 0:
            self._heard[topic] = count
        else:
            self._heard.pop(topic, None)


def ordinary(data: bytearray, at: int, end: int, level: int, largest: int) -> tuple[Why, int, _Row | None, int]:
    """The PUBLISH at `at` if it is whole and has nothing special about it: (why not, end, row, packet id)."""
    size, shift, q = 0, 0, at + 1
    while True:
        if q >= end:
            return Why.CUT, at, None, 0
        byte = data[q]
        q += 1
        size |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > 21:
            return Why.SLOW, at, None, 0
    stop = q + size
    if size > largest:
        return Why.SLOW, at, None, 0
    if stop > end:
        return Why.CUT, at, None, 0
    first = data[at]
    qos = first >> 1 & 3
    if first >> 4 != 3 or qos > 1 or (first & 8 and not qos) or size < 2:
        return Why.SLOW, at, None, 0
    topic, topic_size = q + 2, data[q] << 8 | data[q + 1]
    payload = topic + topic_size + 2 * qos + (level >= 5)
    if not topic_size or payload > stop:
        return Why.SLOW, at, None, 0
    after = topic + topic_size
    packet_id = data[after] << 8 | data[after + 1] if qos else 0
    if (qos and not packet_id) or (level >= 5 and data[payload - 1]):
        return Why.SLOW, at, None, 0
    return Why.CUT, stop, (topic, topic_size, payload, stop - payload), packet_id
