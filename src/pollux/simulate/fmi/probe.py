"""Is a saved state the state? Tried in processes of their own before it is believed, once for each FMU and machine."""

import hashlib
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.fmi.plan import Plan
from pollux.simulate.fmi.remote import RemoteInstances
from pollux.simulate.kernels.cache import cache_folder

_STEPS = 3


class Verdict(msgspec.Struct, frozen=True):
    """Why states are not to be believed; nothing where they are."""

    doubt: str = ""


def verdict(plan: Plan, starts: F64, inputs: F64, h: float, *, timeout: float) -> Verdict:
    """Whether an FMU keeps its state as it declares; found out once, and kept in the cache."""
    if not plan.serializes:
        return Verdict("it does not declare that its state can be serialised")
    path = _place(plan)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Verdict)
    except (OSError, msgspec.DecodeError):
        found = Verdict(_doubt(plan, starts[:, :1], inputs[:, :1], h, timeout))
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(msgspec.json.encode(found))
    return found


def _doubt(plan: Plan, starts: F64, inputs: F64, h: float, timeout: float) -> str:
    """Save, step, restore, step again, here and in another process; what is read must be the same, bit for bit."""
    try:
        one = RemoteInstances(plan, starts, inputs, timeout=timeout)
        with closing(one), closing(RemoteInstances(plan, starts, inputs, timeout=timeout)) as other:
            return _compared(one, other, plan.begin, h)
    except SimulationError as error:
        return f"it broke down while its state was tried: {error.message}"


def _compared(one: RemoteInstances, other: RemoteInstances, begin: float, h: float) -> str:
    if not one.can_save:
        return "its functions for states are missing"
    one.advance(begin, h, _STEPS)
    then = begin + _STEPS * h
    saved, now = one.save(), one.read()
    future = one.record(then, h, _STEPS)
    for where, again in (("", one), (" in another process", other)):
        again.load(saved)
        if not np.array_equal(again.read(), now, equal_nan=True):
            return f"a state that was restored{where} reads differently"
        if not np.array_equal(again.record(then, h, _STEPS), future, equal_nan=True):
            return f"after a state was restored{where} the future is another"
    return ""


def _place(plan: Plan) -> Path:
    key = hashlib.sha256(msgspec.msgpack.encode((plan.token, plan.exchange, plan.identifier, plan.reads, plan.folder)))
    return cache_folder() / "fmus" / f"{key.hexdigest()[:32]}.verdict.json"
