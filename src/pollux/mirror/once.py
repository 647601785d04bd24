"""What was told for the first time: for whoever reads messages again and is no mirror."""

from collections.abc import Mapping
from typing import final

import numpy as np

from pollux.columns.batch import Batch, Decoded
from pollux.mirror.seen import Seen


@final
class Once:
    """Passes on the samples of messages that were not told before, in the order of the log.

    Messages without a sequence number are all told for the first time. Memory is bounded as that of the mirror is.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}

    def batches(self, decoded: Decoded) -> Mapping[str, Batch]:
        """The samples of each type."""
        return {name: self._first(name, decoded, batch) for name, batch in decoded.batches.items()}

    def _first(self, name: str, decoded: Decoded, batch: Batch) -> Batch:
        messages = decoded.messages.get(name)
        if messages is None or not len(messages):
            return batch
        first = self._seen.setdefault(name, Seen()).accept(messages)
        return batch if first.all() else batch.select(np.repeat(first, np.diff(messages.samples)))
