"""The fix of a TestClient that no with enters: a with over the rest of its suite, and so the lifespan until the test ends.

It is never sure that the test can do with the lifespan: every fix here is unsafe.
"""

import ast

from leaklint.analysis.collected_plan import Opened, plan_of_module
from leaklint.analysis.evaluation import head_with, is_conditional, is_preceded_by_call, path_to
from leaklint.analysis.extent import single_target
from leaklint.analysis.facts import Facts, names_in
from leaklint.analysis.fixture_plan import annotation_of, returns_of, yielding
from leaklint.analysis.fixtures import Fixture, fixture_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, walk
from leaklint.analysis.setup_plan import ENTER, SINCE
from leaklint.analysis.way import Way
from leaklint.model.fix import Applicability, Fix, Opener, Replace, Several, Single, WithBlock, WithTemporary

NAME = "client"


def plan_client(call: ast.Call, module: ModuleFacts) -> Fix | None:
    """Give the fix of a client, where a test, a fixture, a set-up or a test module makes it."""
    function = _around(call, module)
    if function is None:
        statement = next((one for one in module.source.tree.body if single_target(one) and _value(one) is call), None)
        return plan_of_module(Opened(statement, call, Way(Opener()), None), module) if statement is not None else None
    facts = module.facts(function)
    statement = next((one for one in facts.places if _holds(one, call)), None)
    if statement is None:
        return None
    if function.node.name in ENTER and function.owner is not None:
        return _entered(call, statement, facts, module)
    fixture = fixture_of(function, module.scope)
    if fixture is None and not function.node.name.startswith("test"):
        return None
    blocks = _blocks(call, statement, facts)
    more = _yields(fixture, facts) if fixture is not None else ([], ())
    if blocks is None or more is None or (fixture is None and _is_handed_out(statement, function)):
        return None
    edits = [*blocks, *more[0]]
    return Fix(edits[0] if len(edits) == 1 else Several(tuple(edits)), Applicability.UNSAFE, more[1])


def _around(call: ast.Call, module: ModuleFacts) -> Function | None:
    """Give the innermost function around a call."""
    found = [one for one in module.functions if one.node.lineno <= call.lineno <= (one.node.end_lineno or 0)]
    return found[-1] if found else None


def _holds(statement: ast.stmt, call: ast.Call) -> bool:
    """Say whether a call stands in a statement that has no suite."""
    return not hasattr(statement, "body") and any(node is call for node in walk(statement))


def _value(statement: ast.stmt) -> ast.expr | None:
    return statement.value if isinstance(statement, ast.Assign) else None


def _blocks(call: ast.Call, statement: ast.stmt, facts: Facts) -> list[Single] | None:
    """Give the edit that enters a client: over the rest of the suite that binds it, else over its statement alone."""
    suite, index, _ = facts.places[statement]
    span = facts.source.span
    name = single_target(statement)
    if name is not None and _value(statement) is call:
        first, last = suite[0].lineno, suite[-1].end_lineno or 0
        mentions = [node for node in walk(ast.Module(facts.body, [])) if isinstance(node, ast.Name) and node.id == name]
        is_within = all(first <= node.lineno <= last for node in mentions)
        if index + 1 == len(suite) or not is_within or sum(not isinstance(node.ctx, ast.Load) for node in mentions) != 1:
            return None
        return [WithBlock(span(statement), span(call), name, span(suite[-1]), Opener())]
    head = head_with(statement, call, facts.source)
    path = path_to(head, call) if head is not None else None
    is_sure = head is not None and path is not None and not is_conditional(path) and not is_preceded_by_call(head, path)
    if not is_sure or NAME in names_in(ast.Module(facts.body, [])):
        return None
    return [WithTemporary(span(statement), span(call), NAME, span(statement), Opener())]


def _yields(fixture: Fixture, facts: Facts) -> tuple[list[Single], tuple[str, ...]] | None:
    """Give the edits that make a fixture yield what it returns, and their imports."""
    returns = returns_of(fixture)
    if fixture.is_generator or not returns:
        return ([], ()) if fixture.is_generator else None
    edits = yielding(fixture, returns, facts)
    if edits is None:
        return None
    annotation = annotation_of(fixture, facts)
    return ([*edits, annotation[0]], annotation[1]) if annotation is not None else (edits, ())


def _is_handed_out(statement: ast.stmt, function: Function) -> bool:
    """Say whether what a statement binds, or its own value, leaves the function."""
    name = single_target(statement)
    leaving = [node.value for node in walk(function.node) if isinstance(node, ast.Return | ast.Yield) and node.value]
    return isinstance(statement, ast.Return) or any(isinstance(one, ast.Name) and one.id == name for one in leaving)


def _entered(call: ast.Call, statement: ast.stmt, facts: Facts, module: ModuleFacts) -> Fix | None:
    """Give the fix of a set-up of unittest: `self.client = self.enterContext(TestClient(app))`."""
    function = facts.function
    text = module.source.segment(module.source.span(call))
    if function is None or module.target < SINCE or not facts.is_test_case or "\n" in text or not function.node.args.args:
        return None
    if _value(statement) is not call:
        return None
    entering = f"{function.node.args.args[0].arg}.{ENTER[function.node.name]}({text})"
    return Fix(Replace(module.source.span(call), entering), Applicability.UNSAFE)
