"""The C sources: no warning, portable flags, linked twins side by side, and an FMU of sources where nobody compiles."""

import ctypes
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.simulate.export.fmus import VERSIONS, made, written
from tests.simulate.export.models import Boiler, Driven
from tests.simulate.models import Ball, Decay, Words

import pollux as px
from pollux.simulate.export import export_fmu

STRICT = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-ffp-contract=off")


def _unpacked(path, folder):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder / "sources"


@pytest.mark.tool("gcc")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("twin", "kind"), [(Boiler, "both"), (Words, "co-simulation"), (Driven, "model-exchange")], ids=lambda one: str(one)
)
def test_sources_compile_without_a_warning(tool, tmp_path, twin, kind, version):
    """C99 with every warning as an error, for every kind in both versions."""
    sources = _unpacked(written(twin, version, kind), tmp_path)
    command = [tool("gcc"), *STRICT, "-fsyntax-only", str(sources / f"fmi{version}.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.tool("gcc")
def test_two_twins_are_linked_into_one_program(tool, tmp_path):
    """With a prefix for the functions, as the standard has it, two exported twins share a program without a clash."""
    objects = []
    for twin in (Ball, Decay):
        sources = _unpacked(written(twin, 3), tmp_path / twin.__name__)
        objects.append(str(tmp_path / f"{twin.__name__}.o"))
        prefix = f"-DFMI3_FUNCTION_PREFIX={twin.__name__}_"
        command = [tool("gcc"), "-std=c99", "-fPIC", prefix, "-c", str(sources / "fmi3.c"), "-o", objects[-1]]
        subprocess.run(command, check=True)
    made_of_both = tmp_path / "both.so"
    subprocess.run([tool("gcc"), "-shared", *objects, "-o", str(made_of_both), "-lm"], check=True)
    library = ctypes.CDLL(str(made_of_both))
    for twin in (Ball, Decay):
        version = getattr(library, f"{twin.__name__}_fmi3GetVersion")
        version.restype = ctypes.c_char_p
        assert version() == b"3.0"


@pytest.mark.tool("gcc")
@pytest.mark.parametrize("version", VERSIONS)
def test_every_function_of_the_standard_is_there(tool, version):
    """The library has each function that FMPy knows of this version, and nothing else."""
    tool("gcc")
    names = pytest.importorskip(f"fmpy.fmi{version}")
    classes = [one for name, one in vars(names).items() if name.startswith((f"_FMU{version}", f"FMU{version}"))]
    wanted = {name for one in classes for name in vars(one) if name.startswith(f"fmi{version}")}
    with zipfile.ZipFile(made(Decay, version)) as archive:
        (library,) = (archive.read(name) for name in archive.namelist() if name.startswith("binaries/"))
    found = {name for name in wanted if name.encode() + b"\0" in library}
    assert wanted == found
    assert len(wanted) > 40


def test_without_a_compiler_it_is_an_fmu_of_sources(tmp_path, monkeypatch):
    """No compiler: the sources and how to build them are in it, and the result says so."""
    monkeypatch.setenv("CC", "no-such-compiler")
    made_here = export_fmu(Boiler, tmp_path / "boiler.fmu", step="10 ms")
    assert made_here.platforms == ()
    assert "sources only: no C compiler here" in str(made_here)
    names = set(zipfile.ZipFile(made_here.path).namelist())
    assert {"sources/fmi3.c", "sources/model.h", "sources/instance.h", "sources/buildDescription.xml"} <= names
    assert not any(name.startswith("binaries/") for name in names)


def test_neither_sources_nor_binary_is_refused(tmp_path, monkeypatch):
    """Without a compiler and without sources nothing would be in it."""
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(px.SetupError, match="expected a C compiler"):
        export_fmu(Boiler, tmp_path / "boiler.fmu", step="10 ms", sources=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tool("gcc")
def test_sources_may_stay_at_home(tool, tmp_path):
    """With sources=False only the binary leaves, and the description names no file."""
    tool("gcc")
    kept = export_fmu(Decay, tmp_path / "decay.fmu", version=2, step="10 ms", sources=False)
    archive = zipfile.ZipFile(kept.path)
    assert not any(name.startswith("sources/") for name in archive.namelist())
    assert b"SourceFiles" not in archive.read("modelDescription.xml")


@pytest.mark.tool("gcc")
def test_the_compiler_may_be_named_with_options(tool, tmp_path, monkeypatch):
    """CC is a command, as for make."""
    monkeypatch.setenv("CC", f"{tool('gcc')} -O0")
    assert export_fmu(Decay, tmp_path / "decay.fmu", step="10 ms").platforms


def test_a_compiler_that_fails_is_told(tmp_path, monkeypatch, tool):
    """What the compiler says is in the error, and no file is left."""
    monkeypatch.setenv("CC", tool("false"))
    with pytest.raises(px.SetupError, match="expected sources that compile"):
        export_fmu(Boiler, tmp_path / "boiler.fmu", step="10 ms")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tool("cmake")
def test_an_importer_compiles_the_sources_itself(tool, tmp_path):
    """FMPy builds the source FMU from its build description and runs it."""
    tool("cmake")
    tool("gcc")
    fmpy = pytest.importorskip("fmpy")
    build = pytest.importorskip("fmpy.build")
    _unpacked(written(Decay, 3), tmp_path)
    build.build_platform_binary(tmp_path)
    result = fmpy.simulate_fmu(str(tmp_path), stop_time=1.0, output_interval=0.5, output=["x"])
    assert result["x"][-1] == pytest.approx(2.718281828459045**-1.25, rel=1e-8)


HARNESS = Path(__file__).parent / "harness.c"


@pytest.mark.tool("gcc")
@pytest.mark.parametrize("twin", [Words, Boiler])
def test_nothing_undefined_happens_and_no_memory_is_lost(tool, tmp_path, twin):
    """A life of an instance under the sanitisers of gcc: steps, values, saved states, wrong references, the end."""
    sources = _unpacked(written(twin, 3, "co-simulation"), tmp_path)
    shutil.copy(HARNESS, sources)
    program = tmp_path / "harness"
    checks = "-fsanitize=address,undefined", "-fno-sanitize-recover=all"
    command = [tool("gcc"), "-std=c99", "-g", *checks, str(sources / "harness.c"), "-o", str(program), "-lm"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this gcc has no sanitisers")
    done = subprocess.run([str(program)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
