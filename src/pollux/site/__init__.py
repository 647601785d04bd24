"""The one place that knows everyone: what is declared, opened, piped, remembered, forked and told.

Its names are loaded when they are first asked for, so that a type run ahead brings no server with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pollux.site.declare import Fleet, Site
    from pollux.site.fork import Fork
    from pollux.site.handles import Handle
    from pollux.site.live import LiveSite
    from pollux.site.standing import StandingOrder

_HOMES = {
    "Fleet": "pollux.site.declare",
    "Fork": "pollux.site.fork",
    "Handle": "pollux.site.handles",
    "LiveSite": "pollux.site.live",
    "Site": "pollux.site.declare",
    "StandingOrder": "pollux.site.standing",
}


def __getattr__(name: str) -> Any:
    """The public name, loaded from where it is at home."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pollux.site' has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


__all__ = ["Fleet", "Fork", "Handle", "LiveSite", "Site", "StandingOrder"]
