"""Write the lock files: every pin with its hashes, no address; `make lock` calls this."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PLAIN = ["--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]


def lock(name: str, *options: str) -> None:
    """Resolve for every supported Python and platform at once."""
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11"]
        + ["--generate-hashes", "--upgrade", *PLAIN, *options]
        + ["pyproject.toml", "requirements/build.in", "--output-file", f"requirements/{name}.txt"],
        check=True,
        cwd=HERE.parent,
    )


if __name__ == "__main__":
    lock("core")
    lock("dev", "--extra", "dev", "--constraints", "requirements/core.txt")
