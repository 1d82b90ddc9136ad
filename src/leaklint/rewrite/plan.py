"""The edits of a batch, bound to the nodes they are about."""

from bisect import bisect_left
from collections.abc import Sequence

import libcst as cst

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
    MoveUp,
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
    WithItem,
    WithName,
    WithTemporary,
    singles,
)
from leaklint.model.span import Span
from leaklint.rewrite.expressions import fitted, parse_expression
from leaklint.rewrite.extent import clashes
from leaklint.rewrite.locate import AstStatement, Located, Positions
from leaklint.rewrite.refusal import CannotRewrite

BlockEdit = WithBlock | WithName | WithTemporary | FinallyBlock
LineEdit = (
    Bind
    | ToYield
    | ReturnAfter
    | AddFunction
    | Append
    | Precede
    | ChangeComment
    | ToFunction
    | AddParameter
    | Instead
    | DropParameter
)
AroundEdit = Around | TryBlock | FinallyRest
DoneEdit = BlockEdit | LineEdit | AroundEdit | WithItem | Replace | MoveUp | Turn


@dataclass(frozen=True, slots=True)
class BlockTask:
    """An edit that moves the siblings from `first` to `last`; `value` is the expression that goes, if one does."""

    edit: BlockEdit
    first: AstStatement
    last: AstStatement
    value: cst.BaseExpression | None


@dataclass(frozen=True, slots=True)
class AroundTask:
    """An edit that moves the siblings from `first` to `last` into a new with or try."""

    edit: AroundEdit
    first: AstStatement
    last: AstStatement


@dataclass(frozen=True, slots=True)
class MoveTask:
    """A statement, and the sibling after which it is to stand."""

    edit: MoveUp
    statement: AstStatement
    after: AstStatement


@dataclass(frozen=True, slots=True)
class LineTask:
    """An edit of one statement and the lines around it."""

    edit: LineEdit
    statement: AstStatement
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


@dataclass(frozen=True, slots=True)
class TurnTask:
    """A with, or a function, and what it turns into."""

    edit: Turn
    statement: cst.With | cst.FunctionDef


PlacedTask = BlockTask | AroundTask | MoveTask | LineTask | ItemTask | TurnTask  # each begins at a statement
Task = PlacedTask | ReplaceTask


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one pass over a module has to do, in the order of the text; it is carried out from the last to the first."""

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
        index = bisect_left(self.lines, self._start(node)[0])
        return index < len(self.lines) and self.lines[index] <= place.end.line

    def holds(self, node: cst.CSTNode, span: Span) -> bool:
        """Say whether a span lies within a node, decorators included."""
        place = self.positions[node]
        return Span(*self._start(node), place.end.line, place.end.column).contains(span)

    def _start(self, node: cst.CSTNode) -> tuple[int, int]:
        decorated = isinstance(node, cst.FunctionDef | cst.ClassDef) and node.decorators
        start = self.positions[decorated[0] if decorated else node].start
        return start.line, start.column


def spans_of(fixes: Sequence[Fix]) -> set[Span]:
    """Give every span that the fixes name."""
    return {span for edit in _edits(fixes) for span in _spans(edit)}


def bind(fixes: Sequence[Fix], located: Located, positions: Positions) -> Plan:
    """Find the nodes of every edit; raises CannotRewrite where one is missing or two edits clash."""
    whole = list(dict.fromkeys(fix.edit for fix in fixes))
    for index, one in enumerate(whole):
        if any(clashes(one, other) for other in whole[index + 1 :]):
            raise CannotRewrite("another fix changes the same statements")
    edits = sorted(_edits(fixes), key=lambda edit: (_spans(edit)[0].line, _spans(edit)[0].column, _rank(edit)))
    tasks = tuple(_task(edit, located) for edit in edits if not isinstance(edit, Remove))
    removed = frozenset(located.statement(span) for edit in edits for span in _releases(edit))
    firsts = frozenset(node for task in tasks for node in _firsts(task))
    lasts = frozenset[cst.CSTNode](task.last for task in tasks if isinstance(task, BlockTask | AroundTask))
    if firsts & removed:
        raise CannotRewrite("another fix removes the statement")
    lines = sorted({line for span in spans_of(fixes) for line in (span.line, span.end_line)})
    return Plan(tasks, firsts, lasts, removed, positions, tuple(lines))


def _edits(fixes: Sequence[Fix]) -> list[Single]:
    return list(dict.fromkeys(edit for fix in fixes for edit in singles(fix.edit)))


def _rank(edit: Single) -> int:
    """Say how early, of the edits of one statement, an edit is: the last is carried out first."""
    match edit:
        case ReturnAfter() | AddFunction():
            return 0
        case ToYield() | ChangeComment():
            return 2
        case Replace():
            return 3
        case _:
            return 1


def _firsts(task: Task) -> tuple[cst.CSTNode, ...]:
    match task:
        case BlockTask(first=first) | AroundTask(first=first):
            return (first,)
        case LineTask(statement=statement, edit=Bind() | ToYield() | ReturnAfter() | ToFunction() | Precede()):
            return (statement,)
        case MoveTask(statement=statement, after=after):
            return statement, after
        case _:
            return ()


def _task(edit: DoneEdit, located: Located) -> Task:
    if isinstance(edit, Replace):
        new = fitted(parse_expression(edit.text), *located.around(edit.span))
        return ReplaceTask(edit, located.expression(edit.span), new)
    statement = located.statement(edit.statement)
    match edit:
        case WithItem():
            if not isinstance(statement, cst.With):
                raise CannotRewrite("the statement is no with")
            return ItemTask(edit, statement, located.expression(edit.value))
        case Turn():
            if not isinstance(statement, cst.With | cst.FunctionDef):
                raise CannotRewrite("the statement is neither a with nor a function")
            return TurnTask(edit, statement)
        case Around() | TryBlock() | FinallyRest():
            return AroundTask(edit, statement, located.statement(edit.last))
        case MoveUp():
            return MoveTask(edit, statement, located.statement(edit.after))
        case WithBlock() | WithName() | WithTemporary() | FinallyBlock():
            value = located.expression(edit.value) if isinstance(edit, WithBlock | WithTemporary) else None
            return BlockTask(edit, statement, located.statement(edit.last), value)
        case _:
            return LineTask(edit, statement, located.expression(edit.value) if isinstance(edit, Bind) else None)


def _spans(edit: Single) -> tuple[Span, ...]:
    match edit:
        case Replace(span=span):
            return (span,)
        case WithItem() | Bind():
            return edit.statement, edit.value
        case MoveUp():
            return edit.statement, edit.after
        case Around() | TryBlock() | FinallyRest():
            return edit.statement, edit.last
        case WithBlock() | WithTemporary():
            return edit.statement, edit.last, edit.value, *edit.releases
        case WithName() | FinallyBlock():
            return edit.statement, edit.last, *edit.releases
        case _:
            return (edit.statement,)


def _releases(edit: Single) -> tuple[Span, ...]:
    if isinstance(edit, Remove):
        return (edit.statement,)
    return edit.releases if isinstance(edit, WithBlock | WithName | WithTemporary | FinallyBlock) else ()
