"""What must hold between a text and its rewriting, whatever the rewriter did: seen on tokens and `ast` alone.

The new text compiles, holds every comment of the old one, and every statement of it in the same order, but for those
that the fixes name. Blocks around statements may come and go (with, try), nothing else.
"""

import ast
import io
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence

from leaklint.model.data import dataclass
from leaklint.model.fix import (
    AddFunction,
    AddParameter,
    Append,
    Around,
    Bind,
    ChangeComment,
    DropParameter,
    FinallyBlock,
    FinallyRest,
    Fix,
    Instead,
    Precede,
    Remove,
    Replace,
    ReturnAfter,
    Single,
    ToFunction,
    ToYield,
    TryBlock,
    Turn,
    WithBlock,
    WithName,
    WithTemporary,
    singles,
)
from leaklint.model.source import Source
from leaklint.model.span import Span
from leaklint.rewrite.extent import import_line
from leaklint.rewrite.refusal import CannotRewrite

Clause = ast.stmt | ast.ExceptHandler | ast.match_case

_SUITES = ("body", "handlers", "orelse", "finalbody", "cases")
_KEEPING = (Replace, AddFunction, Append, Precede, TryBlock, FinallyRest)  # they leave the statement that they name as it is
_FREE = (ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Pass)  # what may be new without being named


@dataclass(frozen=True, slots=True)
class Part:
    """The top-level statements that differ, and the lines on which they and the comments between them stand."""

    statements: Sequence[ast.stmt]
    lines: Sequence[str]


def prove(old: Source, new: Source, fixes: Sequence[Fix]) -> None:
    """Raise CannotRewrite, with the reason, unless the new text is the old one but for the fixes."""
    _compile(new)
    before, after = _differing(old, new)
    edits = list(dict.fromkeys(edit for fix in fixes for edit in singles(fix.edit)))
    lost = _comments(before.lines) - _comments(after.lines)
    lost -= Counter(edit.old for edit in edits if isinstance(edit, ChangeComment))
    if lost:
        raise CannotRewrite(f"the comment `{next(iter(lost))}` would be lost")
    modules = frozenset(name.partition(":")[0] for fix in fixes for name in fix.imports if ":" in name)
    if _imported(before, modules) - _imported(after, modules):
        raise CannotRewrite("an import would be lost")
    going = _going(old, before, edits) | {one for one in before.statements if _is_import_of(one, modules)}
    clauses = [clause for statement in before.statements for clause in _clauses(statement)]
    staying = [clause for clause in clauses if clause not in going and not isinstance(clause, ast.Pass)]
    allowed = {_head(clause) for clause in going} | _named(fixes, edits)
    changes = sum(_changes(edit) for edit in edits)
    matched = 0
    for clause in (clause for statement in after.statements for clause in _clauses(statement)):
        head = _head(clause)
        if matched < len(staying) and head == _head(staying[matched]):
            matched += 1
        elif not isinstance(clause, _FREE) and head not in allowed and not _is_import_of(clause, modules):
            changes -= 1
    if matched < len(staying):
        raise CannotRewrite(f"line {getattr(staying[matched], 'lineno', '?')} would change")
    if changes < 0:
        raise CannotRewrite("more than the fix would change")


