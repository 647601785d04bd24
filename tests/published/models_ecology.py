"""Hunters, seeds, and carbon in the air, as somebody would write them down.

Sources: Lotka 1925 and Volterra 1926; Beverton and Holt 1957; Joos et al., Atmos Chem Phys 2013;13:2793 (coefficients
from memory, unverified); Myhre et al. 1998 (forcing of carbon dioxide); IPCC 2006 guidelines, volume 1, chapter 3
(uncertainties in quadrature).
"""

import pollux as px


class Hunting(px.Twin):
    """Prey that grows and is eaten, and predators that live on it (Lotka and Volterra)."""

    prey, predators = px.hidden("1", start=10), px.hidden("1", start=5)
    growth = px.parameter("1/day", px.lognormal(1.1, 0.2))
    hunt = px.parameter("1/day", px.lognormal(0.4, 0.2))
    hunger = px.parameter("1/day", px.lognormal(0.4, 0.2))
    gain = px.parameter("1/day", px.lognormal(0.1, 0.2))

    most_prey, most_predators = px.sensor("1"), px.sensor("1")
    mean_prey, mean_predators = px.sensor("1"), px.sensor("1")

    @px.rate(prey, predators)
    def lives(self):
        return (
            (self.growth - self.hunt * self.predators) * self.prey,
            (self.gain * self.prey - self.hunger) * self.predators,
        )

    @px.derived
    def invariant(self):
        """What never changes."""
        eaten = self.gain * self.prey - self.hunger * px.log(self.prey)
        return eaten + self.hunt * self.predators - self.growth * px.log(self.predators)

    @px.event
    def turns(self):
        """The predators begin to grow."""
        return self.gain * self.prey > self.hunger

    @px.reading(most_prey)
    def counts_most_prey(self):
        return px.peak(self.prey, over=self.turns)

    @px.reading(most_predators)
    def counts_most_predators(self):
        return px.peak(self.predators, over=self.turns)

    @px.reading(mean_prey)
    def counts_mean_prey(self):
        return px.mean(self.prey, over=self.turns)

    @px.reading(mean_predators)
    def counts_mean_predators(self):
        return px.mean(self.predators, over=self.turns)


class Seeds(px.Twin):
    """A population that has offspring once a year, the fewer the denser it is (Beverton and Holt)."""

    many = px.hidden("1", start=10)
    offspring = px.parameter("1", 1.5)
    crowding = px.parameter("1", 100)
    first, years = px.parameter("1", 10), px.parameter("1", 10)

    @px.cycle
    def season(self):
        return px.quantity(1, "year")

    @px.on(season, many)
    def grow(self):
        return self.offspring * self.many / (1 + self.many / self.crowding)

    @px.derived
    def formula(self):
        """The closed form, after so many years."""
        limit = (self.offspring - 1) * self.crowding
        return limit * self.first / (self.first + (limit - self.first) * self.offspring**-self.years)


SHARES = (0.2173, 0.2240, 0.2824, 0.2763)
YEARS = (394.4, 36.54, 4.304)


class Pulse(px.Twin):
    """Carbon that is emitted at once, and how it leaves the air: a share for ever, three shares in their times (Joos).

    Coefficients from memory, unverified.
    """

    stays = px.parameter("1", SHARES[0])
    slow = px.hidden("1", start=SHARES[1])
    middle = px.hidden("1", start=SHARES[2])
    fast = px.hidden("1", start=SHARES[3])
    slow_years, middle_years, fast_years = (px.parameter("year", years) for years in YEARS)
    age = px.parameter("year", 100)
    carbon_years = px.hidden("year", doc="integral of what is in the air")

    @px.derived
    def remains(self):
        return self.stays + self.slow + self.middle + self.fast

    @px.rate(slow, middle, fast, carbon_years)
    def leaves(self):
        pools = (self.slow, self.slow_years), (self.middle, self.middle_years), (self.fast, self.fast_years)
        return *(-share / years for share, years in pools), self.remains

    @px.derived
    def formula(self):
        """What remains at an age."""
        slow, middle, fast = (
            share * px.exp(-self.age / years)
            for share, years in zip(SHARES[1:], (self.slow_years, self.middle_years, self.fast_years), strict=True)
        )
        return self.stays + slow + middle + fast


class Forcing(px.Twin):
    """The radiative forcing of carbon dioxide."""

    concentration, before = px.parameter("ppm", 560), px.parameter("ppm", 280)
    strength = px.parameter("W/m**2", 5.35)

    @px.derived
    def forcing(self):
        return self.strength * px.log(self.concentration / self.before)


class Source(px.Part):
    """What somebody emits: an activity times a factor, each with its relative error."""

    activity = px.parameter("MWh", px.normal(100, 5))
    factor = px.parameter("kg/MWh", px.normal(400, 40))
    activity_error, factor_error = px.parameter("1", 0.05), px.parameter("1", 0.10)

    @px.derived
    def emission(self):
        return self.activity * self.factor

    @px.derived
    def relative_error(self):
        """Of a product: relative errors in quadrature."""
        return px.sqrt(self.activity_error**2 + self.factor_error**2)


class Inventory(px.Twin):
    """Three independent sources."""

    heat = Source()
    power = Source(activity=px.normal(250, 5), factor=px.normal(300, 9), activity_error=0.02, factor_error=0.03)
    traffic = Source(activity=px.normal(40, 4), factor=px.normal(260, 13), activity_error=0.10, factor_error=0.05)

    def sources(self):
        return self.heat, self.power, self.traffic

    @px.derived
    def total(self):
        return sum((one.emission for one in self.sources()[1:]), self.heat.emission)

    @px.derived
    def error(self):
        """Of a sum: absolute errors in quadrature."""
        squares = [(one.emission * one.relative_error) ** 2 for one in self.sources()]
        return px.sqrt(sum(squares[1:], squares[0]))
