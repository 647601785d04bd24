"""Orders that are to be judged at a moment to come."""

import heapq
import threading
from collections.abc import Callable
from typing import final


@final
class Verdicts:
    """Which order is judged when; asked again at every turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: list[tuple[int, str]] = []

    def ask(self, order_id: str, when: int) -> None:
        """Judge an order at a moment."""
        with self._lock:
            heapq.heappush(self._due, (when, order_id))

    def due(self, now: int, judge: Callable[[str], object]) -> None:
        """Judge those whose moment has come."""
        with self._lock:
            ready = []
            while self._due and self._due[0][0] <= now:
                ready.append(heapq.heappop(self._due)[1])
        for order_id in ready:
            judge(order_id)
