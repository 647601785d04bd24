"""SenML: how the records of a pack are resolved (RFC 8428), and what of it reaches a twin."""

import json

import cbor2
import pytest

from pollux.check.faults import Fault
from pollux.check.senml import of_one_device, read_senml
from pollux.check.senml_cbor import read_pack
from pollux.check.senml_units import UNITS
from pollux.columns import Encoding
from pollux.model.units import unit
from tests.check.said import SECONDS
from tests.check.wire import NOW, decoder, heard, native, refusals, samples

# RFC 8428, section 5.1.2: a pack of a meter with base fields and times relative to the base time.
METER = [
    {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e09, "bu": "A", "bver": 5, "n": "voltage", "u": "V",
     "v": 120.1},
    {"n": "current", "t": -5, "v": 1.2},
    {"n": "current", "t": -4, "v": 1.3},
    {"n": "current", "v": 1.7},
]  # fmt: skip


def resolved(pack):
    """Signal, seconds, value and unit of each record."""
    return [(one.wire, one.time / 1e9, one.value, one.unit) for one in read_senml(pack, NOW)]


def test_the_meter_of_the_rfc_is_resolved_as_the_rfc_does():
    """Base name, time and unit hold from their record on; times add."""
    assert resolved(METER) == [
        ("voltage", 1276020076.001, 120.1, "V"),
        ("current", 1276020071.001, 1.2, "A"),
        ("current", 1276020072.001, 1.3, "A"),
        ("current", 1276020076.001, 1.7, "A"),
    ]
    assert {one.device for one in read_senml(METER, NOW)} == {"urn:dev:ow:10e2073a0108006"}


def test_times_below_2_to_28_are_relative_to_the_arrival():
    """No time is now; a negative one is in the past, exact to the microsecond."""
    pack = [{"bn": "d/", "n": "a", "v": 1}, {"n": "a", "t": -10.25, "v": 2}, {"n": "a", "t": 268435456, "v": 3}]
    assert [one.time for one in read_senml(pack, NOW)] == [NOW, NOW - 10_250_000_000, 268435456 * 10**9]


def test_base_values_and_sums_are_added():
    """`bv` to `v`, `bs` to `s`; a sum is a signal of its own, in the unit times seconds."""
    pack = [{"bn": "d:", "bv": 20, "bs": 100, "bu": "W", "n": "power", "v": 1.5, "s": 7}, {"n": "power", "v": 2}]
    assert [(wire, value, of) for wire, _, value, of in resolved(pack)] == [
        ("power", 21.5, "W"),
        ("power.sum", 107, "(W)*s"),
        ("power", 22, "W"),
        ("power.sum", 100, "(W)*s"),
    ]
    assert unit("(W)*s").dimension == unit("J").dimension


def test_a_base_record_alone_says_nothing():
    """It only sets the ground for those after it; texts and flags are values without a unit."""
    pack = [{"bn": "d/", "bu": "K"}, {"n": "fuel", "vs": "oil"}, {"n": "running", "vb": True}]
    assert [(wire, value, of) for wire, _, value, of in resolved(pack)] == [
        ("fuel", "oil", None),
        ("running", True, None),
    ]


