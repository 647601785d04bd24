"""The files inside an FMU by their names: descriptions, a page, C sources, a binary for this machine."""

from importlib import resources
from typing import Literal, TypeAlias

from pollux.errors import SetupError
from pollux.simulate.export.c_model import c_model
from pollux.simulate.export.compiler import compiled, compiler, here
from pollux.simulate.export.description import Described
from pollux.simulate.export.description2 import description2
from pollux.simulate.export.description3 import build_description, description3
from pollux.simulate.export.pages import index_page
from pollux.simulate.export.source import Source

Version: TypeAlias = Literal[2, 3]
Files: TypeAlias = dict[str, bytes]


def contents(source: Source, about: Described, version: Version, *, sources: bool) -> tuple[Files, tuple[str, ...]]:
    """The files, and the platforms for which there is a binary: this one where it has a C compiler, else none.

    Raises `SetupError` where there would be neither sources nor a binary.
    """
    main, program = f"fmi{version}.c", compiler()
    if program is None and not sources:
        raise SetupError("expected a C compiler, got none", hint="install gcc, or export with sources=True")
    code = _code(source, version)
    files = _documents(source, about, version, (main,) if sources else ())
    if sources:
        files |= {f"sources/{name}": text for name, text in code.items()}
    if program is None:
        return files, ()
    where = here()
    folder = where.name(version)
    files[f"binaries/{folder}/{about.identifier}{where.ending}"] = compiled(code, main, program)
    return files, (folder,)


def _code(source: Source, version: Version) -> Files:
    """The C files by name: the generated one, and those that are the same for every twin."""
    folder = resources.files("pollux.simulate.export") / "c"
    names = ("instance.h", "run.h")
    fixed = [one for one in folder.iterdir() if one.name in names or one.name.startswith(f"fmi{version}")]
    return {"model.h": c_model(source).encode()} | {one.name: one.read_bytes() for one in fixed}


def _documents(source: Source, about: Described, version: Version, mains: tuple[str, ...]) -> Files:
    files = {"documentation/index.html": index_page(source.places.schema, about)}
    if version == 2:
        return files | {"modelDescription.xml": description2(about, mains)}
    if mains:
        files["sources/buildDescription.xml"] = build_description(about, mains)
    return files | {"modelDescription.xml": description3(about)}
