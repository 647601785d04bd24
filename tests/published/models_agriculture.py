"""A meadow that drinks and a soil that holds water, as somebody would write them down.

Source: Allen et al., Crop evapotranspiration, FAO Irrigation and Drainage Paper 56, Rome 1998: chapters 3 and 4 (the
reference evapotranspiration, equations 6, 7, 8, 11 to 13, 17, 21 to 25, 35, 37 to 40, 47) and 8 (the water balance of
the root zone, equations 82 to 85).
"""

import pollux as px


def arccos(x):
    """The angle whose cosine is x, for -0.95 to 0.95: a start that is nearly right, and Newton's method."""
    angle = px.pi / 2 - x - x**3 / 6
    for _ in range(4):
        angle = angle + (px.cos(angle) - x) / px.sin(angle)
    return angle


class Sky(px.Part):
    """The sun over a place on a day of the year, without the air."""

    latitude = px.parameter("deg", 50.8)
    day = px.parameter("1", 187, doc="of the year")
    constant = px.parameter("MJ/m**2/min", 0.0820)

    def turn(self):
        return 2 * px.pi * self.day / 365

    @px.derived
    def nearness(self):
        """Inverse square of the distance to the sun, relative to its mean."""
        return 1 + 0.033 * px.cos(self.turn())

    @px.derived
    def declination(self):
        return 0.409 * px.sin(self.turn() - 1.39)

    def lifts(self):
        """The two parts of the sine of the sun's height: what stays, and what goes round with the hour."""
        latitude, declination = self.latitude, self.declination
        return px.sin(latitude) * px.sin(declination), px.cos(latitude) * px.cos(declination)

    @px.derived
    def sunset(self):
        """The hour angle at which the sun sets."""
        still, round_ = self.lifts()
        return arccos(-still / round_)

    @px.derived
    def daylight(self):
        return px.quantity(24, "h") / px.pi * self.sunset

    @px.derived
    def radiation(self):
        """Energy of a day, outside of the atmosphere (Ra)."""
        still, round_ = self.lifts()
        lit = self.sunset * still + round_ * px.sin(self.sunset)
        return px.quantity(24 * 60, "min") / px.pi * self.constant * self.nearness * lit


def vapour(temp):
    """The pressure of saturated vapour over water, of a temperature in kelvin."""
    above = temp / px.quantity(1, "K") - 273.15
    return px.quantity(0.6108, "kPa") * px.exp(17.27 * above / (above + 237.3))


class Meadow(px.Twin):
    """Grass that is well watered: the reference evapotranspiration of a day (Penman-Monteith after FAO-56)."""

    sky = Sky()
    warmest, coldest = px.sensor("degC", start=21.5), px.sensor("degC", start=12.3)
    most_humid, least_humid = px.sensor("%", start=84), px.sensor("%", start=63)
    wind = px.sensor("km/h", start=10, doc="at the height of the mast")
    sunshine = px.sensor("h", start=9.25)
    height, mast = px.parameter("m", 100, doc="above the sea"), px.parameter("m", 10)
    through_clouds, through_air = px.parameter("1", 0.25), px.parameter("1", 0.50)
    albedo = px.parameter("1", 0.23)
    boltzmann = px.parameter("MJ/K**4/m**2", 4.903e-9, doc="of a day")

    @px.derived
    def sun(self):
        """Radiation that reaches the ground (Rs)."""
        return (self.through_clouds + self.through_air * self.sunshine / self.sky.daylight) * self.sky.radiation

    @px.derived
    def clear_sun(self):
        return (0.75 + 2e-5 * self.height / px.quantity(1, "m")) * self.sky.radiation

    @px.derived
    def humidity(self):
        """Pressure of the vapour in the air (ea)."""
        return (vapour(self.coldest) * self.most_humid + vapour(self.warmest) * self.least_humid) / 2

    @px.derived
    def away(self):
        """Heat that the ground radiates (Rnl)."""
        glow = self.boltzmann * (self.warmest**4 + self.coldest**4) / 2
        air = 0.34 - 0.14 * px.sqrt(self.humidity / px.quantity(1, "kPa"))
        return glow * air * (1.35 * self.sun / self.clear_sun - 0.35)

    @px.derived
    def kept(self):
        """Radiation that stays (Rn)."""
        return (1 - self.albedo) * self.sun - self.away

    @px.derived
    def breeze(self):
        """Wind at 2 m, in m/s."""
        low = px.log(67.8 * self.mast / px.quantity(1, "m") - 5.42)
        return 4.87 / low * self.wind / px.quantity(1, "m/s")

    @px.derived
    def psychrometric(self):
        """Constant of the psychrometer, in kPa/K."""
        air = ((293 - 0.0065 * self.height / px.quantity(1, "m")) / 293) ** 5.26
        return 0.665e-3 * 101.3 * air

    @px.derived
    def evaporates(self):
        """ETo, in mm a day."""
        kelvin, kilopascal = px.quantity(1, "K"), px.quantity(1, "kPa")
        mean = (self.warmest + self.coldest) / 2 / kelvin - 273.15
        saturated = vapour((self.warmest + self.coldest) / 2) / kilopascal
        slope = 4098 * saturated / (mean + 237.3) ** 2
        dry = ((vapour(self.warmest) + vapour(self.coldest)) / 2 - self.humidity) / kilopascal
        radiation = 0.408 * slope * self.kept / px.quantity(1, "MJ/m**2")
        air = self.psychrometric * 900 / (mean + 273) * self.breeze * dry
        return (radiation + air) / (slope + self.psychrometric * (1 + 0.34 * self.breeze))


