"""Compiled sorting of frames by what their topics and drivers say of them; needs numba."""

from typing import Final, NamedTuple, final

from pollux.check.topics import IGNORED, NO_ENTRY
from pollux.columns.arrays import I32, U8, Mask
from pollux.columns.frames import Encoding
from pollux.columns.jit import inlined, short

GUESS: Final = int(Encoding.GUESS)
JSON: Final = int(Encoding.JSON)


@final
class Entries(NamedTuple):
    """What the topics say, as `EntryColumns` has it."""

    vocabulary: I32
    channel: I32
    encoding: I32


@inlined
def named(entries: Entries, entry: int, encoding: int) -> int:
    """How a payload is written, as far as its driver or else its topic says."""
    return int(entries.encoding[entry]) if encoding == GUESS else encoding


@short
def choose(
    index: I32,
    entry: I32,
    encoding: U8,
    entries: Entries,
    spoken: Mask,
    keys: I32,
    longest: int,
    group: I32,
    channel: I32,
    left: Mask,
) -> int:
    """How many frames may be JSON: those have the vocabulary as `group` and the key of their topic as `channel`.

    The `group` of the others is below zero; of them those are `left` whose topic says anything. `keys` is `KeyTable`'s
    table of channels.
    """
    chosen = 0
    for i in range(len(entry)):
        group[i], channel[i], left[i] = -1, -1, False
        if entry[i] == NO_ENTRY or entries.vocabulary[entry[i]] == IGNORED:
            continue
        vocabulary, length = int(entries.vocabulary[entry[i]]), int(index[i, 3])
        left[i] = not (named(entries, entry[i], encoding[i]) <= JSON and length <= longest and spoken[vocabulary])
        if not left[i]:
            group[i], channel[i] = vocabulary, keys[vocabulary, entries.channel[entry[i]]]
            chosen += 1
    return chosen