def _compile(new: Source) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(new.tree, new.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise CannotRewrite(f"the result would not compile: {error}") from None
    except (RecursionError, MemoryError):
        raise CannotRewrite("the result would nest too deeply") from None


def _differing(old: Source, new: Source) -> tuple[Part, Part]:
    """Leave out the top-level statements at the start and the end whose lines are the same in both texts."""
    ones, others = _chunks(old), _chunks(new)
    shorter = min(len(ones), len(others))
    head = next((index for index in range(shorter) if ones[index] != others[index]), shorter)
    rest = shorter - head
    tail = next((index for index in range(rest) if ones[-1 - index] != others[-1 - index]), rest)
    return _part(old, head, tail), _part(new, head, tail)


def _chunks(source: Source) -> list[str]:
    """Give the lines of each top-level statement, with those above it back to the statement before."""
    lines, body = source.lines, source.tree.body
    ends = [0, *(statement.end_lineno or statement.lineno for statement in body)]
    return [
        "\n".join(lines[min(end, statement.lineno - 1) : statement.end_lineno])
        for end, statement in zip(ends, body, strict=False)
    ]


def _part(source: Source, head: int, tail: int) -> Part:
    body = source.tree.body
    start = (body[head - 1].end_lineno or 0) if head else 0
    end = (body[-tail - 1].end_lineno or 0) if 0 < tail < len(body) else start if tail else len(source.lines)
    if head and head < len(body):
        start = min(start, body[head].lineno - 1)
    return Part(body[head : len(body) - tail], source.lines[start:end])


def _comments(lines: Sequence[str]) -> Counter[str]:
    readline = io.StringIO("\n".join((*lines, ""))).readline
    try:
        return Counter(token.string for token in tokenize.generate_tokens(readline) if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        raise CannotRewrite("its comments cannot be told from its strings") from None


def _is_import_of(clause: Clause, modules: frozenset[str]) -> bool:
    """Say whether a statement imports names of one of the modules, to which the fix may add one."""
    return isinstance(clause, ast.ImportFrom) and clause.level == 0 and clause.module in modules


def _imported(part: Part, modules: frozenset[str]) -> set[tuple[str | None, str, str | None]]:
    return {
        (one.module, alias.name, alias.asname)
        for one in part.statements
        if isinstance(one, ast.ImportFrom) and _is_import_of(one, modules)
        for alias in one.names
    }


def _changes(edit: Single) -> int:
    """Count the statements that an edit may change without naming what they become."""
    match edit:
        case WithTemporary() | Replace() | ToYield() | ReturnAfter() | Turn() | AddParameter() | DropParameter():
            return 1
        case Bind():
            return 2
        case _:
            return 0


def _going(old: Source, part: Part, edits: Sequence[Single]) -> set[Clause]:
    """Give the clauses of the old text that may go or change: what the edits name, and what then does nothing."""
    clauses = [clause for statement in part.statements for clause in _clauses(statement)]
    spans = {clause: old.span(clause) for clause in clauses if not isinstance(clause, ast.match_case)}
    named = {edit.statement for edit in edits if not isinstance(edit, _KEEPING)}
    blocks = [edit for edit in edits if isinstance(edit, WithBlock | WithName | WithTemporary | FinallyBlock)]
    releases = {span for edit in blocks for span in edit.releases}
    releases |= {edit.statement for edit in edits if isinstance(edit, Remove | Instead)}
    released = {inner for clause, span in spans.items() if span in releases for inner in _clauses(clause)}
    going = released | {clause for clause, span in spans.items() if span in named}
    for edit in edits:
        if isinstance(edit, Replace):
            going.update([clause for clause, span in spans.items() if _with_decorators(clause, span).contains(edit.span)][-1:])
    for clause in clauses:
        going.update(_idle(clause, released))
    return going


def _with_decorators(clause: Clause, span: Span) -> Span:
    """Give the span of a clause from its first decorator on."""
    if isinstance(clause, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and clause.decorator_list:
        return Span(clause.decorator_list[0].lineno, 0, span.end_line, span.end_column)
    return span


def _idle(clause: Clause, released: set[Clause]) -> Iterator[Clause]:
    """Give what does nothing once the releases are gone, of a clause and its handlers."""
    if isinstance(clause, ast.Try | ast.TryStar):
        yield clause
        if any(inner in released for inner in clause.body):
            for handler in clause.handlers:
                if all(_is_quiet(inner, released) for inner in handler.body):
                    yield from _clauses(handler)
    if isinstance(clause, ast.If | ast.ExceptHandler):
        inside = list(_clauses(clause))
        if any(inner in released for inner in inside) and all(_is_quiet(inner, released) for inner in inside[1:]):
            yield from inside


def _is_quiet(clause: Clause, released: set[Clause]) -> bool:
    if isinstance(clause, ast.Raise):
        return clause.exc is None
    return clause in released or isinstance(clause, ast.Pass | ast.If)


def _named(fixes: Sequence[Fix], edits: Sequence[Single]) -> set[str]:
    """Give what the fixes say is new: imports, the lines of releases and of functions."""
    texts = [import_line(name) for fix in fixes for name in fix.imports]
    texts += ["\n".join(edit.release) for edit in edits if isinstance(edit, FinallyBlock | Bind)]
    texts += ["\n".join(edit.final) for edit in edits if isinstance(edit, Around)]
    texts += [
        "\n".join(edit.lines) for edit in edits if isinstance(edit, AddFunction | Append | ToFunction | Instead | Precede)
    ]
    texts += ["\n".join(line) for edit in edits if isinstance(edit, TryBlock) for line in (edit.final, _handler(edit))]
    return {_head(clause) for text in texts for line in ast.parse(text).body for clause in _clauses(line)}


def _handler(edit: TryBlock) -> tuple[str, ...]:
    indented = [f"    {line}" for line in edit.failed]
    return ("try:", "    pass", "except BaseException:", *indented, "    raise") if edit.failed else ()


def _clauses(statement: Clause) -> Iterator[Clause]:
    """Give a statement and every statement, handler and case in it, in the order of the text."""
    stack: list[Clause] = [statement]
    while stack:
        clause = stack.pop()
        yield clause
        stack.extend(reversed(_inner(clause)))


def _inner(clause: Clause) -> list[Clause]:
    suites = (getattr(clause, name, ()) for name in _SUITES)
    return [inner for suite in suites for inner in suite]


def _head(clause: Clause) -> str:
    """Say all of a clause but for its suites."""
    fields = [(name, value) for name, value in ast.iter_fields(clause) if name not in _SUITES]
    return f"{type(clause).__name__} {[_dumped(value) for _, value in fields]}"


def _dumped(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_dumped, value)) + "]"
    return ast.dump(value) if isinstance(value, ast.AST) else repr(value)
