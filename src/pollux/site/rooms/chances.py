"""How often the events of an outlook came in the futures of each option."""

from collections.abc import Sequence

from pollux.clock import SECOND
from pollux.decide import Futures
from pollux.model.symbols import AbstractCondition
from pollux.predict import Outlook
from pollux.show.compose.words import stretch
from pollux.show.documents.whatif import Chance


def chances(outlook: Outlook, futures: Futures, keys: Sequence[str]) -> dict[str, dict[str, Chance]]:
    """By option and chance the share of members that its event came to over the run, whatever span the outlook has."""
    found: dict[str, dict[str, Chance]] = {key: {} for key, _ in zip(keys, futures.options, strict=False)}
    text = f"in {stretch(round(futures.samples.span * SECOND))}"
    for name, (event, _) in outlook.chances.items():
        assert isinstance(event, AbstractCondition), "an outlook asks for events alone"
        for key, (low, p, high) in zip(keys, futures.chances(event), strict=False):
            found[key][name] = Chance(unit="%", value=100 * p, lo=100 * low, hi=100 * high, text=text)
    return found
