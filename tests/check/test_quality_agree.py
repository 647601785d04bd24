"""Redundant sensors: the one that the others contradict is doubted, they stay good."""

import numpy as np
import pytest

from pollux.check import Agree
from pollux.errors import SetupError, UnitError
from tests.check.follow import Followed, said

THREE = ("temp_a", "temp_b", "temp_c")


def three(a: float, b: float, c: float) -> dict[str, float]:
    """Temperatures in degC; the third sensor tells kelvin."""
    return {"temp_a": a, "temp_b": b, "temp_c": c + 273.15}


def test_the_one_of_three_that_deviates_is_the_wrong_one():
    """Whichever it is, and in whatever unit its class declares it."""
    for place in range(3):
        followed = Followed(Agree(THREE, within="2 K"))
        values = [50.0, 50.5, 49.7]
        assert followed.reasons(said(three(*values), 0)) == ["NONE"] * 3
        values[place] += 5
        why = followed.reasons(said(three(*values), 1))
        assert why == ["CROSS" if k == place else "NONE" for k in range(3)]


def test_of_two_nothing_says_which_is_wrong():
    """Both are doubted, with another reason; near each other both are good."""
    followed = Followed(Agree(["temp_a", "temp_b"], within="2 K"))
    assert followed.reasons(said({"temp_a": 50, "temp_b": 51.9}, 0)) == ["NONE", "NONE"]
    assert followed.reasons(said({"temp_a": 50, "temp_b": 52.1}, 1)) == ["DISAGREE", "DISAGREE"]


def test_three_that_all_differ_have_no_majority():
    """The middle one proves nothing: who deviates is doubted without being called the wrong one."""
    followed = Followed(Agree(THREE, within="2 K"))
    assert followed.reasons(said(three(30, 40, 50), 0)) == ["DISAGREE", "NONE", "DISAGREE"]


def test_a_value_that_is_old_or_bad_has_no_voice():
    """Beyond `fresh` two are left; a value outside of its range counts for nothing."""
    followed = Followed(Agree(THREE, within="2 K", fresh="10 s"))
    followed.hear(said(three(50, 50, 50), 0))
    assert followed.reasons(said({"temp_a": 50, "temp_b": 56}, 30)) == ["DISAGREE", "DISAGREE"]
    followed.hear(said(three(50, 50, 50), 40))
    assert followed.reasons(said({"temp_a": 200, "temp_b": 50}, 41)) == ["RANGE", "NONE"]


def test_a_small_bias_shows_in_the_mean_of_many():
    """One kelvin below the limit of single samples: seen over fifty, and without it nothing is."""
    rng = np.random.default_rng(4)

    def doubted(bias: float) -> int:
        followed = Followed(Agree(THREE, within="0.6 K", over=50))
        why = [followed.reasons(said(three(*(50 + rng.normal(0, 0.5, 3) + [bias, 0, 0])), k)) for k in range(300)]
        assert all(one[1:] == ["NONE", "NONE"] for one in why)
        return sum(one[0] == "CROSS" for one in why[100:])

    assert doubted(1.0) > 190
    assert doubted(0.0) == 0


def test_sensors_that_speak_in_messages_of_their_own_are_compared_too():
    """Each is compared with the last values of the others."""
    followed = Followed(Agree(THREE, within="2 K"))
    for k in range(4):
        assert followed.reasons(said({"temp_a": 50}, 3 * k)) == ["NONE"]
        followed.reasons(said({"temp_b": 50.2}, 3 * k + 1))
        followed.reasons(said({"temp_c": 323.0}, 3 * k + 2))
    assert followed.reasons(said({"temp_b": 60}, 20)) == ["CROSS"]


def test_signals_of_other_dimensions_and_too_few_are_refused():
    """Where it is declared."""
    with pytest.raises(UnitError):
        Followed(Agree(["temp_a", "pressure"], within="2 K"))
    with pytest.raises(UnitError):
        Followed(Agree(["temp_a", "temp_b"], within="2 kPa"))
    for names in (["temp_a"], ["temp_a", "temp_a"]):
        with pytest.raises(SetupError):
            Agree(names, within="2 K")
