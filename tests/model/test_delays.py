import numpy as np
import pytest

import pollux as px
from pollux.clock import SECOND
from pollux.columns import Block, LiveReader, layout_of, live_view
from pollux.columns.rings import SAMPLES
from pollux.errors import DataRefused, ModelError
from pollux.model.differentiate import derivative, jacobian
from pollux.model.graph import Expr, leaf
from pollux.model.latex import latex
from pollux.model.schema import schema_of
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.units import unit

TEMP = leaf("state", "temp", unit("K"))


class Loop(px.Twin):
    """Warm water comes back through a pipe, twice the same way."""

    temp = px.sensor("K", start=300)
    lag = px.parameter("1/s", 0.1)

    @px.derived
    def back(self):
        return px.delay(self.temp, by="63 s")

    @px.derived
    def long_back(self):
        return px.delay(2 * self.temp, by="2 min")

    @px.rate(temp)
    def cools(self):
        return self.lag * (px.delay(self.temp, by=63.0) - self.temp)


SCHEMA = schema_of(Loop)


def test_a_delay_keeps_its_unit_and_is_shared():
    """The past of an expression is one node however often it is asked for, in the unit of the expression."""
    back = SCHEMA.derived["back"]
    assert (back.op, back.data, back.unit) == ("delay", 63.0, unit("K"))
    assert back in SCHEMA.rates["temp"].args[1].args
    assert px.delay(px.quantity(3, "K"), by="1 s") is px.quantity(3, "K")


def test_each_delay_has_one_ring():
    """Two delays have 64 samples each, the age of the newest and the delayed value; nothing has begun at the start."""
    layout = layout_of(SCHEMA)
    assert [layout.names[one.first] for one in layout.delays] == ["delay:back:0:0", "delay:long_back:0:0"]
    for one in layout.delays:
        owner = layout.names[one.first].removesuffix(":0")
        assert layout.names[one.first + SAMPLES - 1] == f"{owner}:63"
        assert (layout.names[one.age], layout.names[one.now]) == (f"{owner}:age", f"{owner}:now")
        assert np.isnan(layout.start(1)[one.first : one.now + 1]).all()
    assert layout.delays[0].spacing == 63.0 / 61.0


def test_a_live_view_reads_what_was():
    """The delayed value is what the last run left; what has not begun is missing."""
    block, ring = Block(SCHEMA), layout_of(SCHEMA).delays[0]
    block.add_many(["L-1", "L-2"])
    block.values[ring.now, 0] = 340.25
    both = live_view(Loop, LiveReader({"Loop": block}, "Loop", np.arange(2), now=103 * SECOND))
    assert np.array_equal(np.asarray(both.back), [340.25, np.nan], equal_nan=True)


def test_the_past_stands_still():
    """A derivative sees the present only."""
    assert derivative(SCHEMA.derived["back"], TEMP).op == "const"
    assert list(jacobian((SCHEMA.rates["temp"],), (TEMP,))) == [(0, 0)]


def test_a_delay_is_printed_and_comes_back_from_json():
    """It has a form as mathematics and one as JSON, with its time above zero."""
    back = SCHEMA.derived["back"]
    assert latex(back) == r"\left[\mathrm{temp}\right]_{t - 63\,\mathrm{s}}"
    assert from_tree(to_tree(back)) is back
    tree = to_tree(back)
    tree["value"]["seconds"] = -1
    with pytest.raises(DataRefused, match="seconds above zero"):
        from_tree(tree)


def test_another_delay_is_another_type():
    """How long a delay is counts in the digest."""

    def of(by):
        class Late(px.Twin):
            x = px.sensor("1")

            @px.derived
            def late(self):
                return px.delay(self.x, by=by)

        return schema_of(Late)

    assert of("5 s") == of(5.0)
    assert of("5 s") != of("6 s")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: px.delay(TEMP, by=0), "time above zero"),
        (lambda: px.delay(px.quantity(3, "K") < TEMP, by=1), "got a condition"),
        (lambda: px.delay("temp", by=1), "expected a signal"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_delayed_is_refused(make, message):
    """A delay is of a number, by a time above zero."""
    with pytest.raises(ModelError, match=message):
        make()


def test_a_delay_of_live_numbers_is_refused():
    """A live view has no past of its own: the delay belongs to an equation."""
    block = Block(SCHEMA)
    block.add_many(["L-1"])
    now = live_view(Loop, LiveReader({"Loop": block}, "Loop", 0, now=0))
    with pytest.raises(ModelError, match="expected a signal inside an equation"):
        px.delay(now.temp, by="5 s")


def test_what_is_seen_through_a_link_has_no_delay():
    """The ring belongs to the twin that it is of, so a total of delayed values is refused."""
    with pytest.raises(ModelError, match="which is a delay"):

        class Plant(px.Twin):
            loops = px.links(Loop)

            @px.derived
            def all(self):
                return px.total(self.loops.back)


def test_a_delay_is_an_expression():
    """It is reckoned with like any other value."""
    twice = 2 * px.delay(TEMP, by="1 s")
    assert isinstance(twice, Expr)
    assert str(twice.unit) == "K"
