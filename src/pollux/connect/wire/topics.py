"""Topic names and filters: what is well formed, and which filters match a name (OASIS MQTT 5.0, 4.7)."""

from collections.abc import Iterator
from typing import Generic, TypeVar, final

Key = TypeVar("Key")
Value = TypeVar("Value")

_PLUS, _HASH = b"+", b"#"
SHARED = b"$share/"


def is_name(topic: bytes, *, longest: int, levels: int) -> bool:
    """Whether a message may bear this topic: not empty, no wildcard, within the bounds.

    >>> is_name(b"a/b", longest=10, levels=2), is_name(b"a/+", longest=10, levels=2), is_name(b"", longest=10, levels=2)
    (True, False, False)
    """
    return 0 < len(topic) <= longest and topic.count(b"/") < levels and not any(mark in topic for mark in b"+#\0")


def is_filter(topic: bytes, *, longest: int, levels: int) -> bool:
    """Whether a client may subscribe to this: wildcards fill a whole level, and `#` is the last.

    >>> [is_filter(topic, longest=10, levels=4) for topic in (b"a/+/#", b"#", b"a#", b"#/a", b"a+/b")]
    [True, True, False, False, False]
    """
    if not 0 < len(topic) <= longest or topic.count(b"/") >= levels or b"\0" in topic:
        return False
    *inner, last = topic.split(b"/")
    wild = all(level == _PLUS or not (_PLUS in level or _HASH in level) for level in inner)
    return wild and (last in (_PLUS, _HASH) or not (_PLUS in last or _HASH in last))


def unshared(topic_filter: bytes) -> tuple[bytes, bytes]:
    """(name of the group, filter) of a shared subscription, `$share/{group}/{filter}`; no group for any other.

    >>> unshared(b"$share/readers/a/+"), unshared(b"a/+"), unshared(b"$share/readers")
    ((b'readers', b'a/+'), (b'', b'a/+'), (b'readers', b''))
    """
    if not topic_filter.startswith(SHARED):
        return b"", topic_filter
    group, _, rest = topic_filter[len(SHARED) :].partition(b"/")
    return group, rest


def is_wild(topic: bytes) -> bool:
    """Whether a filter has a wildcard."""
    return _PLUS in topic or _HASH in topic


def matches(topic_filter: bytes, topic: bytes) -> bool:
    """Whether a filter matches a name; one that begins with a wildcard never matches a name that begins with `$`.

    >>> matches(b"a/+", b"a/b"), matches(b"a/#", b"a"), matches(b"#", b"$SYS/x"), matches(b"$SYS/#", b"$SYS/x")
    (True, True, False, True)
    """
    wanted, given = topic_filter.split(b"/"), topic.split(b"/")
    if topic.startswith(b"$") and wanted[0] in (_PLUS, _HASH):
        return False
    for place, level in enumerate(wanted):
        if level == _HASH:
            return True
        if place >= len(given) or (level != _PLUS and level != given[place]):
            return False
    return len(wanted) == len(given)


@final
class _Node(Generic[Key, Value]):
    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.below: dict[bytes, _Node[Key, Value]] = {}
        self.here: dict[Key, Value] = {}


@final
class FilterTree(Generic[Key, Value]):
    """Filters with what belongs to them, found by the names they match in the time of the name's levels.

    >>> tree = FilterTree()
    >>> tree.put(b"a/+", "k", 1); tree.put(b"a/b", "k", 2); tree.put(b"#", "other", 3)
    >>> sorted(tree.matching(b"a/b"))
    [('k', 1), ('k', 2), ('other', 3)]
    """

    def __init__(self) -> None:
        self._root: _Node[Key, Value] = _Node()

    def put(self, topic_filter: bytes, key: Key, value: Value) -> None:
        """Set what `key` has at a filter."""
        node = self._root
        for level in topic_filter.split(b"/"):
            node = node.below.setdefault(level, _Node())
        node.here[key] = value

    def drop(self, topic_filter: bytes, key: Key) -> None:
        """Remove what `key` has at a filter, and the branches that are empty then."""
        path = [self._root]
        levels = topic_filter.split(b"/")
        for level in levels:
            below = path[-1].below.get(level)
            if below is None:
                return
            path.append(below)
        path[-1].here.pop(key, None)
        for level, above, node in zip(reversed(levels), reversed(path[:-1]), reversed(path[1:]), strict=True):
            if node.here or node.below:
                return
            del above.below[level]

    def matching(self, topic: bytes) -> Iterator[tuple[Key, Value]]:
        """What belongs to the filters that match a name."""
        levels = topic.split(b"/")
        nodes = [self._root]
        for place, level in enumerate(levels):
            wild = place > 0 or not topic.startswith(b"$")
            for node in nodes if wild else ():
                if (rest := node.below.get(_HASH)) is not None:
                    yield from rest.here.items()
            wanted = (level, _PLUS) if wild else (level,)
            nodes = [below for node in nodes for one in wanted if (below := node.below.get(one)) is not None]
        for node in nodes:
            yield from node.here.items()
            if (rest := node.below.get(_HASH)) is not None:
                yield from rest.here.items()
