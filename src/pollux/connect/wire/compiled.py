"""The hot path's loops, compiled; they hold no lock of the interpreter while they run. Importing this needs numba.

Sockets are read and answered through the C library's own recv and send: one call from Python for all that are ready,
instead of one each.
"""

from typing import Any

import numpy as np
from numba import njit, types

_SIZE, _COUNT, _INT = types.uintp, types.intp, types.int32
_TAKES: Any = _COUNT
_recv: Any = types.ExternalFunction("recv", _TAKES(_INT, _SIZE, _SIZE, _INT))
_send: Any = types.ExternalFunction("send", _TAKES(_INT, _SIZE, _SIZE, _INT))

PROBES = 16
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_PRIME = np.uint64(0x100000001B3)
_SHIFT = np.uint64(32)


@njit(cache=True, nogil=True)
def receive(handles: Any, arena: Any, at: int, room: int, chunk: int, flags: int, counts: Any) -> int:
    """Read each socket once, one behind the other, while there is room: how many were read."""
    for i in range(handles.shape[0]):
        if at + chunk > room:
            return i
        count = _recv(handles[i], arena[at:].ctypes.data, chunk, flags)
        counts[i] = count
        if count > 0:
            at += count
    return int(handles.shape[0])


@njit(cache=True, nogil=True)
def reply(handles: Any, answers: Any, begin: Any, end: Any, flags: int, counts: Any) -> None:
    """Send each socket its part of the answers."""
    for i in range(handles.shape[0]):
        counts[i] = _send(handles[i], answers[begin[i] :].ctypes.data, end[i] - begin[i], flags)


@njit(cache=True)
def length(arena: Any, at: Any, end: Any) -> Any:
    """The remaining length at a place, and where it ends: 0 where it is cut, -1 where it is none."""
    size = np.int64(0)
    for k in range(min(4, end - at)):
        byte = np.int64(arena[at + k])
        size |= (byte & 127) << (7 * k)
        if byte < 128:
            return size, at + k + 1
    return size, -1 if end - at >= 4 else 0


@njit(cache=True)
def split(
    arena: Any,
    starts: Any,
    ends: Any,
    segment: Any,
    levels: Any,
    largest: int,
    index: Any,
    number: Any,
    flags: Any,
    ids: Any,
    stops: Any,
    whys: Any,
) -> int:
    """Cut ordinary PUBLISH packets; see plain.py, which says the same more slowly."""
    n = 0
    for s in range(starts.shape[0]):
        p, end, v5, why = np.int64(starts[s]), np.int64(ends[s]), levels[s] >= 5, 0
        while True:
            size, q = length(arena, p + 1, end)
            if q <= 0:
                why = -q
                break
            stop = q + size
            if size > largest:
                why = 1
                break
            if stop > end:
                break
            first = np.int64(arena[p])
            qos = first >> 1 & 3
            if first >> 4 != 3 or qos > 1 or (first & 8 != 0 and qos == 0) or size < 2:
                why = 1
                break
            topic = q + 2
            topic_size = np.int64(arena[q]) << 8 | np.int64(arena[q + 1])
            after = topic + topic_size
            payload = after + 2 * qos + (1 if v5 else 0)
            if topic_size == 0 or payload > stop:
                why = 1
                break
            packet_id = np.int64(0)
            if qos:
                packet_id = np.int64(arena[after]) << 8 | np.int64(arena[after + 1])
            if (qos == 1 and packet_id == 0) or (v5 and arena[payload - 1] != 0):
                why = 1
                break
            if n >= index.shape[0]:
                why = 2
                break
            index[n, 0], index[n, 1], index[n, 2], index[n, 3] = topic, topic_size, payload, stop - payload
            number[n], flags[n], ids[n] = segment[s], first & 15, packet_id
            n += 1
            p = stop
        stops[s], whys[s] = p, why
    return n


