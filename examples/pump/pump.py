"""Pumps whose seals wear: mirrored live, forked, and run at the speed that pays."""

import pollux as px


class Pump(px.Twin):
    """A centrifugal pump whose seal ages faster the hotter it runs."""

    speed = px.actuator("rpm", low=600, high=3000, slew="100 rpm/s", safe=600)
    temp = px.sensor("K", low=250, high=420, noise=0.4, start=293)
    wear = px.hidden("1", start=0, low=0)

    room = px.parameter("K", 293)
    cooling = px.parameter("1/s", 1 / 900)
    friction = px.parameter("K/s/rpm**2", px.lognormal(8e-9, 0.1))  # differs from pump to pump: learnt
    ageing = px.parameter("1/s", px.lognormal(4e-9, 0.3))
    softness = px.parameter("K", 12)

    @px.rate(temp)
    def heats(self):
        return self.friction * self.speed**2 - self.cooling * (self.temp - self.room)

    @px.rate(wear)
    def wears(self):
        return self.ageing * px.exp((self.temp - self.room) / self.softness)

    @px.event
    def seal_fails(self):
        return self.wear >= 1


site = px.Site()
pumps = site.fleet(Pump)


if __name__ == "__main__":
    with site.open("plant/", act=True), px.emulate(pumps, 12, actuators={Pump.speed: 2400}):
        p7 = pumps["P-7"]
        print(p7.now.temp)  # value, uncertainty, age

        futures = p7.fork(seed=7).run("30 days", {Pump.speed: [2400, 2600, 2800, 3000]}, members=200)
        print(futures.probability(Pump.seal_fails))

        profit = px.accrue(px.money("0.4 EUR/day/rpm") * Pump.speed)
        advice = futures.best(gain=profit, loss={Pump.seal_fails: px.money("50000 EUR")})
        print(advice)  # what, by how much, how risky, what else was weighed

        order = p7.apply(advice)  # limits, interlocks, policy; refused with the reason, or sent
        order.wait("done")
        print(order)
