"""Which input matters: designs of runs over what is uncertain, and what they say of each input's share."""

from pollux.simulate.sensitivity.beliefs import Shifted, shifted
from pollux.simulate.sensitivity.forward import Sensitive, sensitive
from pollux.simulate.sensitivity.local import LocalSensitivity, local_sensitivity
from pollux.simulate.sensitivity.screening import Screening, morris
from pollux.simulate.sensitivity.singly import Tornado, tornado
from pollux.simulate.sensitivity.studies import Input, Output, Study, study
from pollux.simulate.sensitivity.variance import SobolIndices, sobol_indices

__all__ = [
    "Input",
    "LocalSensitivity",
    "Output",
    "Screening",
    "Sensitive",
    "Shifted",
    "SobolIndices",
    "Study",
    "Tornado",
    "local_sensitivity",
    "morris",
    "sensitive",
    "shifted",
    "sobol_indices",
    "study",
    "tornado",
]
