"""What the rules on raw readings cost, counted on men who obey another model than the twin."""

import numpy as np
import pytest

from pollux.worlds.heart.costs import RUN_IN, Cost, Followed, Men, Raised, costs, drawn, follow, table
from pollux.worlds.heart.home import RULES
from pollux.worlds.heart.man import WELL, Illness, Man

GAINED = "Weight up by more than 2 kg in 3 days"


def found(seen: Followed) -> dict[str, Cost]:
    return {cost.title: cost for cost in costs(seen)}


def test_what_is_counted():
    """Alarms of the run-in, before the onset and after the end are told apart from those in time; shares add up."""
    men = Men(("S-1", "S-2", "F-1", "F-2", "F-3"), {}, (WELL, WELL, *(Illness(10, np.inf) for _ in range(3))))
    alarms = (
        Raised(0, GAINED, RUN_IN - 1.0),
        Raised(0, GAINED, 12.0),
        Raised(0, GAINED, 20.0),
        Raised(2, GAINED, 8.0),
        Raised(2, GAINED, 13.0),
        Raised(3, GAINED, 17.5),
        Raised(4, GAINED, 12.0),
    )
    seen = Followed(men, 30, alarms, (np.inf, np.inf, 16.0, 17.0, np.inf))
    cost = found(seen)[GAINED]
    assert (cost.alarms, cost.per_month) == (2, 1.0)
    assert (cost.troubled.hits, cost.troubled.of) == (1, 2)
    assert (cost.caught.hits, cost.caught.of) == (1, 2)  # too late for the second; the third never decompensated
    assert (cost.right.hits, cost.right.of) == (1, 4)
    assert found(seen)["any of them"].alarms == 2


def test_men_differ_around_the_man_of_the_demo():
    """Drawn parameters centre on his, no two men are alike, and only those who shall fall ill do, each on his day."""
    men = drawn(200, 200, np.random.default_rng(3))
    strength = men.parameters[Man.strength]
    assert np.median(strength) == pytest.approx(0.816, rel=0.02)
    assert len(set(strength.tolist())) == 400
    days = {illness.begins for illness in men.illnesses[200:]}
    assert all(one is WELL for one in men.illnesses[:200])
    assert len(days) == 200
    assert min(days) >= RUN_IN + 5


def test_a_few_men_through_the_front_door(tmp_path):
    """Two stable and two failing men for nine days: who decompensates is caught, every alarm has its rule."""
    men = drawn(2, 2, np.random.default_rng(2), onset=(0.0, 1.0))
    seen = follow(men, tmp_path, days=9, seed=2)
    print(table(seen))
    assert np.isinf(seen.decompensated[:2]).all()
    caught = found(seen)["any of them"].caught
    assert caught.hits == caught.of == np.isfinite(seen.decompensated).sum() >= 1
    assert {one.title for one in seen.alarms} <= {rule.title for rule in RULES}


@pytest.mark.soak
@pytest.mark.timeout(14400)
def test_h30_what_the_rules_cost(tmp_path):
    """H30: over 50 stable and 50 failing months every rule's alarms, sensitivity and value come with intervals."""
    men = drawn(50, 50, np.random.default_rng(30))
    seen = follow(men, tmp_path, days=30, seed=30)
    print(table(seen))
    by_title = found(seen)
    assert set(by_title) == {rule.title for rule in RULES} | {"any of them"}
    assert by_title[GAINED].caught.of >= 30
    for cost in by_title.values():
        for share in (cost.troubled, cost.caught, cost.right):
            if share.of:
                low, high = share.interval
                assert 0 <= low <= share.hits / share.of <= high <= 1
    assert by_title[GAINED].caught.interval[0] > by_title[GAINED].troubled.interval[1]
