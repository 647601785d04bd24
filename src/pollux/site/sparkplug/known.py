"""Which edge nodes were heard, kept over restarts: after one each of them is asked for its births."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any, Final, final

from pollux.check.sparkplug_host import MOST_NODES
from pollux.guard.files import private_folder, replace

_LOG: Final = logging.getLogger("pollux.site.sparkplug")


@final
class KnownNodes:
    """Names of groups and nodes, at most as many as a host follows, in a file of the connection.

    Losing the file loses no data: a node that is not known is asked when it speaks.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"sparkplug-{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
        self._nodes: dict[tuple[str, str], None] = dict.fromkeys(self._read())

    def __iter__(self) -> Any:
        return iter(tuple(self._nodes))

    def add(self, group: str, node: str) -> None:
        """Remember a node."""
        if (group, node) in self._nodes or len(self._nodes) >= MOST_NODES:
            return
        self._nodes[group, node] = None
        try:
            private_folder(self._path.parent)
            replace(self._path, json.dumps(list(self._nodes)).encode())
        except OSError as error:
            _LOG.warning("an edge node is not remembered: %s", error)

    def _read(self) -> list[tuple[str, str]]:
        try:
            told: Any = json.loads(self._path.read_bytes())
            return [(str(group), str(node)) for group, node in told[:MOST_NODES]]
        except (OSError, ValueError, TypeError):
            return []
