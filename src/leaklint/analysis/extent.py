"""Where a with, or a try/finally, can stand: the fix of an obligation, from the operations that touch its resource.

The rules call `plan`; it gives None where no rewrite is sure to keep the program's meaning.
"""

import ast

from leaklint.analysis.evaluation import alternatives, head_with, is_conditional, is_preceded_by_call, path_to
from leaklint.analysis.facts import Obligation, Suite, names_in
from leaklint.analysis.one_shot import plan_one_shot
from leaklint.analysis.ops import Call
from leaklint.analysis.reach import droppable, is_release_statement, last_use, release_statements
from leaklint.analysis.way import way_of
from leaklint.model.fix import (
    Applicability,
    Edit,
    FinallyBlock,
    Fix,
    WithBlock,
    WithItem,
    WithName,
    WithTemporary,
)

__all__ = ["plan", "way_of"]
ENDING = frozenset(("terminate", "kill", "send_signal"))  # how a process is told to end


def plan(obligation: Obligation) -> Fix | None:
    """Give the fix of a leak: a with up to the last use, a try/finally where the type has no with."""
    if isinstance(obligation.statement, ast.With | ast.AsyncWith):
        return _plan_item(obligation)
    history = obligation.history
    if history.moves or history.returns or history.is_captured or obligation.site.is_optional:
        return None
    if any(op.statement is not obligation.statement for op in history.enters):
        return None  # a with stands there already, further down
    if obligation.site.element is None and not obligation.history.names:
        return None if obligation.history.is_contained else _plan_temporary(obligation)
    return _plan_named(obligation)


def _plan_named(obligation: Obligation) -> Fix | None:
    facts, statement = obligation.facts, obligation.statement
    place = facts.places.get(statement)
    name = obligation.history.names[0] if obligation.history.names else None
    if place is None or (name is None and obligation.site.element is None) or (name is not None and not name.isidentifier()):
        return None
    way = way_of(obligation, name)
    if way is None or _may_be_another(obligation):
        return None
    suite, index, _ = place
    ends = [last_use(one, suite, index) for one in _siblings(obligation)]
    if None in ends:
        return None
    last = max(one for one in ends if one is not None)
    if _is_released_twice(obligation, suite):
        return None
    releases = droppable(obligation, suite, last)
    span = facts.source.span
    dropped = tuple(span(one) for one in releases)
    applicability = applicability_of(obligation)
    value = acquired_value(obligation)
    target = single_target(statement)
    edit: Edit
    if way.opener is None:
        if not set(release_statements(obligation)) <= set(releases):
            return None
        edit = FinallyBlock(span(statement), span(suite[last]), way.lines, dropped)
    elif value is not None and target is not None:
        edit = WithBlock(span(statement), span(value), target, span(suite[last]), way.opener, dropped)
    elif name is not None:
        edit = WithName(span(statement), name, span(suite[last]), way.opener, dropped)
    else:
        return None
    return Fix(edit, applicability, way.imports)


def _may_be_another(obligation: Obligation) -> bool:
    """Say whether the name may hold another's instead, or nothing: `given or open(path)`, `open(path) if path else None`."""
    value = obligation.statement.value if isinstance(obligation.statement, ast.Assign | ast.AnnAssign) else None
    found = alternatives(value) if value is not None else []
    made = {one.node for one in obligation.facts.obligations}
    return len(found) > 1 and not made.issuperset(found)


def _is_released_twice(obligation: Obligation, suite: Suite) -> bool:
    """Say whether a suite releases again what it has released: a test of just that, which a with would undo."""
    own = {op.statement for op in obligation.history.releases if isinstance(op, Call) and is_release_statement(op)}
    places = obligation.facts.places
    return sum(statement in places and places[statement][0] is suite for statement in own) > 1


def _siblings(obligation: Obligation) -> list[Obligation]:
    """Give the obligation, and those of the same call (both ends of a pipe are of use to each other)."""
    return [one for one in obligation.facts.obligations if one.node is obligation.node]


