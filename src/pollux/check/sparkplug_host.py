"""What a Sparkplug B host application knows of its edge nodes, and what each message means to it; no sockets, no clock.

A birth says which metrics there are, what they are called, and by which alias they come afterwards; sequence numbers
say whether anything was lost. What was lost may have been a birth, so that after a gap nothing is believed until the
node was born again: an alias that means something else by now would put one sensor's value on another.

Source: Eclipse Sparkplug 3.0, sections 4 to 6.
"""

from collections.abc import Iterator
from typing import Final, final

from pollux.check.sparkplug import MOST_METRICS, Metric, SparkplugPayload
from pollux.check.sparkplug_said import Address, Born, Heard, HostCounts, Node, Said
from pollux.clock import SECOND
from pollux.columns.field import SPARKPLUG_GOOD, SPARKPLUG_STALE

MOST_NODES: Final = 1_000
MOST_DEVICES: Final = 10_000
"""Edge nodes of a host, devices of a node: what comes beyond is refused and counted."""

_MILLI: Final = 1_000_000
_BDSEQ: Final = "bdSeq"
_UNIT: Final = "engUnit"
_QUALITY: Final = "Quality"
_TURN: Final = 256


@final
class SparkplugHost:
    """Follows the edge nodes of one host application.

    A rebirth of a node is asked for at most once in `pause` nanoseconds; what is held back is counted.
    """

    def __init__(self, *, pause: int = 10 * SECOND) -> None:
        self._pause = pause
        self._nodes: dict[tuple[str, str], Node] = {}
        self.counts = HostCounts()

    def hear(self, at: Address, payload: SparkplugPayload, now: int) -> Said:
        """Take a message that arrived at `now`, in nanoseconds UTC."""
        node = self._nodes.get((at.group, at.node))
        if at.kind == "NDEATH":
            return self._node_dies(node, payload, now)
        if payload.seq is None or not 0 <= payload.seq < _TURN:
            return self._refuse(f"expected seq from 0 to 255 in {at.kind}, got {payload.seq}")
        if at.kind == "NBIRTH":
            return self._node_is_born(at, node, payload)
        if node is None:
            node = self._entered(at)
            if node is None:
                return self._refuse(f"expected at most {MOST_NODES} edge nodes, got another one")
        if not node.believed:
            self.counts.unborn += 1
            return self._ask(node, "it was not born while anybody heard", now)
        if payload.seq == node.seq:
            self.counts.repeated += 1
            return Said()
        expected = (node.seq + 1) % _TURN
        if payload.seq != expected:
            node.believed = False
            self.counts.gaps += 1
            return self._ask(node, f"expected seq {expected}, got {payload.seq}", now)
        node.seq = payload.seq
        if at.kind == "DBIRTH":
            return self._device_is_born(node, at.device, payload)
        if at.kind == "DDEATH":
            self.counts.deaths += 1
            return Said(list(self._dead(node, at.device, now)))
        return self._data(node, at.device, payload, now)

    def device(self, group: str, node: str, device: str) -> dict[str, Born] | None:
        """The metrics of a device that lives, or with an empty name of the node; None where it does not."""
        known = self._nodes.get((group, node))
        if known is None or not known.believed or not known.devices.get(device):
            return None
        return {born.name: born for (of, _), born in known.metrics.items() if of == device}

    def living(self) -> Iterator[tuple[str, str, str]]:
        """Group, node and device of everything that lives; the node itself has an empty device."""
        for (group, name), node in self._nodes.items():
            if node.believed:
                yield from ((group, name, device) for device, lives in node.devices.items() if lives)

    # -- births -------------------------------------------------------------------------------------------------------

    def _entered(self, at: Address) -> Node | None:
        if len(self._nodes) >= MOST_NODES:
            return None
        return self._nodes.setdefault((at.group, at.node), Node())

    def _node_is_born(self, at: Address, before: Node | None, payload: SparkplugPayload) -> Said:
        if before is None and self._entered(at) is None:
            return self._refuse(f"expected at most {MOST_NODES} edge nodes, got another one")
        told = next((one.value for one in payload.metrics if one.name == _BDSEQ), None)
        bdseq = told if isinstance(told, int) else None
        node = Node(payload.seq or 0, bdseq, believed=True, asked=None if before is None else before.asked)
        self._nodes[at.group, at.node] = node
        return self._born(node, "", payload)

    def _device_is_born(self, node: Node, device: str, payload: SparkplugPayload) -> Said:
        if device not in node.devices and len(node.devices) >= MOST_DEVICES:
            return self._refuse(f"expected at most {MOST_DEVICES} devices of a node, got another one")
        for key in [key for key in node.metrics if key[0] == device]:
            gone = node.metrics.pop(key)
            if gone.alias is not None:
                node.aliases.pop(gone.alias, None)
        return self._born(node, device, payload)

    def _born(self, node: Node, device: str, payload: SparkplugPayload) -> Said:
        """Define what a birth names. Its values hold when it says them, whenever they were measured."""
        self.counts.births += 1
        node.devices[device] = True
        said = Said()
        for metric in payload.metrics:
            wrong = _why_not(node, device, metric)
            if wrong:
                self.counts.refused += 1
                said.refused = said.refused or wrong
                continue
            born = Born(device, metric.name, metric.kind, _unit(metric), metric.alias)
            node.metrics[device, metric.name] = born
            if metric.alias is not None:
                node.aliases[metric.alias] = born
            said.values.append(_heard(node, born, metric, payload.time if payload.time is not None else metric.time))
        return said

    # -- data ---------------------------------------------------------------------------------------------------------

    def _data(self, node: Node, device: str, payload: SparkplugPayload, now: int) -> Said:
        if not node.devices.get(device):
            self.counts.unborn += 1
            return self._ask(node, f"{device or 'the node'} was not born", now)
        found: list[tuple[Born, Metric]] = []
        for metric in payload.metrics:
            born = _meant(node, device, metric)
            if born is None or born.device != device:
                node.believed = False
                self.counts.unknown_metrics += 1
                called = metric.name or f"alias {metric.alias}"
                return self._ask(node, f"no birth has named {called[:60]} of {device or 'the node'}", now)
            found.append((born, metric))
        times = (metric.time if metric.time is not None else payload.time for _, metric in found)
        return Said([_heard(node, born, metric, time) for (born, metric), time in zip(found, times, strict=True)])

    # -- deaths -------------------------------------------------------------------------------------------------------

    def _node_dies(self, node: Node | None, payload: SparkplugPayload, now: int) -> Said:
        told = next((one.value for one in payload.metrics if one.name == _BDSEQ), None)
        if node is None or (node.bdseq is not None and told != node.bdseq):
            # The will of a connection that a younger one has followed says nothing of that one.
            self.counts.stale_deaths += 1
            return Said()
        self.counts.deaths += 1
        dead = [heard for device in list(node.devices) for heard in self._dead(node, device, now)]
        node.believed = False
        return Said(dead)

    @staticmethod
    def _dead(node: Node, device: str, now: int) -> Iterator[Heard]:
        """The last values of what has died: not fresh any more, from now on."""
        if not node.devices.get(device):
            return
        node.devices[device] = False
        when = max(now, node.latest + _MILLI)
        for (of, _), born in node.metrics.items():
            if of == device and born.value is not None:
                yield Heard(device, born.name, born.value, when, SPARKPLUG_STALE, born.unit)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ask(self, node: Node, why: str, now: int) -> Said:
        self.counts.unbelieved += 1
        if node.asked is not None and 0 <= now - node.asked < self._pause:
            self.counts.rebirths_held += 1
            return Said()
        node.asked = now
        self.counts.rebirths += 1
        return Said(rebirth=why)

    def _refuse(self, why: str) -> Said:
        self.counts.refused += 1
        return Said(refused=why)


