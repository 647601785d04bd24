"""Nothing in Pollux is written twice, and the check that says so sees what it should."""

from pathlib import Path

from tests.house.duplicates import ROOT, pairs, sources

ONCE = """
def mean(values):
    '''A mean.'''
    total = 0
    count = 0
    for one in values:
        total += one
        count += 1
    if count == 0:
        raise ValueError("nothing")
    return total / count
"""


def test_nothing_is_written_twice():
    """No two places of `pollux` have eight equal logical lines."""
    assert [str(pair) for pair in pairs(sources(ROOT))] == []


def test_a_copy_is_found_whatever_its_layout():
    """Blank lines, comments, docstrings and line breaks do not hide a copy."""
    copy = ONCE.replace("'''A mean.'''", "# so it goes\n").replace('("nothing")', '(\n        "nothing"\n    )')
    found = list(pairs([(Path("a.py"), ONCE), (Path("b.py"), f"import os\n\n\n{copy}")]))
    assert [(pair.one, pair.other, pair.lines) for pair in found] == [((Path("a.py"), 2), (Path("b.py"), 5), 9)]


def test_another_thing_is_no_copy():
    """Lines that differ in one number in the middle are another thing."""
    other = ONCE.replace("count += 1", "count += 2")
    assert list(pairs([(Path("a.py"), ONCE), (Path("b.py"), other)])) == []
