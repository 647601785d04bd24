"""A starter site: one kettle. Change it into what you have.

Run it:   pollux serve site.py --data data --insecure
"""

import pollux as px


class Kettle(px.Twin):
    """Water that a heater warms and the room cools."""

    # What the device tells, with its range and its noise (one standard deviation).
    temp = px.sensor("degC", low=-10, high=120, noise=0.3, start=20, every="1 s")

    # What may be set, within limits that hold for every order; `safe` is where it goes in doubt.
    power = px.actuator("W", low=0, high=2000, safe=0)

    # What is believed; a prior says how far it may differ from kettle to kettle.
    water = px.parameter("kg", px.lognormal(1.2, 0.2))
    heat = px.parameter("J/kg/K", 4186)
    loss = px.parameter("W/K", 1.5)
    room = px.parameter("degC", 20)

    # Physics is written once. Units are checked here and now: try to drop `/ self.heat`.
    @px.rate(temp)
    def warms(self):
        return (self.power - self.loss * (self.temp - self.room)) / self.water / self.heat

    @px.event
    def boils(self):
        return self.temp >= px.quantity(373, "K")


site = px.Site()
kettles = site.fleet(Kettle)
site.watch(Kettle, px.limit(Kettle.temp > 95, severity="high", title="Very hot"))
