"""What is loaded when: a site brings servers with it, a type run ahead does not."""

import subprocess
import sys
from pathlib import Path

import pytest

import pollux.site

ROOT = Path(__file__).parent.parent.parent

AHEAD = """
import sys
import pollux as px

class Tank(px.Twin):
    level = px.hidden("m", start=2)
    outlet = px.parameter("1/h", px.lognormal(0.5, 0.2))

    @px.rate(level)
    def drains(self):
        return -self.outlet * self.level

futures = px.prototype(Tank, members=3).run("2 h")
print(futures.band(Tank.level).median.shape[-1], *sorted(sys.modules))
"""


def test_a_design_is_run_ahead_without_a_server(tmp_path):
    """The first result of a process waits for no web server, no protocol, no log and no cryptography."""
    script = tmp_path / "ahead.py"
    script.write_text(AHEAD, encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT / "src"), "POLLUX_CACHE": str(tmp_path / "kernels")}
    told = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True)
    points, *loaded = told.stdout.split()
    assert int(points) > 1
    assert not {"uvicorn", "starlette", "cryptography", "pollux.show", "pollux.connect", "pollux.site.live"} & {*loaded}


def test_every_name_of_the_site_is_where_it_is_said_to_be():
    """Each public name can be had, and has the name by which it is asked for."""
    for name in pollux.site.__all__:
        assert getattr(pollux.site, name).__name__ == name


def test_a_name_that_the_site_has_not_is_refused():
    """A misspelt import fails as it does for any module."""
    with pytest.raises(AttributeError, match="no attribute 'Sight'"):
        _ = pollux.site.Sight
