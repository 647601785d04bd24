"""An order as its issuer holds it: where it stands, and whether it did what was foreseen."""

from typing import TYPE_CHECKING, final

from pollux.act import Order, OrderState, Outcome
from pollux.decide import Advice

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


@final
class StandingOrder:
    """An order that was asked for; it reads its state from the book of the open site."""

    __slots__ = ("_advice", "_live", "id")

    def __init__(self, live: "LiveSite", id_: str, advice: Advice | None = None) -> None:
        self._live = live
        self._advice = advice
        self.id: str = id_

    @property
    def order(self) -> Order:
        """The order as it stands."""
        with self._live.pipe.lock:
            return self._live.estate.orders.find(self.id)

    @property
    def state(self) -> OrderState:
        """Where it is in its life."""
        return self.order.state

    def wait(self, *states: OrderState, timeout: float = 10.0) -> OrderState:
        """Wait until it reaches one of these states, by default any that ends its carrying out; its state then."""
        return self._live.desk.wait(self.id, states or ("done", "rejected", "failed", "expired"), timeout)

    def verify(self, *, after: str) -> None:
        """Compare the predicted effect with what is measured once `after` is over; the outcome becomes its state.

        The effect is what the futures behind the advice foresee for that moment, or, without advice, that actuators
        report what they were set to. Raises OrderRefused for a moment that the futures do not reach. What is asked here
        is kept in the log. An order that was advised is judged at the end of its futures without being asked.
        """
        self._live.desk.judge.verify(self.id, after=after, advice=self._advice)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The predicted effects beside what was measured, as they stood at the verdict; empty before it."""
        return self.order.outcomes

    def __str__(self) -> str:
        order = self.order
        what = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in order.params
        )
        return f"{order.type}/{order.twin} {what}: {', '.join(step.state for step in order.steps)}"
