"""Somebody of the team at the site's own door: signs in with a name and a password, and sees and signs what they may.

Everything goes over HTTP as the page does it, so that the story takes no way that is closed to everybody else.
"""

import json
import time
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any, Final, final
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

import pollux as px
from pollux.worlds.heart.story import PATIENT

Document = Mapping[str, Any]
TWIN: Final = f"twins/Patient/{PATIENT}"
PATIENCE: Final = 600.0
"""Real seconds after which a run or a step is given up."""
LOOK: Final = 0.05


@final
class Clinician:
    """A person with an account; `with` is not needed, the session ends with the site."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.name = name
        self._url = url
        self._doors = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        self._asked("POST", "session", {"name": name, "password": password})

    def get(self, path: str) -> Document:
        """What stands under a path of the interface."""
        return self._asked("GET", path, None)

    def post(self, path: str, body: Document) -> Document:
        """Ask for something; raises OrderRefused with the site's own words when it is refused."""
        return self._asked("POST", path, body)

    def tries(self, choices: tuple[str, ...] = ()) -> Document:
        """Fork the twin, run what the lab offers (or some of it) ahead, and wait for the comparison."""
        offered = tuple(one["id"] for one in self.get(f"{TWIN}/view")["lab"]["choices"])
        made = self.post(f"{TWIN}/forks", {"choices": list(choices or offered)})
        return self._until(f"forks/{made['id']}", lambda fork: fork["state"] in ("done", "failed"))

    def card(self) -> Document:
        """The newest recommendation."""
        newest: Document = self.get(f"{TWIN}/advice")["cards"][0]
        return newest

    def signs(self, card: str, reason: str) -> str:
        """Look at what a card would do, and sign it: the id of the order, which has then left for his plan."""
        check = self.post(f"{TWIN}/checks", {"advice": card})
        if check["blocked"]:
            raise px.OrderRefused(str(check["blocked"]), at=card)
        order = self.post(f"{TWIN}/commands", {"check": check["id"], "advice": card, "reason": reason})
        return str(self._until(f"{TWIN}/commands/{order['id']}", lambda one: one["state"] == "sent")["id"])

    def declines(self, card: str, reason: str) -> None:
        """Put a card aside."""
        self.post(f"{TWIN}/advice/{card}/decline", {"reason": reason})

    def order(self, order: str) -> Document:
        """An order with its life so far."""
        return self.get(f"{TWIN}/commands/{order}")

    def _until(self, path: str, over: Any) -> Document:
        for _ in range(round(PATIENCE / LOOK)):
            found = self.get(path)
            if over(found):
                return found
            time.sleep(LOOK)
        raise px.SimulationError(f"expected it within {PATIENCE:g} s", at=path)

    def _asked(self, method: str, path: str, body: Document | None) -> Document:
        request = Request(  # noqa: S310 - the address of this very site
            f"{self._url}api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "Origin": self._url.rstrip("/")},
        )
        try:
            with self._doors.open(request, timeout=PATIENCE) as answer:
                content = answer.read()
        except HTTPError as refused:
            problem = json.loads(refused.read() or b"{}")
            raise px.OrderRefused(
                str(problem.get("detail", refused.reason)), at=path, hint=problem.get("hint")
            ) from None
        found: Document = json.loads(content) if content else {}
        return found
