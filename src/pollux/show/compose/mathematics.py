"""The mathematics of a twin type as a document, written once per class."""

from functools import lru_cache
from typing import Final

from pollux.model.mathematics import symbol_rows
from pollux.model.mathml import MATHML
from pollux.model.schema import Schema
from pollux.model.statements import sections
from pollux.show.documents.mathematics import Equation, EquationGroup, MathematicsPage, SymbolLine

_KEPT: Final = 32


@lru_cache(_KEPT)
def mathematics_page(schema: Schema) -> MathematicsPage:
    """Symbols and equations of a type; a class is frozen once it is read, so its page is too."""
    symbols = tuple(
        SymbolLine(
            symbol=one.symbol,
            name=one.name,
            what=one.what,
            unit=one.unit,
            value=one.value or None,
            meaning=one.meaning or None,
        )
        for one in symbol_rows(schema, MATHML)
    )
    groups = tuple(
        EquationGroup(
            title=section.title,
            equations=tuple(Equation(left=one.left, sign=one.sign, right=one.right) for one in section.statements),
        )
        for section in sections(schema, MATHML)
    )
    return MathematicsPage(type=schema.name, meaning=schema.doc or None, symbols=symbols, groups=groups)
