"""XML payloads: elements and attributes to the documents that JSON would say.

    <telemetry t="2026-11-23T10:42:16Z" seq="3"><temp unit="degC">21.5</temp><speed>900</speed></telemetry>
    <r temp="294.6" speed="900"/>                                      attributes are signals too
    <r><value name="temp" unit="degC">21.5</value></r>                 an element may name its signal in `name`
    <r><left><volume>1</volume></left></r>                             elements inside elements are parts
    <messages><m t="..."><temp>1</temp></m><m>...</m></messages>       children of `messages` are messages

Prefixes of namespaces are dropped. Whatever makes XML dangerous is refused where it begins: document types, and with
them entities; processing instructions; depth, names and counts beyond the bounds.
"""

from collections.abc import Collection
from typing import Any, Final, final
from xml.parsers import expat

from pollux.check.cells import cell
from pollux.check.faults import Fault, shown
from pollux.columns.quality import Reason

DEEPEST: Final = 16
MOST_ELEMENTS: Final = 100_000
_LONGEST_NAME: Final = 256
_BATCH: Final = "messages"
_QUANTITY: Final = frozenset(("value", "unit", "quality"))


@final
class _Element:
    """One open element."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[tuple[str, Any]] = []
        self.text: list[str] = []


@final
class _Reader:
    """Takes the events of expat and builds the document from inside out; `texts` are names whose values stay texts."""

    def __init__(self, texts: Collection[str]) -> None:
        self._texts = texts
        self._open: list[_Element] = []
        self._count = 0
        self.document: Any = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._count += 1 + len(attributes)
        if self._count > MOST_ELEMENTS:
            raise Fault(Reason.TOO_MANY, f"expected at most {MOST_ELEMENTS} elements and attributes, got more")
        if len(self._open) >= DEEPEST:
            raise Fault(Reason.MALFORMED, f"expected elements at most {DEEPEST} deep, got deeper ones")
        said = {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        local = _local(name)
        # A name by attribute is a signal's; the root has none to give.
        named = said.pop("name", local) if self._open else local
        self._open.append(_Element(named, said))

    def end(self, _: str) -> None:
        """The innermost element ends."""
        element = self._open.pop()
        if not self._open:
            self.document = _root(element)
            return
        self._open[-1].children.append((element.name, self._value(element)))

    def text(self, data: str) -> None:
        """Characters inside the innermost element."""
        self._open[-1].text.append(data)

    def _value(self, element: _Element) -> Any:
        """What a child element says: an object where it holds elements or is a message, else a value or a quantity."""
        batch = self._open[0].name == _BATCH
        if element.children or (batch and len(self._open) == 1):
            return _object(element)
        path = ".".join(one.name for one in (*self._open[2 if batch else 1 :], element))
        text, about = _text(element), element.attributes
        if path in self._texts and not about:
            return text
        if not about:
            return cell(text)
        if about.keys() <= _QUANTITY:
            said = {key: told for key, told in about.items() if key != "value"}
            return {"value": cell(about.get("value", text)), **said} if said else cell(about["value"])
        return _object(element)


def read_xml(payload: bytes, texts: Collection[str] = ()) -> Any:
    """The document of an XML payload: an object, or a list of objects; raises `Fault` and `ValueError`.

    >>> read_xml(b'<r t="1795430536"><temp unit="degC">21.5</temp><speed>900</speed></r>')
    {'t': 1795430536, 'temp': {'value': 21.5, 'unit': 'degC'}, 'speed': 900}
    """
    parser, reader = expat.ParserCreate("utf-8"), _Reader(texts)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    try:
        parser.Parse(payload, True)
    except expat.ExpatError as wrong:
        raise ValueError(str(wrong)) from None
    return reader.document


def _refuse_doctype(*_: object) -> None:
    raise Fault(Reason.MALFORMED, "expected XML without a document type or entities, got one")


def _refuse_instruction(*_: object) -> None:
    raise Fault(Reason.MALFORMED, "expected XML without processing instructions, got one")


def _local(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise Fault(Reason.MALFORMED, f"expected names of at most {_LONGEST_NAME} characters, got {len(name)}")
    return name.rpartition(":")[2]


def _root(element: _Element) -> Any:
    if element.name == _BATCH and not element.attributes:
        if _text(element):
            raise Fault(Reason.MALFORMED, f"expected messages inside <{_BATCH}>, got text")
        return [message for _, message in element.children]
    if not element.children and not element.attributes:
        return cell(_text(element))
    return _object(element)


def _object(element: _Element) -> dict[str, Any]:
    if _text(element):
        raise Fault(Reason.MALFORMED, f"expected elements in <{element.name[:60]}>, got text beside them")
    told: dict[str, Any] = {key: cell(value) for key, value in element.attributes.items()}
    for name, value in element.children:
        if name in told:
            raise Fault(Reason.MALFORMED, f"expected each name once in <{element.name[:60]}>, got {shown(name)} twice")
        told[name] = value
    return told


def _text(element: _Element) -> str:
    return "".join(element.text).strip()
