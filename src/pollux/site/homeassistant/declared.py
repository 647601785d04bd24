"""How a site is shown in Home Assistant, as it is declared. It opens nothing."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, final

from pollux.check.broker import Broker
from pollux.errors import SetupError

_PREFIX: Final = re.compile(r"[^/+#\x00\s]+(?:/[^/+#\x00\s]+)*")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistant:
    """Announces a site's twins to Home Assistant, below its discovery prefix.

    Home Assistant hears the site's own endpoint, as a service account, or `broker`, a `px.Broker` or its address. What
    comes through a broker may be anybody's, so that it commands nothing, unless `account` says on whose behalf it is:
    that account's rights then decide. Types of persons are announced only where `personal` names them; `only` names the
    types that are announced, all by default. Raises SetupError for what cannot be meant.

    Source: Home Assistant, "MQTT", section "MQTT Discovery".

    >>> HomeAssistant().prefix
    'homeassistant'
    """

    prefix: str = "homeassistant"
    broker: Broker | str | None = None
    account: str = ""
    only: Collection[str] = ()
    personal: Collection[str] = ()

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise SetupError(f"expected the prefix of topics, got {self.prefix!r}", at="px.HomeAssistant")
        if self.account and self.broker is None:
            raise SetupError(
                "expected a broker beside an account, got none",
                at="px.HomeAssistant",
                hint="at the site's own endpoint Home Assistant signs in as the account",
            )

    @property
    def through(self) -> Broker | None:
        """The broker, None for the site's own endpoint."""
        return Broker(self.broker) if isinstance(self.broker, str) else self.broker

    def announces(self, type_: str, *, personal: bool) -> bool:
        """Whether the twins of a type are announced."""
        return type_ in self.personal if personal else not self.only or type_ in self.only
