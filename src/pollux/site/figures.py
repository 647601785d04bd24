"""The figures of a device: what the mirror counted of one twin, put together for people and programs."""

from collections.abc import Iterable

from pollux.columns.quality import Quality, Reason
from pollux.columns.statistics import DeviceStatistics, SignalStatistics
from pollux.mirror.population import Population
from pollux.site.estate import Estate


def statistics(estate: Estate, type_: str, twin: str) -> DeviceStatistics:
    """How well the device of a twin measures, since it was first heard; raises NotFound."""
    block, population = estate.blocks[type_], estate.mirror.populations[type_]
    population.reserve()
    row, tally = block.row(twin), population.tally
    heard = [place for place in range(len(block.schema.signals)) if tally.samples[place, row]]
    return DeviceStatistics(
        type=type_,
        twin=twin,
        messages=int(population.rhythm.messages[row]),
        duplicates=int(tally.duplicates[row]),
        out_of_order=int(tally.late[row]),
        delays=tally.delays_of(row),
        clock=None if population.inspector is None else population.inspector.clock_of(row),
        signals=tuple(_signal(estate, population, place, row) for place in heard),
    )


def _signal(estate: Estate, population: Population, place: int, row: int) -> SignalStatistics:
    block, tally, inspector = population.block, population.tally, population.inspector
    samples = int(tally.samples[place, row])
    doubted = {pair: int(counts[place, row]) for pair, counts in tally.doubted.items() if counts[place, row]}
    qualities = _summed((Quality(quality).word, count) for (quality, _), count in sorted(doubted.items()))
    good = samples - sum(qualities.values())
    at = int(block.event_time[place, row])
    curve = estate.decoder.calibration(block.schema.name, block.ids[row], place, at)
    return SignalStatistics(
        signal=block.schema.signals[place].name,
        samples=samples,
        qualities={"good": good, **qualities} if good else qualities,
        reasons=_summed((Reason(reason).name.lower(), count) for (_, reason), count in sorted(doubted.items())),
        suspected_unit=None if inspector is None else inspector.unit_of(place, row),
        calibration=None if curve is None else curve.words,
        residual=estate.residuals.of(f"{block.schema.name}/{block.ids[row]}", block.schema.signals[place].name),
    )


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word, count in pairs:
        found[word] = found.get(word, 0) + count
    return found
