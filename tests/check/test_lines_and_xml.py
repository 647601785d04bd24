"""CSV lines and XML: which shapes are taken, and where the others are refused."""

import pytest

from pollux.check import mqtt
from pollux.check.faults import Fault
from pollux.check.lines import read_lines
from pollux.check.xml import DEEPEST, read_xml
from pollux.columns import Encoding
from tests.check.wire import NOW, decoder, frame, heard, native, refusals, samples

T = NOW // 10**9


def test_cells_are_quoted_as_rfc_4180_has_it():
    """Commas, quotes and line ends inside of quotes; a byte order mark; CRLF and LF; blank lines say nothing."""
    told = read_lines(b'\xef\xbb\xbft,line\r\n1,"a ""b"", c"\r\n\n2,"two\nlines"\r\n')
    assert told == {"t": [1, 2], "line": ['a "b", c', "two\nlines"]}


def test_lines_without_a_header_have_the_columns_that_are_declared():
    """A mapping names them; without one a line of numbers is no header, and the refusal says what to give."""
    made = decoder(mqtt("log/{id}", columns=["t", "temp", "speed"]))
    found = heard(made, frame("log/P-1/csv", b"%d,300.5,\n%d,301,900\n" % (T - 1, T)))
    assert samples(found) == [("temp", 300.5), ("temp", 301.0), ("speed", 900.0)]
    bare = heard(decoder(), native(b"1795430536,300.5\n", encoding=Encoding.CSV))
    assert "columns= of the mapping" in refusals(bare)[0][2]


def test_texts_stay_texts_where_the_signal_is_one():
    """A line named 7 is not the number seven, in CSV and in XML; elsewhere digits are numbers."""
    found = heard(
        decoder(),
        native(b"line,floor\n007,3\n", encoding=Encoding.CSV),
        native(b"<r><line>08</line><floor>4</floor></r>", encoding=Encoding.XML),
    )
    assert refusals(found) == []
    assert found.texts["Pump"].value == ("007", "08")
    assert samples(found) == [("floor", 3.0), ("floor", 4.0)]


def test_lines_with_a_count_are_as_many_messages():
    """`seq` and `boot` as columns, as in JSON columns."""
    found = heard(decoder(), native(b"seq,boot,temp\n4,b,300\n5,b,301\n", encoding=Encoding.CSV))
    assert found.messages["Pump"].seq.tolist() == [4, 5]
    assert samples(found) == [("temp", 300.0), ("temp", 301.0)]


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        (b"", "line 1"),
        (b"a,a\n1,2\n", "line 1"),
        (b"a,\n1,2\n", "line 1"),
        (b"a,b\n1,2\n1\n", "line 3"),
        (b"a\n1,2\n", "line 2"),
    ],
)
def test_lines_that_do_not_fit_are_refused_with_their_number(payload, place):
    """Cells that are missing or too many, columns named twice or not at all."""
    with pytest.raises(Fault) as caught:
        read_lines(payload)
    assert (caught.value.reason.name, caught.value.path) == ("MALFORMED", place)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("<r><temp>300.5</temp><running>true</running></r>", {"temp": 300.5, "running": True}),
        ('<r t="5" seq="3" temp="300.5"/>', {"t": 5, "seq": 3, "temp": 300.5}),
        ('<r><temp unit="degC">21</temp></r>', {"temp": {"value": 21, "unit": "degC"}}),
        ('<r><temp value="2" unit="K" quality="bad"/></r>', {"temp": {"value": 2, "unit": "K", "quality": "bad"}}),
        ('<r><value name="temp">21</value></r>', {"temp": 21}),
        ("<r><left><volume>1</volume></left></r>", {"left": {"volume": 1}}),
        ('<r><here lat="1" lon="2"/></r>', {"here": {"lat": 1, "lon": 2}}),
        ('<p:r xmlns:p="urn:x"><p:temp>1</p:temp></p:r>', {"temp": 1}),
        ("<r><temp/></r>", {"temp": None}),
        ("<v>1.5</v>", 1.5),
        ('<messages><m t="1"><temp>1</temp></m><m temp="2"/></messages>', [{"t": 1, "temp": 1}, {"temp": 2}]),
        ("<r><!-- said --><temp><![CDATA[1]]></temp></r>", {"temp": 1}),
    ],
)  # fmt: skip
def test_elements_and_attributes_are_what_json_would_say(text, document):
    """The shapes that are taken, each with the document that it stands for."""
    assert read_xml(text.encode()) == document


@pytest.mark.parametrize(
    "text",
    [
        "<r>loose<temp>1</temp></r>",
        "<r><temp>1</temp><temp>2</temp></r>",
        '<r temp="1"><temp>2</temp></r>',
        "<messages>loose</messages>",
        "<?php echo ?><r/>",
        '<!DOCTYPE r><r><temp>1</temp></r>',
        "<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1),
        f"<r><{'x' * 300}/></r>",
    ],
)  # fmt: skip
def test_other_shapes_and_all_that_is_dangerous_is_refused(text):
    """Mixed content, names told twice, document types, instructions, depth, long names."""
    with pytest.raises(Fault) as caught:
        read_xml(text.encode())
    assert caught.value.reason.name == "MALFORMED"


def test_a_part_may_be_an_element_and_its_texts_stay_texts():
    """Names inside of parts are dotted names for the vocabulary."""
    assert read_xml(b"<r><left><tag>007</tag></left></r>", texts={"left.tag"}) == {"left": {"tag": "007"}}
    batch = b"<messages><m><left><tag>007</tag></left></m></messages>"
    assert read_xml(batch, texts={"left.tag"}) == [{"left": {"tag": "007"}}]
