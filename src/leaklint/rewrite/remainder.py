"""What becomes of a statement whose suites lost their last release; comments always stay."""

import libcst as cst

from leaklint.model.data import dataclass, field
from leaklint.rewrite.expressions import is_plain
from leaklint.rewrite.layout import (
    Lines,
    Run,
    Statement,
    block,
    comment_lines,
    is_reraise,
    joined,
    led_by,
    remains,
    run_of,
    smalls,
)


@dataclass(slots=True)
class Thinned:
    """The suites that lost statements: `emptied` hold the `pass` put there, `reraising` nothing but a bare raise."""

    emptied: set[cst.BaseSuite] = field(default_factory=set)
    reraising: set[cst.BaseSuite] = field(default_factory=set)


def reduce(node: Statement, thinned: Thinned) -> Run:
    """Give what is left of a statement: itself, as a rule."""
    if isinstance(node, cst.If):
        kept = _reduce_if(node, thinned)
        return ((kept,), ()) if kept else ((), remains(node))
    if isinstance(node, cst.For | cst.While) and node.orelse and node.orelse.body in thinned.emptied:
        return (node.with_changes(orelse=None),), comment_lines(node.orelse)
    if isinstance(node, cst.Try | cst.TryStar):
        return _reduce_try(node, thinned)
    return (node,), ()


def _reduce_if(node: cst.If, thinned: Thinned) -> cst.If | None:
    """Drop branches that do nothing; a branch with comments keeps its `pass` where the if itself stays."""
    orelse = node.orelse
    if isinstance(orelse, cst.If):
        orelse = _reduce_if(orelse, thinned)
    elif orelse and orelse.body in thinned.emptied:
        orelse = None
    if orelse is None and node.body in thinned.emptied and is_plain(node.test):
        return None
    if orelse is node.orelse or (orelse is None and node.orelse and comment_lines(node.orelse)):
        return node
    return node.with_changes(orelse=orelse)


def _reduce_try(node: cst.Try | cst.TryStar, thinned: Thinned) -> Run:
    """Drop what does nothing any more: the finally, the else, handlers that only raise again, the try itself."""
    if not _is_thinned(node, thinned):
        return (node,), ()
    handlers, dropped = _live_handlers(node, thinned)
    orelse, final = _clause(node.orelse, thinned), _clause(node.finalbody, thinned)
    if handlers:
        kept = node.with_changes(
            handlers=handlers, orelse=node.orelse if orelse[0] else None, finalbody=node.finalbody if final[0] else None
        )
        return (kept,), (*dropped, *(() if orelse[0] else orelse[1]), *(() if final[0] else final[1]))
    body = joined([_suite(node.body, thinned), ((), dropped), orelse])
    if final[0] and body[0]:
        return (_try_finally(node, body),), ()
    return _led(joined([body, final]), node)


def _is_thinned(node: cst.Try | cst.TryStar, thinned: Thinned) -> bool:
    clauses = [clause for clause in (node, node.orelse, node.finalbody, *node.handlers) if clause]
    return any(clause.body in thinned.emptied or clause.body in thinned.reraising for clause in clauses)


def _live_handlers(node: cst.Try | cst.TryStar, thinned: Thinned) -> tuple[tuple[cst.CSTNode, ...], Lines]:
    """Give the handlers that still do something, and the comments of the others."""
    handlers: list[cst.CSTNode] = list(node.handlers)
    if node.body in thinned.emptied and all(_is_idle(handler) for handler in node.handlers):
        return (), tuple(line for handler in handlers for line in comment_lines(handler))
    dropped: Lines = ()
    while handlers and isinstance(handlers[-1], cst.ExceptHandler) and handlers[-1].body in thinned.reraising:
        dropped = (*comment_lines(handlers.pop()), *dropped)  # only from the end: a handler shadows those after it
    return tuple(handlers), dropped


def _try_finally(node: cst.Try | cst.TryStar, body: Run) -> cst.Try | cst.TryStar:
    if not node.handlers and not node.orelse:
        return node
    indent = node.body.indent if isinstance(node.body, cst.IndentedBlock) else None
    suite = block(*body, indent, cst.TrailingWhitespace())
    return cst.Try(body=suite, finalbody=node.finalbody, leading_lines=node.leading_lines)


def _clause(clause: cst.Else | cst.Finally | None, thinned: Thinned) -> Run:
    """Give the statements of an else or finally, the comments above it first."""
    if clause is None:
        return (), ()
    above = tuple(line for line in clause.leading_lines if line.comment)
    return joined([((), above), _suite(clause.body, thinned)])


def _suite(suite: cst.BaseSuite, thinned: Thinned) -> Run:
    return ((), comment_lines(suite)) if suite in thinned.emptied else run_of(suite)


def _led(run: Run, node: cst.Try | cst.TryStar) -> Run:
    """Put what stood above a try above what is left of it."""
    statements, after = run
    if statements:
        return (led_by(statements[0], tuple(node.leading_lines)), *statements[1:]), after
    return (), (*(line for line in node.leading_lines if line.comment), *after)


def _is_idle(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    """Say whether a handler does nothing but swallow or raise again."""
    return all(isinstance(line, cst.Pass) or is_reraise(line) for line in smalls(handler.body))
