"""The one place that knows everyone: what is declared, opened, piped, remembered, forked and told."""

from pollux.site.declare import Fleet, Site
from pollux.site.fork import Fork
from pollux.site.handles import Handle
from pollux.site.live import LiveSite
from pollux.site.standing import StandingOrder

__all__ = ["Fleet", "Fork", "Handle", "LiveSite", "Site", "StandingOrder"]
