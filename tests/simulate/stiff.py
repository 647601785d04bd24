"""Stiff types with published reference values, types with algebraic variables, types with noise."""

from pollux.model.delays import delay
from pollux.model.equations import algebraic, rate
from pollux.model.noises import noise
from pollux.model.roles import hidden, parameter
from pollux.model.twin import Twin


class Robertson(Twin):
    """Three reactions whose rates lie nine orders of magnitude apart (Robertson 1966)."""

    a = hidden("1", start=1)
    b = hidden("1", start=0)
    c = hidden("1", start=0)
    slow = parameter("1/s", 0.04)
    fast = parameter("1/s", 3e7)
    middle = parameter("1/s", 1e4)

    @rate(a, b, c)
    def reacts(self):
        first, second, third = self.slow * self.a, self.fast * self.b**2, self.middle * self.b * self.c
        return third - first, first - second - third, second


class Conserved(Twin):
    """The same with the sum of all as an algebraic equation."""

    a = hidden("1", start=1)
    b = hidden("1", start=0)
    c = hidden("1", start=0.2)
    slow = parameter("1/s", 0.04)
    fast = parameter("1/s", 3e7)
    middle = parameter("1/s", 1e4)

    @rate(a, b)
    def reacts(self):
        first, second, third = self.slow * self.a, self.fast * self.b**2, self.middle * self.b * self.c
        return third - first, first - second - third

    @algebraic(c)
    def nothing_is_lost(self):
        return self.a + self.b + self.c - 1


class VanDerPol(Twin):
    """A relaxation oscillator: x'' = mu (1 - x^2) x' - x."""

    x = hidden("1", start=2)
    v = hidden("1/s", start=0)
    mu = parameter("1", 1000)
    pace = parameter("1/s", 1)

    @rate(x, v)
    def swings(self):
        return self.v, self.pace * (self.mu * (1 - self.x**2) * self.v - self.pace * self.x)


class Hires(Twin):
    """High irradiance responses of photomorphogenesis: eight species (Schaefer 1975)."""

    y1, y2, y3, y4 = hidden("1", start=1), hidden("1", start=0), hidden("1", start=0), hidden("1", start=0)
    y5, y6, y7, y8 = hidden("1", start=0), hidden("1", start=0), hidden("1", start=0), hidden("1", start=0.0057)
    pace = parameter("1/s", 1)

    @rate(y1, y2, y3, y4, y5, y6, y7, y8)
    def reacts(self):
        y1, y2, y3, y4, y5, y6, y7, y8 = (getattr(self, f"y{k}") for k in range(1, 9))
        bound = 280 * y6 * y8 - 1.81 * y7
        rates = (
            -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
            1.71 * y1 - 8.75 * y2,
            -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
            8.32 * y2 + 1.71 * y3 - 1.12 * y4,
            -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
            -280 * y6 * y8 + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
            bound,
            -bound,
        )
        return tuple(self.pace * one for one in rates)


class Growth(Twin):
    """dX = mu X dt + sigma X dW, and its Wiener process: X = X0 exp((mu - sigma^2 / 2) t + sigma W)."""

    shock = noise()
    x = hidden("1", start=1)
    w = hidden("s**0.5", start=0)
    mu = parameter("1/s", 1.5)
    sigma = parameter("1/s**0.5", 1.0)

    @rate(x)
    def grows(self):
        return self.mu * self.x + self.sigma * self.x * self.shock

    @rate(w)
    def walks(self):
        return self.shock


class Crossed(Twin):
    """Two noises that do not commute: the one turns what the other pushes."""

    first, second = noise(), noise()
    x, y = hidden("1", start=1), hidden("1", start=0)
    size = parameter("1/s**0.5", 0.1)

    @rate(x, y)
    def moves(self):
        return self.size * self.first, self.size * self.x * self.second


class Lagging(Twin):
    """x' = -k x(t - tau): for k tau = pi/2 a cosine for ever, once it is one."""

    x = hidden("1", start=1)
    k = parameter("1/s", 1)

    @rate(x)
    def returns(self):
        return -self.k * delay(self.x, by="1 s")
