"""A survey of a server, and the draft of twin types that comes of it."""

from typing import Any

import pytest

import pollux as px
from pollux.connect.opcua.browse import survey
from pollux.connect.opcua.draft import draft
from pollux.connect.opcua.nodes import NodeName
from pollux.connect.opcua.seen import OpcuaSurvey, SeenVariable
from pollux.connect.opcua.units import UNECE_URI, packed
from pollux.errors import SetupError
from tests.connect.opcua.authority import fingerprint
from tests.connect.opcua.hearing import Pump, source
from tests.connect.opcua.rig import URI


def ran(text):
    """What a draft declares when it is run."""
    found: dict[str, Any] = {}
    exec(compile(text, "draft.py", "exec"), found)
    return found


def test_without_credentials_only_what_everybody_is_told_is_asked(plant):
    """Policies, ways to sign in and the fingerprint to compare; no session is opened."""
    seen = survey(plant.url)
    assert "Basic256Sha256 SignAndEncrypt" in seen.policies
    assert "UserName" in seen.users
    assert seen.pin == fingerprint(plant.certificate)
    assert seen.variables == ()


def test_a_server_becomes_a_draft_that_runs(plant, tmp_path, monkeypatch):
    """Units as told, guesses marked, bounds held, the rate listened to; the class and its nodes can be declared."""
    plant.run(_kettles(plant))
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, folder=f"nsu={URI};s=Kitchen")
    seen = survey(plant.url, source=declared, folder=tmp_path, seconds=0.3)
    assert seen.complete
    assert len(seen.variables) == 8
    told = {one.path[-2:]: one for one in seen.variables}
    temp = told["K1", "WaterTemp"]
    assert (temp.node, temp.unit, temp.value) == (f"nsu={URI};s=K1.WaterTemp", "degC", "20.0")
    assert "CEL" in temp.why
    assert told["K1", "Mode"].words == ("off", "on")
    text = draft(seen)
    assert "guessed from the name FillLevel: to be checked" in text
    made = ran(text)
    kettle = made["K"]
    signals = {one.name: (one.role, str(one.edge)) for one in kettle.__pollux__.signals}
    assert signals["water_temp"] == ("sensor", "degC")
    assert signals["fill_level"] == ("sensor", "%")
    assert signals["mode"][0] == "fact"
    (connection,) = made["site"].declared["K"].fields
    assert connection.names["water_temp"] == NodeName(URI, "s", "{id}.WaterTemp")
    assert connection.pin == seen.pin


async def _kettles(plant):
    from pollux.connect.opcua.stack import ua

    server, index = plant._server, plant.index

    def named(text):
        return ua.NodeId(text, index), ua.QualifiedName(text.rpartition(".")[2], index)

    kitchen = await server.nodes.objects.add_object(*named("Kitchen"))
    for kettle in ("K1", "K2"):
        thing = await kitchen.add_object(*named(kettle))
        temp = await thing.add_variable(*named(f"{kettle}.WaterTemp"), 20.0)
        unit = ua.EUInformation(UNECE_URI, packed("CEL"), ua.LocalizedText("°C"))
        await temp.add_property(ua.NodeId(f"{kettle}.U", index), ua.QualifiedName("EngineeringUnits", 0), unit)
        await thing.add_variable(*named(f"{kettle}.FillLevel"), 0.5)
        mode = await thing.add_variable(*named(f"{kettle}.Mode"), 1)
        words = [ua.LocalizedText("off"), ua.LocalizedText("on")]
        await mode.add_property(ua.NodeId(f"{kettle}.W", index), ua.QualifiedName("EnumStrings", 0), words)
        await thing.add_variable(*named(f"{kettle}.On"), True)


def test_a_bound_ends_the_browsing_and_says_so(plant, tmp_path, monkeypatch):
    """Never more nodes than asked for."""
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch)
    seen = survey(plant.url, source=declared, folder=tmp_path, seconds=0, nodes=3)
    assert not seen.complete
    assert len(seen.variables) <= 3
    assert "a bound ended the browsing" in draft(seen)


def test_a_server_that_is_not_there_or_not_believed_is_named(plant, tmp_path, monkeypatch):
    """Nothing is browsed, and nothing hangs."""
    with pytest.raises(SetupError, match="does not answer"):
        survey("opc.tcp://127.0.0.1:9")
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, pin="ab" * 32)
    with pytest.raises(SetupError, match="not believed"):
        survey(plant.url, source=declared, folder=tmp_path)


def test_names_of_a_server_are_text_and_never_code():
    """A hostile server cannot write into the draft; names that mean something in Python are changed."""
    evil = 'x"""\nimport os; os.system("touch /tmp/evil")\n"""'
    names = ("class", "Temp'], os.x(", evil, "9lives", "now", "")
    seen = OpcuaSurvey(
        "opc.tcp://h", evil, (), (), "",
        variables=tuple(
            SeenVariable(str(NodeName(evil, "s", f"x{name}")), ("Plant", evil, name), "number", "", "", value=evil)
            for name in names
        ),
    )  # fmt: skip
    made = ran(draft(seen))
    kinds = [one for one in made.values() if isinstance(one, type) and issubclass(one, px.Twin)]
    assert len(kinds) == 1
    assert len(kinds[0].__pollux__.signals) == len(names)
    assert "os" not in made


def test_objects_whose_node_ids_are_numbers_get_a_connection_each():
    """There is no pattern to find them by."""
    variables = tuple(
        SeenVariable(f"nsu=urn:a;i={i}", ("Line", f"M{i}", "Flow"), "number", "m**3/h", "told") for i in (1, 2)
    )
    made = ran(draft(OpcuaSurvey("opc.tcp://h", "A", (), (), "ab" * 32, variables=variables)))
    assert [one.id for one in made["site"].declared["M"].fields] == ["M1", "M2"]
    assert len({one.name for one in made["site"].declared["M"].fields}) == 2
