"""How often the events of an outlook came in the futures of each option."""

from collections.abc import Sequence

import numpy as np

from pollux.clock import SECOND
from pollux.decide import Futures
from pollux.predict import Outlook
from pollux.predict.outlook import wilson
from pollux.show.compose.words import stretch
from pollux.show.documents.whatif import Chance


def chances(outlook: Outlook, futures: Futures, keys: Sequence[str]) -> dict[str, dict[str, Chance]]:
    """By option and chance the share of members that its event came to over the run, whatever span the outlook has."""
    found: dict[str, dict[str, Chance]] = {key: {} for key, _ in zip(keys, futures.options, strict=False)}
    for name, (event, _) in outlook.chances.items():
        for key, one in zip(keys, _counted(futures, event.name), strict=False):
            found[key][name] = one
    return found


def _counted(futures: Futures, event: str) -> list[Chance]:
    """Option by option: what is so when the run begins does not come about again, and counts all the same."""
    samples = futures.samples
    kept = ~samples.failed.any(axis=0)
    held = (samples.count(event) > 0) | (samples.path(event)[:, 0] > 0)
    text = f"in {stretch(round(samples.span * SECOND))}"
    counted = (wilson(int(row[kept].sum()), int(np.sum(kept))) for row in held)
    return [Chance(unit="%", value=100 * p, lo=100 * low, hi=100 * high, text=text) for low, p, high in counted]
