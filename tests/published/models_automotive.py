"""Cars as somebody would write them down: the energy of a drive, the ageing of a cell, one car behind another.

Sources: the motor's map and the vehicles are those of FASTSim (NREL, Apache-2; `FASTSim_py_veh_db.csv` at commit
bd9111b); ageing after Schmalstieg et al., J Power Sources 2014;257:325 (numbers as in NREL's BLAST-Lite) and Wang et
al., J Power Sources 2011;196:3942 (coefficients from memory, unverified); the Intelligent Driver Model after Treiber,
Hennecke and Helbing, Phys Rev E 2000;62:1805.
"""

import pollux as px

LARGE_MOTOR = {0: 0.83, 0.02: 0.85, 0.04: 0.87, 0.06: 0.89, 0.08: 0.90, 0.10: 0.91} | {
    0.2: 0.93,
    0.4: 0.94,
    0.6: 0.94,
    0.8: 0.93,
    1: 0.92,
}
"""Efficiency over the share of the rated power."""


class Wheels(px.Part):
    """Four wheels: they roll, and they spin."""

    count = px.parameter("1", 4)
    inertia = px.parameter("kg*m**2", 0.815, doc="of one wheel")
    radius = px.parameter("m", 0.336)
    resistance = px.parameter("1", 0.008, doc="coefficient of rolling")

    def spinning(self, speed):
        """Energy in the rotation at a speed of the car."""
        return 0.5 * self.count * self.inertia * (speed / self.radius) ** 2


class Motor(px.Part):
    """A motor with its gear; its efficiency depends on the load, which is the share of its rated power."""

    rating = px.parameter("kW", 80)
    gear = px.parameter("1", 0.98, doc="efficiency of the transmission")

    def efficiency(self, shaft):
        return px.table(abs(shaft) / self.rating, LARGE_MOTOR)

    def driving(self, wheel):
        """Electric power for a power at the wheels."""
        shaft = px.minimum(wheel / self.gear, self.rating)
        return shaft / self.efficiency(shaft)

    def braking(self, wheel, share):
        """Electric power (negative) that a share of the braking power at the wheels gives back."""
        shaft = px.maximum(wheel * share * self.gear, -self.rating)
        return shaft * self.efficiency(shaft)


class ElectricCar(px.Twin):
    """An electric car on a drive cycle that is told once a second, and where the energy goes.

    The car is told its speed before and after each second. Everything is the mean over that second: the air takes
    the mean of the cubes of both speeds, acceleration their difference.
    """

    before = px.actuator("m/s", low=0, high=70, safe=0, doc="speed as this second begins")
    after = px.actuator("m/s", low=0, high=70, safe=0, doc="speed as it ends")
    sample = px.parameter("s", 1, doc="between two speeds of the cycle")

    mass = px.parameter("kg", 1613)
    drag = px.parameter("m**2", 0.315 * 2.755, doc="drag coefficient times frontal area")
    air = px.parameter("kg/m**3", 1.2)
    gravity = px.parameter("m/s**2", 9.81)
    wheels = Wheels()
    motor = Motor()
    recuperation = px.parameter("1", 0.98, doc="of the braking power, at speed")
    fading = px.parameter("1", 500)
    fades = px.parameter("1/mph", 0.99)
    walking = px.parameter("mph", 1)
    auxiliaries = px.parameter("kW", 0.25)
    round_trip = px.parameter("1", 0.97, doc="efficiency of the battery, in and out")

    odometer = px.hidden("m")
    drawn = px.hidden("kJ", doc="out of the cells, less what came back")
    into_air, into_road = px.hidden("kJ"), px.hidden("kJ")
    into_brakes, into_motor = px.hidden("kJ"), px.hidden("kJ", doc="with the gear")
    into_battery, into_auxiliaries = px.hidden("kJ", doc="heat"), px.hidden("kJ")
    missing = px.hidden("kJ", doc="asked of a motor that cannot give so much")

    def moving(self, speed):
        """Kinetic energy, of the car and of its wheels."""
        return 0.5 * self.mass * speed**2 + self.wheels.spinning(speed)

    @px.derived
    def speed(self):
        return (self.before + self.after) / 2

    @px.derived
    def against_air(self):
        return 0.5 * self.air * self.drag * (self.before**3 + self.after**3) / 2

    @px.derived
    def against_road(self):
        return self.mass * self.gravity * self.wheels.resistance * self.speed

    @px.derived
    def at_the_wheels(self):
        faster = (self.moving(self.after) - self.moving(self.before)) / self.sample
        return self.against_air + self.against_road + faster

    @px.derived
    def share_back(self):
        """The share of the braking power that the motor takes; at walking pace the brakes do it."""
        return self.recuperation / (1 + self.fading * px.exp(-self.fades * (self.speed + self.walking)))

    @px.derived
    def electric(self):
        wheel = self.at_the_wheels
        return px.where(wheel >= 0, self.motor.driving(wheel), self.motor.braking(wheel, self.share_back))

    @px.derived
    def from_the_cells(self):
        power, once = self.electric + self.auxiliaries, px.sqrt(self.round_trip)
        return px.where(power > 0, power / once, power * once)

    @px.derived
    def by_friction(self):
        """What the brakes take."""
        return px.where(self.at_the_wheels < 0, -self.at_the_wheels * (1 - self.share_back), 0)

    @px.derived
    def unmet(self):
        return px.maximum(self.at_the_wheels - self.motor.rating * self.motor.gear, 0)

    @px.rate(odometer, drawn, into_air, into_road)
    def goes(self):
        return self.speed, self.from_the_cells, self.against_air, self.against_road

    @px.rate(into_brakes, into_motor, into_battery, into_auxiliaries, missing)
    def loses(self):
        motor = self.electric - self.at_the_wheels - self.by_friction + self.unmet
        battery = self.from_the_cells - self.electric - self.auxiliaries
        return self.by_friction, motor, battery, self.auxiliaries, self.unmet