def applicability_of(obligation: Obligation) -> Applicability:
    """Say whether a with is a safe rewrite: not of what may be meant to outlive the body, or is not waited for now."""
    resource, history = obligation.site.resource, obligation.history
    is_released = bool(history.releases)
    if (
        resource.outlives and resource.parts
    ):  # a process: a with waits for it, so it must be seen to be waited for on the plain way already
        if _is_ended_late(obligation):
            return Applicability.UNSAFE
        suite = obligation.facts.places[obligation.statement][0]
        parts = [op for op in history.uses if isinstance(op, Call) and op.method in resource.part_releases]
        is_released = any(one is op.statement for op in [*history.releases, *parts] for one in suite)
    return Applicability.UNSAFE if resource.outlives and not is_released else Applicability.SAFE


def _is_ended_late(obligation: Obligation) -> bool:
    """Say whether something may raise before a process is told to end: a with would wait for it as long as it likes to run."""
    ending = [op.line for op in obligation.history.uses if isinstance(op, Call) and op.method in ENDING]
    return bool(ending) and any(op.line < min(ending) for op in obligation.raising)


def single_target(statement: ast.stmt) -> str | None:
    """Give the one name that an assignment binds."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case _:
            return None


def acquired_value(obligation: Obligation) -> ast.expr | None:
    """Give the acquiring expression, with its await, where it is all that the statement assigns."""
    match obligation.statement:
        case ast.Assign(value=value) if value is obligation.node:
            return value
        case ast.Assign(value=ast.Await(value=inner) as value) if inner is obligation.node:
            return value
        case _:
            return None


def _plan_temporary(obligation: Obligation) -> Fix | None:
    facts, statement = obligation.facts, obligation.statement
    place = None if facts.is_lambda else facts.places.get(statement)
    way = way_of(obligation, None)
    if place is None or way is None or way.opener is None:
        return plan_one_shot(obligation)
    head = head_with(statement, obligation.node, facts.source)
    path = path_to(head, obligation.node) if head is not None else None
    if path is None or head is None or is_conditional(path):
        return plan_one_shot(obligation)
    suite, index, _ = place
    last = last_use(obligation, suite, index)
    if last is None:
        return None
    is_sure = last == index and not is_preceded_by_call(head, path)
    resource = obligation.site.resource
    is_safe = is_sure and not resource.outlives
    span = facts.source.span
    above = path[-2] if len(path) > 1 else None
    value = above if isinstance(above, ast.Await) else obligation.node
    edit = WithTemporary(span(statement), span(value), _new_name(obligation), span(suite[last]), way.opener)
    return Fix(edit, Applicability.SAFE if is_safe else Applicability.UNSAFE, way.imports)


def _plan_item(obligation: Obligation) -> Fix | None:
    """A with on something that does not release: closing, or an item of its own."""
    facts, statement = obligation.facts, obligation.statement
    assert isinstance(statement, ast.With | ast.AsyncWith)
    way = way_of(obligation, None)
    item = next((one.context_expr for one in statement.items if path_to(one.context_expr, obligation.node)), None)
    if item is None or way is None or way.opener is None or way.opener.is_async != isinstance(statement, ast.AsyncWith):
        return None
    path = path_to(item, obligation.node) or []
    if is_conditional(path) or obligation.history.moves or obligation.history.returns:
        return None
    above = path[-2] if len(path) > 1 else None
    value = above if isinstance(above, ast.Await) else obligation.node
    edit = WithItem(facts.source.span(statement), facts.source.span(value), _new_name(obligation), way.opener)
    return Fix(edit, Applicability.SAFE, way.imports)


def _new_name(obligation: Obligation) -> str:
    """Give a name for the resource that the body does not mention yet."""
    facts = obligation.facts
    taken = names_in(facts.function.node if facts.function else facts.source.tree)
    wanted = obligation.site.resource.variable
    name, number = wanted, 2
    while name in taken or facts.module.bindings.binds(name):
        name, number = f"{wanted}{number}", number + 1
    return name
