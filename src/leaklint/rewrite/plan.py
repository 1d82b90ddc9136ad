"""The edits of a batch, bound to the nodes they are about."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from leaklint.model.fix import Edit, FinallyBlock, Fix, Replace, WithBlock, WithItem, WithName, WithTemporary
from leaklint.model.span import Span
from leaklint.rewrite.expressions import fitted, parse_expression
from leaklint.rewrite.extent import clashes
from leaklint.rewrite.locate import AstStatement, Located, Positions
from leaklint.rewrite.refusal import CannotRewrite

BlockEdit = WithBlock | WithName | WithTemporary | FinallyBlock


@dataclass(frozen=True, slots=True)
class BlockTask:
    """An edit that moves the siblings from `first` to `last`; `value` is the expression that goes, if one does."""

    edit: BlockEdit
    first: AstStatement
    last: AstStatement
    value: cst.BaseExpression | None


@dataclass(frozen=True, slots=True)
class ItemTask:
    """An edit of a with statement's items."""

    edit: WithItem
    statement: cst.With
    value: cst.BaseExpression


@dataclass(frozen=True, slots=True)
class ReplaceTask:
    """An expression and what it becomes."""

    edit: Replace
    old: cst.BaseExpression
    new: cst.BaseExpression


Task = BlockTask | ItemTask | ReplaceTask


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one pass over a module has to do, in the order of the text."""

    tasks: tuple[Task, ...]
    firsts: frozenset[cst.CSTNode]  # the statements that edits take apart
    lasts: frozenset[cst.CSTNode]  # the last ones that they move
    removed: frozenset[AstStatement]
    positions: Positions
    lines: tuple[int, ...]  # on which something changes, sorted

    def starts_at(self, node: cst.CSTNode) -> bool:
        """Say whether an edit takes this statement apart."""
        return node in self.firsts

    def ends_at(self, node: cst.CSTNode) -> bool:
        """Say whether this statement is the last that an edit moves."""
        return node in self.lasts

    def touches(self, node: cst.CSTNode) -> bool:
        """Say whether anything changes between the first and the last line of a node."""
        place = self.positions[node]
        index = bisect_left(self.lines, place.start.line)
        return index < len(self.lines) and self.lines[index] <= place.end.line

    def holds(self, node: cst.CSTNode, span: Span) -> bool:
        """Say whether a span lies within a node."""
        place = self.positions[node]
        return Span(place.start.line, place.start.column, place.end.line, place.end.column).contains(span)


def spans_of(fixes: Sequence[Fix]) -> set[Span]:
    """Give every span that the fixes name."""
    return {span for fix in fixes for span in _spans(fix.edit)}


def bind(fixes: Sequence[Fix], located: Located, positions: Positions) -> Plan:
    """Find the nodes of every edit; raises CannotRewrite where one is missing or two edits clash."""
    edits = sorted((fix.edit for fix in fixes), key=lambda edit: _spans(edit)[0])
    for index, edit in enumerate(edits):
        for other in edits[index + 1 :]:
            if clashes(edit, other):
                raise CannotRewrite("another fix changes the same statements")
    tasks = tuple(_task(edit, located) for edit in edits)
    removed = frozenset(located.statement(span) for edit in edits for span in _releases(edit))
    blocks = [task for task in tasks if isinstance(task, BlockTask)]
    firsts = frozenset[cst.CSTNode](task.first for task in blocks)
    if firsts & removed:
        raise CannotRewrite("another fix removes the statement")
    lines = sorted({line for span in spans_of(fixes) for line in (span.line, span.end_line)})
    return Plan(tasks, firsts, frozenset(task.last for task in blocks), removed, positions, tuple(lines))


def _task(edit: Edit, located: Located) -> Task:
    if isinstance(edit, Replace):
        new = fitted(parse_expression(edit.text), *located.around(edit.span))
        return ReplaceTask(edit, located.expression(edit.span), new)
    statement = located.statement(edit.statement)
    if isinstance(edit, WithItem):
        if not isinstance(statement, cst.With):
            raise CannotRewrite("the statement is no with")
        return ItemTask(edit, statement, located.expression(edit.value))
    value = located.expression(edit.value) if isinstance(edit, WithBlock | WithTemporary) else None
    return BlockTask(edit, statement, located.statement(edit.last), value)


def _spans(edit: Edit) -> tuple[Span, ...]:
    if isinstance(edit, Replace):
        return (edit.span,)
    if isinstance(edit, WithItem):
        return edit.statement, edit.value
    value = (edit.value,) if isinstance(edit, WithBlock | WithTemporary) else ()
    return edit.statement, edit.last, *value, *edit.releases


def _releases(edit: Edit) -> tuple[Span, ...]:
    return () if isinstance(edit, Replace | WithItem) else edit.releases
