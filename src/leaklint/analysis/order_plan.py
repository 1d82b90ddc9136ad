"""The fixes of what happens in the wrong order: a release that failed before another one, a value that took another's place,
a constructor that failed halfway."""

import ast
from collections.abc import Iterator

from leaklint.analysis.chains import Chain
from leaklint.analysis.facts import Obligation, Suite, names_in
from leaklint.analysis.held import entering, held, release_steps
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import receiver_of, suites, walk
from leaklint.analysis.ops import Op
from leaklint.analysis.overwrites import Overwrite
from leaklint.analysis.owners import Owner
from leaklint.analysis.release_code import release_code, steps_code
from leaklint.model.fix import Applicability, FinallyRest, Fix, Precede, TryBlock

CALLING = (ast.Call, ast.Await)
LEAVING = (ast.Return, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom)


def plan_chain(chain: Chain, module: ModuleFacts) -> Fix | None:
    """Put what a failing release skips into a finally."""
    if any(isinstance(one, LEAVING) for statement in chain.skips for one in walk(statement)):
        return None  # left from a finally, what the release raised would be lost
    bound = {one.id for one in walk(chain.statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    used = {one.id for statement in chain.skips for one in walk(statement) if isinstance(one, ast.Name)}
    is_own = isinstance(chain.statement, ast.For | ast.AsyncFor)  # its target is another loop's, too
    if bound & used and not is_own:
        return None
    span = module.source.span
    return Fix(FinallyRest(span(chain.statement), span(chain.skips[-1])))


def plan_overwrite(one: Overwrite, owner: Owner, module: ModuleFacts) -> Fix | str:
    """Release what an attribute holds right before it gets a new value."""
    name, receiver = one.owned.attribute, receiver_of(one.method)
    loads = [node for node in walk(one.statement) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)]
    if any(node.attr == name for node in loads):
        return "the new value rests on the old one"
    found = held(owner, name, module.obligations, entering(owner, [name]))
    if isinstance(found, str):
        return found
    if found.is_async and not isinstance(one.method, ast.AsyncFunctionDef):
        return f"its release takes an await, and `{one.method.name}` is no coroutine"
    code = release_code([found], receiver, module.scope, names_in(one.method))
    if isinstance(code, str):
        return code
    return Fix(Precede(module.source.span(one.statement), code.lines), imports=code.imports)


def plan_building(one: Obligation, step: Op) -> Fix | str:
    """Release what a constructor or factory has opened where a later step of it raises."""
    facts = one.facts
    name = next(iter(one.attributes), None) if one.history.fields else None  # a cached property keeps what it returns
    store = one.history.fields[name].statement if name is not None else one.statement
    target = _target(one, name)
    steps = release_steps(one.site.resource)
    if store not in facts.places or target is None or steps is None or name in one.history.contained:
        return "it has no name of its own, or no one call releases it"
    suite, index, _ = facts.places[store]
    last = _last_step(suite, index)
    if last is None or not any(step.statement is node for later in suite[index + 1 :] for node in _statements(later)):
        return "the step that may raise stands in another block"
    if any(op.statement is node for op in one.history.releases for later in suite[index + 1 :] for node in _statements(later)):
        return "it is released by hand in between"
    code = steps_code(steps, target, facts.scope)
    if isinstance(code, str):
        return code
    if any(step.is_async for step in steps) and not facts.is_async:
        return "its release takes an await, and the function is no coroutine"
    span = facts.source.span
    return Fix(TryBlock(span(suite[index + 1]), span(last), failed=code.lines), Applicability.UNSAFE, code.imports)


def _target(one: Obligation, name: str | None) -> str | None:
    """Give the code that means the resource once it is bound."""
    function = one.facts.function
    if function is None:
        return None
    if name is not None:
        return f"{receiver_of(function.node)}.{name}"
    local = one.history.names[0] if one.history.names else None
    return local if local is not None and local.isidentifier() else None


def _last_step(suite: Suite, index: int) -> ast.stmt | None:
    """Give the last sibling after an acquisition that is to be guarded: a return of what is plain stays outside."""
    rest = suite[index + 1 :]
    while (
        rest and isinstance(rest[-1], ast.Return | ast.Assign) and not any(isinstance(one, CALLING) for one in walk(rest[-1]))
    ):
        rest = rest[:-1]
    return rest[-1] if rest else None


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    yield node
    for suite in suites(node):
        for statement in suite:
            yield from _statements(statement)
