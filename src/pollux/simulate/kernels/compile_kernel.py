"""`python -m pollux.simulate.kernels.compile_kernel FOLDER KEY`: compile one kernel into the user's cache.

Runs in a process of its own, because a thread that compiles holds up every other thread for milliseconds at a time.
"""

import os
import sys
from pathlib import Path

from pollux.simulate.kernels.kernel import load_compiled


def main(arguments: list[str]) -> int:
    """Compile the kernel named by folder and key."""
    folder, key = arguments
    os.nice(10)  # whoever waits for the page goes first
    load_compiled(Path(folder) / f"{key}.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
