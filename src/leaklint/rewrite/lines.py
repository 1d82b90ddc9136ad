"""Edits of single statements and of the lines around them: a yield for a return, a name for a value, lines of a function."""

from collections.abc import Sequence

import libcst as cst

from leaklint.model.fix import (
    AddFunction,
    AddParameter,
    Append,
    Around,
    Bind,
    ChangeComment,
    DropParameter,
    Instead,
    ToFunction,
    TryBlock,
)
from leaklint.rewrite.blocks import code_lines, substitute
from leaklint.rewrite.expressions import alone, parse_expression
from leaklint.rewrite.layout import Run, Statement, block, comment_lines, led_by, own_comment, parts, run_of
from leaklint.rewrite.refusal import CannotRewrite


def yielded(line: Statement) -> Statement:
    """Make a `yield` of a `return`."""
    small = parts(line)[0]
    if not isinstance(line, cst.SimpleStatementLine) or not isinstance(small, cst.Return):
        raise CannotRewrite("the statement is no return")
    space = cst.SimpleWhitespace(" ") if small.value is not None else cst.MaybeSentinel.DEFAULT
    node = cst.Expr(cst.Yield(value=small.value, whitespace_after_yield=space))
    return line.with_changes(body=(node,))


def return_line() -> Statement:
    """Give a line with a bare `return`."""
    return cst.SimpleStatementLine(body=(cst.Return(),))


def bound(edit: Bind, line: Statement, value: cst.BaseExpression) -> tuple[Statement, ...]:
    """Give a value a name of its own, perhaps an attribute, before its statement, and the release after it."""
    target = parse_expression(edit.name)
    if not isinstance(target, cst.Name | cst.Attribute):
        raise CannotRewrite(f"`{edit.name}` is no name")
    first = cst.SimpleStatementLine(
        body=(cst.Assign(targets=(cst.AssignTarget(target),), value=alone(value)),),
        leading_lines=line.leading_lines,
    )
    using = substitute(line.with_changes(leading_lines=()), {value: parse_expression(edit.name)})
    return first, using, *code_lines(edit.release)


def try_block(edit: TryBlock, moved: Run, indent: str | None) -> cst.Try:
    """Build a try over statements, with a finally or with a handler that raises again."""
    statements, after = moved
    body = block((statements[0].with_changes(leading_lines=()), *statements[1:]), after, indent, cst.TrailingWhitespace())
    leading = statements[0].leading_lines
    if edit.failed:
        failed = block(code_lines((*edit.failed, "raise")), (), indent, cst.TrailingWhitespace())
        handler = cst.ExceptHandler(body=failed, type=cst.Name("BaseException"))
        return cst.Try(body=body, handlers=(handler,), leading_lines=leading)
    return cst.Try(body=body, finalbody=_finally(code_lines(edit.final), indent), leading_lines=leading)


def finally_rest(first: Statement, moved: Run, indent: str | None) -> cst.Try:
    """Build a try over one statement, with the others in its finally."""
    statements, after = moved
    body = block((first.with_changes(leading_lines=()),), (), indent, cst.TrailingWhitespace())
    final = cst.Finally(body=block(statements, after, indent, cst.TrailingWhitespace()))
    return cst.Try(body=body, finalbody=final, leading_lines=first.leading_lines)


def _finally(lines: Sequence[Statement], indent: str | None) -> cst.Finally:
    return cst.Finally(body=block(lines, (), indent, cst.TrailingWhitespace()))


def around(edit: Around, moved: Run, indent: str | None) -> cst.With:
    """Build a with, from the code of its head, over statements."""
    keyword = "async with" if edit.is_async else "with"
    try:
        head = cst.parse_statement(f"{keyword} {edit.opener}:\n    pass\n", cst.PartialParserConfig(python_version="3.11"))
    except cst.ParserSyntaxError:
        raise CannotRewrite(f"`{edit.opener}` is no head of a with") from None
    if not isinstance(head, cst.With):
        raise CannotRewrite(f"`{edit.opener}` is no head of a with")
    statements, after = moved
    leading = statements[0].leading_lines
    inner: tuple[Statement, ...] = (statements[0].with_changes(leading_lines=()), *statements[1:])
    if edit.final:
        final = _finally(code_lines(edit.final), indent)
        inner, after = (cst.Try(body=block(inner, after, indent, cst.TrailingWhitespace()), finalbody=final),), ()
    return head.with_changes(leading_lines=leading, body=block(inner, after, indent, cst.TrailingWhitespace()))