@njit(cache=True)
def topic_hash(data: Any, at: int, size: int, seed: Any) -> Any:
    """A hash of the bytes, seeded per process: nobody outside can choose topics that collide."""
    h = seed
    for i in range(at, at + size):
        h = (h ^ np.uint64(data[i])) * _PRIME
    h = (h ^ (h >> _SHIFT)) * _MIX_1
    h = (h ^ (h >> _SHIFT)) * _MIX_2
    return h ^ (h >> _SHIFT)


@njit(cache=True)
def find(
    data: Any, at: int, size: int, mark: Any, serial: int, hashes: Any, owners: Any, places: Any, keys: Any
) -> Any:
    """The slot of (serial, topic), or -1 - a free slot, or -1 - the table's size when none was met."""
    mask = np.uint64(hashes.shape[0] - 1)
    own = mark ^ (np.uint64(serial) * _MIX_1)
    for probe in range(PROBES):
        i = np.int64((own + np.uint64(probe)) & mask)
        if owners[i] < 0:
            return -1 - i
        if hashes[i] == mark and owners[i] == serial and places[i, 1] == size:
            same, start = True, places[i, 0]
            for k in range(size):
                if keys[start + k] != data[at + k]:
                    same = False
                    break
            if same:
                return i
    return -1 - hashes.shape[0]


@njit(cache=True)
def judge(
    arena: Any,
    index: Any,
    number: Any,
    serials: Any,
    seed: Any,
    hashes: Any,
    owners: Any,
    places: Any,
    codes: Any,
    keys: Any,
    listened: Any,
    wild: bool,
    verdict: Any,
    encoding: Any,
    heard: Any,
) -> None:
    """Look every topic up: may this connection publish to it, and does anybody hear it."""
    crowd = np.uint64(listened.shape[0] - 1)
    for i in range(index.shape[0]):
        at, size = index[i, 0], index[i, 1]
        mark = topic_hash(arena, at, size, seed)
        slot = find(arena, at, size, mark, serials[number[i]], hashes, owners, places, keys)
        verdict[i] = 0 if slot >= 0 else 255
        encoding[i] = codes[slot] if slot >= 0 else 0
        heard[i] = 1 if wild or listened[np.int64(mark & crowd)] > 0 else 0


@njit(cache=True)
def gather(
    arena: Any,
    index: Any,
    number: Any,
    flags: Any,
    ids: Any,
    verdict: Any,
    levels: Any,
    out: Any,
    new_index: Any,
    rows: Any,
    answers: Any,
    begin: Any,
    end: Any,
    answered: Any,
    refused: Any,
) -> Any:
    """Copy what is allowed together and write the answers: (messages, bytes, bytes of answers)."""
    kept, at, wrote, before = 0, 0, 0, -1
    for i in range(index.shape[0]):
        s = number[i]
        if s != before:
            begin[s], before = wrote, s
        allowed = verdict[i] == 0
        if allowed:
            topic, topic_size, payload, payload_size = index[i, 0], index[i, 1], index[i, 2], index[i, 3]
            out[at : at + topic_size] = arena[topic : topic + topic_size]
            new_index[kept, 0], new_index[kept, 1] = at, topic_size
            at += topic_size
            out[at : at + payload_size] = arena[payload : payload + payload_size]
            new_index[kept, 2], new_index[kept, 3] = at, payload_size
            at += payload_size
            rows[kept] = i
            kept += 1
        if flags[i] & 6:
            answered[s] += 1
            if allowed or levels[s] >= 5:
                answers[wrote], answers[wrote + 1] = 0x40 | (flags[i] & 4) << 2, 2 if allowed else 3
                answers[wrote + 2], answers[wrote + 3] = ids[i] >> 8, ids[i] & 255
                wrote += 4
                if not allowed:
                    answers[wrote] = verdict[i]
                    wrote += 1
            else:
                refused[s] = 1
        end[s] = wrote
    return kept, at, wrote
