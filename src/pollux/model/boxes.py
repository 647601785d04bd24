"""The boxes of MathML Core that formulas are made of: every text in them is escaped."""

from html import escape
from typing import Final

from pollux.model.unit_text import read
from pollux.model.units import Unit

THIN: Final = '<mspace width="0.17em"></mspace>'
MINUS: Final = "\N{MINUS SIGN}"
_TALL: Final = ("<mfrac", "<mtable", "<munder", "<mover")
_RAISED: Final = str.maketrans(
    "-0123456789",
    "\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ZERO}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}"
    "\N{SUPERSCRIPT FOUR}\N{SUPERSCRIPT FIVE}\N{SUPERSCRIPT SIX}\N{SUPERSCRIPT SEVEN}\N{SUPERSCRIPT EIGHT}"
    "\N{SUPERSCRIPT NINE}",
)
_DIGITS: Final = 9
_WHOLE: Final = 10_000_000


def text_in(tag: str, text: str) -> str:
    """A token element with a text."""
    return f"<{tag}>{escape(text)}</{tag}>"


def row(*parts: str) -> str:
    """Boxes beside each other."""
    return f"<mrow>{''.join(parts)}</mrow>"


def sub(base: str, below: str) -> str:
    """A box with another below it to the right."""
    return f"<msub>{base}{below}</msub>"


def sup(base: str, above: str) -> str:
    """A box with another above it to the right."""
    return f"<msup>{base}{above}</msup>"


def fence(left: str, text: str, right: str) -> str:
    """A box in brackets."""
    # Browsers stretch brackets a little around what is no taller than a letter: only tall things get tall brackets.
    stretchy = str(any(tag in text for tag in _TALL)).lower()
    before, after = (f'<mo stretchy="{stretchy}">{escape(mark)}</mo>' for mark in (left, right))
    return row(before, text, after)


def symbol_of(name: str) -> str:
    """A dotted name: the last word, and the part that it belongs to below."""
    above, _, word = name.rpartition(".")
    return sub(text_in("mi", word), text_in("mi", above)) if above else text_in("mi", word)


def unit_of(unit: Unit) -> str:
    """A unit, its powers raised."""
    return text_in(
        "mtext", "\N{NARROW NO-BREAK SPACE}".join(_atom(name, str(power)) for name, power in read(unit.symbol))
    )


def _atom(name: str, power: str) -> str:
    if power == "1":
        return name
    raised = power.translate(_RAISED)
    return f"{name}{raised}" if "/" not in power else f"{name}^({power})"


def number_of(value: float) -> tuple[str, bool]:
    """A number, and whether it is made of several signs that a power would tear apart."""
    parts = 1.0 / abs(value) if value else 0.0
    text = repr(value).removesuffix(".0")
    if len(text) > _DIGITS and 1.0 < parts < _WHOLE and abs(parts - round(parts)) <= 1e-15 * parts:
        # The factors between units: 1/3600 instead of sixteen digits.
        return _negated(value, f"<mfrac><mn>1</mn><mn>{round(parts)}</mn></mfrac>"), True
    digits, _, exponent = (text if len(text) <= _DIGITS else f"{value:.{_DIGITS}g}").partition("e")
    mantissa = _negated(value, text_in("mn", digits.removeprefix("-").replace("inf", "\N{INFINITY}")))
    if not exponent:
        return mantissa, value < 0
    ten = sup(text_in("mn", "10"), text_in("mn", str(int(exponent)).replace("-", MINUS)))
    return f"{mantissa}<mo>\N{MULTIPLICATION SIGN}</mo>{ten}", True


def _negated(value: float, text: str) -> str:
    return text_in("mo", MINUS) + text if value < 0 else text
