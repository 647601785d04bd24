"""What a device finds under `/.well-known/core` (RFC 6690): its own resources and no others."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, final

from pollux.columns.encodings import CONTENT_FORMATS
from pollux.connect.coap.codes import CBOR, JSON
from pollux.connect.coap.rights import Rights
from pollux.guard import Identity

WELL_KNOWN: Final = ".well-known/core"
MOST: Final = 100
"""Twins whose resources are listed."""

_TOLD: Final = f'ct="{JSON} {CBOR}"'
_HEARD: Final = f'ct="{" ".join(str(one) for one in sorted(CONTENT_FORMATS))}"'
_RESOURCES: Final = (
    ("telemetry", _HEARD),
    ("state", f"obs;{_TOLD}"),
    ("commands", f"obs;{_TOLD}"),
    ("commands/ack", f'ct="{JSON}"'),
)


@final
class Links:
    """Lists what an identity may use of the twins that it names one by one; of types as a whole nothing is listed."""

    def __init__(self, rights: Rights, kinds: Sequence[str]) -> None:
        self._rights, self._kinds = rights, kinds

    def of(self, identity: Identity, queries: Iterable[tuple[str, str]]) -> bytes:
        """The links, those that match every query (`rt`, `href`, `obs`, `ct`; `*` at the end stands for the rest)."""
        links = [link for twin in list(self._twins(identity))[:MOST] for link in self._links(identity, twin)]
        for name, value in queries:
            links = [link for link in links if _matches(link, name, value)]
        return ",".join(_text(link) for link in links).encode()

    def _twins(self, identity: Identity) -> Iterator[str]:
        for pattern in identity.twins:
            kind, _, id_ = pattern.partition("/")
            if not id_ or "*" in id_:
                continue
            yield from (f"{one}/{id_}" for one in (self._kinds if kind == "*" else (kind,)))

    def _links(self, identity: Identity, twin: str) -> Iterator[dict[str, str]]:
        for name, said in _RESOURCES:
            topic = f"twins/{twin}/{name}"
            hears = "obs" in said and self._rights.hear(identity, topic)
            if hears or self._rights.publish(identity, topic) is not None:
                yield {"href": f"/{topic}", "rt": f"pollux.{name.replace('/', '.')}"} | _attributes(said)


def _attributes(text: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in text.split(";"))
    return {name: value.strip('"') for name, _, value in pairs}


def _text(link: dict[str, str]) -> str:
    rest = ";".join(f'{name}="{value}"' if value else name for name, value in link.items() if name != "href")
    return f"<{link['href']}>;{rest}"


def _matches(link: dict[str, str], name: str, value: str) -> bool:
    """RFC 6690, section 4.1: any of the words of an attribute."""
    found = link.get(name)
    if found is None:
        return False
    words = [found] if name == "href" else found.split() or [""]
    return any(word.startswith(value[:-1]) if value.endswith("*") else word == value for word in words)
