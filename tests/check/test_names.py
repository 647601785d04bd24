import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import id_fault, mqtt
from pollux.check.patterns import Pattern
from pollux.columns import Encoding
from pollux.errors import NotFound, SetupError, UnitError
from tests.check.wire import decoder
from tests.columns.plants import Pump


@pytest.mark.parametrize("id", ["P-7", "7", "pump_1.2:a@b=c~d", "Насос-1", "泵"])
def test_plain_names_in_any_script_are_ids(id):
    """Letters and digits of any script and a few signs make an id."""
    assert id_fault(id) is None


@pytest.mark.parametrize(
    "id", ["", "..", "a..b", ".a", "a/b", "a b", "a\n", "a\0", "+", "#", "$SYS", "a" * 129, "e\u0301", "-a", "a\u202eb"]
)
def test_names_that_could_be_paths_wildcards_or_lookalikes_are_none(id):
    """What could climb folders, match topics or look like another id is refused."""
    assert id_fault(id) is not None


@settings(deadline=None)
@given(st.text(max_size=140))
def test_no_id_can_leave_its_folder_or_its_topic(id):
    """Whatever the text: an accepted id has no separator, wildcard, control character or double dot."""
    if id_fault(id) is None:
        assert 0 < len(id) <= 128
        assert ".." not in id
        assert not any(sign in id for sign in "/\\+#$\0\n\r\t ")


def test_a_pattern_says_whose_a_topic_is():
    """Placeholders are read level by level, also inside a level; a last level may name the encoding."""
    pattern = Pattern("plant/{line}/pump-{id}/{signal}")
    address = pattern.read("plant/l1/pump-P-7/temp")
    assert address is not None
    assert (address.id, address.signal, dict(address.facts)) == ("P-7", "temp", {"line": "l1"})
    suffixed = pattern.read("plant/l1/pump-P-7/temp/cbor")
    assert suffixed is not None
    assert suffixed.encoding == Encoding.CBOR
    assert pattern.read("plant/l1/P-7/temp") is None
    assert pattern.read("plant/l1/pump-P-7/temp/yaml") is None
    assert pattern.read("x/plant/l1/pump-P-7/temp") is None


def test_wildcards_match_as_in_mqtt():
    """A plus is one level, a hash at the end any number of them."""
    assert Pattern("a/+/{id}").read("a/b/c") is not None
    assert Pattern("a/+/{id}").read("a/b/x/c") is None
    hashed = Pattern("a/{id}/#")
    assert hashed.read("a/P/b/c") is not None
    assert hashed.read("a/P") is not None
    assert hashed.filters == ("a/+/#",)


def test_a_mapping_names_its_subscriptions():
    """What a client has to subscribe to hear the fleet follows from the pattern."""
    assert mqtt("plant/{line}/{id}/{signal}").filters == ("plant/+/+/+", "plant/+/+/+/+")
    assert mqtt("plant/pump-{id}").filters == ("plant/+", "plant/+/+")


@pytest.mark.parametrize("pattern", ["", "a/#/{id}", "a/{id}/{id}"])
def test_patterns_that_say_nothing_are_refused(pattern):
    """A pattern is checked where it is declared."""
    with pytest.raises(SetupError, match="expected a topic pattern"):
        mqtt(pattern)


def test_a_pattern_names_the_twin():
    """Without {id} only a function can say whose a message is."""
    with pytest.raises(SetupError, match=r"expected \{id\} in the topic pattern"):
        mqtt("plant/{line}")
    assert mqtt("plant/#", read=lambda topic, payload: None).read is not None


def test_names_units_and_doubts_are_of_the_class():
    """A mapping that speaks of signals the class does not have, or of their units wrongly, is refused at once."""
    with pytest.raises(NotFound, match="got 'tmp'"):
        decoder(mqtt("a/{id}", names={"T": "tmp"}))
    with pytest.raises(UnitError, match="expected K, got Pa"):
        decoder(mqtt("a/{id}", units={Pump.temp: "Pa"}))