def _why_not(node: Node, device: str, metric: Metric) -> str:
    """Why a birth cannot define a metric; empty where it can."""
    if not metric.name:
        return "expected a name of each metric in a birth, got none"
    if (device, metric.name) in node.metrics:
        return f"expected each metric once, got {metric.name[:60]} again"
    if metric.alias is not None and metric.alias in node.aliases:
        return f"expected an alias for one metric, got {metric.alias} for {metric.name[:60]} too"
    if len(node.metrics) >= MOST_METRICS:
        return f"expected at most {MOST_METRICS} metrics of a node, got more"
    return ""


def _meant(node: Node, device: str, metric: Metric) -> Born | None:
    if metric.name:
        return node.metrics.get((device, metric.name))
    return None if metric.alias is None else node.aliases.get(metric.alias)


def _heard(node: Node, born: Born, metric: Metric, millis: int | None) -> Heard:
    time = (millis or 0) * _MILLI
    if not metric.historical and not metric.compound:
        born.value = metric.value
        node.latest = max(node.latest, time)
    told = (metric.properties or {}).get(_QUALITY, SPARKPLUG_GOOD)
    quality = told if isinstance(told, int) and told >= 0 else SPARKPLUG_STALE
    return Heard(born.device, born.name, _value(metric, born), time, quality, born.unit, metric.compound)


def _value(metric: Metric, born: Born) -> float | str | bool | None:
    """Data need not repeat the datatype: that of the birth says whether a whole number is a signed one."""
    return metric.value if metric.kind or metric.value is None else signed_as(metric.value, born.kind)


def _unit(metric: Metric) -> str:
    told = (metric.properties or {}).get(_UNIT)
    return told.strip() if isinstance(told, str) else ""


def signed_as(value: float | str | bool, kind: int) -> float | str | bool:
    """A whole number as the datatype of its metric has it.

    >>> signed_as(4294967294, 3), signed_as(7, 7)
    (-2, 7)
    """
    bits = {1: 8, 2: 16, 3: 32, 4: 64}.get(kind)
    if bits is None or isinstance(value, bool) or not isinstance(value, int):
        return value
    low = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low
