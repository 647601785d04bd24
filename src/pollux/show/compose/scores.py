"""Scores as rows: a number where every input counts, else the least that it is and what is missing."""

from pollux.show.documents.alarms import ScoreInput, ScoreRow
from pollux.show.facts import Score


def row(score: Score) -> ScoreRow:
    """One score for the page."""
    missing = [one for one in score.inputs if one.points is None]
    counted, every = len(score.inputs) - len(missing), len(score.inputs)
    least = "" if score.complete else f" incomplete, at least {score.points}"
    parts = ["Missing: " + ", ".join(f"{one.label} ({one.reason})" for one in missing)] if missing else []
    return ScoreRow(
        title=score.title + least,
        text=" \N{MIDDLE DOT} ".join((*parts, *([score.text] if score.text else []))),
        complete=score.complete,
        points=score.points,
        most=score.most,
        measure=f"{counted} of {every} inputs",
        severity=score.severity,
        inputs=tuple(
            ScoreInput(label=one.label, signal=one.signal, points=one.points, reason=one.reason or None)
            for one in score.inputs
        ),
    )
