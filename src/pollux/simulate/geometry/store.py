"""Results that took long, kept in the user's cache: whole or not at all, and checked when they are read.

A file is a hash of the rest, and the rest is arrays and a text about them; nothing in it can run. One that is damaged
or of another version counts as none.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.errors import DataRefused
from pollux.simulate.geometry.exactness import ReductionError
from pollux.simulate.geometry.form import Form
from pollux.simulate.geometry.picture import Picture
from pollux.simulate.geometry.reduced import Reduced
from pollux.simulate.geometry.system import Input, Kind, Seen
from pollux.simulate.geometry.warmth import Warmth
from pollux.simulate.kernels.cache import cache_folder

Arrays: TypeAlias = Mapping[str, NDArray[Any]]

HASH: Final = 32
ABOUT, WARMTH = "about", "warmth"


class _About(msgspec.Struct, frozen=True):
    """What of a reduced body is no array."""

    kind: Kind
    damping: tuple[float, float]
    inputs: tuple[Input, ...]
    seen: tuple[Seen, ...]
    error: ReductionError
    unknowns: int
    digest: str
    warmed: str = ""
    version: int = 2


def kept(key: str) -> Reduced | None:
    """The reduced body that was kept under a key; None where there is none or it is damaged."""
    try:
        return read(_path(key))
    except (OSError, DataRefused):
        return None


def keep(key: str, reduced: Reduced) -> None:
    """Keep a reduced body under a key; a full disk costs the next one who asks his time, and this one nothing."""
    with suppress(OSError):
        write(reduced, _path(key))


def write(reduced: Reduced, path: str | Path) -> None:
    """Write a reduced body to a file, to be shipped with the model that uses it."""
    form = reduced.form
    arrays, warmth = {**_arrays_of(form), **_arrays_of(reduced.picture)}, reduced.warmth
    about = _About(
        form.kind,
        form.damping,
        form.inputs,
        form.seen,
        reduced.error,
        reduced.unknowns,
        reduced.digest,
        "" if warmth is None else warmth.solid,
    )
    write_arrays(
        Path(path), arrays if warmth is None else {**arrays, WARMTH: warmth.fields}, msgspec.json.encode(about)
    )


def read(path: str | Path) -> Reduced:
    """Read a reduced body from a file; needs nothing of the extra `geometry`.

    Raises DataRefused for a file that is none, is damaged, or is of another version; OSError where it cannot be read.
    """
    arrays, text = read_arrays(Path(path))
    try:
        about = msgspec.json.decode(text, type=_About)
        values = {one.name: arrays[one.name] for one in fields(Form) if one.name in arrays}
        form = Form(kind=about.kind, damping=about.damping, inputs=about.inputs, seen=about.seen, **values)
        picture = Picture(**{one.name: arrays[one.name] for one in fields(Picture)})
        warmth = Warmth(about.warmed, arrays[WARMTH], form.modes, form.inputs) if about.warmed else None
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise DataRefused(f"expected a reduced body, got another file: {error}", at=str(path)) from None
    return Reduced(form, picture, about.error, about.unknowns, about.digest, warmth)


def write_arrays(path: Path, arrays: Arrays, about: bytes) -> None:
    """Write arrays and a text; whoever reads the path sees the whole file or the one before."""
    whole = io.BytesIO()
    everything: dict[str, Any] = {**arrays, ABOUT: np.frombuffer(about, np.uint8)}
    np.savez(whole, allow_pickle=False, **everything)
    content = whole.getvalue()
    draft = tempfile.NamedTemporaryFile(dir=path.parent, prefix=".draft", delete=False)  # noqa: SIM115  (closed below)
    try:
        with draft:
            draft.write(hashlib.sha256(content).digest() + content)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
    except OSError:
        Path(draft.name).unlink(missing_ok=True)
        raise


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], bytes]:
    """The arrays and the text of a file; raises DataRefused where it is damaged."""
    whole = path.read_bytes()
    if hashlib.sha256(whole[HASH:]).digest() != whole[:HASH]:
        raise DataRefused("expected a file as it was written, got one that is damaged or of another kind", at=str(path))
    with np.load(io.BytesIO(whole[HASH:]), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    return arrays, arrays.pop(ABOUT).tobytes()


def folder() -> Path:
    """The folder for what geometry took long to find."""
    found = cache_folder() / "geometry"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


@cache
def code() -> str:
    """A hash of the code of this package: what was found by other code is not found again."""
    whole = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _path(key: str) -> Path:
    return folder() / f"reduced_{key[:32]}.npz"


def _arrays_of(what: Form | Picture) -> dict[str, NDArray[Any]]:
    named = {one.name: getattr(what, one.name) for one in fields(what)}
    return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}
