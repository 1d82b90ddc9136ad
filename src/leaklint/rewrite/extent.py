"""Where fixes reach, and which of them can be carried out together; it knows their spans only."""

from leaklint.model.fix import Edit, Replace, WithItem
from leaklint.model.span import Span


def extent(edit: Edit) -> Span:
    """Give the range of lines and columns that an edit rewrites or moves."""
    if isinstance(edit, Replace):
        return edit.span
    if isinstance(edit, WithItem):
        return edit.statement
    return Span(edit.statement.line, edit.statement.column, edit.last.end_line, edit.last.end_column)


def clashes(one: Edit, other: Edit) -> bool:
    """Say whether two edits cannot be part of one batch: they cross, or they change the same statement."""
    outer, inner = extent(one), extent(other)
    if not outer.contains(inner):
        outer, inner, one, other = inner, outer, other, one
    if not outer.contains(inner):
        return not _is_apart(outer, inner)
    if isinstance(one, Replace):
        return True
    if isinstance(other, Replace):
        return _is_header_edit(one, other.span)
    return one.statement == other.statement


def _is_apart(one: Span, other: Span) -> bool:
    first, second = sorted((one, other))
    return (first.end_line, first.end_column) <= (second.line, second.column)


def _is_header_edit(edit: Edit, span: Span) -> bool:
    """Say whether an expression lies in the very statement that another edit takes apart."""
    return not isinstance(edit, Replace) and edit.statement.contains(span)