class AgeingCell(px.Twin):
    """The capacity and the resistance of an NMC cell of 2.05 Ah (Schmalstieg 2014), by calendar and by cycling.

    C = 1 - a t^0.75 - b sqrt(Q) and R = 1 + c t^0.75 + d Q, relative to a cell when it was made; t in days at a
    voltage and a temperature, Q in Ah cycled at a mean voltage and a depth. Cycling holds for about 1C and 35 °C.
    """

    voltage = px.parameter("V", 3.7, doc="at which it rests")
    temperature = px.parameter("K", 298.15)
    age = px.parameter("day", 0)
    charge = px.parameter("A*h", 0, doc="put through so far")
    mean_voltage = px.parameter("V", 3.7, doc="of its cycles")
    depth = px.parameter("1", 0.5, doc="of discharge, per cycle")

    fade, fade_from = px.parameter("1/day**(3/4)/V", 7.543e6), px.parameter("1/day**(3/4)", 23.75e6)
    fade_activation = px.parameter("K", 6976)
    rise, rise_from = px.parameter("1/day**(3/4)/V", 5.270e5), px.parameter("1/day**(3/4)", 16.32e5)
    rise_activation = px.parameter("K", 5986)
    wear, kind_voltage = px.parameter("1/V**2/(A*h)**(1/2)", 7.348e-3), px.parameter("V", 3.667)
    wear_least, wear_depth = px.parameter("1/(A*h)**(1/2)", 7.6e-4), px.parameter("1/(A*h)**(1/2)", 4.081e-3)
    growth, calm_voltage = px.parameter("1/V**2/(A*h)", 2.153e-4), px.parameter("V", 3.725)
    growth_least, growth_depth = px.parameter("1/(A*h)", -1.521e-5), px.parameter("1/(A*h)", 2.798e-4)

    @px.derived
    def capacity(self):
        resting = (self.fade * self.voltage - self.fade_from) * px.exp(-self.fade_activation / self.temperature)
        odd = self.mean_voltage - self.kind_voltage
        cycling = self.wear * odd**2 + self.wear_least + self.wear_depth * self.depth
        return 1 - resting * self.age**0.75 - cycling * px.sqrt(self.charge)

    @px.derived
    def resistance(self):
        resting = (self.rise * self.voltage - self.rise_from) * px.exp(-self.rise_activation / self.temperature)
        odd = self.mean_voltage - self.calm_voltage
        cycling = self.growth * odd**2 + self.growth_least + self.growth_depth * self.depth
        return 1 + resting * self.age**0.75 + cycling * self.charge


class CyclingCell(px.Twin):
    """The capacity that an LFP cell loses by cycling (Wang 2011); all coefficients from memory, unverified."""

    rate = px.parameter("1", 0.5, doc="current over what would empty the cell in an hour")
    factor = px.parameter("1/(A*h)**(11/20)", 31630, doc="belongs to the rate")
    charge = px.parameter("A*h", 5000)
    temperature = px.parameter("K", 298.15)
    activation, relief = px.parameter("J/mol", 31700), px.parameter("J/mol", 370.3)
    gas = px.parameter("J/mol/K", 8.314)

    @px.derived
    def lost(self):
        """In percent of the capacity."""
        energy = self.activation - self.relief * self.rate
        return self.factor * px.exp(-energy / (self.gas * self.temperature)) * self.charge**0.55


class Driver(px.Part):
    """How somebody drives (IDM): wants a speed, keeps a distance, brakes as is comfortable."""

    wanted = px.parameter("m/s", 33.3)
    headway = px.parameter("s", 1.5)
    standing = px.parameter("m", 2, doc="gap in a jam")
    acceleration, comfort = px.parameter("m/s**2", 1.0), px.parameter("m/s**2", 1.5)

    def accelerates(self, gap, speed, closing):
        """Acceleration behind a car `gap` ahead that one comes nearer to by `closing`."""
        dynamic = speed * closing / (2 * px.sqrt(self.acceleration * self.comfort))
        desired = self.standing + speed * self.headway + dynamic
        return self.acceleration * (1 - (speed / self.wanted) ** 4 - (desired / gap) ** 2)


class TwoCars(px.Twin):
    """One car behind another that keeps its speed."""

    ahead = px.parameter("m/s", 20, doc="speed of the car in front")
    speed = px.hidden("m/s", start=20)
    gap = px.hidden("m", start=60)
    driver = Driver()

    @px.rate(speed, gap)
    def follows(self):
        closing = self.speed - self.ahead
        return self.driver.accelerates(self.gap, self.speed, closing), -closing
