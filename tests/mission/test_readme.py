"""What the README prints is what the programs say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mission.promises import shows

ROOT = Path(__file__).parent.parent.parent
PUMP = ROOT / "examples" / "pump"


def test_the_pump_of_the_readme_is_the_example_word_for_word() -> None:
    """The code printed in the README stands in examples/pump/pump.py, and its output in pump.out."""
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    program = (PUMP / "pump.py").read_text()
    assert len(blocks) == 2
    for block in blocks:
        assert block.strip() in program
    printed = re.search(r"```text\n(.*?)```", readme, re.DOTALL)
    assert printed is not None
    lines = printed[1].strip().splitlines()
    assert "\n".join(lines[1:]) == (PUMP / "pump.out").read_text().strip()
    assert re.fullmatch(LINE, lines[0])


LINE = r"\d+\.\d+ K \(good, [0-9.e-]+ s old\)"


@shows("E5", state="partly", command="python examples/pump/pump.py", missing="published baselines and known optima")
@shows(
    "D6",
    state="partly",
    command="python examples/pump/pump.py",
    missing="rules and controllers do not run inside a fork yet",
)
def test_the_pump_prints_what_the_readme_prints(tmp_path: Path) -> None:
    """Run against emulated pumps, the example gives the output that is printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, str(PUMP / "pump.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.strip().splitlines()
    assert re.fullmatch(LINE, first)
    assert rest == (PUMP / "pump.out").read_text().strip().splitlines()
    assert (tmp_path / "plant" / "log").is_dir()


@pytest.mark.parametrize("path", sorted(p.name for p in ROOT.glob("*.md")))
def test_local_links_lead_somewhere(path: str) -> None:
    """Every relative link of the top pages names a file that is there."""
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", (ROOT / path).read_text()):
        assert (ROOT / target).exists(), target
