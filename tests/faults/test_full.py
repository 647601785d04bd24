"""A real disk that is really full."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def in_small_mount(folder: Path, command: str) -> list[str]:
    """A command that runs with a small disk mounted on a folder, in namespaces of its own, without root."""
    mount = f"mount -t tmpfs -o size=4m,mode=700 none {folder} && exec {command}"
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]


def test_a_full_disk_stops_acknowledgements_and_nothing_else(tmp_path: Path) -> None:
    """Killed while full, it starts while full with all that was acknowledged, and goes on with room."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here, so no small disk can be mounted")
    if subprocess.run(in_small_mount(tmp_path, "true"), capture_output=True, check=False).returncode != 0:
        pytest.skip("this system allows no mount in a namespace")
    command = f"{sys.executable} -m tests.faults.filler {tmp_path}"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        in_small_mount(tmp_path, command),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "acknowledged" in done.stdout
