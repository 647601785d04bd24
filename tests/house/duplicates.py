"""Find what is written twice in `pollux`: two places with the same run of lines, whatever their layout and comments.

`python tests/house/duplicates.py` prints every pair and fails when there is one. There is no list of exceptions: what
is found becomes one thing with a name.
"""

import ast
import io
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LEAST = 8
"""So many logical lines of code, equal in their tokens, are a duplicate."""
VARIETY = 4
"""So many different lines at least, or a table of alike rows would count."""

SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line of code: where it begins, and its tokens."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two places with the same lines: files with first line numbers, and how many logical lines."""

    one: tuple[Path, int]
    other: tuple[Path, int]
    lines: int

    def __str__(self) -> str:
        (first, at), (second, there) = self.one, self.other
        return f"{first}:{at} and {second}:{there}: {self.lines} equal lines"


def code_of(source: str) -> list[Line]:
    """The logical lines of a module that do something: without comments, docstrings, imports and blank lines."""
    skipped = _skipped(ast.parse(source))
    found: list[Line] = []
    tokens: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NEWLINE:
            if tokens and first not in skipped:
                found.append(Line(first, " ".join(tokens)))
            tokens = []
        elif token.type not in SILENT:
            first = first if tokens else token.start[0]
            tokens.append(token.string)
    return found


def _skipped(module: ast.Module) -> frozenset[int]:
    """First lines of what says nothing of what the code does: docstrings, imports, bare `...`, values passed on."""
    statements = [node for node in ast.walk(module) if isinstance(node, ast.stmt)]
    silent = {node.lineno for node in statements if _is_silent(node)}
    passing = [node for node in statements if isinstance(node, ast.FunctionDef) and _passes_on(node)]
    return frozenset(silent | {line for node in passing for line in _heads(node)})


def _is_silent(node: ast.stmt) -> bool:
    """Whether a statement is an import, or a text or `...` that nobody uses."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _passes_on(node: ast.FunctionDef) -> bool:
    """Whether it names a value of another model. Equations are not inherited, so each model says so for itself."""
    last = node.body[-1]
    derived = any(ast.unparse(one) == "px.derived" for one in node.decorator_list)
    return derived and isinstance(last, ast.Return) and isinstance(last.value, ast.Attribute)


def _heads(node: ast.FunctionDef) -> list[int]:
    """The lines on which its decorators, itself and its statements begin."""
    return [node.lineno, *(one.lineno for one in node.decorator_list), *(one.lineno for one in node.body)]


def pairs(sources: Iterable[tuple[Path, str]], *, least: int = LEAST) -> Iterator[Pair]:
    """Every pair of places with at least `least` equal logical lines, each run once and whole."""
    code = {path: code_of(source) for path, source in sources}
    seen: defaultdict[tuple[str, ...], list[tuple[Path, int]]] = defaultdict(list)
    for path, lines in code.items():
        for at in range(len(lines) - least + 1):
            window = tuple(line.text for line in lines[at : at + least])
            if len(set(window)) >= VARIETY:
                seen[window].append((path, at))
    for places in seen.values():
        for index, one in enumerate(places):
            for other in places[index + 1 :]:
                if not _equal_before(code, one, other):
                    yield _grown(code, one, other, least)


def _text(code: dict[Path, list[Line]], place: tuple[Path, int], step: int) -> str | None:
    path, at = place
    return code[path][at + step].text if 0 <= at + step < len(code[path]) else None


def _equal_before(code: dict[Path, list[Line]], one: tuple[Path, int], other: tuple[Path, int]) -> bool:
    """Whether the run began earlier and is therefore told already."""
    before = _text(code, one, -1)
    return before is not None and before == _text(code, other, -1)


def _grown(code: dict[Path, list[Line]], one: tuple[Path, int], other: tuple[Path, int], lines: int) -> Pair:
    """The pair with all lines that go on being equal."""
    while (after := _text(code, one, lines)) is not None and after == _text(code, other, lines):
        lines += 1
    (first, at), (second, there) = one, other
    return Pair((first, code[first][at].number), (second, code[second][there].number), lines)


def sources(root: Path) -> Iterator[tuple[Path, str]]:
    """The modules of the package with what stands in them."""
    for path in sorted((root / "src" / "pollux").rglob("*.py")):
        yield path.relative_to(root), path.read_text(encoding="utf-8")


def main(root: Path) -> int:
    """Print the pairs; 1 when there is one."""
    found = list(pairs(sources(root)))
    for pair in found:
        print(pair)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT))
