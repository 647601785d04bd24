"""A Python file in which a person declares something under a name."""

import importlib.util
import sys
from pathlib import Path
from typing import TypeVar

from pollux.errors import SetupError

Declared = TypeVar("Declared")


def declared_as(name: str, kind: type[Declared], path: Path) -> Declared:
    """What a file declares under a name; the file is run, with your rights.

    Raises SetupError where there is no such file, it is not Python, or the name does not stand for one of that kind.
    """
    if not path.exists():
        raise SetupError("there is no such file", at=str(path))
    spec = importlib.util.spec_from_file_location(f"pollux_{name}_file", path)
    if spec is None or spec.loader is None:
        raise SetupError("expected a Python file", at=str(path))
    module = importlib.util.module_from_spec(spec)
    # Classes look up their own module, and pickles find it, by this name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = vars(module).get(name)
    if not isinstance(found, kind):
        raise SetupError(f"expected `{name} = px.{kind.__name__}(...)` in it, found none", at=str(path))
    return found