@pytest.mark.parametrize(
    ("pack", "reason", "place"),
    [
        ({"n": "a", "v": 1}, "MALFORMED", ""),
        ([{"n": "a", "v": 1}, 7], "MALFORMED", "$[1]"),
        ([{"n": "a", "v": 1, "vs": "x"}], "MALFORMED", "$[0]"),
        ([{"n": "a"}], "MALFORMED", "$[0]"),
        ([{"n": "a", "v": 1, "secret_": 1}], "MALFORMED", "$[0]"),
        ([{"n": "a", "v": 1, "bver": 11}], "MALFORMED", "$[0]"),
        ([{"v": 1}], "UNKNOWN_SIGNAL", "$[0]"),
        ([{"bn": "d/", "n": "", "v": 1}], "UNKNOWN_SIGNAL", "$[0]"),
        ([{"n": "a", "v": "1"}], "WRONG_TYPE", "$[0]"),
        ([{"n": "a", "v": True}], "WRONG_TYPE", "$[0]"),
        ([{"n": "a", "vd": "aGk"}], "WRONG_TYPE", "$[0]"),
        ([{"n": "a", "u": "furlong", "v": 1}], "WRONG_UNIT", "$[0]"),
        ([{"n": "a", "t": 1e300, "v": 1}], "BAD_TIME", "$[0]"),
    ],
)
def test_what_is_no_senml_is_refused_with_its_record(pack, reason, place):
    """Each with the reason and the number of the record."""
    with pytest.raises(Fault) as caught:
        read_senml(pack, NOW)
    assert (caught.value.reason.name, caught.value.path) == (reason, place)


def test_labels_that_are_not_known_are_passed_over():
    """As section 4.4 asks, unless they end in an underscore."""
    assert resolved([{"n": "a", "v": 1, "vendor": {"x": [1]}}])[0][:3:2] == ("a", 1)


def test_a_pack_of_two_devices_is_not_for_one_twin():
    """Values of another device never slip into the twin that a topic names."""
    with pytest.raises(Fault, match="records of one device, got 'a', 'b'"):
        of_one_device(read_senml([{"n": "a/temp", "v": 1}, {"n": "b/temp", "v": 2}], NOW))


def test_units_of_the_registry_are_units_of_pollux():
    """Every one can be read, and Celsius arrives in kelvin."""
    assert all(unit(ours) for ours in UNITS.values())
    found = heard(decoder(), native([{"n": "temp", "u": "Cel", "v": 21}], encoding=Encoding.SENML_JSON))
    assert samples(found) == [("temp", 294.15)]
    wrong = heard(decoder(), native([{"n": "temp", "u": "V", "v": 21}], encoding=Encoding.SENML_JSON))
    assert [reason for _, reason, _ in refusals(wrong)] == ["WRONG_UNIT"]


def test_samples_of_a_pack_keep_their_own_times():
    """Two readings of one signal in one pack are two samples; what belongs together is one message."""
    pack = [
        {"bn": "x:", "bt": SECONDS, "n": "temp", "v": 300},
        {"n": "speed", "v": 900},
        {"n": "temp", "t": 1, "v": 301},
    ]
    found = heard(decoder(), native(json.dumps(pack).encode(), encoding=Encoding.SENML_JSON))
    assert samples(found) == [("temp", 300.0), ("speed", 900.0), ("temp", 301.0)]
    assert found.messages["Pump"].samples.tolist() == [0, 2, 3]


def test_cbor_packs_have_numbers_for_labels():
    """Definite or open-ended, with every kind of number; a decimal fraction is its number."""
    pack = [{-2: "d/", -3: 1.5, 0: "a", 2: 1}, {0: "b", 4: True}, {0: "c", 8: b"x", "vendor": None}]
    told = [{"bn": "d/", "bt": 1.5, "n": "a", "v": 1}, {"n": "b", "vb": True}, {"n": "c", "vd": b"x", "vendor": None}]
    assert read_pack(cbor2.dumps(pack)) == told
    open_ended = b"\x9f\xbf\x00\x61a\x02\xc4\x82\x20\x19\x01\x0d\xff\xff"
    assert read_pack(open_ended) == [{"n": "a", "v": 26.9}]


@pytest.mark.parametrize(
    "data",
    ["", "8000", "a0", "8180", "81a100a0", "81a200010001", "81a1007affffffff", "9f", "81a1fb000102",
     "81a100c4821a7fffffff01", "81a1007f"],
)  # fmt: skip
def test_what_is_no_flat_pack_is_refused(data):
    """Cut, nested, doubled or open-ended texts: a ValueError, and nothing worse."""
    with pytest.raises(ValueError, match="expected"):
        read_pack(bytes.fromhex(data))
