"""Do it, within limits: the envelope, the life of an order, and the proof of its effect.

Nothing here holds a socket: an order leaves through a function that the site hands over, and only where acting was
asked for.
"""

from pollux.act.book import OrderBook
from pollux.act.envelope import Envelope, Interlock, Slew
from pollux.act.orders import Effect, Order, OrderState, Transition
from pollux.act.policy import ApprovalPolicy
from pollux.act.verify import Outcome, judge

__all__ = [
    "ApprovalPolicy",
    "Effect",
    "Envelope",
    "Interlock",
    "Order",
    "OrderBook",
    "OrderState",
    "Outcome",
    "Slew",
    "Transition",
    "judge",
]
