"""From what was heard to what was found: pure, the same bytes always give the same findings."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from pollux.check.ids import fault as id_fault
from pollux.check.shapes import is_object
from pollux.clock import SECOND, iso
from pollux.columns.frames import Encoding
from pollux.site.survey.findings import Findings, Found, Rhythm
from pollux.site.survey.formats import Read, read_said
from pollux.site.survey.heard import Ear, Heard, Said
from pollux.site.survey.leaves import Leaf, documents, kind_of, leaves
from pollux.site.survey.places import Places, pattern, places
from pollux.site.survey.shape import Form, Shape, shapes
from pollux.site.survey.signals import Seen, Signal
from pollux.site.survey.sparkplug import is_sparkplug, sparkplug_shapes

SPOKEN: Final = frozenset(("value", "unit", "quality", "t", "seq", "boot"))
"""The keys of a payload of one value, where a topic names the signal."""

MOST_SIGNALS: Final = 500
SHOWN: Final = 160
_TEXTS: Final = (Encoding.JSON, Encoding.NDJSON, Encoding.TEXT, Encoding.SENML_JSON, Encoding.CSV, Encoding.XML)
_GAP: Final = 5
_FEW: Final = 4
_OWNERS: Final = ("id", "device", "device_id", "deviceId", "sensor", "sensor_id", "node", "node_id", "mac", "serial",
                  "dev_eui", "devEUI", "machine", "asset", "tag")  # fmt: skip
_Reads = dict[str, list[tuple[Said, Read]]]


def findings(ear: Ear, *, what: str, began: int, seconds: float, unreadable: int = 0, note: str = "") -> Findings:
    """What was found in what was heard: `what` was looked at, from `began` (nanoseconds UTC) for `seconds`."""
    reads = {topic: [(said, read_said(topic, said)) for said in heard.samples] for topic, heard in ear.topics.items()}
    return Findings(
        what=what,
        began=iso(began),
        seconds=round(seconds, 3),
        messages=ear.messages,
        topics=len(ear.topics),
        overheard=ear.overheard,
        unkept=ear.unkept,
        unreadable=unreadable,
        note=note,
        found=tuple(_found(shape, where, ear.topics, reads) for shape, where in _shapes(reads)),
    )


def _shapes(reads: _Reads) -> list[tuple[Shape, Places]]:
    """The shapes of all topics: of Sparkplug the levels are known, of the rest they are found out."""
    known = [topic for topic in reads if is_sparkplug(topic)]
    forms = {topic: _form(some) for topic, some in reads.items() if not is_sparkplug(topic)}
    return [*sparkplug_shapes(known), *((shape, places(shape)) for shape in shapes(forms))]


def spoken(document: object) -> bool:
    """Whether a document is one value with its time or unit, as a topic of one signal may say.

    >>> spoken({"value": 1, "unit": "K"}), spoken({"temp": 1}), spoken(21.5)
    (True, False, True)
    """
    if not is_object(document):
        return True
    fitting = isinstance(document.get("unit", ""), str) and isinstance(document.get("boot", ""), str)
    seq = document.get("seq", 0)
    return fitting and "value" in document and document.keys() <= SPOKEN and type(seq) is int and seq >= 0


def _form(reads: Sequence[tuple[Said, Read]]) -> Form:
    """The format of a topic, and the keys of its objects: none where most payloads are plain values or unreadable."""
    several = [one for _, read in reads if not read.records and not read.why for one in documents(read.document)]
    keys = {str(name) for one in several if is_object(one) and not spoken(one) for name in one}
    keys |= {record.wire for _, read in reads for record in read.records}
    plain = sum(spoken(one) for one in several)
    if not keys or 2 * plain > max(len(several), 1):
        return Form("", None)
    format = Counter(read.name for _, read in reads if not read.why).most_common(1)[0][0]
    return Form(format, frozenset(keys))


def _found(shape: Shape, where: Places, topics: dict[str, Heard], reads: _Reads) -> Found:
    heard = [topics[topic] for topic in shape.topics]
    all_reads = [(said, read) for topic in shape.topics for said, read in reads[topic]]
    good = [read for _, read in all_reads if not read.why]
    encodings = Counter(read.encoding for read in good)
    encoding = _encoding(encodings)
    signals = _values(shape, where, reads) if shape.plain else _objects(all_reads)
    owner = "" if shape.plain else _owner(good, where)
    where = where.nameless if owner else where
    withheld = any(signal.secret or signal.personal for signal in signals)
    return Found(
        pattern=pattern(shape, where),
        why=where.why if not owner else f"payloads name their twin in {owner!r}",
        topics=shape.topics,
        twins=_twins(shape, where, good, owner),
        messages=sum(one.count for one in heard),
        retained=sum(one.retained for one in heard),
        bytes=sum(one.bytes for one in heard),
        formats=dict(Counter(read.name for read in good).most_common()),
        unread=_unread(all_reads, heard),
        encoding=encoding.name,
        told=bool(good) and all(read.told for read in good),
        plain=shape.plain,
        places=where,
        signals=signals,
        rhythm=_rhythm(heard),
        time=next((one.wire for one in signals if one.kind == "time" and "." not in one.wire), ""),
        owner=owner,
        columns=max((read.columns for read in good), default=0),
        sample="" if withheld else _excerpt(all_reads),
    )


def _encoding(encodings: Counter[Encoding]) -> Encoding:
    """The encoding of most payloads; text, where some are: it reads plain numbers too."""
    if set(encodings) == {Encoding.JSON, Encoding.TEXT}:
        return Encoding.TEXT
    return encodings.most_common(1)[0][0] if encodings else Encoding.GUESS


def _values(shape: Shape, where: Places, reads: _Reads) -> tuple[Signal, ...]:
    """The signals of plain values: one for each name that topics give."""
    seen: dict[str, Seen] = {}
    for topic in shape.topics:
        name = where.signal(topic)
        if len(seen) >= MOST_SIGNALS and name not in seen:
            continue
        for said, read in reads[topic]:
            if not read.why:
                one = seen.setdefault(name, Seen(name))
                for document in documents(read.document):
                    one.see(_leaf(name, document), said.arrival)
    return tuple(seen[name].signal(name) for name in sorted(seen))


def _leaf(name: str, document: object) -> Leaf:
    if not is_object(document):
        return Leaf(name, kind_of(document), document)
    value = document.get("value")
    unit = document.get("unit")
    return Leaf(name, kind_of(value), value, unit[:32] if isinstance(unit, str) else "", "unit" in document)


def _objects(reads: Sequence[tuple[Said, Read]]) -> tuple[Signal, ...]:
    seen: dict[str, Seen] = {}
    for said, read in reads:
        for leaf in () if read.why else leaves(read):
            if leaf.path and (leaf.path in seen or len(seen) < MOST_SIGNALS):
                seen.setdefault(leaf.path, Seen(leaf.path)).see(leaf, said.arrival)
    return tuple(one.signal(path) for path, one in seen.items())


def _owner(reads: Sequence[Read], where: Places) -> str:
    """The key by which payloads name their twin: several names under it, where no level of the topic varies."""
    if where.why.startswith(("level", "the ")):
        return ""
    if len({record.device for read in reads for record in read.records}) > 1:
        return "SenML"
    told = [one for read in reads if not read.records for one in documents(read.document) if is_object(one)]
    for key in _OWNERS:
        names = {one.get(key) for one in told if isinstance(one.get(key), str)}
        if len(names) > 1 and all(isinstance(one.get(key), str) and not id_fault(one[key]) for one in told):
            return key
    return ""


def _twins(shape: Shape, where: Places, reads: Sequence[Read], owner: str) -> tuple[str, ...]:
    if owner == "SenML":
        return tuple(sorted({re.split("[/:]", record.device)[-1] for read in reads for record in read.records}))
    if owner:
        return tuple(sorted({str(one[owner]) for read in reads for one in documents(read.document)}))
    return tuple(sorted({where.id(topic) for topic in shape.topics}))


def _unread(reads: Sequence[tuple[Said, Read]], heard: Sequence[Heard]) -> dict[str, int]:
    """Why payloads could not be read, and how many of those looked into."""
    found = Counter(read.why for _, read in reads if read.why)
    large = sum(one.large for one in heard)
    return dict(found.most_common(8)) | ({"longer than 64 KiB, not looked into": large} if large else {})


def _rhythm(heard: Sequence[Heard]) -> Rhythm | None:
    pooled = np.array([interval for one in heard for interval in one.intervals], np.float64) / SECOND
    if not pooled.size or not pooled.any():
        return None
    gaps = sum(_gaps(np.array(one.intervals, np.float64)) for one in heard if len(one.intervals) >= _FEW)
    low, median, high = np.quantile(pooled, [0.1, 0.5, 0.9]).tolist()
    return Rhythm(median, low, high, gaps, max(one.longest for one in heard) / SECOND)


def _gaps(intervals: np.typing.NDArray[np.float64]) -> int:
    return int((intervals > _GAP * np.median(intervals)).sum())


def _excerpt(reads: Sequence[tuple[Said, Read]]) -> str:
    """The beginning of a payload that is a text; bytes say nothing to people."""
    return next((_shown(said) for said, read in reads if not read.why and read.encoding in _TEXTS), "")


def _shown(said: Said) -> str:
    try:
        text = said.payload.decode()[:SHOWN]
    except UnicodeDecodeError:
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in text) + ("…" if len(said.payload) > SHOWN else "")
