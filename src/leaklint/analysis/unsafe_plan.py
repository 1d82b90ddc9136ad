"""The fixes of leaks for which no with can stand where the name is bound: releases before some returns, a stack for many, a
with for what only a part of it had a name."""

import ast

from leaklint.analysis.factory_plan import entered
from leaklint.analysis.facts import Obligation, Suite, names_in
from leaklint.analysis.held import release_steps
from leaklint.analysis.names import walk
from leaklint.analysis.ops import Return
from leaklint.analysis.reach import last_use
from leaklint.analysis.release_code import steps_code
from leaklint.analysis.trace import leading_to
from leaklint.analysis.way import stack_opener
from leaklint.model.fix import Applicability, Around, Fix, Opener, Precede, Several, WithBlock
from leaklint.model.resource import With

FILLING = ("append", "add", "appendleft")


def plan_without_with(one: Obligation) -> Fix | None:
    """Give the fix of a leak around which no with can stand."""
    return _plan_returns(one) or _plan_stack(one) or _plan_part(one)


def _plan_returns(one: Obligation) -> Fix | None:
    """Release what one path hands on before the returns that leave it open."""
    history, facts = one.history, one.facts
    name = history.names[0] if history.names else None
    steps = release_steps(one.site.resource)
    if not history.returns or history.moves or name is None or not name.isidentifier() or one.site.is_optional or steps is None:
        return None
    graph = facts.solution.setting.graph
    blocks = leading_to(graph.returned, one.site, facts.solution) - {graph.returned}
    ends = {op.statement for block in blocks for op in block.ops if isinstance(op, Return) and op not in history.returns}
    code = steps_code(steps, name, facts.scope)
    is_async = any(step.is_async for step in steps)
    if not ends or isinstance(code, str) or (is_async and not facts.is_async):
        return None
    if any(end not in facts.places or name in names_in(end) for end in ends):
        return None
    edits = tuple(Precede(facts.source.span(end), code.lines) for end in sorted(ends, key=lambda end: end.lineno))
    return Fix(Several(edits), Applicability.UNSAFE, code.imports)


def _plan_stack(one: Obligation) -> Fix | None:
    """Enter what a container holds into a stack of releases that lasts as long as the container is used."""
    history, facts = one.history, one.facts
    place = _place(one)
    if place is None or not history.is_contained or history.moves or history.returns or history.releases or history.enters:
        return None
    statement, name = place
    suite, index, _ = facts.places[statement]
    opener = stack_opener(facts.scope, facts.is_async)
    last = last_use(one, suite, index)
    taken = names_in(facts.function.node if facts.function else facts.source.tree)
    stack = next((word for word in ("stack", "exit_stack", "opened") if word not in taken), None)
    found = entered(one, stack or "", facts.is_async)
    if opener is None or last is None or stack is None or found is None:
        return None
    last = max(last, _last_mention(suite, index, name))
    around = Around(facts.source.span(statement), facts.source.span(suite[last]), f"{opener[0]}() as {stack}", facts.is_async)
    return Fix(Several((around, found[0])), Applicability.UNSAFE, (*opener[1], *found[1]))


def _place(one: Obligation) -> tuple[ast.stmt, str] | None:
    """Give the statement that fills a container, or the loop in which it does, and the name of the container."""
    facts = one.facts
    if one.statement not in facts.places:
        return None
    match one.statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.ListComp() | ast.DictComp() | ast.List() | ast.Dict()):
            return one.statement, name
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))) if method in FILLING:
            parent = facts.places[one.statement][2]
            return (parent, name) if isinstance(parent, ast.For | ast.AsyncFor) and parent in facts.places else None
        case _:
            return None


def _plan_part(one: Obligation) -> Fix | None:
    """Enter what only a part of it got a name for, where `with ... as` binds that part: `TemporaryDirectory().name`."""
    facts, resource = one.facts, one.site.resource
    match one.statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(value=node, attr=attribute) as value):
            is_part = node is one.node and attribute == resource.with_gives and resource.sync_with is With.RELEASES
        case _:
            return None
    if not is_part or one.statement not in facts.places:
        return None
    suite, index, _ = facts.places[one.statement]
    last = _last_mention(suite, index, name)
    if any(isinstance(node, ast.Return | ast.Yield) for later in suite[index : last + 1] for node in walk(later)):
        return None  # the part may outlive the block
    span = facts.source.span
    edit = WithBlock(span(one.statement), span(value), name, span(suite[last]), Opener(), is_part=True)
    return Fix(edit, Applicability.UNSAFE)


def _last_mention(suite: Suite, index: int, name: str) -> int:
    """Give the index of the last statement, from one on, that mentions a name."""
    return max(place for place in range(index, len(suite)) if place == index or name in names_in(suite[place]))
