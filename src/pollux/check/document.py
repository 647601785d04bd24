"""Documents to samples: a decoded payload, told key by key in the vocabulary of a type."""

from typing import Any, Final, final

from pollux.check.blocks import tell_block
from pollux.check.bounds import Bounds
from pollux.check.faults import Fault
from pollux.check.fields import tell_field
from pollux.check.identity import identity
from pollux.check.packed import PackedBlock
from pollux.check.saying import say
from pollux.check.shapes import is_list, is_object
from pollux.check.telling import Telling
from pollux.check.times import read_time
from pollux.check.vocabulary import RESERVED, Key, Vocabulary
from pollux.columns.batch import NO_SEQUENCE
from pollux.columns.field import Field
from pollux.columns.memory import NEVER
from pollux.columns.quality import Reason

_DEEPEST: Final = 8
_EXACT: Final = 2**53
_SHOWN: Final = 60
_QUANTITY: Final = ("unit", "quality")


@final
class DocumentReader:
    """Tells documents in one vocabulary."""

    __slots__ = ("_bounds", "_telling", "_vocabulary")

    def __init__(self, vocabulary: Vocabulary, bounds: Bounds, telling: Telling) -> None:
        self._vocabulary = vocabulary
        self._bounds = bounds
        self._telling = telling

    def tell(self, document: Any, *, frame: int, entry: int, channel: Key | None = None) -> None:
        """Tell a whole payload: an object, or a list of objects, each a message of its own.

        `channel` is the key that the topic names, if it names one. Faults of parts go into the telling and the rest is
        told; raises `Fault` when nothing of the payload can be taken.
        """
        self._telling.here = frame
        if isinstance(document, PackedBlock):
            self._check_count(document.values.size)
            tell_block(document, self._vocabulary, self._telling, entry=entry, channel=channel)
            return
        if isinstance(document, Field):
            self._check_count(len(document.data))
            longest = self._bounds.text
            tell_field(document, self._vocabulary.schema, self._telling, entry=entry, longest=longest)
            return
        messages = len(self._telling.frame)
        if is_list(document) and (channel is None or channel.kind != "position"):
            for number, one in enumerate(document):
                self._try(one, channel, f"$[{number}]", entry)
        else:
            self._try(document, channel, "$", entry)
        self._check_size(messages)

    def _try(self, one: Any, channel: Key | None, path: str, entry: int) -> None:
        try:
            self._message(one if channel is None else self._spoken(one, channel), path, entry)
        except Fault as fault:
            self._telling.forget(len(self._telling.frame))
            self._doubt(fault, path)

    def _check_size(self, messages: int) -> None:
        # The payload is bounded, and so is what it can say: to look once, when it is told, is enough.
        telling, most = self._telling, self._bounds.samples
        if len(telling.value) > most or len(telling.frame) > most:
            before = telling.samples[messages - 1] if messages else 0
            count = max(len(telling.value) - before, len(telling.frame) - messages)
            if count > most:
                telling.forget(messages)
            self._check_count(count)

    def _check_count(self, count: int) -> None:
        if count > self._bounds.samples:
            raise Fault(Reason.TOO_MANY, f"expected at most {self._bounds.samples} samples in a payload, got more")

    def _message(self, told: Any, path: str, entry: int) -> None:
        if not is_object(told):
            raise Fault(Reason.WRONG_TYPE, f"expected an object of signals, got {type(told).__name__}")
        telling = self._telling
        seq, boot, time = NO_SEQUENCE, None, NEVER
        if not told.keys().isdisjoint(RESERVED):
            if is_list(told.get("seq")):
                self._rows(told, path, entry)
                return
            seq, boot = identity(told, path)
            time = _time(told.get("t"), f"{path}.t")
        faults = len(telling.faults)
        if is_list(told.get("t")) or not self._object(told, time, path):
            telling.forget(len(telling.frame))
            del telling.faults[faults:]
            self._columns(told, path)
        telling.close(telling.here, entry, seq, boot)

    def _object(self, told: dict[Any, Any], time: int, path: str, prefix: str = "") -> bool:
        """Tell the signals of one object; False when it turns out to be columns."""
        telling, plain = self._telling, {} if prefix else self._vocabulary.plain
        for wire, value in told.items():
            # The common case first: this loop is the price of every message where the scanner is not compiled.
            if (type(value) is float or (type(value) is int and -_EXACT < value < _EXACT)) and wire in plain:
                telling.signal.append(plain[wire])
                telling.value.append(value)
                telling.time.append(time)
            elif not self._member(wire, value, time, path, prefix):
                return False
        return True

    def _member(self, wire: Any, value: Any, time: int, path: str, prefix: str) -> bool:
        if not prefix and wire in RESERVED:
            return True
        name = f"{prefix}{wire}"
        key = self._vocabulary.keys.get(name) if isinstance(wire, str) else None
        if key is not None and is_list(value) and key.kind != "position" and not prefix:
            return False
        if key is not None:
            self._say(key, value, time, f"{path}.{name}")
        elif name in self._vocabulary.parts and is_object(value) and name.count(".") < _DEEPEST:
            self._object(value, time, path, f"{name}.")
        elif name not in self._vocabulary.ignore:
            self._doubt(self._vocabulary.missing(name), f"{path}.{name[:_SHOWN]}")
        return True

    def _columns(self, told: dict[Any, Any], path: str) -> None:
        """Tell `{"t": [...], "temp": [...]}`: one sample per place, null where there is none."""
        length = self._length(told)
        t = told.get("t")
        if t is not None and not is_list(t):
            raise Fault(Reason.BAD_TIME, f"expected a list of {length} times, got one", path=f"{path}.t")
        told_times: list[Any] = [None] * length if t is None else t
        times = [_time(one, f"{path}.t[{i}]") for i, one in enumerate(told_times)]
        for wire, column in told.items():
            if wire not in RESERVED:
                self._column(wire, column, times, f"{path}.{str(wire)[:_SHOWN]}")

    def _column(self, wire: Any, column: Any, times: list[int], path: str) -> None:
        key = self._vocabulary.keys.get(wire) if isinstance(wire, str) else None
        if key is None:
            if wire not in self._vocabulary.ignore:
                self._doubt(self._vocabulary.missing(str(wire)), path)
        elif not is_list(column):
            self._doubt(Fault(Reason.WRONG_TYPE, f"expected a list of {len(times)}, got one value"), path)
        elif wire in self._vocabulary.plain and (numbers := _numbers(column)) is not None:
            self._telling.signal.extend([key.signal] * len(times))
            self._telling.value.extend(numbers)
            self._telling.time.extend(times)
        else:
            for number, (value, time) in enumerate(zip(column, times, strict=True)):
                if value is not None:
                    self._say(key, value, time, f"{path}[{number}]")

    def _rows(self, told: dict[Any, Any], path: str, entry: int) -> None:
        """Columns with a `seq` for each place: as many messages."""
        length = self._length(told)
        if any(type(seq) is not int for seq in told["seq"]):
            raise Fault(Reason.BAD_SEQUENCE, "expected a list of counts", path=f"{path}.seq")
        columns = {wire: column for wire, column in told.items() if is_list(column) and len(column) == length}
        fixed = {wire: value for wire, value in told.items() if wire not in columns}
        for number in range(length):
            row = {wire: column[number] for wire, column in columns.items() if column[number] is not None}
            self._try(row | fixed, None, f"{path}[{number}]", entry)

    def _length(self, told: dict[Any, Any]) -> int:
        keys = self._vocabulary.keys
        lengths = {
            len(column) for wire, column in told.items() if is_list(column) and (wire in RESERVED or wire in keys)
        }
        if len(lengths) != 1:
            raise Fault(Reason.MALFORMED, f"expected columns of one length, got {sorted(lengths)}")
        return lengths.pop()

    def _spoken(self, told: object, channel: Key) -> object:
        """What a topic of one signal says, as an object: a plain value, or `{"value": ..., "t": ...}`."""
        if not is_object(told) or (channel.kind == "position" and "value" not in told):
            return {channel.wire: told}
        if "value" not in told or channel.wire in told:
            raise Fault(Reason.WRONG_TYPE, f'expected a value or {{"value": ...}} of {channel.wire}')
        about = {name: told[name] for name in _QUANTITY if name in told and name not in self._vocabulary.ignore}
        value = {"value": told["value"], **about} if about else told["value"]
        rest = ((name, said) for name, said in told.items() if name not in about)
        return {channel.wire if name == "value" else name: value if name == "value" else said for name, said in rest}

    def _say(self, key: Key, value: Any, time: int, path: str) -> None:
        try:
            say(self._telling, key, value, time=time, longest=self._bounds.text)
        except Fault as fault:
            self._doubt(fault, path)

    def _doubt(self, fault: Fault, path: str) -> None:
        self._telling.faults.append((self._telling.here, fault.at(path)))


def _numbers(column: list[Any]) -> list[float] | None:
    """A column as floats, None where it holds anything but numbers that a float can tell."""
    if not set(map(type, column)) <= {float, int}:
        return None
    try:
        return list(map(float, column))
    except OverflowError:
        return None


def _time(told: object, path: str) -> int:
    try:
        return NEVER if told is None or is_list(told) else read_time(told)
    except Fault as fault:
        raise fault.at(path) from None
