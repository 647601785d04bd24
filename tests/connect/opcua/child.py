"""A site of its own process that reads the plant until it is killed (arguments: data folder, url, pin)."""

import sys
import threading
from pathlib import Path

import pollux as px
from tests.connect.opcua.rig import URI, USER


class Pump(px.Twin):
    """One number."""

    temp = px.sensor("degC")


def site(url, pin):
    """The site, and its fleet."""
    made = px.Site("child")
    source = px.opcua(
        url, nodes={Pump.temp: f"nsu={URI};s=Z.{{id}}.temp"}, pin=pin, username=USER, password_env="PLANT_PASSWORD",
        publishing="50 ms", sampling="10 ms", queue=100,
    )  # fmt: skip
    return made, made.fleet(Pump, source)


if __name__ == "__main__":
    made, fleet = site(sys.argv[2], sys.argv[3])
    with made.open(Path(sys.argv[1]), mqtt=None):
        print("open", flush=True)
        while not fleet or not fleet["P7"].history(Pump.temp, "2 h").time.size:
            threading.Event().wait(0.01)
        print("heard", flush=True)
        threading.Event().wait()
