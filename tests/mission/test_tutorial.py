"""The tutorial works as it is written, with stock clients."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mission.promises import shows

from pollux.clock import stopwatch

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = (ROOT / "docs/tutorials/first-twin.md").read_text()
COMMAND = [sys.executable, "-m", "pollux"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """`pollux new` and `pollux serve` as the tutorial says, on free ports; the page's address and the MQTT port."""
    assert "pollux serve kitchen/site.py --data kitchen/data --insecure" in TUTORIAL
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([*COMMAND, "new", "kitchen"], cwd=folder, env=environment, check=True, capture_output=True)
    http, mqtt = free_port(), free_port()
    doors = ["--http", f"127.0.0.1:{http}", "--mqtt", f"127.0.0.1:{mqtt}"]
    server = subprocess.Popen(
        [*COMMAND, "serve", "kitchen/site.py", "--data", "kitchen/data", "--insecure", *doors],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        page = re.search(r"page +(http\S+)", server.stdout.readline())
        assert page is not None
        assert f"mqtt://127.0.0.1:{mqtt}" in server.stdout.readline()
        yield page[1], mqtt
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


def signed_in(address: str) -> urllib.request.OpenerDirector:
    """A browser that opened the one-time address."""
    import http.cookiejar

    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    opener.open(address, timeout=10).read()
    return opener


@shows("A3", state="works", command="docs/tutorials/first-twin.md")
def test_the_tutorial_shows_a_value_within_a_minute(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """New, serve, mosquitto_pub: the value is in the API, and the refused one with its reason."""
    publish = tool("mosquitto_pub")
    began = stopwatch()
    with served(tmp_path) as (address, port):
        browser = signed_in(address)
        base = address.split("?")[0] + "api/v1"
        for body in ('{"temp": 21.5}', '{"temp": "hot"}'):
            topic = "twins/Kettle/K-1/telemetry"
            command = [publish, "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-u", "K-1", "-t", topic, "-m", body]
            subprocess.run(command, check=True, timeout=20)
        state = json.load(browser.open(f"{base}/twins/Kettle/K-1", timeout=10))
        assert state["values"]["temp"]["value"] == 21.5
        refusals = json.load(browser.open(f"{base}/twins/Kettle/K-1/refusals", timeout=10))
        assert "hot" in json.dumps(refusals)
    assert stopwatch() - began < 60
    done = subprocess.run(
        [*COMMAND, "verify", "kitchen/data"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(
        [*COMMAND, "replay", "kitchen/site.py", "--data", "kitchen/data"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "1 Kettle" in done.stdout


def test_curl_is_a_device_too(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """A device with a token posts telemetry with curl and gets 202 once it is durable; without one it gets nothing."""
    curl = tool("curl")
    with served(tmp_path) as (address, _):
        made = subprocess.run(
            [*COMMAND, "token", "add", "kitchen/data", "K-9", "--kind", "device", "--twin", "Kettle/K-9"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        url = address.split("?")[0] + "api/v1/twins/Kettle/K-9/telemetry"
        post = [
            curl,
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-X",
            "POST",
            url,
            "-H",
            "Content-Type: application/json",
        ]
        body = ["-d", '{"temp": 40.0}']
        bearer = ["-H", f"Authorization: Bearer {made.stdout.strip()}"]
        pause = threading.Event()
        pause.wait(1.2)
        assert subprocess.run([*post, *bearer, *body], capture_output=True, text=True, check=True).stdout == "202"
        assert subprocess.run([*post, *body], capture_output=True, text=True, check=True).stdout == "401"


def test_the_starter_is_never_written_over_something(tmp_path: Path) -> None:
    """A second `pollux new` into the same folder is refused with one clear line."""
    subprocess.run([*COMMAND, "new", "kitchen"], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run([*COMMAND, "new", "kitchen"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("pollux: site.py, device.py, README.md is there already")


def test_every_verb_has_help_with_an_example() -> None:
    """`--help` of each verb exits 0 and shows an example; a verb that does not exist exits 2."""
    listed = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    verbs = re.findall(r"^    (\w+) ", listed, re.MULTILINE)
    assert {"demo", "new", "serve", "verify", "token", "replay", "bench", "data", "warm"} <= set(verbs)
    for verb in verbs:
        shown = subprocess.run([*COMMAND, verb, "--help"], capture_output=True, text=True, check=True).stdout
        assert "example: pollux" in shown
    assert subprocess.run([*COMMAND, "fly"], capture_output=True).returncode == 2
