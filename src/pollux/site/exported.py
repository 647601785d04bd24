"""`pollux export`: a type of a site as an FMU that runs in other tools."""

import argparse

from pollux.errors import NotFound
from pollux.model.suggest import did_you_mean
from pollux.simulate import Solver
from pollux.simulate.export import export_fmu
from pollux.site.declare import declared_in


def run(options: argparse.Namespace) -> int:
    """Write the FMU of a type that a site declares, and say what was written."""
    declared = declared_in(options.site).declared
    found = declared.get(options.type)
    if found is None:
        raise NotFound(
            f"expected a type of the site, got {options.type!r}",
            at=str(options.site),
            hint=did_you_mean(options.type, declared) or f"one of {', '.join(declared)}",
        )
    print(
        export_fmu(
            found.kind,
            options.to,
            version=options.fmi,
            kind=options.kind,
            span=options.span,
            step=options.step,
            solver=Solver(options.method),
        )
    )
    return 0
