"""C printed from the lists of assignments: the same bits as NumPy's strict functions, and without a warning."""

import ctypes
import subprocess

import numpy as np
import pytest

from pollux.simulate.generate.assign import ELEMENTARY, Assign
from pollux.simulate.generate.c_printer import C_HEAD, c_elementary, c_function, c_number, live
from pollux.simulate.generate.lines import Lines
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import Program
from pollux.simulate.kernels.numpy_kernel import load_text

WARNINGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off")
STRANGE = (0.0, -0.0, 5e-324, 1e-310, 1e308, -1e308, np.inf, -np.inf, np.nan)


@pytest.fixture(scope="module")
def library(tool, tmp_path_factory):
    """The elementary functions, compiled with every warning as an error."""
    folder = tmp_path_factory.mktemp("c")
    source, made = folder / "functions.c", folder / "functions.so"
    text = C_HEAD + c_elementary(ELEMENTARY)
    for name in ELEMENTARY:
        head, args = ("double x, double y", "x, y") if name == "pow" else ("double x", "x")
        text += f"double test_{name}({head}) {{ return {name}_({args}); }}\n"
    source.write_text(text)
    subprocess.run([tool("gcc"), *WARNINGS, "-shared", "-fPIC", source, "-o", made, "-lm"], check=True)
    return ctypes.CDLL(str(made))


@pytest.mark.tool("gcc")
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_give_the_bits_of_the_other_back_ends(library, name):
    """Every elementary function in C equals NumPy's strict one to the bit, on ordinary and on strange numbers."""
    generator = np.random.default_rng(3)
    x = np.concatenate([generator.normal(0, 1, 2000), generator.uniform(-800, 800, 2000), STRANGE])
    args = (np.abs(x), generator.permutation(x) / 100) if name == "pow" else (x,)
    function = getattr(library, f"test_{name}")
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * len(args)
    calls = tuple(Assign(f"v{k}", op, ("t0",) * (1 + (op == "pow"))) for k, op in enumerate(ELEMENTARY))
    strict = load_text(numpy_source(Program(1, 1, (), (), calls, strict=True)))
    with np.errstate(all="ignore"):
        expected = getattr(strict, f"{name}_")(*args)
    found = np.array([function(*one) for one in zip(*args, strict=True)])
    same = (found.view(np.int64) == expected.view(np.int64)) | (np.isnan(found) & np.isnan(expected))
    assert same.all()


def _every_operation():
    """One list that does everything to two numbers; truth values are told as 1 and 0."""
    lines = Lines()
    a, b = lines.term(lines.emit("load", 0)), lines.term(lines.emit("load", 1))
    found = [a + b, a - b, a * b, a / b, a.max(b), a.min(b), -a, abs(b), a.floor, a.max(0.5).min(-1.0)]
    found += [lines.term(lines.emit("sqrt", a.arg)), (a < b).where(a, b), ((a >= b) | a.equals(b)).where(a, -b)]
    found += [((a <= b) & ~(a > 0.0)).where(1.0, 0.0)]
    for row, one in enumerate(found, start=2):
        lines.store(row, one.arg)
    return lines.section(), 2 + len(found)


@pytest.mark.tool("gcc")
def test_every_operation_gives_the_bits_of_the_other_back_ends(tool, tmp_path):
    """Arithmetic, choices and limits on zeros, infinities, NaN and subnormals: the same bits as NumPy's."""
    body, rows = _every_operation()
    source, made = tmp_path / "all.c", tmp_path / "all.so"
    source.write_text(C_HEAD + c_function("all", body, ()) + "void test_all(double *y) { all(y); }\n")
    subprocess.run([tool("gcc"), *WARNINGS, "-shared", "-fPIC", source, "-o", made, "-lm"], check=True)
    function = ctypes.CDLL(str(made)).test_all
    numbers = (*STRANGE, 0.3, -2.5, 1e-5, 7.0)
    pairs = np.array([(a, b) for a in numbers for b in numbers]).T
    table = np.zeros((rows, pairs.shape[1]))
    table[:2] = pairs
    expected = table.copy()
    for column in range(table.shape[1]):
        one = np.ascontiguousarray(table[:, column])
        function(one.ctypes.data_as(ctypes.c_void_p))
        table[:, column] = one
    with np.errstate(all="ignore"):
        load_text(numpy_source(Program(rows, rows, body, (), (), strict=True))).hold(expected)
    same = (table.view(np.int64) == expected.view(np.int64)) | (np.isnan(table) & np.isnan(expected))
    assert same.all()


def test_numbers_come_back_to_the_bit():
    """Numbers are printed with all their digits, infinities and NaN by their names in math.h."""
    for number in (0.1, 1 / 3, 5e-324, 1.7976931348623157e308):
        assert float(c_number(number)) == number
    assert [c_number(x) for x in (np.inf, -np.inf, -0.0)] == ["INFINITY", "(-INFINITY)", "(-0.0)"]


def test_what_nobody_reads_is_not_printed():
    """An assignment without a reader is dropped, and with it what only it reads; a store stays."""
    chain = [Assign("a", "load", (0,)), Assign("b", "abs", ("a",)), Assign("", "store", (1, 2.0))]
    assert [one.op for one in live(chain, ())] == ["store"]


def test_parameters_that_nobody_reads_are_named_as_such():
    """A function keeps the parameters of its kind; those that its list does not read are marked."""
    text = c_function("turns", [Assign("a", "+", ("t0", 1.0)), Assign("", "store", (3, "a"))], ("t0", "dt"))
    assert "(void)dt;" in text
    assert "(void)t0;" not in text
