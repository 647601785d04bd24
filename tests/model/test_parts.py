import pytest

import pollux as px
from pollux.errors import ModelError
from pollux.model.graph import leaf
from pollux.model.schema import schema_of
from pollux.model.units import unit


class Seal(px.Part):
    """Wears the faster the hotter it is."""

    wear = px.hidden("1", start=0, low=0)
    ageing = px.parameter("1/s", 1e-6)

    @px.rate(wear)
    def wears(self):
        return self.ageing

    @px.event
    def fails(self):
        return self.wear >= 1

    @px.on(fails, wear)
    def replaced(self):
        return 0


class Stage(px.Part):
    """A part with parts inside."""

    front = Seal(ageing=2e-6)
    back = Seal()
    temp = px.hidden("K", start=300)
    cooling = px.parameter("1/s", 0.1)

    @px.derived
    def worst(self):
        return px.maximum(self.front.wear, self.back.wear)

    @px.rate(temp)
    def cools(self):
        return -self.cooling * self.temp


class Compressor(px.Twin):
    low = Stage(temp=310)
    high = Stage(cooling=px.uniform(0.1, 0.3))
    room = px.parameter("K", 293)

    @px.derived
    def warm(self):
        return self.low.temp - self.room

    @px.reading(shown := px.sensor("1"))
    def shows(self):
        return self.high.worst


def test_parts_inside_parts_have_dotted_names():
    """Signals, rates, derived values, events and jumps of nested parts stand under their dotted names."""
    schema = schema_of(Compressor)
    assert "low.front.wear" in schema.states
    assert set(schema.derived) == {"warm", "low.worst", "high.worst"}
    assert "high.back.fails" in schema.events
    assert ("low.back.fails", "low.back.wear") in {(jump.event, jump.state) for jump in schema.jumps}
    assert schema.readings["shown"] is schema.derived["high.worst"]


def test_values_given_to_a_part_are_its_own():
    """Each part has what it was given and else what its class declares."""
    schema = schema_of(Compressor)
    assert schema.signal("low.temp").start == 310.0
    assert schema.signal("high.temp").start == 300.0
    assert schema.signal("low.front.ageing").start == 2e-6
    assert schema.signal("low.back.ageing").start == 1e-6
    assert schema.signal("high.cooling").prior == px.uniform(0.1, 0.3)


def test_the_symbol_of_a_part_is_one_object():
    """A symbol reached through a part is the same each time, so that it can be a key."""
    assert Compressor.low.front.wear is Compressor.low.front.wear
    assert Compressor.low.front.wear is not Compressor.high.front.wear
    choices = {Compressor.high.cooling: [0.1, 0.2], Compressor.low.cooling: [0.3]}
    assert choices[Compressor.high.cooling] == [0.1, 0.2]
    assert Compressor.low.front.wear.name == "low.front.wear"
    assert Compressor.low.front.wear.twin is Compressor
    assert repr(Compressor.low.front.wear) == "Compressor.low.front.wear"
    assert Compressor.low.front.wear.expr is leaf("state", "low.front.wear", unit("1"))


def test_a_symbol_of_a_part_class_belongs_to_no_twin():
    """The class of a part has symbols, but only a twin gives them a meaning."""
    with pytest.raises(ModelError, match="expected a twin type, got Seal"):
        _ = Seal.wear.expr


def test_states_of_parts_are_named_by_the_body_around_them():
    """A twin may give the rate of a state of its part, and a part that of a part inside it."""

    class Vessel(px.Part):
        volume = px.hidden("ml", start=1)

    class Pair(px.Part):
        left, right = Vessel(), Vessel(volume=5)
        flow = px.parameter("ml/s", 1)

        @px.rate(left.volume, right.volume)
        def flows(self):
            return -self.flow, self.flow

    class Body(px.Twin):
        pair = Pair(flow=2)
        third = Vessel()

        @px.rate(third.volume)
        def drains(self):
            return -self.pair.flow

    assert schema_of(Body).states == ("pair.left.volume", "pair.right.volume", "third.volume")


def test_a_name_that_a_part_does_not_have_is_refused():
    """A misspelt value is answered where the part is made."""
    with pytest.raises(ModelError, match="expected a signal of Seal, got 'agin'") as caught:
        Seal(agin=1)
    assert "did you mean 'ageing'?" in str(caught.value)


def test_parts_do_not_change():
    """A part is what it was declared as."""
    with pytest.raises(ModelError, match="got a change"):
        setattr(Compressor.low, "cooling", 3)  # noqa: B010 - a type checker refuses it too
    with pytest.raises(ModelError, match="got a change"):
        setattr(Compressor.low, "anything", 3)  # noqa: B010


def test_a_rate_given_inside_and_outside_is_refused():
    """A state of a part whose class gives its rate has no second one."""
    with pytest.raises(ModelError, match=r"expected one rate for each state, got a second for seal\.wear") as caught:

        class Twice(px.Twin):
            seal = Seal()

            @px.rate(seal.wear)
            def wears(self):
                return self.seal.ageing

    assert "the first is wears: add them up there" in str(caught.value)


def test_the_equations_of_a_part_are_checked_with_its_class():
    """A part with wrong units is refused on its own, before any twin has it."""
    with pytest.raises(ModelError, match="expected K/s for the rate of temp, got K") as caught:

        class Wrong(px.Part):
            temp = px.hidden("K")

            @px.rate(temp)
            def heats(self):
                return self.temp

    assert "Wrong.heats (test_parts.py:" in str(caught.value)


def test_signals_and_equations_are_not_inherited():
    """A type that inherits from another is refused: what is shared is a part."""
    with pytest.raises(ModelError, match="inherits from Seal") as caught:

        class Better(Seal):
            pass

    assert "px.Part" in str(caught.value)
    with pytest.raises(ModelError, match="inherits from Compressor"):

        class Bigger(Compressor):
            pass


def test_one_declaration_has_one_name():
    """The same symbol or part under two names is refused."""
    with pytest.raises(ModelError, match="expected one name for each declaration, got 'a' and 'b'"):

        class Two(px.Twin):
            a = px.hidden("K")
            b = a

    with pytest.raises(ModelError, match="expected one name for each declaration, got 'x' and 'y'"):

        class Also(px.Twin):
            x = y = Seal()