class Sun(px.Twin):
    """The same sky, hour by hour: what a meter outside of the atmosphere counts in a day."""

    sky = Sky()
    counted = px.sensor("MJ/m**2")

    @px.cycle
    def day(self):
        return px.quantity(24, "h")

    @px.derived
    def light(self):
        still, round_ = self.sky.lifts()
        height = still + round_ * px.cos(2 * px.pi * self.day.phase - px.pi)
        return self.sky.constant * self.sky.nearness * px.maximum(height, 0)

    @px.reading(counted)
    def counts(self):
        return px.sum(self.light, over=self.day)


class Field(px.Twin):
    """The water of a root zone (FAO-56, chapter 8): what falls, what runs off, what the crop drinks, what seeps.

    The depletion is what is missing to field capacity. Water beyond that seeps within days (a choice: FAO-56 lets it
    go on the day on which it comes); where less than the readily available water is left, the crop drinks less.
    """

    rain = px.sensor("mm/day", start=0)
    demand = px.parameter("mm/day", 4, doc="reference evapotranspiration")
    crop = px.parameter("1", 1.1, doc="coefficient of the crop")
    capacity, wilting = px.parameter("1", 0.30, doc="share of water"), px.parameter("1", 0.12)
    roots = px.parameter("m", 0.8)
    readily = px.parameter("1", 0.5, doc="share of the available water that is drunk without effort")
    draining = px.parameter("day", 0.5, doc="in which water beyond field capacity seeps to 37 %")
    infiltrates = px.parameter("mm/day", 40, doc="at most; more runs off")
    portion = px.parameter("mm", 30, doc="of irrigation, when the readily available water is gone; 0 for none")

    depletion = px.hidden("mm", start=20)
    fallen, run_off = px.hidden("mm"), px.hidden("mm")
    drunk, seeped, watered = px.hidden("mm"), px.hidden("mm"), px.hidden("mm")

    @px.derived
    def available(self):
        return (self.capacity - self.wilting) * self.roots

    @px.derived
    def stress(self):
        """1 without, 0 at the wilting point (Ks)."""
        left = (self.available - self.depletion) / ((1 - self.readily) * self.available)
        return px.clip(left, 0, 1)

    @px.derived
    def drinks(self):
        return self.stress * self.crop * self.demand

    @px.derived
    def runs_off(self):
        return px.maximum(self.rain - self.infiltrates, 0)

    @px.derived
    def seeps(self):
        return px.maximum(-self.depletion, 0) / self.draining

    @px.rate(depletion, fallen, run_off, drunk, seeped)
    def balances(self):
        gone = self.runs_off + self.drinks + self.seeps
        return gone - self.rain, self.rain, self.runs_off, self.drinks, self.seeps

    @px.event
    def is_dry(self):
        return self.depletion > self.readily * self.available

    @px.on(is_dry, depletion)
    def wets(self):
        return self.depletion - self.portion

    @px.on(is_dry, watered)
    def is_watered(self):
        return self.watered + self.portion
