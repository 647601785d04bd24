"""Node names as they are declared: by namespace URI, never by an index, which a server may change at any restart.

Part 6, 5.3.1.10 (identifiers as text) and 5.3.1.11 (with `nsu=`). `{id}` in a text identifier is a place for twins.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, final

from pollux.errors import SetupError

Kind = Literal["i", "s", "g", "b"]
STANDARD: Final = "http://opcfoundation.org/UA/"
PLACE: Final = "{id}"

_NAME: Final = re.compile(r"(?:nsu=(?P<uri>[^;]+);)?(?P<kind>[isgb])=(?P<text>.+)", re.DOTALL)
_INDEX: Final = re.compile(r"ns=\d+;")


@final
@dataclass(frozen=True, slots=True)
class NodeName:
    """One node, or with `{id}` in its text one node of each twin.

    >>> NodeName.read("nsu=http://acme.example/UA;s={id}.Temp").id_of("P-7.Temp")
    'P-7'
    """

    uri: str
    kind: Kind
    text: str

    @staticmethod
    def read(text: str) -> "NodeName":
        """The node that a text names; raises SetupError for others, and for a bare namespace index.

        >>> NodeName.read("ns=2;s=Temp")
        Traceback (most recent call last):
            ...
        pollux.errors.SetupError: expected a namespace URI, got an index that a restart may change - at ns=2;s=Temp
        hint: nsu=http://acme.example/UA;s=Temp; `pollux survey opc.tcp://...` shows the URIs of a server
        """
        if _INDEX.match(text):
            rest = text.partition(";")[2]
            raise SetupError(
                "expected a namespace URI, got an index that a restart may change",
                at=text,
                hint=f"nsu=http://acme.example/UA;{rest}; `pollux survey opc.tcp://...` shows the URIs of a server",
            )
        found = _NAME.fullmatch(text)
        if found is None:
            raise SetupError(
                f"expected a node, got {text!r}", hint="for example nsu=http://acme.example/UA;s=P7.Temp or i=2258"
            )
        kind: Kind = found["kind"]  # type: ignore[assignment]
        uri = (found["uri"] or STANDARD).replace("%3B", ";").replace("%25", "%")
        name = NodeName(uri, kind, found["text"])
        if name.text.count(PLACE) > (1 if kind == "s" else 0):
            raise SetupError(
                "expected {id} at most once, and in an identifier that is a text (s=)", at=text,
                hint="give id= for a single twin",
            )  # fmt: skip
        return name

    def __str__(self) -> str:
        # A semicolon in a URI is written as Part 6, 5.3.1.11 says.
        escaped = self.uri.replace("%", "%25").replace(";", "%3B")
        return f"nsu={escaped};{self.kind}={self.text}"

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for the nodes of many twins."""
        return PLACE in self.text

    def of(self, twin: str) -> "NodeName":
        """The node of one twin."""
        return NodeName(self.uri, self.kind, self.text.replace(PLACE, twin)) if self.is_pattern else self

    def id_of(self, text: str) -> str | None:
        """The twin that an identifier of a server names under this pattern, None where it does not fit."""
        before, _, after = self.text.partition(PLACE)
        middle = text[len(before) : len(text) - len(after)]
        fits = len(text) > len(before) + len(after) and text.startswith(before) and text.endswith(after)
        return middle if fits else None

    def resolved(self, namespaces: Mapping[str, int]) -> str | None:
        """The name by index on a server with these namespaces, None where it has none of this URI.

        >>> NodeName.read("nsu=urn:acme;s=Temp").resolved({"urn:acme": 3})
        'ns=3;s=Temp'
        """
        index = namespaces.get(self.uri)
        return None if index is None else f"ns={index};{self.kind}={self.text}"
