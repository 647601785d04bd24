"""A small plant for tests of emulated devices."""

import pollux as px


class Kiln(px.Twin):
    """Something hot with a burner that turns up slowly, a flap that moves at once, and a slow sensor."""

    burner = px.actuator("W", low=0, high=1000, slew="10 W/s", safe=0)
    flap = px.actuator("1", low=0, high=1, start=0)
    heat = px.sensor("degC", low=0, high=900, noise=0.5, start=20)
    draught = px.sensor("Pa", low=-50, high=50, every="30 s", start=3)
    soot = px.hidden("g", start=0)

    loss = px.parameter("W/K", px.lognormal(2.0, 0.3))
    mass = px.parameter("J/K", 500)
    room = px.parameter("degC", 20)
    sooting = px.parameter("g/s", 0.01)

    @px.command(measures=True)
    def look(self, at=px.fact(["heat", "draught", "soot"]), eye=px.fact(["left", "right"], "left")):  # noqa: B008
        """Measure again."""

    @px.rate(heat)
    def warms(self):
        return (self.burner - self.loss * (self.heat - self.room)) / self.mass

    @px.rate(soot)
    def soots(self):
        return self.sooting


class Forge(px.Twin):
    """What stands behind the devices of a kiln in some tests: other equations, other units, things of its own."""

    burner = px.actuator("kW", low=0, high=1)
    heat = px.hidden("K", start=293.15)
    coal = px.parameter("1", 0)
    wind = px.parameter("hPa", 0.02)
    loss = px.parameter("kW/K", 0.002)
    mass = px.parameter("kJ/K", 0.5)
    room = px.parameter("K", 293.15)
    glow = px.parameter("kW", 0.05)

    @px.rate(heat)
    def warms(self):
        return (self.burner + self.glow * self.coal - self.loss * (self.heat - self.room)) / self.mass

    @px.derived
    def draught(self):
        return self.wind * (1 + self.coal)

    @px.derived
    def margin(self):
        return self.heat - self.room


class Beat(px.Twin):
    """Fast: a pressure that swings around a level, read as its mean over a turn."""

    level = px.parameter("Pa", 1)
    pressure = px.hidden("Pa", start=0)
    quick = px.parameter("s", 0.1)
    turn = px.parameter("s", 0.5)
    mean = px.sensor("Pa")

    @px.cycle
    def beat(self):
        return self.turn

    @px.rate(pressure)
    def swings(self):
        return (self.level * (1 + px.sin(2 * px.pi * self.beat.phase)) - self.pressure) / self.quick

    @px.reading(mean)
    def gauge(self):
        return px.mean(self.pressure, over=self.beat)


class Bellows(px.Twin):
    """Slow, with a fast model inside: its draught is that of the settled beat."""

    wind = px.hidden("Pa", start=10)
    dies = px.parameter("min", 30)

    @px.rate(wind)
    def calms(self):
        return -self.wind / self.dies

    @px.derived
    def draught(self):
        return px.settled(Beat, {Beat.level: self.wind}, over="5 s", every="5 min").mean
