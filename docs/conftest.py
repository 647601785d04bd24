"""Every Python block of the documents is run."""

from importlib.util import find_spec

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

# Pages about an extra need it.
MISSING = [] if find_spec("fmpy") and find_spec("pythonfmu3") else ["how-to/fmu.md"]

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["*.md"], excludes=["reference/*", "mission.md", *MISSING]
).pytest()
