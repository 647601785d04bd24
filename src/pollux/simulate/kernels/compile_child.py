"""Start the compilation of a kernel in a child process. The only file of the thinking half that starts a process.

`site` hands `compile_in_child` to whoever runs simulations; nothing here calls it.
"""

import subprocess
import sys
from pathlib import Path


def compile_in_child(folder: Path, key: str) -> "subprocess.Popen[bytes]":
    """Compile a kernel beside the program; the next run that needs it finds it in the cache.

    The child ends by itself; its exit status says whether it compiled.
    """
    command = [sys.executable, "-m", "pollux.simulate.kernels.compile_kernel", str(folder), key]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
