import subprocess
import sys

import pollux as px

MODEL = """
Part Twin Value actuator algebraic clip command cos cycle delay derived event exp fact floor hidden last link links log
lognormal mathematics maximum mean minimum money noise normal on parameter peak pi present quantity rate reading sensor
settled sin sqrt sum table tanh time total trough uniform where
"""


def test_the_words_of_a_model_are_all_there():
    """Every word that the design names for models is public, in one sorted list."""
    assert set(MODEL.split()) <= set(px.__all__)
    assert list(px.__all__) == sorted(px.__all__)
    assert all(getattr(px, name) is not None for name in px.__all__)


def test_importing_pollux_is_light():
    """`import pollux` loads neither pint nor numba, nor anything of a server."""
    heavy = {"pint", "numba", "uvicorn", "starlette", "scipy", "typer"}
    code = f"import sys, pollux; assert not {heavy!r} & set(sys.modules), {heavy!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_public_words_are_documented():
    """Each word of a model says in a docstring what it is."""
    assert not [name for name in MODEL.split() if name != "pi" and not getattr(px, name).__doc__]
