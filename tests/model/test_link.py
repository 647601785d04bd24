"""Links to one twin: of another type, of the own one, of one that is defined later."""

import json

import pytest

import pollux as px
from pollux.errors import ModelError
from pollux.model.latex import latex
from pollux.model.schema import schema_of
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.walk import names, topological


class Cell(px.Twin):
    west = px.link()
    temp = px.hidden("degC", start=20)
    pace = px.parameter("1/s", 0.5)
    open_ = px.fact("flag", False)

    @px.derived
    def flow(self):
        return self.pace * self.temp

    @px.event
    def warm(self):
        return self.temp > px.quantity(300, "K")

    @px.rate(temp)
    def evens_out(self):
        return px.where(px.present(self.west), self.west.flow, 0) - self.flow


class Pipe(px.Twin):
    start, end = px.link("Tank", gives={"level": "m"}), px.link("Tank", gives={"level": "cm"})
    flow = px.hidden("m/s")

    @px.rate(flow)
    def accelerates(self):
        return (self.start.level - self.end.level) * px.quantity(9.81, "1/s**2")


class Tank(px.Twin):
    level = px.hidden("m", start=1)
    pipes = px.links(Pipe)
    area = px.parameter("1", 3)

    @px.rate(level)
    def fills(self):
        return px.total(self.pipes.flow) / self.area


def _ops(expr):
    return list(topological([expr], into_totals=True))


def test_a_link_gathers_what_stands_over_there():
    """`self.west.flow` is one node over the meaning of `flow` in the linked type, here the own one."""
    schema = schema_of(Cell)
    (gather,) = (one for one in _ops(schema.rates["temp"]) if one.op == "gather")
    assert gather.data == "west"
    assert gather.args[0] is schema.derived["flow"]
    assert str(gather.unit) == str(schema.derived["flow"].unit)
    assert names(schema.rates["temp"]) == {"pace", "temp"}
    assert (schema.links["west"].schema, schema.links["west"].to) == (None, "Cell")


def test_a_type_that_is_defined_later_gives_what_it_promises():
    """Two types that need each other: the first is told what the second gives, in which unit."""
    schema = schema_of(Pipe)
    gathers = [one for one in _ops(schema.rates["flow"]) if one.op == "gather"]
    assert [(one.data, one.unit.symbol) for one in gathers] == [("start", "m"), ("end", "cm")]
    assert schema.links["end"].is_promised
    assert schema_of(Tank).links["pipes"].schema is schema


def test_a_neighbour_of_a_neighbour_is_reached_and_conditions_are_conditions():
    """Links are followed one after another; an event over there is a condition here."""

    class Row(px.Twin):
        west = px.link("Row")
        cell = px.link(Cell)
        x = px.hidden("1")

        @px.derived
        def two_away(self):
            return self.west.west.x + self.west.x

        @px.derived
        def warm_neighbour(self):
            return px.where(self.cell.warm | self.cell.west.warm | self.cell.open_, 1, 0)

    schema = schema_of(Row)
    deep = schema.derived["two_away"].args[0]
    assert (deep.op, deep.args[0].op, deep.args[0].args[0].op) == ("gather", "gather", "param")
    assert schema.derived["warm_neighbour"].args[0].is_condition


def test_a_gather_goes_through_json_and_is_printed():
    """The tree keeps links by name, LaTeX shows a value over there with the link below a bar."""
    expr = schema_of(Cell).rates["temp"]
    assert from_tree(json.loads(json.dumps(to_tree(expr)))) is expr
    flow = schema_of(Cell).derived["flow"]
    text = latex(expr, {flow: "flow"})
    assert r"\left.\mathrm{flow}\right|_{\mathrm{west}}" in text
    assert r"\exists\,\mathrm{west}" in text


def test_links_count_in_the_digest():
    """A link to one is not a link to many, and another target is another type."""

    def made(link):
        body = {"to": link, "x": px.hidden("1"), "__module__": __name__}
        return schema_of(type("Some", (px.Twin,), body)).digest

    links = (px.link(), px.links(), px.link(Cell), px.links(Cell), px.link("Later", gives={"x": "1"}))
    assert len({made(one) for one in links}) == 5
    assert made(px.link("Some")) == made(px.link())


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        (lambda self: self.west.seen, "which is a window"),
        (lambda self: self.west.needs * px.quantity(1, "1/s"), "the loop needs -> needs"),
        (lambda self: px.total(self.west.x), "expected values of one link, got no linked value"),
        (lambda self: px.total(self.many.x - self.west.x), "got own signals among them"),
        (lambda self: self.west.nothing, "expected a name of Some, got 'nothing'"),
        (lambda self: self.later.nothing, "expected a signal of Later, got 'nothing'"),
        (lambda self: px.where(px.present(self.many), self.x, 0), "expected a link to one twin, got one to many"),
        (lambda self: px.where(px.present(self.x), self.x, 0), "expected a link on a view"),
        (lambda self: self.west.x + self.k, "expected 1"),
    ],
)
def test_what_a_link_cannot_give_is_refused(equation, message):
    """Windows, loops of derived values through links, strangers and wrong units are refused at the class."""
    x = px.hidden("1")
    body: dict[str, object] = {
        "west": px.link(),
        "many": px.links(),
        "later": px.link("Later", gives={"y": "1"}),
        "x": x,
        "k": px.parameter("K", 1),
        "meter": px.sensor("1"),
        "seen": px.derived(lambda self: px.mean(self.x, over="1 min")),
        "needs": px.derived(lambda self: self.west.needs + self.x),
    }
    if "needs" not in message:
        del body["needs"]
    body["moves"] = px.rate(x)(equation)
    with pytest.raises(ModelError) as caught:
        type("Some", (px.Twin,), body)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (lambda: px.link("Later"), "expected a twin type or the own name, got 'Later'"),
        (lambda: px.link(int), "expected a twin type, got int"),  # type: ignore[type-var]
    ],
)
def test_a_link_to_nowhere_is_refused(link, message):
    """A link leads to a twin type, to the own one or to one whose gifts are told."""
    with pytest.raises(ModelError) as caught:
        type("Some", (px.Twin,), {"to": link(), "x": px.hidden("1")})
    assert message in str(caught.value)


def test_a_part_may_link_another_type():
    """A link of a part has the dotted name of the part; one to the own type is refused there."""

    class Valve(px.Part):
        tank = px.link(Tank)

        @px.derived
        def head(self):
            return self.tank.level

    class Station(px.Twin):
        left, right = Valve(), Valve()

        @px.derived
        def difference(self):
            return self.left.head - self.right.tank.level

    schema = schema_of(Station)
    assert sorted(schema.links) == ["left.tank", "right.tank"]
    assert [one.data for one in schema.derived["difference"].args] == ["left.tank", "right.tank"]
    chain = type("Chain", (px.Part,), {"before": px.link(), "x": px.hidden("1"), "__module__": __name__})()
    with pytest.raises(ModelError, match="got one to the own type in a part"):
        type("Some", (px.Twin,), {"chain": chain})
