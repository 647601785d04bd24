"""A fresh process up to its first result: import, a class, a hundred members of it run ahead; told in JSON.

`warm` as its argument compiles the kernels of the class instead.
"""

import json
import sys
import time

BEGAN, BUSY = time.perf_counter(), time.process_time()

import pollux as px  # noqa: E402

IMPORTED = time.perf_counter()


class Tank(px.Twin):
    """A tank that drains as its level presses."""

    level = px.hidden("m", start=2)
    outlet = px.parameter("1/h", px.lognormal(0.5, 0.2))
    inflow = px.actuator("m/h", low=0, high=2, safe=0)

    @px.rate(level)
    def drains(self):
        return self.inflow - self.outlet * self.level

    @px.event
    def is_low(self):
        return self.level < px.quantity(0.5, "m")


def main() -> None:
    """Run it, or compile it."""
    if sys.argv[1:] == ["warm"]:
        from pollux.model.schema import schema_of
        from pollux.simulate import warm

        list(warm(schema_of(Tank)))
        return
    futures = px.prototype(Tank, members=100).run("2 h")
    level = float(futures.band(Tank.level).median[0, -1])
    told = {"import": IMPORTED - BEGAN, "result": time.perf_counter() - IMPORTED, "level": level}
    told["processor"] = time.process_time() - BUSY
    told["numba"] = float(futures.samples.outcome.backend == "numba")  # type: ignore[attr-defined]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
