"""The page in the package is the one that its sources give."""

import hashlib
import re
from pathlib import Path

import pytest

from pollux.show.pages import PAGE

WEB = Path(__file__).parents[2] / "web"
LEFT_OUT = {"node_modules", "dist", ".svelte-kit"}


def test_the_built_page_is_of_the_sources_beside_it():
    """A hash over all sources stands beside the output: nobody can change the page and forget `make page`."""
    if not WEB.is_dir():
        pytest.skip("the sources of the page are not here")
    names = {path.relative_to(WEB).as_posix(): path for path in WEB.rglob("*") if path.is_file()}
    digest = hashlib.sha256()
    for name in sorted(names):
        if not LEFT_OUT & set(name.split("/")):
            digest.update(name.encode() + b"\0" + names[name].read_bytes() + b"\0")
    assert digest.hexdigest() == (PAGE / "sources.sha256").read_text().strip()


def test_every_file_that_the_page_names_is_in_the_package():
    """`index.html` and the scripts load nothing that is not there."""
    index = (PAGE / "index.html").read_text()
    named = set(re.findall(r'(?:src|href)="\./([^"]+)"', index))
    scripts = [path.read_text() for path in (PAGE / "assets").glob("*.js")]
    named |= {f"assets/{name}" for text in scripts for name in re.findall(r'"\./([\w.-]+\.(?:js|css))"', text)}
    assert len(named) > 5
    assert [name for name in sorted(named) if not (PAGE / name).is_file()] == []
