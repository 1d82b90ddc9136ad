"""Lines, comments and suites of libcst trees: how statements are set out, never what they do."""

from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Lines = tuple[cst.EmptyLine, ...]
Run = tuple[tuple[Statement, ...], Lines]  # statements, and the comment lines that come after the last of them


def without_blank_start(lines: Iterable[cst.EmptyLine]) -> Lines:
    """Drop the blank lines before the first comment."""
    kept = list(lines)
    while kept and kept[0].comment is None:
        del kept[0]
    return tuple(kept)


def until_comment(lines: Iterable[cst.EmptyLine]) -> Lines:
    """Drop the blank lines after the last comment; without a comment, nothing is left."""
    kept = list(lines)
    while kept and kept[-1].comment is None:
        del kept[-1]
    return tuple(kept)


def comment_lines(node: cst.CSTNode) -> Lines:
    """Give every comment within a node, in order, each as a line of its own."""
    return tuple(cst.EmptyLine(comment=comment) for comment in _comments(node))


def own_comment(line: cst.TrailingWhitespace) -> Lines:
    """Give the comment at the end of a line as a line of its own."""
    return (cst.EmptyLine(comment=line.comment),) if line.comment else ()


def remains(node: Statement) -> Lines:
    """Give what is left of a statement that goes: its comments, those above it with the blank lines between them."""
    inner = comment_lines(node.with_changes(leading_lines=()))
    return until_comment((*node.leading_lines, *inner))


def led_by(node: Statement, lines: Sequence[cst.EmptyLine]) -> Statement:
    """Put lines above a statement and what already stands above it."""
    return node.with_changes(leading_lines=(*lines, *node.leading_lines)) if lines else node


def joined(runs: Iterable[Run]) -> Run:
    """Put runs one after the other; the lines after one stand above the first statement of the next."""
    statements: list[Statement] = []
    pending: Lines = ()
    for run, after in runs:
        for statement in run:
            statements.append(led_by(statement, pending))
            pending = ()
        pending = (*pending, *after)
    return tuple(statements), pending


def pass_line(leading: Lines = ()) -> cst.SimpleStatementLine:
    """Give a line with `pass`."""
    return cst.SimpleStatementLine(body=(cst.Pass(),), leading_lines=leading)


def block(body: Sequence[Statement], footer: Lines, indent: str | None, header: cst.TrailingWhitespace) -> cst.IndentedBlock:
    """Indent statements; the first starts without blank lines, and `pass` stands in where there are none."""
    first = body[0] if body else pass_line()
    if not body:
        first, footer = pass_line(without_blank_start(footer)), ()
    trimmed = first.with_changes(leading_lines=without_blank_start(first.leading_lines))
    return cst.IndentedBlock(body=(trimmed, *body[1:]), header=header, footer=footer, indent=indent)


def run_of(suite: cst.BaseSuite) -> Run:
    """Give the statements of a suite; the comment of its header stands above the first."""
    if isinstance(suite, cst.IndentedBlock):
        lines = tuple(line for line in suite.body if isinstance(line, Statement))
        first = lines[0].with_changes(leading_lines=without_blank_start(lines[0].leading_lines))
        return (led_by(first, own_comment(suite.header)), *lines[1:]), tuple(suite.footer)
    assert isinstance(suite, cst.SimpleStatementSuite)
    return (as_line(suite),), ()


def as_line(suite: cst.SimpleStatementSuite) -> cst.SimpleStatementLine:
    """Give the statements behind a colon as a line of their own."""
    return cst.SimpleStatementLine(body=suite.body, trailing_whitespace=suite.trailing_whitespace)


def smalls(suite: cst.BaseSuite) -> tuple[cst.BaseSmallStatement | cst.BaseCompoundStatement, ...]:
    """Give the statements of a suite one by one, however they are set on lines."""
    if isinstance(suite, cst.SimpleStatementSuite):
        return tuple(suite.body)
    assert isinstance(suite, cst.IndentedBlock)
    return tuple(small for line in suite.body for small in parts(line))


def parts(line: cst.BaseStatement) -> tuple[cst.BaseSmallStatement | cst.BaseCompoundStatement, ...]:
    """Give the statements on a line: several where semicolons part them."""
    if isinstance(line, cst.SimpleStatementLine):
        return tuple(line.body)
    assert isinstance(line, cst.BaseCompoundStatement)
    return (line,)


def is_reraise(node: cst.CSTNode) -> bool:
    """Say whether a statement is a bare `raise`."""
    return isinstance(node, cst.Raise) and node.exc is None


class BlankLines(cst.CSTTransformer):
    """Keeps blank lines of module level blank when they are indented (libcst marks them as indented, by nothing)."""

    def visit_SimpleString(self, node: cst.SimpleString) -> bool:
        return False

    def leave_EmptyLine(self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine) -> cst.EmptyLine:
        if updated_node.comment is None and updated_node.indent:
            return updated_node.with_changes(indent=False)
        return updated_node


def _comments(node: cst.CSTNode) -> Iterator[cst.Comment]:
    if isinstance(node, cst.Comment):
        yield node
    for child in node.children:
        yield from _comments(child)
