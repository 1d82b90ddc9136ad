"""Where fixes reach, and which of them can be carried out together; it knows their spans only."""

from leaklint.model.fix import (
    AddFunction,
    Append,
    Around,
    Edit,
    FinallyBlock,
    FinallyRest,
    MoveUp,
    Replace,
    Several,
    Single,
    TryBlock,
    WithBlock,
    WithName,
    WithTemporary,
)
from leaklint.model.span import Span

Block = WithBlock | WithName | WithTemporary | FinallyBlock | Around | TryBlock | FinallyRest


def extent(edit: Edit) -> Span:
    """Give the range of lines and columns that an edit rewrites or moves."""
    match edit:
        case Several(edits=edits):
            spans = [extent(one) for one in edits]
            first = min((one.line, one.column) for one in spans)
            last = max((one.end_line, one.end_column) for one in spans)
            return Span(*first, *last)
        case Replace(span=span):
            return span
        case MoveUp(statement=statement, after=after):
            return Span(after.line, after.column, statement.end_line, statement.end_column)
        case WithBlock() | WithName() | WithTemporary() | FinallyBlock() | Around() | TryBlock() | FinallyRest():
            return Span(edit.statement.line, edit.statement.column, edit.last.end_line, edit.last.end_column)
        case _:
            return edit.statement


def clashes(one: Edit, other: Edit) -> bool:
    """Say whether two edits cannot be part of one batch: they cross, or they change the same statement."""
    outer, inner = extent(one), extent(other)
    if isinstance(one, Several) or isinstance(other, Several):
        return one != other and not _is_apart(outer, inner)
    if not outer.contains(inner):
        outer, inner, one, other = inner, outer, other, one
    if not outer.contains(inner):
        return not _is_apart(outer, inner)
    return _clashes_inside(one, other)


def _clashes_inside(one: Single, other: Single) -> bool:
    if isinstance(one, Replace):
        return True
    if isinstance(one, Append | AddFunction):
        return isinstance(other, Append | AddFunction) and one.statement == other.statement
    if isinstance(other, Replace):
        return one.statement.contains(other.span)  # in the very statement that the other edit takes apart
    if isinstance(one, MoveUp):
        return True
    return one.statement == other.statement


def _is_apart(one: Span, other: Span) -> bool:
    first, second = sorted((one, other))
    return (first.end_line, first.end_column) <= (second.line, second.column)


def import_line(name: str) -> str:
    """Give the import statement of what a fix needs: `contextlib`, or `collections.abc:Iterator` for a name of a module."""
    module, _, attribute = name.partition(":")
    return f"from {module} import {attribute}" if attribute else f"import {module}"
