"""Functional Mock-up Units: models of other tools, run beside our own. Needs the extra `fmi`."""
