import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.model.plants import Circulation, Pump, graph
from tests.model.test_settled import Patient

import pollux as px
from pollux.model.digest import digest, digest_of
from pollux.model.graph import leaf
from pollux.model.schema import Schema, schema_of
from pollux.model.units import unit

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_digests_are_the_same_in_every_process(seed):
    """Another process with another seed of Python's hashes finds the same digests, nested schemas included."""
    code = (
        "from tests.model.plants import Pump, Circulation\n"
        "from tests.model.test_settled import Patient\n"
        "print(*(kind.__pollux__.digest for kind in (Pump, Circulation, Patient)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=120
    )
    assert found.stdout.split() == [schema_of(kind).digest for kind in (Pump, Circulation, Patient)]


def some(**changes: Any) -> Schema:
    """A small type, with something changed."""
    low, value, factor, doc = (
        changes.get(key, own) for key, own in (("low", 0), ("value", 1), ("factor", 2), ("doc", ""))
    )
    x = px.hidden("K", low=low, doc=doc)
    body = {"x": x, "k": px.parameter("1/s", value), "f": px.rate(x)(lambda self: -factor * self.k * self.x)}
    return schema_of(type(changes.get("name", "Some"), (px.Twin,), body, personal=changes.get("personal", False)))


def test_what_counts_changes_the_digest():
    """Names, bounds, values, priors, equations and the mark of a personal type count; documentation does not."""
    changed: list[dict[str, Any]] = [
        {"low": -1},
        {"value": 3},
        {"value": px.normal(1, 1)},
        {"factor": 3},
        {"name": "Other"},
        {"personal": True},
    ]
    digests = {some(**one).digest for one in changed} | {some().digest}
    assert len(digests) == len(changed) + 1
    assert some(doc="Another sentence.").digest == some().digest


def test_equal_schemas_are_equal():
    """Two schemas of one digest are equal and have one hash; a schema survives a pickle."""
    assert some() == some()
    assert hash(some()) == hash(some())
    assert some() != some(low=-1)
    back = pickle.loads(pickle.dumps(schema_of(Circulation)))
    assert back == schema_of(Circulation)
    assert back.rates["lv.volume"] is schema_of(Circulation).rates["lv.volume"]
    assert digest(back) == back.digest


def test_expressions_have_digests_too():
    """A kernel can be known by the digest of what it computes; order counts."""
    a, b = leaf("state", "a", unit("1")), leaf("state", "b", unit("1"))
    sums = [(graph(a + b),), (graph(b + a),), (graph(a + b), a), (graph(a * 2.0),), (graph(a * 3.0),)]
    assert digest_of(*sums[0]) == digest_of(graph(a + b))
    assert len({digest_of(*one) for one in sums}) == 5
