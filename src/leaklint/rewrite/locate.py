"""Finds the libcst nodes of `ast` spans. What is not found exactly, and with the same text, is not rewritten."""

from collections.abc import Collection, Mapping
from functools import lru_cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from leaklint.model.span import Span
from leaklint.rewrite.refusal import CannotRewrite

Positions = Mapping[cst.CSTNode, CodeRange]
AstStatement = cst.BaseSmallStatement | cst.BaseCompoundStatement


@lru_cache(maxsize=1)  # fixes that do not hold together are tried in parts on the same text; libcst's nodes never change
def parse(text: str) -> tuple[cst.Module, Positions]:
    """Parse a module and give the positions of its nodes (1-based lines, columns in characters).

    Raises CannotRewrite where libcst cannot parse the text, or would not write it back as it is.
    """
    try:
        module = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise CannotRewrite(f"line {error.raw_line} is beyond the rewriter's parser") from None
    except UnicodeEncodeError:
        raise CannotRewrite("the file holds characters that cannot be encoded (lone surrogates)") from None
    except RecursionError:
        raise CannotRewrite("the file nests too deeply") from None
    if module.code != text:
        module = _with_lost_spaces(module, text)
    if module.code != text:
        raise CannotRewrite("the rewriter's parser would not keep the file's odd whitespace (form feeds, bare CRs)")
    return module, _positions(module)


class Located:
    """The nodes at the spans asked for. It is filled once, by one pass over all positions."""

    def __init__(self, module: cst.Module, positions: Positions, text: str, spans: Collection[Span]) -> None:
        self._module = module
        self._lines = _lines(text)
        self._nodes: dict[Span, list[cst.CSTNode]] = {span: [] for span in spans}
        for node, place in positions.items():
            start, end = place.start, place.end
            if isinstance(node, cst.Tuple | cst.GeneratorExp) and node.lpar:  # their parentheses are theirs in `ast`
                start, end = positions[node.lpar[-1]].start, positions[node.rpar[0]].end
            found = self._nodes.get(Span(start.line, start.column, end.line, end.column))
            if found is not None:
                found.append(node)

    def statement(self, span: Span) -> AstStatement:
        """Give the statement at a span; raises CannotRewrite."""
        for node in self._nodes[span]:
            if isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
                self._compare(node, span)
                return node
        raise CannotRewrite(f"the statement at line {span.line} is not found by the rewriter's parser")

    def expression(self, span: Span) -> cst.BaseExpression:
        """Give the expression at a span; raises CannotRewrite."""
        for node in self._nodes[span]:
            if isinstance(node, cst.BaseExpression):
                has_own = isinstance(node, cst.Tuple | cst.GeneratorExp)
                own = (node.lpar[-1:], node.rpar[:1]) if has_own else ((), ())
                self._compare(node.with_changes(lpar=own[0], rpar=own[1]), span)
                return node
        raise CannotRewrite(f"the expression at line {span.line} is not found by the rewriter's parser")

    def around(self, span: Span) -> tuple[str, str]:
        """Give what stands before a span on its first line, and behind it on its last."""
        return self._lines[span.line - 1][: span.column], self._lines[span.end_line - 1][span.end_column :]

    def _compare(self, node: cst.CSTNode, span: Span) -> None:
        """Compare a node's code with the text of the span, but for whitespace (a node alone is written dedented)."""
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            node = node.with_changes(decorators=(), lines_after_decorators=())
        if isinstance(node, cst.BaseCompoundStatement):
            node = node.with_changes(leading_lines=())
        lines = self._lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        if isinstance(node, cst.If):
            lines[0] = lines[0].removeprefix("el")  # an elif alone is written as an if
        if not _squeezed(self._module.code_for_node(node)).startswith(_squeezed("\n".join(lines))):
            raise CannotRewrite(f"the rewriter's parser sees other text at line {span.line}")


class _Colons(cst.CSTTransformer):
    """Puts back the space before the colon of `except A :`, which libcst 1.9 reads over."""

    def __init__(self, positions: Positions, lines: list[str]) -> None:
        super().__init__()
        self._positions = positions
        self._lines = lines

    def leave_ExceptHandler(self, original_node: cst.ExceptHandler, updated_node: cst.ExceptHandler) -> cst.ExceptHandler:
        caught = original_node.type
        if caught is None or original_node.name:
            return updated_node
        end = self._positions[caught.rpar[-1] if caught.rpar else caught].end
        rest = self._lines[end.line - 1][end.column :]
        space = rest[: len(rest) - len(rest.lstrip(" \t"))]
        is_lost = rest.startswith(f"{space}:")
        return updated_node.with_changes(whitespace_before_colon=cst.SimpleWhitespace(space)) if is_lost else updated_node


def _with_lost_spaces(module: cst.Module, text: str) -> cst.Module:
    return module.visit(_Colons(_positions(module), _lines(text)))


def _positions(module: cst.Module) -> Positions:
    return MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _squeezed(code: str) -> str:
    return "".join(code.split())
