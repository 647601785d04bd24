"""Do it, within limits: the envelope, the life of an order, and the proof of its effect.

Nothing here holds a socket: an order leaves through a function that the site hands over, and only where acting was
asked for.
"""

from pollux.act.book import OrderBook
from pollux.act.envelope import Envelope, Interlock, Slew
from pollux.act.orders import GUARDED, Carried, Effect, Order, OrderState, Outcome, Transition
from pollux.act.plan import Plan, PlanChange, Told, plan
from pollux.act.policy import ApprovalPolicy
from pollux.act.requests import checked, repeating
from pollux.act.verify import compare, concluded, judge

__all__ = [
    "GUARDED",
    "ApprovalPolicy",
    "Carried",
    "Effect",
    "Envelope",
    "Interlock",
    "Order",
    "OrderBook",
    "OrderState",
    "Outcome",
    "Plan",
    "PlanChange",
    "Slew",
    "Told",
    "Transition",
    "checked",
    "compare",
    "concluded",
    "judge",
    "plan",
    "repeating",
]
