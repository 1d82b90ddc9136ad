"""What a finding is recognised by in another version of its file. It knows no lines: those move.

A mark is the code, the function or class around, and the expression that the finding stands on, written as Python itself
would write it: so blank lines, comments, quotes, line breaks and the order and names of other functions do not count.
"""

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from leaklint.model.data import dataclass
from leaklint.model.finding import Finding
from leaklint.model.source import Source
from leaklint.model.span import Span

LONGEST = 100  # characters of an expression that are kept; the rest counts by its digest
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A finding without its place. `function` is a qualified name, empty at the module's own level."""

    code: str
    function: str
    expression: str


def marks_of(source: Source, findings: Iterable[Finding]) -> tuple[Mark, ...]:
    """Give the mark of each finding of a module, in their order."""
    return tuple(_mark(source, found) for found in findings)


def unknown(findings: Sequence[Finding], marks: Sequence[Mark], known: Mapping[Mark, int]) -> list[Finding]:
    """Give the findings that are not known; where more are equal than are known, the last of them."""
    seen: Counter[Mark] = Counter()
    new: list[Finding] = []
    for found, mark in zip(findings, marks, strict=True):
        seen[mark] += 1
        if seen[mark] > known.get(mark, 0):
            new.append(found)
    return new


def normal_text(node: ast.AST) -> str:
    """Write a node as Python would, a definition by its name and a statement with a body by its first line."""
    match node:
        case ast.ClassDef():
            text = f"class {node.name}"
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            text = f"def {node.name}"
        case _:
            text = ast.unparse(_Plain().visit(copy.deepcopy(node))).partition("\n")[0]
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}... {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def way_to(source: Source, span: Span) -> Iterator[ast.AST]:
    """Give the nodes around a span, outermost first."""
    node: ast.AST | None = source.tree
    while node is not None:
        yield node
        node = _child(node, source, span)


def qualified_name(nodes: Iterable[ast.AST]) -> str:
    """Give the dotted name of the function or class that nested nodes end in."""
    return ".".join(node.name for node in nodes if isinstance(node, Definition))


def _mark(source: Source, found: Finding) -> Mark:
    nodes = [*way_to(source, found.span)]
    exact = [node for node in nodes if isinstance(node, ast.expr) and source.span(node) == found.span]
    try:
        text = normal_text(exact[0] if exact else _stated(nodes))
    except RecursionError:  # a chain of calls may nest more deeply than Python writes
        text = normal_text(ast.Constant(" ".join(source.segment(found.span).split())))
    return Mark(found.code, qualified_name(nodes), text)


def _stated(nodes: Sequence[ast.AST]) -> ast.AST:
    """Give the innermost node that can be written down."""
    return next((node for node in reversed(nodes) if isinstance(node, ast.expr | ast.stmt)), ast.Constant(""))


def _child(node: ast.AST, source: Source, span: Span) -> ast.AST | None:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                parts: list[ast.stmt | ast.expr] = [child, *child.decorator_list]  # those stand above it
            case ast.stmt() | ast.expr():
                parts = [child]
            case ast.AST():
                parts = [one for one in ast.walk(child) if isinstance(one, ast.stmt | ast.expr)]
        if any(source.span(part).contains(span) for part in parts):
            return child
    return None


class _Plain(ast.NodeTransformer):
    """Turns f-strings into plain strings: Python versions differ in how they write them."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        """Write the parts of an f-string into one string."""
        return ast.Constant("".join(self._text(part) for part in node.values))

    def _text(self, part: ast.expr) -> str:
        match part:
            case ast.Constant():
                return str(part.value)
            case ast.FormattedValue():
                return f"{{{ast.unparse(self.visit(part.value))}}}"
            case _:
                return ""
