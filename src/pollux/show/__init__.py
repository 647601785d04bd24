"""Let them see: HTTP, the live wire and the page, over a house that the site implements.

This package reads snapshots and forks. Nothing in it holds the mirror, the log or a device; it is handed a `House`.
"""

from pollux.show.app import Application
from pollux.show.house import House, Tenancy
from pollux.show.server import Server, first_administrator, invite, serve

__all__ = ["Application", "House", "Server", "Tenancy", "first_administrator", "invite", "serve"]
