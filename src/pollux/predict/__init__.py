"""What will be, and how sure: filters, calibration and their own score."""

from pollux.predict.analysis import Analysis, analyse
from pollux.predict.estimator import Advance, Believed, Estimator, Observation, Read
from pollux.predict.evidence import Evidence
from pollux.predict.learning import Learning
from pollux.predict.outlook import Outlook, wilson
from pollux.predict.score import Score, binomial_test, interval, middle, score
from pollux.predict.walk import walked

__all__ = [
    "Advance",
    "Analysis",
    "Believed",
    "Estimator",
    "Evidence",
    "Learning",
    "Observation",
    "Outlook",
    "Read",
    "Score",
    "analyse",
    "binomial_test",
    "interval",
    "middle",
    "score",
    "walked",
    "wilson",
]
