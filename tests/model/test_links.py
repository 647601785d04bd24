import pytest

import pollux as px
from pollux.errors import ModelError, UnitError
from pollux.model.graph import leaf
from pollux.model.schema import schema_of
from pollux.model.units import unit
from pollux.model.views import view_of
from pollux.model.walk import names, topological


class Room(px.Twin):
    temp = px.hidden("degC", start=20)
    loss = px.parameter("W/K", 50)
    meter = px.sensor("W")
    name_ = px.fact("text")

    @px.derived
    def flow(self):
        return self.loss * self.temp

    @px.reading(meter)
    def shown(self):
        return px.mean(self.flow, over="1 min")


class House(px.Twin):
    rooms = px.links(Room)
    heat = px.hidden("kJ")
    spare = px.parameter("W", 0)

    @px.rate(heat)
    def loses(self):
        return self.spare - px.total(self.rooms.flow + self.rooms.loss * px.quantity(1, "K"))


def test_a_total_gathers_in_the_names_of_the_linked_type():
    """The operand of a total stands on the leaves of the linked type; around it are those of the own type."""
    schema = schema_of(House)
    assert schema.links["rooms"].schema is schema_of(Room)
    total = next(one for one in topological([schema.rates["heat"]]) if one.op == "total")
    assert total.data == "rooms"
    assert names(total.args[0]) == {"loss", "temp"}
    assert total.args[0].args[0] is schema_of(Room).derived["flow"]
    assert names(schema.rates["heat"]) == {"spare"}


def test_a_link_is_seen_as_one_of_its_twins():
    """On a view the linked signals are read by their dotted names."""
    asked: list[str] = []

    def read(name: str) -> px.Value:
        asked.append(name)
        return leaf("param", "x", unit("1"))

    view = view_of(House, read)
    assert view.rooms.flow is leaf("param", "x", unit("1"))
    assert asked == ["rooms.flow"]
    assert House.rooms.linked is schema_of(Room)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        (lambda self: self.rooms.flow, "expected one number, got those of many linked twins"),
        (lambda self: px.total(self.spare), "expected values of one link, got no linked value"),
        (lambda self: px.total(self.rooms.flow - self.spare), "got own signals among them"),
        (lambda self: px.total(self.rooms.meter), "which is a window"),
        (lambda self: px.total(self.rooms.flow) + px.total(self.others.flow + self.rooms.flow), "others and rooms"),
        (lambda self: px.total(self.rooms.nothing), "expected a name of Room, got 'nothing'"),
        (lambda self: px.total(self.rooms.temp), "expected J/s for the rate of x, got K"),
    ],
)
def test_what_a_total_cannot_gather_is_refused(equation, message):
    """A total is over the names of one link, its own twin's signals are not among them."""
    heat = px.hidden("J")
    body: dict[str, object] = {
        "rooms": px.links(Room),
        "others": px.links(Room),
        "spare": px.parameter("W", 0),
        "x": heat,
    }
    body["loses"] = px.rate(heat)(equation)
    with pytest.raises(ModelError) as caught:
        type("Some", (px.Twin,), body)
    assert message in str(caught.value)
    assert isinstance(caught.value, UnitError) == message.endswith("x, got K")
