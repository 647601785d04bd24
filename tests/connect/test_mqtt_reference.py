"""The reference page says what the code does: bounds with their defaults, and every counter."""

import re
from dataclasses import fields
from pathlib import Path

from pollux.connect import Limits
from pollux.connect.mqtt.counters import Counters

PAGE = (Path(__file__).parent.parent.parent / "docs" / "reference" / "mqtt.md").read_text()


def section(title: str) -> str:
    """The text under one heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_bound_is_told_with_its_default() -> None:
    """The table of bounds names every field of Limits with its value, and no other."""
    told = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", section("Bounds"), re.MULTILINE))
    assert told == {
        field.name: f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
        for field in fields(Limits)
    }


def test_every_counter_is_told() -> None:
    """The table of counters names every counter once."""
    first = re.findall(r"^\| ([^|]+) \|", section("Counters"), re.MULTILINE)
    told = re.findall(r"`(\w+)`", " ".join(first))
    assert sorted(told) == sorted(field.name for field in fields(Counters))


def test_the_page_names_the_numbers_of_the_code() -> None:
    """Numbers in the prose are those of the defaults."""
    limits = Limits()
    assert f"at most {limits.topic_bytes} bytes and {limits.topic_levels} levels" in PAGE
    assert f"announced {limits.topic_aliases}" in PAGE
    assert f"than announced ({limits.receive_maximum})" in PAGE
    assert f"at most {limits.window} messages" in PAGE


def test_every_behaviour_has_its_test() -> None:
    """The table of behaviours names tests that exist, at least one in each row."""
    written = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    rows = re.findall(
        r"^\| (?!behaviour|---)(.+?) \| (?:both|5) \| (.+?) \|", section("Behaviours and their tests"), re.M
    )
    assert len(rows) == 27
    for behaviour, tests in rows:
        names = re.findall(r"`(\w+)`", tests)
        assert names, behaviour
        assert [name for name in names if f"def {name}(" not in written] == [], behaviour
