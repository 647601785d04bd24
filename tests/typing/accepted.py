"""Lines that mypy and pyright, both strict, must accept: what a user of the words of a model writes."""

from typing import assert_type

import numpy as np

import pollux as px
from pollux.model.equations import Turn
from pollux.model.symbols import Condition, Formula


class Seal(px.Part):
    wear = px.hidden("1", start=0, low=0)
    ageing = px.parameter("1/s", px.lognormal(4e-9, 0.3))

    def left(self) -> px.Value:
        return 1 - self.wear

    @px.rate(wear)
    def wears(self):
        return self.ageing

    @px.event
    def fails(self):
        return self.wear >= 1


class Pump(px.Twin):
    speed = px.actuator("rpm", low=600, high=3000, slew="100 rpm/s", safe=600)
    temp = px.sensor("K", low=250, high=420, noise=0.4)
    shown = px.sensor("K")
    fuel = px.fact(["gas", "oil"], "gas")
    room = px.parameter("K", 293)
    cooling = px.parameter("1/s", 1 / 900)
    friction = px.parameter("K/s/rpm**2", 8e-9)
    seal = Seal(ageing=5e-9)
    spare = Seal()

    @px.cycle
    def turn(self):
        return 1 / self.speed

    @px.derived
    def excess(self):
        return self.temp - self.room

    @px.rate(temp)
    def heats(self):
        return self.friction * self.speed**2 - self.cooling * self.excess

    @px.reading(shown)
    def seen(self):
        return px.peak(self.temp, over=self.turn) + px.mean(self.temp, over="1 h") - self.room

    @px.event
    def hot(self):
        return (self.temp > self.room) & ~(self.seal.left() <= 0.1)

    @px.on(hot, seal.wear)
    def repaired(self):
        return px.where(self.hot, 0, px.clip(self.seal.wear, 0, 1))

    @px.command
    def grease(self, amount: px.fact = px.fact("g", low=0, high=5)) -> None:  # noqa: B008
        """Grease the bearings."""


class Plant(px.Twin, personal=True):
    pumps = px.links(Pump)
    first = px.link(Pump)
    next_one = px.link("Plant")
    heat = px.hidden("K")
    slow = px.parameter("1/s", 1)
    speed = px.parameter("rpm", 1000)

    @px.rate(heat)
    def heats(self):
        return self.slow * px.total(self.pumps.temp - self.pumps.room)

    @px.derived
    def warmer(self) -> px.Value:
        return px.where(px.present(self.first), self.first.temp - self.next_one.heat, 0)

    @px.derived
    def settles(self):
        return px.settled(Pump, {Pump.speed: self.speed, Pump.seal.ageing: 3e-9}, over="25 s").temp


class Sampler(px.Part):
    held = px.hidden("1", start=0)
    period = px.parameter("s", 0.1)

    @px.cycle
    def tick(self):
        return self.period


class Ship(px.Twin):
    gusts = px.noise()
    speed, drag = px.hidden("m/s"), px.hidden("m/s**2")
    push = px.parameter("m/s**1.5", 0.1)
    rough = px.parameter("1/m", 0.2)
    sampler = Sampler()

    @px.rate(speed)
    def moves(self):
        return px.delay(-self.drag, by="2 s") + self.push * self.gusts

    @px.algebraic(drag)
    def drags(self):
        return self.drag - self.rough * self.speed**2

    @px.on(sampler.tick, sampler.held)
    def samples(self):
        return px.table(self.speed, {0: 0, 1: 2}, units=("m/s", "1"), curve="smooth")

    @px.derived
    def power(self):
        daily = px.sin(px.time() / px.quantity(1, "day"))
        return px.table((self.speed, daily), {0: {0: 0, 1: 1}, 1: {0: 2, 1: 3}}, units=("m/s", "1", "kW"))


def mathematics() -> None:
    assert_type(Ship.gusts, px.noise)
    assert_type(px.mathematics(Ship).latex(), str)


def symbols() -> None:
    assert_type(Pump.temp, px.sensor)
    assert_type(Pump.speed, px.actuator)
    assert_type(Pump.excess, px.derived)
    assert_type(Pump.hot, px.event)
    assert_type(Pump.turn, px.cycle)
    assert_type(Pump.seal, type[Seal])
    assert_type(Pump.seal.wear, px.hidden)
    assert_type(Pump.seal.fails, px.event)
    assert_type(Plant.pumps, px.links[Pump])
    assert_type(Plant.first, px.link[Pump])
    assert_type(12 * Pump.speed, Formula)
    assert_type(px.money("0.4 EUR/day/rpm") * Pump.speed, Formula)
    assert_type(Pump.temp > 350, Condition)
    assert_type(px.quantity(350, "K") < Pump.temp, Condition)
    assert_type((Pump.temp > 350) | Pump.hot & ~Pump.seal.fails, Condition)
    assert_type(px.maximum(Pump.temp - 300, 0), Formula)
    assert_type(px.where(Pump.hot, Pump.temp, 0), Formula)
    assert_type(px.exp(Pump.seal.wear), Formula)
    choices: dict[px.actuator | px.parameter, list[float]] = {Pump.speed: [2400], Pump.seal.ageing: [1e-9]}
    losses = {Pump.hot: px.money("3 EUR"), Pump.seal.fails: px.money("50000 EUR")}
    del choices, losses


def asked(pump: px.Handle[Pump]) -> None:
    assert_type(pump.now, Pump)
    assert_type(pump.now.temp, px.Value)
    fork = pump.fork(members=100)
    assert_type(fork, px.Fork[Pump])
    futures = fork.run("30 days", {Pump.speed: [2400, 2600.5], Pump.seal.ageing: [1e-9]}, members=200)
    assert_type(futures, px.Futures)
    fork.run("30 days", [{Pump.speed: 2400}, {Pump.speed: 3000, Pump.room: 300}])
    gain = px.accrue(px.money("0.4 EUR/day/rpm") * Pump.speed)
    advice = futures.best(gain=gain, loss={Pump.hot: px.money("3 EUR"), Pump.seal.fails: px.money("50000 EUR")})
    assert_type(advice, px.Advice)
    assert_type(pump.apply(advice), px.StandingOrder)


def views(now: Pump, plant: Plant) -> float:
    assert_type(now.temp, px.Value)
    assert_type(now.excess, px.Value)
    assert_type(now.hot, px.Value)
    assert_type(now.seal.wear, px.Value)
    assert_type(now.seal, Seal)
    assert_type(now.turn, Turn)
    assert_type(now.turn.elapsed, px.Value)
    assert_type(plant.pumps.temp, px.Value)
    assert_type(plant.pumps.seal.left(), px.Value)
    assert_type(px.exp(now.seal.wear), px.Value)
    assert_type(now.temp == 3, px.Value)
    assert_type(px.delay(now.temp, by=3.0), px.Value)
    assert_type(px.time(), px.Value)
    if now.temp > 350:
        print(np.asarray(now.temp), now.temp.sigma, now.temp.age, now.temp.quality)
    return float(now.temp - now.room) + float(abs(-now.temp) / 2)
