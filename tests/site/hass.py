"""Home Assistant itself, headless: its core with the MQTT integration, and its REST API with a token of ours."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.connect.broker.mosquitto import free_port
from tests.connect.rig import until

_KEY = "0" * 64
_ADMIN = "system-admin"
_CONFIG = """
homeassistant:
  name: Test
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
logger:
  default: warning
"""


def _token() -> str:
    """A long-lived token, signed with the key that stands in the storage below."""
    now = int(time.time())
    parts = {"alg": "HS256", "typ": "JWT"}, {"iss": "token", "iat": now - 60, "exp": now + 86_400}
    said = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signed = hmac.new(_KEY.encode(), said, hashlib.sha256).digest()
    return (said + b"." + base64.urlsafe_b64encode(signed).rstrip(b"=")).decode()


def _storage(folder: Path, broker: dict[str, Any]) -> None:
    user = {"id": "user", "group_ids": [_ADMIN], "is_owner": True, "is_active": True, "name": "test",
            "system_generated": False, "local_only": False}  # fmt: skip
    token = {"id": "token", "user_id": "user", "client_id": None, "client_name": "test", "client_icon": None,
             "token_type": "long_lived_access_token", "created_at": "2026-01-01T00:00:00+00:00",
             "access_token_expiration": 315_360_000.0, "token": _KEY, "jwt_key": _KEY, "last_used_at": None,
             "last_used_ip": None, "credential_id": None, "version": None}  # fmt: skip
    groups = [{"id": one, "name": one} for one in (_ADMIN, "system-users", "system-read-only")]
    entry = {"entry_id": "0" * 32, "version": 1, "minor_version": 1, "domain": "mqtt", "title": "plant",
             "data": {**broker, "discovery": True}, "options": {}, "pref_disable_new_entities": False,
             "pref_disable_polling": False, "source": "user", "unique_id": None, "disabled_by": None}  # fmt: skip
    auth = {"users": [user], "groups": groups, "credentials": [], "refresh_tokens": [token]}
    storage = folder / ".storage"
    storage.mkdir(parents=True)
    for key, data in (("auth", auth), ("core.config_entries", {"entries": [entry]})):
        (storage / key).write_text(json.dumps({"version": 1, "minor_version": 1, "key": key, "data": data}))


class Hass:
    """A running one: states by entity, services by name."""

    def __init__(self, port: int) -> None:
        self._url, self._token = f"http://127.0.0.1:{port}/api", _token()

    def ask(self, path: str, body: Any = None) -> Any:
        """The answer of the API, None while there is none."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}/{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except OSError:
            return None

    def states(self) -> dict[str, dict[str, Any]]:
        """What there is, by entity."""
        return {one["entity_id"]: one for one in self.ask("states") or ()}


@contextmanager
def hass(program: str, folder: Path, broker: dict[str, Any]) -> Iterator[Hass]:
    """Home Assistant with this broker, until the end of the context; nothing is installed by it."""
    port = free_port()
    _storage(folder, broker)
    (folder / "configuration.yaml").write_text(_CONFIG.format(port=port))
    with open(folder / "log", "wb") as log:
        words = [program, "-c", str(folder), "--skip-pip"]
        process = subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    try:
        found = Hass(port)
        until(lambda: found.ask("") or process.poll() is not None, "Home Assistant answers")
        assert process.poll() is None, (folder / "log").read_text()[-2_000:]
        yield found
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
