import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.errors import UnitError
from pollux.model import atoms
from pollux.model.units import DIMENSIONLESS, absolute, convert, parse_quantity, scale, unit

ATOMS = ["K", "s", "min", "rpm", "ml", "mmHg", "W", "kWh", "percent", "EUR", "m", "deg", "psi"]
POWERS = st.sampled_from([Fraction(n, d) for n in (-2, -1, 1, 2) for d in (1, 2)])
UNITS = st.lists(st.tuples(st.sampled_from(ATOMS), POWERS), max_size=2).map(
    lambda terms: unit("*".join(["1", *(f"{name}**({power})" for name, power in terms)]))
)


@given(UNITS, UNITS, UNITS)
def test_units_are_a_group(a, b, c):
    """Multiplication is associative and commutative, has the one and inverses, and symbols tell units apart."""
    assert (a * b) * c == a * (b * c)
    assert a * b == b * a
    assert a * DIMENSIONLESS == a
    assert a / a == DIMENSIONLESS
    assert a / b == a * b**-1


@given(UNITS, POWERS, POWERS)
def test_powers_add(a, n, m):
    """A power of a power multiplies, a product of powers adds, fractions included."""
    assert a**n * a**m == a ** (n + m)
    assert (a**n) ** m == a ** (n * m)


@given(UNITS)
def test_a_unit_is_read_from_its_own_symbol(a):
    """Writing and reading a unit gives the same unit back."""
    assert unit(str(a)) == a


@given(UNITS, st.sampled_from(["percent", "ppm", "deg", "1"]), st.sampled_from(["percent", "rad", "turn"]))
def test_scales_there_and_back(a, left, right):
    """The factor one way is the inverse of the factor the other way, and follows from the factors to base units."""
    have, want = a * unit(left), a * unit(right)
    assert scale(have, want) * scale(want, have) == pytest.approx(1.0, rel=1e-14)
    assert scale(have, want) == pytest.approx(have.factor / want.factor, rel=1e-12)


def test_whole_factors_are_exact():
    """Factors between multiples of one unit carry no rounding, so that 24 hours are a day to the last bit."""
    assert scale(unit("day"), unit("h")) == 24.0
    assert scale(unit("ml"), unit("l")) == 0.001
    assert scale(unit("kWh"), unit("J")) == 3_600_000.0
    assert scale(unit("K/s/rpm**2") * unit("rpm") ** 2, unit("K/s")) == 1.0


def test_every_own_atom_agrees_with_pint():
    """The table of units that avoids loading pint says what pint says, prefixes included."""
    registry: Any = pint.UnitRegistry()
    # mcd is a millicandela here; pint reads centiday first.
    own = {"bpm", "IU", "var", "kvar", "Mvar", "degC", "degF", "mcd"}
    names = set(atoms._PLAIN) | set(atoms._PREFIXED) | {p + n for p in atoms._PREFIXES for n in atoms._PREFIXED}
    checked = 0
    for name in sorted(names - own):
        theirs = registry.Quantity(1.0, registry.Unit(name)).to_base_units()
        mine = atoms.atom(name)[1]
        assert float(mine.factor) == pytest.approx(theirs.magnitude, rel=1e-12, abs=0), name
        assert {base: Fraction(power) for base, power in theirs.dimensionality.items()} == dict(mine.dimension), name
        checked += 1
    assert checked > 300


def test_common_units_need_no_pint():
    """A model in common units is defined without loading pint or numba, whose import takes seconds."""
    code = (
        "import sys, pollux as px\n"
        "class Tank(px.Twin):\n"
        "    v = px.hidden('l')\n"
        "    k = px.parameter('mmHg*s/ml', 1)\n"
        "assert not {'pint', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_uncommon_units_come_from_pint():
    """A unit outside the own table is as pint defines it."""
    assert scale(unit("furlong"), unit("m")) == pytest.approx(201.168, rel=1e-4)
    assert unit("hp").dimension == unit("W").dimension


def test_heart_rate_meets_frequency():
    """A rate in 1/min, bpm or Hz is one dimension; rpm turns by radians, as pint has it."""
    assert scale(unit("1/min"), unit("Hz")) == pytest.approx(1 / 60)
    assert scale(unit("bpm"), unit("1/min")) == 1.0
    assert scale(unit("rpm"), unit("rad/s")) == pytest.approx(2 * math.pi / 60)


def test_temperatures_convert_at_the_edges():
    """degC and degF have a zero of their own; in columns they are kelvin."""
    assert convert(20.0, unit("degC"), unit("K")) == 293.15
    assert convert(98.6, unit("degF"), unit("degC")) == pytest.approx(37.0)
    assert convert(310.15, unit("K"), unit("°C")) == pytest.approx(37.0)
    assert absolute(unit("degF")) == unit("K")
    assert absolute(unit("bar")) == unit("bar")


def test_money_has_a_dimension_per_currency():
    """Euros are not dollars and neither is an energy, with a hint towards a price."""
    assert unit("kEUR/day").is_money
    assert not unit("kWh").is_money
    assert scale(unit("kEUR"), unit("€")) == 1000.0
    with pytest.raises(UnitError, match="expected USD, got EUR"):
        scale(unit("EUR"), unit("USD"))
    with pytest.raises(UnitError, match="multiply by a price"):
        scale(unit("EUR"), unit("J"))


def test_quantities_are_read_with_their_unit():
    """A number may be signed and have an exponent; without a unit it is pure."""
    assert parse_quantity("100 rpm/s") == (100.0, unit("rpm/s"))
    assert parse_quantity("-1.5e3kPa") == (-1500.0, unit("kPa"))
    assert parse_quantity("0.5") == (0.5, DIMENSIONLESS)
    with pytest.raises(UnitError, match="expected a number with a unit"):
        parse_quantity("fast")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Kk", "did you mean 'K'?"),
        ("mmhg", "did you mean 'mmHg'"),
        ("", "units are products of powers"),
        ("2 m", "units are products of powers"),
        ("m s", "units are products of powers"),
        ("m**", "units are products of powers"),
        ("(m", "units are products of powers"),
        ("m**(1/0)", "units are products of powers"),
        ("m**99", "expected powers up to 60"),
        ("(m**9999)**9999", "expected powers up to 60"),
        ("kWh**60*kWh**0*kW**60*MW**60", "powers that overflow"),
        ("m**" * 100, "units are products of powers"),
        ("1" * 1000, "units are products of powers"),
        ("__import__('os')", "units are products of powers"),
        ("W/degC", "a difference of one degC is 1 K"),
        ("degC**2", "a difference of one degC is 1 K"),
        ("dB", "expected a unit that scales"),
    ],
)
def test_what_is_no_unit_is_refused(text, message):
    """A text that is no product of known units is refused with a way out, whatever it holds."""
    with pytest.raises(UnitError, match=r"expected (a unit|powers)") as caught:
        unit(text)
    assert message in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_a_unit_or_refused(text):
    """No text makes the reader of units fail in another way than by refusing it."""
    try:
        found = unit(text)
    except UnitError:
        return
    assert unit(str(found)) == found
