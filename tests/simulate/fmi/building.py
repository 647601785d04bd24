"""FMUs for the tests: small C sources compiled here, and the description that goes with each."""

import functools
import platform
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tests.simulate.fmi.describing import described_as
from tests.simulate.fmi.models import CHAIN, Model

SOURCES = Path(__file__).parent / "sources"


def fmu(
    model: Model,
    version: int = 2,
    *,
    ways: tuple[str, ...] = ("cs", "me"),
    states: bool = True,
    defines: tuple[str, ...] = (),
    events: bool = False,
    declares: str = "",
    xml: str | None = None,
    name: str | None = None,
) -> Path:
    """The path of an FMU, built once for each set of arguments."""
    return _built(model, version, ways, states, defines, events, declares, xml, name)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fmus")


@functools.cache
def _built(model, version, ways, states, defines, events, declares, xml, name) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_folder().name))
    library = folder / "model.so"
    flags = [f"-D{one}" for one in (*defines, f'MODEL="{model.source}"', *(["EVENTS"] if events else []))]
    flags += ["-DSIZE=3"] if model is CHAIN else []
    flags += [] if any(one.startswith("NO_") for one in defines) else ["-DALL"]
    command = ["gcc", "-O1", "-shared", "-fPIC", "-fno-fast-math", *flags, str(SOURCES / f"shell{version}.c")]
    subprocess.run([*command, "-o", str(library)], check=True, cwd=SOURCES)
    path = folder / (name or f"{model.source.removesuffix('.c')}{version}.fmu")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        described = xml or described_as(version)(model, ways, states, events, declares)
        archive.writestr("modelDescription.xml", described)
        machine = platform.machine()
        where = f"{machine}-linux" if version == 3 or machine != "x86_64" else "linux64"
        archive.write(library, f"binaries/{where}/model.so")
        archive.writestr("resources/readme.txt", "nothing")
    return path