def added_functions(edit: AddFunction, line: Statement, is_top: bool) -> tuple[cst.FunctionDef, ...]:
    """Build functions that follow another one, with as many blank lines above each."""
    blanks = [one for one in line.leading_lines if one.comment is None]
    count = len(blanks) if blanks else 2 if is_top else 1
    leading = tuple(cst.EmptyLine(indent=False) for _ in range(count))
    made = [one for one in code_lines(edit.lines) if isinstance(one, cst.FunctionDef)]
    return tuple(one.with_changes(leading_lines=leading) for one in made)


def as_function(edit: ToFunction, line: Statement) -> Statement:
    """Build the function that a statement becomes; the comments of the statement stand above it."""
    made = _function("\n".join(edit.lines))
    if not isinstance(line, cst.SimpleStatementLine):
        raise CannotRewrite("the statement is no simple one")
    return made.with_changes(leading_lines=(*line.leading_lines, *own_comment(line.trailing_whitespace)))


def spaced(line: Statement, is_top: bool) -> Statement:
    """Put as many blank lines above a statement as a function wants around itself."""
    blanks = next((i for i, one in enumerate(line.leading_lines) if one.comment is not None), len(line.leading_lines))
    missing = max(0, (2 if is_top else 1) - blanks)
    above = tuple(cst.EmptyLine(indent=False) for _ in range(missing))
    return line.with_changes(leading_lines=(*above, *line.leading_lines))


def with_parameter(edit: AddParameter, line: Statement) -> Statement:
    """Give a function one more parameter, behind those that have no default."""
    if not isinstance(line, cst.FunctionDef):
        raise CannotRewrite("the statement is no function")
    known = line.params.params
    place = next((index for index, one in enumerate(known) if one.default is not None), len(known))
    new = cst.Param(cst.Name(edit.name))
    if known and place == len(known):
        new = new.with_changes(comma=known[-1].comma)
        known = (*known[:-1], known[-1].with_changes(comma=known[0].comma if len(known) > 1 else cst.MaybeSentinel.DEFAULT))
    return line.with_changes(params=line.params.with_changes(params=(*known[:place], new, *known[place:])))


def _function(code: str) -> cst.FunctionDef:
    try:
        made = cst.parse_statement(code + "\n")
    except cst.ParserSyntaxError:
        raise CannotRewrite("the new function does not parse") from None
    if not isinstance(made, cst.FunctionDef):
        raise CannotRewrite("the new function is none")
    return made


def appended(edit: Append, line: Statement, indent: str | None) -> Statement:
    """Add lines to the end of a function."""
    if not isinstance(line, cst.FunctionDef):
        raise CannotRewrite("the statement is no function")
    suite, new = line.body, code_lines(edit.lines)
    if isinstance(suite, cst.IndentedBlock):
        return line.with_changes(body=suite.with_changes(body=(*_without_pass(suite.body), *new)))
    body, after = run_of(suite)
    body = tuple(one for one in _without_pass(body) if isinstance(one, Statement))
    return line.with_changes(body=block((*body, *new), after, indent, cst.TrailingWhitespace()))


def replaced(edit: Instead, line: Statement) -> tuple[Statement, ...]:
    """Give lines instead of a statement, below what it leaves: its comments, the blank lines above it."""
    first, *others = code_lines(edit.lines)
    return led_by(first, (*line.leading_lines, *comment_lines(line.with_changes(leading_lines=())))), *others


def without_parameter(edit: DropParameter, line: Statement) -> Statement:
    """Take a parameter from a function."""
    if not isinstance(line, cst.FunctionDef):
        raise CannotRewrite("the statement is no function")
    kept = [one for one in line.params.params if one.name.value != edit.name]
    if len(kept) + 1 != len(line.params.params) or line.params.posonly_params:
        raise CannotRewrite(f"`{edit.name}` is no plain parameter")
    if kept and kept[-1] is not line.params.params[-1]:
        kept[-1] = kept[-1].with_changes(comma=line.params.params[-1].comma)
    return line.with_changes(params=line.params.with_changes(params=tuple(kept)))


def _without_pass(body: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
    """Drop the last line where it is a `pass`."""
    last = body[-1]
    is_pass = isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[0], cst.Pass) and not comment_lines(last)
    return body[:-1] if is_pass else body


def recommented(edit: ChangeComment, line: Statement) -> Statement:
    """Change the comment at the end of a line."""
    if not isinstance(line, cst.SimpleStatementLine):
        raise CannotRewrite("the line is no simple statement")
    trailing = line.trailing_whitespace
    if trailing.comment is None or trailing.comment.value != edit.old:
        raise CannotRewrite(f"the comment `{edit.old}` is not there")
    comment = cst.Comment(edit.new) if edit.new else None
    space = trailing.whitespace if edit.new else cst.SimpleWhitespace("")
    return line.with_changes(trailing_whitespace=trailing.with_changes(comment=comment, whitespace=space))
