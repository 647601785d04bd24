"""A site with all its doors open, as a process of its own: what is thrown at it, and what it weighs, is seen outside.

`python -m tests.faults.target FOLDER` prints its ports as JSON; each line on its standard input prints what it weighs.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pollux as px

TOKEN = "a-token-of-the-exam"


class Pump(px.Twin):
    """What devices speak of."""

    temp = px.sensor("K", low=200, high=500)
    temperature = px.sensor("degC", low=-40, high=200)
    rpm = px.sensor("rpm", low=0, high=5000)
    vibration = px.sensor("mm/s", low=0, high=100)
    speed = px.actuator("rpm", low=0, high=3000, safe=0)
    maker = px.fact("text")


class Errors(logging.Handler):
    """Counts what is logged as an error: nothing from outside may cause one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.newest: list[str] = []
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.newest = [*self.newest[-4:], self.format(record)]


def weight(live: Any, errors: Errors) -> dict[str, Any]:
    """What the process holds, and what went wrong inside."""
    counters = [live.endpoint.counters, live.coap.counters]
    inside = sum(int(one.get("internal_errors", 0)) for one in counters)
    return {
        "kb": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024,
        "handles": len(os.listdir("/proc/self/fd")),
        "inside": inside,
        "refused": sum(live.letters.counts.values()),
        "errors": errors.count,
        "newest": errors.newest,
    }


def main() -> None:
    """Serve until the standard input ends."""
    errors = Errors()
    logging.getLogger().addHandler(errors)
    site = px.Site("exam")
    site.fleet(Pump, px.mqtt("plant/{line}/{id}/{signal}"), px.mqtt("gateway/#", read=_read))
    site.watch(Pump, px.limit(Pump.temp > 400, severity="high", title="Hot"))
    options: dict[str, Any] = {"http": "127.0.0.1:0", "coap": "127.0.0.1:0", "insecure": True}
    with site.open(Path(sys.argv[1]), **options) as live:
        live.accounts.first_administrator(TOKEN)
        live.accounts.add("gateway", kind="service", roles={"service"}, twins=["*"])
        assert live.endpoint
        assert live.server
        assert live.coap
        ports = {"mqtt": live.endpoint.port, "http": live.server.port, "coap": live.coap.port}
        print(json.dumps({**ports, "gateway": live.accounts.issue("gateway").secret}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(weight(live, errors)), flush=True)


def _read(topic: str, payload: bytes) -> dict[str, Any] | None:
    """A mapping of a user: what it cannot read it says by an exception, as users' code does."""
    found: dict[str, Any] = json.loads(payload)
    return {"id": topic.rsplit("/", 1)[-1], **found}


if __name__ == "__main__":
    main()
