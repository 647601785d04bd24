"""`pollux warm`: compile and cache the kernels of a site once."""

import argparse

from pollux.clock import stopwatch
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.simulate import warm
from pollux.site.declare import declared_in


def run(options: argparse.Namespace) -> int:
    """Compile the kernels of every type that a site declares, or those of the worlds."""
    for schema in _schemas(options):
        began = stopwatch()
        for what in warm(schema):
            print(f"{stopwatch() - began:6.1f} s  {what}", flush=True)
            began = stopwatch()
    return 0


def _schemas(options: argparse.Namespace) -> list[Schema]:
    if options.site is not None:
        return [one.schema for one in declared_in(options.site).declared.values()]
    raise SetupError("expected a site", hint="pollux warm SITE.py")
