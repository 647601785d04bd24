"""What a survey comes to, whatever it looked at: a report, a document, and a draft where there is one."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """`report` is Markdown, `document` what becomes JSON, `draft` Python text or empty; `told` one line for people."""

    report: str
    document: object
    draft: str
    told: str
