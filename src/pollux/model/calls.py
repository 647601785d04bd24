"""Errors inside equations: each leaves with the class, the equation and its line, and with a way out."""

import os
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from pollux.errors import ModelError, PolluxError
from pollux.model.suggest import did_you_mean
from pollux.model.symbols import AbstractHolder, Symbol


@contextmanager
def placed(place: str, function: Callable[..., Any] | None = None, *, line: str = "") -> Generator[None]:
    """Give every error raised inside the place where the model is wrong; an inner place is kept."""
    try:
        yield
    except ModelError as error:
        error.at = error.at or _at(place, _line(error, function) or line)
        raise
    except PolluxError as error:
        raise ModelError(error.message, at=_at(place, _line(error, function) or line), hint=error.hint) from error
    except Exception as error:
        raise _translated(error, _at(place, _line(error, function) or line)) from error


def _at(place: str, line: str) -> str:
    return f"{place} ({line})" if line else place


def _line(error: Exception, function: Callable[..., Any] | None) -> str:
    if not isinstance(function, FunctionType):
        return ""
    code, number = function.__code__, function.__code__.co_firstlineno
    for frame, at in traceback.walk_tb(error.__traceback__):
        number = at if frame.f_code is code else number
    return f"{os.path.basename(code.co_filename)}:{number}"


def _translated(error: Exception, at: str) -> ModelError:
    if isinstance(error, AttributeError) and error.name is not None:
        kind = type(error.obj)
        known = [name for name, what in vars(kind).items() if isinstance(what, Symbol | AbstractHolder | FunctionType)]
        return ModelError(
            f"expected a name of {kind.__name__}, got {error.name!r}", at=at, hint=did_you_mean(error.name, known)
        )
    return ModelError(
        f"expected an equation of signals, got {type(error).__name__}: {error}",
        at=at,
        hint="equations use + - * / **, comparisons, & | ~ and the functions of px",
    )
