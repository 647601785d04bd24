"""modelDescription.xml, read with suspicion and mended where a slip would keep a good FMU from being read."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pollux.errors import DataRefused, SetupError

_LARGEST: Final = 128 << 20
_ENCODING: Final = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_KNOWN: Final = frozenset((b"utf-8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"))

_VARIABILITIES: Final = {
    "parameter": ("fixed", "tunable"),
    "structuralParameter": ("fixed", "tunable"),
    "calculatedParameter": ("fixed", "tunable"),
    "input": ("discrete", "continuous"),
    "output": ("constant", "discrete", "continuous"),
    "local": ("constant", "fixed", "tunable", "discrete", "continuous"),
    "independent": ("continuous",),
}
"""FMI 2.0.4, table on page 49; the same in FMI 3."""


def need_fmpy() -> None:
    """Raises `SetupError` where the extra `fmi` is missing."""
    try:
        import_module("fmpy.model_description")
    except ImportError:
        raise SetupError("expected FMPy to read FMUs, of the extra `fmi`", hint="make install EXTRAS=fmi") from None


def read_tree(folder: Path, at: str) -> Any:
    """The tree of the description in an unpacked FMU; no entity is expanded and nothing is fetched.

    Raises `DataRefused` where it is missing, too large, no XML, or declares entities.
    """
    need_fmpy()
    etree: Any = import_module("lxml.etree")
    data = _bytes_of(folder / "modelDescription.xml", at)
    _check_harmless(data, at)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.ElementTree(etree.fromstring(data, parser))
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise DataRefused(f"expected a description in XML, got {error}", at=f"{at}: modelDescription.xml") from None


def _bytes_of(path: Path, at: str) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise DataRefused(f"expected at most {_LARGEST} bytes, got more", at=f"{at}: {path.name}")
        return path.read_bytes()
    except OSError:
        raise DataRefused("expected an FMU, got a ZIP file without a modelDescription.xml", at=at) from None


def _check_harmless(data: bytes, at: str) -> None:
    # Without the zero bytes UTF-16 reads like ASCII; other encodings in which a DOCTYPE could hide are refused.
    plain = data.replace(b"\0", b"")
    found = _ENCODING.search(plain[:400])
    if found is not None and found[1].lower() not in _KNOWN:
        raise DataRefused(f"expected UTF-8, got {found[1].decode()}", at=f"{at}: modelDescription.xml")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise DataRefused("expected a description without a DOCTYPE, got one", at=f"{at}: modelDescription.xml")


def mend(tree: Any) -> list[str]:
    """Take the slips out of a tree for which a good FMU would be refused; says what was done."""
    root = tree.getroot()
    return [*_version(root), *_declared_types(root), *_variabilities(root), *_spaces(root)]


def _version(root: Any) -> list[str]:
    told = str(root.get("fmiVersion", ""))
    if not re.fullmatch(r"2\.0\.\S+", told):
        return []
    root.set("fmiVersion", "2.0")
    return [f"fmiVersion {told!r} is read as '2.0'"]


def _declared_types(root: Any) -> list[str]:
    known = {one.get("name") for one in root.findall("TypeDefinitions/*")}
    missing = [one for one in root.iterfind("ModelVariables//*[@declaredType]") if one.get("declaredType") not in known]
    for one in missing:
        del one.attrib["declaredType"]
    return [f"line {one.sourceline}: its declaredType is not defined, and left out" for one in missing]


def _variabilities(root: Any) -> list[str]:
    said: list[str] = []
    missing = "continuous" if root.get("fmiVersion") == "2.0" else None
    for one in root.iterfind("ModelVariables/*[@name]"):
        causality, variability = one.get("causality", "local"), one.get("variability", missing)
        allowed = _VARIABILITIES.get(causality, ())
        if variability is None or not allowed or variability in allowed:
            continue
        one.set("variability", allowed[0])
        one.attrib.pop("initial", None)
        said.append(f"line {one.sourceline}: a {causality} cannot be {variability}, and is taken for {allowed[0]}")
    return said


def _spaces(root: Any) -> list[str]:
    """Lists of value references that are parted by more than one blank."""
    said: list[str] = []
    for name in ("clocks", "dependencies", "dependenciesKind"):
        for one in root.iterfind(f".//*[@{name}]"):
            told = one.get(name)
            if told != " ".join(told.split()):
                one.set(name, " ".join(told.split()))
                said.append(f"line {one.sourceline}: blanks in {name}")
    return said
