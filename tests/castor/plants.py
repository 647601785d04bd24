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

    @px.rate(heat)
    def warms(self):
        return (self.burner - self.loss * (self.heat - self.room)) / self.mass

    @px.rate(soot)
    def soots(self):
        return self.sooting
