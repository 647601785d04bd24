"""A pendulum, a spring, a fall and a flywheel: mechanics of the textbook, as somebody would write it down."""

import pollux as px


class Pendulum(px.Twin):
    """A mass on a rod; no friction."""

    angle = px.hidden("rad", start=1)
    turning = px.hidden("rad/s", start=0)
    length = px.parameter("m", px.lognormal(1, 0.3))
    mass = px.parameter("kg", px.lognormal(1, 0.3))
    gravity = px.parameter("m/s**2", 9.81)

    @px.rate(angle, turning)
    def swings(self):
        return self.turning, -self.gravity / self.length * px.sin(self.angle)

    @px.derived
    def energy(self):
        """Above its lowest place."""
        moving = 0.5 * self.mass * (self.length * self.turning) ** 2
        return moving + self.mass * self.gravity * self.length * (1 - px.cos(self.angle))

    @px.event
    def passes(self):
        """It passes its lowest place, from one side."""
        return self.angle > 0


class Spring(px.Twin):
    """A mass on a spring with a damper, shaken by a force that swings."""

    place = px.hidden("m", start=0.1)
    speed = px.hidden("m/s", start=0)
    mass = px.parameter("kg", px.lognormal(2, 0.3))
    stiffness = px.parameter("N/m", px.lognormal(50, 0.3))
    damping = px.parameter("N*s/m", px.lognormal(1, 0.3))
    force = px.parameter("N", 0)
    shaking = px.parameter("1/s", 1, doc="turns of the force")

    heat = px.hidden("J", doc="in the damper")
    work = px.hidden("J", doc="of the force")
    reach = px.sensor("m")

    @px.cycle
    def turn(self):
        return 1 / self.shaking

    @px.derived
    def shake(self):
        return self.force * px.sin(2 * px.pi * self.turn.phase)

    @px.rate(place, speed)
    def moves(self):
        return self.speed, (self.shake - self.damping * self.speed - self.stiffness * self.place) / self.mass

    @px.rate(heat, work)
    def exchanges(self):
        return self.damping * self.speed**2, self.shake * self.speed

    @px.derived
    def energy(self):
        return 0.5 * self.mass * self.speed**2 + 0.5 * self.stiffness * self.place**2

    @px.reading(reach)
    def reaches(self):
        return px.peak(abs(self.place), over=self.turn)


class Fall(px.Twin):
    """A body that falls through air from rest."""

    fallen = px.hidden("m")
    speed = px.hidden("m/s")
    mass = px.parameter("kg", 80)
    gravity = px.parameter("m/s**2", 9.81)
    drag = px.parameter("m**2", 0.7, doc="drag coefficient times area")
    air = px.parameter("kg/m**3", 1.2)

    @px.rate(fallen, speed)
    def falls(self):
        return self.speed, self.gravity - 0.5 * self.air * self.drag * self.speed**2 / self.mass


class Ball(px.Twin):
    """A ball that leaves the ground with a share of the speed with which it came."""

    height = px.hidden("m", start=10)
    speed = px.hidden("m/s")
    gravity = px.parameter("m/s**2", 9.81)
    bounce = px.parameter("1", 0.8)

    @px.rate(height, speed)
    def falls(self):
        return self.speed, -self.gravity

    @px.event
    def hits(self):
        return (self.height <= 0) & (self.speed < 0)

    @px.on(hits, speed)
    def returns(self):
        return -self.bounce * self.speed


class Flywheel(px.Twin):
    """Two wheels on one clutch: what slips between them turns into heat, and the turning as a whole remains."""

    one = px.hidden("rad/s", start=100)
    other = px.hidden("rad/s", start=0)
    inertia_one, inertia_other = px.parameter("kg*m**2", px.lognormal(2, 0.3)), px.parameter("kg*m**2", 3)
    clutch = px.parameter("N*m*s/rad", px.lognormal(0.5, 0.3))
    heat = px.hidden("J")

    @px.derived
    def torque(self):
        return self.clutch * (self.one - self.other)

    @px.rate(one, other, heat)
    def slip(self):
        return (
            -self.torque / self.inertia_one,
            self.torque / self.inertia_other,
            self.torque * (self.one - self.other),
        )

    @px.derived
    def momentum(self):
        return self.inertia_one * self.one + self.inertia_other * self.other

    @px.derived
    def energy(self):
        return 0.5 * self.inertia_one * self.one**2 + 0.5 * self.inertia_other * self.other**2
