"""The generator gives the published numbers."""

import numpy as np
import pytest

from pollux.simulate.generate.lines import Lines
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import Program
from pollux.simulate.generate.threefry import threefry
from pollux.simulate.kernels.numpy_kernel import load_text

KNOWN = [
    ((0, 0), (0, 0), (0xC2B6E3A8C2C69865, 0x6F81ED42F350084D)),
    ((2**64 - 1,) * 2, (2**64 - 1,) * 2, (0xE02CB7C4D95D277A, 0xD06633D0893B8B68)),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344),
        (0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x263C7D30BB0F0AF1, 0x56BE8361D3311526),
    ),
]
"""Counter, key and result of threefry2x64-20 in the tests of Random123 (Salmon et al. 2011)."""


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_published_numbers_come_out(counter, key, expected):
    """Known answers of the authors' own tests."""
    lines = Lines()
    words = [lines.term(lines.emit("load", row)).bits for row in range(4)]
    for row, word in enumerate(threefry((words[2], words[3]), (words[0], words[1]))):
        lines.store(4 + row, word.unbits.arg)
    module = load_text(numpy_source(Program(0, 6, (), (), lines.section(), True)))
    y = np.zeros((6, 1))
    y[:4, 0] = np.array([*counter, *key], np.uint64).view(np.float64)
    module.step(y, *(0.0,) * 6, 0)
    assert tuple(int(one) for one in y[4:, 0].copy().view(np.uint64)) == expected
