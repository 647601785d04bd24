"""Small questions of names: who tells a signal, and a number for every text."""

from pollux.model.schema import Schema, Signal


def told_by_others(schema: Schema, signal: Signal) -> bool:
    """Whether a signal is told and no equation gives it: what is set, facts, and sensors of the surroundings."""
    outside = signal.name not in schema.computed
    return signal.role in ("actuator", "fact") or (signal.role == "sensor" and outside)


def hash_of(text: str) -> int:
    """A number that a text always has, in every process."""
    found = 0
    for byte in text.encode():
        found = (found * 131 + byte) % 2**61
    return found
