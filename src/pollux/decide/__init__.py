"""What to do: objectives weighed over futures on the same luck, and advice with its price and its doubts."""

from pollux.decide.advice import Advice, Weighed
from pollux.decide.futures import Futures
from pollux.decide.gates import Gate, Verdict
from pollux.decide.objectives import Objective, accrue, always, chance, each, ever, final
from pollux.decide.options import Option, options
from pollux.decide.samples import Samples

__all__ = [
    "Advice",
    "Futures",
    "Gate",
    "Objective",
    "Option",
    "Samples",
    "Verdict",
    "Weighed",
    "accrue",
    "always",
    "chance",
    "each",
    "ever",
    "final",
    "options",
]
