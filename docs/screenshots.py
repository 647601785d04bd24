"""The pictures of the documentation, taken again by one command.

    .venv/bin/python docs/screenshots.py             # all of them, into docs/images
    .venv/bin/python docs/screenshots.py wall fleet  # some of them

They need Chromium and Playwright, and look as intended where Inter is among the system's fonts (Debian:
`fonts-inter`). The state is made, not found: `clinic` opens the ward of the heart demo under a clock that stands still
unless it is moved, and plays the story up to the morning on which the scale raises its alarm: one change was tried,
signed, taken and judged, another has just been tried. Everything random has a seed, so that a picture changes when the
page or the world does. It takes some minutes.
"""

import argparse
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]

import pollux as px
from pollux.worlds.heart import acts
from pollux.worlds.heart.man import DAY, HOUR
from pollux.worlds.heart.story import PATIENT, PHYSICIAN, START
from pollux.worlds.heart.ward import Ward, opened

IMAGES: Final = Path(__file__).parent / "images"
FLAGS: Final = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MOST_BYTES: Final = 400_000
TWIN: Final = f"twins/Patient/{PATIENT}"
TRIED: Final = ("keep", "loop+1", "sglt2", "arni")
LATEST: Final = 19
"""The day by which the scale must have raised its alarm."""
LATER: Final = 4 * DAY


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: where, how large, in which scheme, what is done before it is taken, and of which panel alone."""

    name: str
    where: str
    width: int = 1440
    height: int = 900
    scheme: str = "light"
    full: bool = True
    before: Callable[[Page], None] = lambda _: None
    panel: str | None = None


def _pressed(key: str, *, times: int = 1) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        for _ in range(times):
            page.keyboard.press(key)
            page.wait_for_timeout(150)

    return press


def _three_days_ahead(page: Page) -> None:
    _pressed("w")(page)
    _pressed("Shift+ArrowRight", times=2)(page)


def _asked(page: Page) -> None:
    page.get_by_role("button", name="What matters most?").click()
    page.get_by_text("share of the spread").wait_for()


SHOTS: Final = (
    Shot("twin", f"#/{TWIN}"),
    Shot("twin-phone", f"#/{TWIN}", width=390, height=844),
    Shot("twin-replay", f"#/{TWIN}", full=False, before=_pressed("Shift+ArrowLeft", times=3)),
    Shot("twin-what-if", f"#/{TWIN}", scheme="dark", before=_three_days_ahead),
    Shot("twin-matters", f"#/{TWIN}", before=_asked, panel="Treatment lab"),
    Shot("fleet", "#/fleets/Patient"),
    Shot("wall", "#/wall/Patient", width=1440, height=810, scheme="dark", full=False),
)
LATER_SHOTS: Final = (Shot("twin-later", f"#/{TWIN}", height=1010, full=False),)
"""Four days after the change was signed: the measured lines have walked into the futures that were foreseen."""


@contextmanager
def clinic() -> Iterator[Ward]:
    """The ward of the demo on the morning of its alarm, with what was tried on the twin that morning."""
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), px.SimulatedClock(START), outlook="3 days") as ward,
    ):
        _reach(ward, START + round(2.4 * DAY))
        ward.physician.tries(("keep", "loop+1"))
        ward.physician.signs(ward.physician.card()["id"], "he has gained weight since he came")
        while acts.alarmed(ward) is None and ward.live.clock.now() < START + LATEST * DAY:
            _reach(ward, ward.live.clock.now() + HOUR)
        acts.examined_again(ward)
        _reach(ward, ward.live.clock.now() + HOUR)
        ward.physician.tries(TRIED)
        yield ward


def later(ward: Ward) -> None:
    """The card is signed and four days pass."""
    ward.physician.signs(ward.physician.card()["id"], "congested: weight, pressure and estimate agree")
    _reach(ward, ward.live.clock.now() + LATER)


def _reach(ward: Ward, when: int) -> None:
    """Time passes hour by hour, so that devices, filters and rules have their say on the way."""
    while ward.live.clock.now() < when:
        ward.live.advance_to(min(when, ward.live.clock.now() + HOUR))


def taken(browser: Browser, ward: Ward, shot: Shot) -> bytes:
    """One picture as PNG; raises RuntimeError where the page complains of something."""
    size = {"width": shot.width, "height": shot.height}
    context = browser.new_context(viewport=size, color_scheme=shot.scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(ward.live.page(PHYSICIAN))
    page.goto(ward.live.server.url + shot.where)  # pyright: ignore[reportOptionalMemberAccess]
    page.wait_for_function("() => window.__pollux?.link === 'live'", timeout=120_000)
    past = shot.where.endswith(PATIENT)
    _settled(page, past=past)
    shot.before(page)
    _settled(page, past=past)
    picture = _pictured(page, shot)
    context.close()
    if wrong:
        raise RuntimeError(f"expected a page without complaints, got {wrong[0]} at {shot.name}")
    return picture


def _pictured(page: Page, shot: Shot) -> bytes:
    if shot.panel is None:
        return page.screenshot(full_page=shot.full)
    return page.locator("section", has=page.get_by_role("heading", name=shot.panel)).first.screenshot()


def _settled(page: Page, *, past: bool) -> None:
    """What was asked for has come and is drawn; the first to ask for the past waits until the site has read it."""
    if past:
        page.wait_for_function("() => window.__pollux.sceneReady", timeout=120_000)
        page.wait_for_function("() => window.__pollux.counts.points > 10", timeout=120_000)
    page.wait_for_function("() => !document.body.innerText.includes('being read')", timeout=120_000)
    page.wait_for_timeout(2_500)


def smaller(picture: bytes) -> bytes:
    """The same picture with a palette of 256 colours; raises RuntimeError where that is still too large."""
    pixels = decoded(picture)
    colours, which, count = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    # The scene has thousands of colours and the text few: each colour counts by the root of how often it is seen.
    order = np.argsort(-np.sqrt(count))
    kept = [colours[order[0]]]
    for colour in colours[order[:4_000]]:
        if len(kept) < 256 and np.abs(np.array(kept, int) - colour).max(axis=1).min() > 5:
            kept.append(colour)
    palette = np.array(kept, np.uint8)
    nearest = cKDTree(palette.astype(float)).query(colours.astype(float))[1].astype(np.uint8)
    found = encoded(nearest[which.reshape(-1)].reshape(pixels.shape[:2]), palette)
    if len(found) > MOST_BYTES:
        raise RuntimeError(f"expected at most {MOST_BYTES} bytes, got {len(found)}")
    return found


def decoded(picture: bytes) -> NDArray[np.uint8]:
    """The pixels of a PNG with 8-bit colours, (height, width, 3), as browsers write it."""
    width, height, depth, kind = struct.unpack(">IIBB", picture[16:26])
    channels = {2: 3, 6: 4}[kind]
    assert depth == 8
    rows = np.frombuffer(zlib.decompress(b"".join(_chunks(picture, b"IDAT"))), np.uint8).reshape(height, -1)
    out = np.zeros((height + 1, width + 1, channels), np.uint8)
    for y, row in enumerate(rows, 1):
        out[y, 1:] = _unfiltered(int(row[0]), row[1:].reshape(width, channels), out[y - 1], out[y])
    return out[1:, 1:, :3]


def _unfiltered(how: int, row: NDArray[np.uint8], above: NDArray[np.uint8], here: NDArray[np.uint8]) -> Any:
    """One row of a PNG without its filter: 0 none, 1 left, 2 above, 3 their mean, 4 the nearest of three."""
    if how == 0:
        return row
    if how == 1:
        return np.cumsum(row, axis=0, dtype=np.uint8)
    if how == 2:
        return row + above[1:]
    left = np.zeros(row.shape[1], int)
    for x, given in enumerate(row.astype(int), 1):
        up, corner = above[x].astype(int), above[x - 1].astype(int)
        left = (given + ((left + up) // 2 if how == 3 else _nearest(left, up, corner))) & 255
        here[x] = left
    return here[1:]


def _nearest(left: NDArray[np.int64], up: NDArray[np.int64], corner: NDArray[np.int64]) -> NDArray[np.int64]:
    guess = left + up - corner
    off = np.stack([np.abs(guess - one) for one in (left, up, corner)])
    return np.choose(off.argmin(axis=0), [left, up, corner])


def _chunks(picture: bytes, wanted: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(picture):
        length, name = struct.unpack(">I4s", picture[at : at + 8])
        if name == wanted:
            yield picture[at + 8 : at + 8 + length]
        at += 12 + length


def encoded(which: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """A PNG with a palette from the index of each pixel, (height, width)."""
    height, width = which.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    rows = np.hstack([np.zeros((height, 1), np.uint8), which]).tobytes()
    parts = ((b"IHDR", head), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def take(ward: Ward, shots: Sequence[Shot]) -> None:
    """Take some pictures of a ward as it is."""
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        for shot in shots:
            (IMAGES / f"{shot.name}.png").write_bytes(smaller(taken(browser, ward, shot)))
            print(shot.name, flush=True)
        browser.close()


def main() -> None:
    """Take the pictures that were named, or all."""
    known = [shot.name for shot in (*SHOTS, *LATER_SHOTS)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *known], help=f"which: {', '.join(known)}")
    wanted = set(parser.parse_args().names or known)
    with clinic() as ward:
        take(ward, [shot for shot in SHOTS if shot.name in wanted])
        if wanted & {shot.name for shot in LATER_SHOTS}:
            later(ward)
            take(ward, [shot for shot in LATER_SHOTS if shot.name in wanted])


if __name__ == "__main__":
    main()
