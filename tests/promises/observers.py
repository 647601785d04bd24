"""Who sees the value of the probe, and when: over the API, on the live wire, on the page."""

import http.client
import json
import queue
import shutil
import threading
import time
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
import numpy as np

NEVER = float("inf")
TWIN = "Pump/probe"


class Observer(Protocol):
    """One that waits for a number; moments are of the monotonic clock."""

    name: str

    def expect(self) -> None:
        """A number is about to be sent."""

    def seen(self, number: int, within: float) -> float:
        """When the number was there; infinite where it was not within so many seconds."""

    def stop(self) -> None:
        """Look no more."""


class Api:
    """Asks for the twin again and again on an open connection; a number is there when its answer has come."""

    name = "API"

    def __init__(self, url: str, token: str) -> None:
        where = urlsplit(url)
        self._line = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
        self._headers = {"Authorization": f"Bearer {token}"}

    def expect(self) -> None:
        """Nothing to do."""

    def seen(self, number: int, within: float) -> float:
        end = time.monotonic() + within
        while (now := time.monotonic()) < end:
            self._line.request("GET", f"/api/v1/twins/{TWIN}", headers=self._headers)
            values = json.loads(self._line.getresponse().read())["values"]
            now = time.monotonic()
            if values["rpm"]["value"] == number:
                return now
        return NEVER

    def stop(self) -> None:
        self._line.close()


class Wire:
    """Listens on the live wire, as the page does: every sample of the signal."""

    name = "live wire"

    def __init__(self, url: str, token: str) -> None:
        from websockets.sync.client import connect

        self._socket = connect(
            f"ws{url[4:]}api/v1/live",
            additional_headers={"Authorization": f"Bearer {token}", "Origin": url.rstrip("/")},
            max_size=None,
        )
        self._tell({"is": "resume", "seq": 0})
        self._tell({"is": "watch", "twins": [{"twin": TWIN, "fields": ["rpm"], "samples": ["rpm"]}], "fleets": []})
        self._heard: queue.SimpleQueue[tuple[float, float]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _tell(self, message: dict[str, Any]) -> None:
        self._socket.send(b"\0\0\0\0" + msgspec.msgpack.encode(message))

    def _listen(self) -> None:
        from websockets.exceptions import ConnectionClosed

        from pollux.show.live.frames import FrameKind, read

        try:
            for message in self._socket:
                now = time.monotonic()
                if isinstance(message, bytes) and message[0] in (FrameKind.STATE, FrameKind.SAMPLES):
                    for value in np.asarray(read(message).values).tolist():
                        self._heard.put((now, value))
        except ConnectionClosed:
            return

    def expect(self) -> None:
        while not self._heard.empty():
            self._heard.get()

    def seen(self, number: int, within: float) -> float:
        end = time.monotonic() + within
        while (left := end - time.monotonic()) > 0:
            try:
                moment, value = self._heard.get(timeout=left)
            except queue.Empty:
                break
            if value == number:
                return moment
        return NEVER

    def stop(self) -> None:
        self._socket.close()


_FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_WATCH = """number => new Promise((told, failed) => {
  const text = number.toLocaleString('en-GB');
  const there = () => document.querySelector('[data-signal="rpm"]')?.closest('*') &&
    [...document.querySelectorAll('[data-signal="rpm"]')].some((one) => one.textContent.includes(text));
  const timer = setTimeout(() => { watcher.disconnect(); told(null); }, 5000);
  const look = () => { if (there()) { clearTimeout(timer); watcher.disconnect(); told(Date.now()); } };
  const watcher = new MutationObserver(look);
  watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
})"""


class Page:
    """The page of the twin in headless Chromium: a number is there when its text has changed to it.

    The browser's clock is that of the machine, to a millisecond; it draws in software on the same cores.
    """

    name = "page"

    @staticmethod
    def here() -> bool:
        """Whether there is a browser, and what drives it."""
        try:
            import playwright  # noqa: F401
        except ImportError:
            return False
        return shutil.which("chromium") is not None

    def __init__(self, invitation: str, url: str) -> None:
        from playwright.sync_api import sync_playwright

        self._tools = sync_playwright().start()
        browser = self._tools.chromium.launch(executable_path=shutil.which("chromium"), args=[*_FLAGS])
        self._page = browser.new_page(viewport={"width": 1280, "height": 800})
        self._page.goto(invitation)
        self._page.goto(f"{url}#/twins/{TWIN}")
        self._page.locator('[data-signal="rpm"]').first.wait_for()

    def expect(self) -> None:
        """Nothing to do: the page is looked at when the number has left."""

    def seen(self, number: int, within: float) -> float:
        moment = self._page.evaluate(_WATCH, number)
        return NEVER if moment is None else time.monotonic() - (time.time() - moment / 1_000)

    def stop(self) -> None:
        self._page.context.browser.close()  # type: ignore[union-attr]
        self._tools.stop()
