"""A committee of small networks: each has not seen one part of the design, and they differ where they do not know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.model.functions import tanh
from pollux.model.value import Value
from pollux.simulate.sampling import stream
from pollux.simulate.surrogate.learnt import AbstractLearnt
from pollux.simulate.surrogate.optimise import minimised

MEMBERS: Final = 6
HIDDEN: Final = 12
ITERATIONS: Final = 400
DECAYS: Final = (1e-6, 1e-4, 1e-2)
"""Weights of the penalty on large weights; the one with the least left-out error is taken."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Two hidden layers of tanh and a linear one: weights (inputs, units) and offsets (units,) of each."""

    weights: tuple[F64, ...]
    offsets: tuple[F64, ...]

    def of(self, germs: F64) -> F64:
        """The output at some germs."""
        signal = germs
        for weights, offsets in zip(self.weights[:-1], self.offsets[:-1], strict=True):
            signal = np.tanh(signal @ weights + offsets)
        out: F64 = (signal @ self.weights[-1] + self.offsets[-1])[:, 0]
        return out

    def expression(self, germs: Sequence[Value]) -> Value | float:
        """The output as an expression."""
        signal: list[Value | float] = list(germs)
        for weights, offsets in zip(self.weights[:-1], self.offsets[:-1], strict=True):
            signal = [tanh(_sum(signal, weights[:, k], offsets[k])) for k in range(len(offsets))]
        return _sum(signal, self.weights[-1][:, 0], self.offsets[-1][0])


def _sum(signal: Sequence[Value | float], weights: F64, offset: float) -> Value | float:
    total: Value | float = float(offset)
    for one, weight in zip(signal, weights.tolist(), strict=True):
        total = one * weight + total
    return total


@final
@dataclass(frozen=True, slots=True, eq=False)
class Committee(AbstractLearnt):
    """The mean of several networks, each trained without one part of the design.

    `errors` are those of the network that had not seen the point, `spreads` how far all of them differ there, `floor`
    is the root mean square of the errors.
    """

    members: tuple[Layers, ...]
    errors: F64
    spreads: F64
    floor: float

    @property
    def kind(self) -> str:
        return "network"

    @property
    def words(self) -> str:
        return f"committee of {len(self.members)} networks with {HIDDEN} and {HIDDEN} tanh units"

    @property
    def left_out(self) -> tuple[F64, F64]:
        return self.errors, np.hypot(self.spreads, self.floor)

    def predict(self, germs: F64) -> tuple[F64, F64]:
        told = np.array([one.of(germs) for one in self.members])
        return told.mean(axis=0), np.hypot(told.std(axis=0), self.floor)

    def expression(self, germs: Sequence[Value]) -> Value | float:
        total: Value | float = 0.0
        for one in self.members:
            total = one.expression(germs) + total
        return total * (1.0 / len(self.members))


def fit_network(germs: F64, values: F64, *, seed: int) -> Committee:
    """A committee of six, each trained on five sixths of the design from weights of its own, by L-BFGS.

    Reference: A. Krogh, J. Vedelsby, Neural network ensembles, cross validation, and active learning, NIPS 7 (1995);
    X. Glorot, Y. Bengio, AISTATS 2010, for the first weights.
    """
    return min((_committee(germs, values, decay, seed) for decay in DECAYS), key=lambda one: one.floor)


def _committee(germs: F64, values: F64, decay: float, seed: int) -> Committee:
    part = stream(seed, "parts").permutation(len(values)) % MEMBERS
    errors = np.empty(len(values))
    members: list[Layers] = []
    for number in range(MEMBERS):
        seen = part != number
        one = _trained(germs[seen], values[seen], decay, stream(seed, "weights", str(number)))
        errors[~seen] = values[~seen] - one.of(germs[~seen])
        members.append(one)
    told = np.array([one.of(germs) for one in members])
    return Committee(tuple(members), errors, told.std(axis=0), float(np.sqrt(np.mean(errors**2))))


def _trained(germs: F64, values: F64, decay: float, generator: np.random.Generator) -> Layers:
    sizes = [(germs.shape[1], HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1)]
    parts = [generator.standard_normal(size) * np.sqrt(2.0 / sum(size)) for size in sizes]
    begin = np.concatenate([np.append(one.ravel(), np.zeros(one.shape[1])) for one in parts])
    place, _ = minimised(lambda flat: _loss(flat, sizes, germs, values, decay), begin, iterations=ITERATIONS)
    return _unpacked(place, sizes)


def _unpacked(flat: F64, sizes: Sequence[tuple[int, int]]) -> Layers:
    weights: list[F64] = []
    offsets: list[F64] = []
    at = 0
    for rows, units in sizes:
        weights.append(flat[at : at + rows * units].reshape(rows, units))
        at += rows * units
        offsets.append(flat[at : at + units])
        at += units
    return Layers(tuple(weights), tuple(offsets))


def _loss(flat: F64, sizes: Sequence[tuple[int, int]], germs: F64, values: F64, decay: float) -> tuple[float, F64]:
    """The mean squared error with the penalty, and its gradient by back-propagation."""
    net = _unpacked(flat, sizes)
    signals = [germs]
    for weights, offsets in zip(net.weights[:-1], net.offsets[:-1], strict=True):
        signals.append(np.tanh(signals[-1] @ weights + offsets))
    error = (signals[-1] @ net.weights[-1] + net.offsets[-1])[:, 0] - values
    back = (2.0 / len(values)) * error[:, None]
    parts: list[F64] = []
    for layer in range(len(sizes) - 1, -1, -1):
        parts = [(signals[layer].T @ back + 2.0 * decay * net.weights[layer]).ravel(), back.sum(axis=0), *parts]
        if layer:
            back = (back @ net.weights[layer].T) * (1.0 - signals[layer] ** 2)
    penalty = decay * sum(float((one**2).sum()) for one in net.weights)
    return float(np.mean(error**2)) + penalty, np.concatenate(parts)
