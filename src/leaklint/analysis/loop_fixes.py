"""The fixes of the rules of event loops, as plain data; None where no rewrite is sure to keep the program's meaning."""

import ast

from leaklint.analysis.async_release import Release
from leaklint.analysis.facts import Facts, Obligation, names_in
from leaklint.analysis.generators import Abandoned
from leaklint.analysis.loop_use import installations, runs
from leaklint.analysis.loops import LoopCall, is_coroutine, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Call
from leaklint.analysis.protocols import Entrance
from leaklint.analysis.values import Site
from leaklint.analysis.way import closing_way
from leaklint.model.fix import Applicability, Fix, Remove, Replace, Several, Turn, WithTemporary
from leaklint.model.resource import Summary

UNSAFE = Applicability.UNSAFE


def text_of(node: ast.expr, facts: Facts) -> str:
    """Give an expression as it is written."""
    return facts.source.segment(facts.source.span(node))


def is_statement(node: ast.expr, statement: ast.stmt) -> bool:
    """Say whether an expression is all of a statement."""
    return isinstance(statement, ast.Expr) and statement.value is node


# --- LKR201 -------------------------------------------------------------------------------------------------------------


def await_run(op: Call, summary: Summary | None, facts: Facts) -> Fix | None:
    """Await what a call in a coroutine would run."""
    node = op.node
    if not facts.is_async or summary is None or node.keywords or not node.args or _is_in_generator(node, facts):
        return None
    first = node.args[0]
    if summary.name.startswith("asyncio.Runner.") and any(
        isinstance(one, Site) for one in facts.solution.record.receivers.get(op, ())
    ):
        return None  # leaving it runs its loop once more
    if summary.runs_loop == "coroutine" and len(node.args) == 1 and isinstance(first, ast.Call | ast.Name):
        return Fix(Replace(facts.source.span(node), f"await {text_of(first, facts)}"))
    if summary.runs_loop == "function" and isinstance(first, ast.Name | ast.Attribute):
        given = ", ".join(text_of(one, facts) for one in node.args[1:])
        return Fix(Replace(facts.source.span(node), f"await {text_of(first, facts)}({given})"))
    return None


def _is_in_generator(node: ast.expr, facts: Facts) -> bool:
    """Say whether a node stands in a generator expression, which an await would make async."""
    return any(
        one is node and any(isinstance(two, ast.GeneratorExp) for two in around) for one, around in own_nodes(facts.body)
    )


def drop_statement(op: Call, facts: Facts) -> Fix | None:
    """Drop a call that is a whole statement."""
    if not is_statement(op.node, op.statement):
        return None
    return Fix(Remove(facts.source.span(op.statement)), UNSAFE)


# --- LKR203 -------------------------------------------------------------------------------------------------------------


def run_instead(one: Obligation, module: ModuleFacts) -> Fix | None:
    """Write `asyncio.run` for a loop that is made to run one coroutine, and drop what made, installed and closed it."""
    facts, history = one.facts, one.history
    made, running = one.node, [op for op in runs(one) if op.method != "run_forever"]
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute) or made.args or len(running) != 1:
        return None
    if facts.scope.dotted(made.func) != "asyncio.new_event_loop" or history.moves or history.returns or history.is_captured:
        return None
    run = running[0]
    if len(run.node.args) != 1 or not is_coroutine(run.node.args[0], facts, module):
        return None
    span, text = facts.source.span, f"{text_of(made.func.value, facts)}.run"
    if isinstance(run.node.func, ast.Attribute) and run.node.func.value is made:
        return Fix(Replace(span(run.node.func), text))
    going = {op.statement for op in [*installations(one), *history.releases] if isinstance(op, Call) and _is_alone(op)}
    names = set(history.names)
    if not _is_bound(one) or not _is_all(facts, names, going | {one.statement}, run.node):
        return None
    if run.statement in going:
        return None
    removed = [Remove(place) for place in sorted(span(statement) for statement in [*going, one.statement])]
    return Fix(Several((Replace(span(run.node.func), text), *removed)))


def _is_alone(op: Call) -> bool:
    return is_statement(op.node, op.statement)


def _is_bound(one: Obligation) -> bool:
    return isinstance(one.statement, ast.Assign) and one.statement.value is one.node and len(one.statement.targets) == 1


def _is_all(facts: Facts, names: set[str], going: set[ast.stmt], run: ast.Call) -> bool:
    """Say whether the names of a loop stand nowhere but in the statements that go and in the run."""
    for node, around in own_nodes(facts.body, into_lambdas=True):
        if isinstance(node, ast.Name) and node.id in names:
            is_receiver = len(around) > 1 and around[-2] is run
            if not is_receiver and not any(one in going for one in around):
                return False
    return not names & facts.scope.bindings.captured or facts.function is None


# --- LKR204, LKR205 -----------------------------------------------------------------------------------------------------


def await_release(one: Release, module: ModuleFacts) -> Fix | None:
    """Await a release, in a coroutine, in a tearDown that only releases, or in a fixture."""
    facts = one.facts
    if one.is_registered or one.is_wrapped or not is_statement(one.node, one.op.statement):
        return None
    replace = Replace(facts.source.span(one.node), f"await {text_of(one.node, facts)}")
    if facts.is_async:
        return Fix(replace)
    function = facts.function
    if function is None or not isinstance(function.node, ast.FunctionDef):
        return None
    if function.node.name == "tearDown":
        return _async_tear_down(one, module)
    decorators = [terminal(node) for node in function.node.decorator_list]
    if decorators == ["fixture"] and facts.solution.setting.body.value == "fixture":
        return _async_fixture(function.node, replace, facts)
    return None


def _async_tear_down(one: Release, module: ModuleFacts) -> Fix | None:
    """Make a tearDown of IsolatedAsyncioTestCase async where all it does is to release by coroutines."""
    facts, function = one.facts, one.facts.function
    assert function is not None
    owner = function.owner
    if owner is None or not any(terminal(base) == "IsolatedAsyncioTestCase" for base in owner.bases):
        return None
    if any(isinstance(other, ast.AsyncFunctionDef) and other.name == "asyncTearDown" for other in owner.body):
        return None
    span, replaces = facts.source.span, []
    for statement in function.node.body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attr)) as call) if attr in module.async_releases:
                replaces.append(Replace(span(call), f"await {text_of(call, facts)}"))
            case _:
                return None
    return Fix(Several((Turn(span(function.node), True, "asyncTearDown"), *replaces)))


def _async_fixture(node: ast.FunctionDef, replace: Replace, facts: Facts) -> Fix | None:
    decorator = node.decorator_list[0]
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if facts.scope.dotted(called) != "pytest.fixture":
        return None
    named = Replace(facts.source.span(called), "pytest_asyncio.fixture")
    return Fix(Several((Turn(facts.source.span(node), True), named, replace)), UNSAFE, ("pytest_asyncio",))


def swap_with(one: Entrance) -> Fix | None:
    """Turn the with of the wrong kind into the right one."""
    statement = one.statement
    if one.method is not None or not isinstance(statement, ast.With | ast.AsyncWith) or len(statement.items) != 1:
        return None
    if not one.facts.is_async:
        return None
    return Fix(Turn(one.facts.source.span(statement), not one.is_async))


def right_method(one: Release) -> Fix | None:
    """Write the release method that the resource has."""
    facts, statement = one.facts, one.op.statement
    if one.is_registered or one.is_wrapped or not isinstance(statement, ast.Expr):
        return None
    value = statement.value
    receiver = text_of(one.receiver, facts)
    if one.method == "close" and value is one.node and facts.is_async:
        return Fix(Replace(facts.source.span(value), f"await {receiver}.aclose()"))
    is_whole = value is one.node or (isinstance(value, ast.Await) and value.value is one.node)
    return Fix(Replace(facts.source.span(value), f"{receiver}.close()")) if one.method == "aclose" and is_whole else None


# --- LKR206 -------------------------------------------------------------------------------------------------------------


def run_current(call: LoopCall, module: ModuleFacts) -> Fix | None:
    """Write `asyncio.run` for the current loop that is asked for to run one coroutine; safe at a script's entry."""
    facts, node = call.facts, call.node
    if not isinstance(node.func, ast.Attribute) or facts.scope.dotted(node.func) != "asyncio.get_event_loop":
        return None
    text, span = f"{text_of(node.func.value, facts)}.run", facts.source.span
    statement = call.op.statement
    if isinstance(statement, ast.Assign) and statement.value is node and isinstance(statement.targets[0], ast.Name):
        return _run_named(call, statement.targets[0].id, text, module)
    for one, _ in own_nodes(facts.body):
        match one:
            case ast.Call(func=ast.Attribute(value=receiver, attr="run_until_complete") as function, args=[coroutine]):
                if receiver is node:
                    is_safe = facts.function is None and is_coroutine(coroutine, facts, module)
                    return Fix(Replace(span(function), text), Applicability.SAFE if is_safe else UNSAFE)
            case _:
                pass
    return None


def _run_named(call: LoopCall, name: str, text: str, module: ModuleFacts) -> Fix | None:
    facts, span = call.facts, call.facts.source.span
    if len(call.op.statement.targets if isinstance(call.op.statement, ast.Assign) else ()) != 1:
        return None
    run: ast.Call | None = None
    going = [call.op.statement]
    for one, around in own_nodes(facts.body):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="run_until_complete"), args=[_]) if found == name:
                if run is not None:
                    return None
                run = one
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="close")) if found == name:
                if not around or not isinstance(around[-1], ast.Expr):
                    return None
                going.append(around[-1])
            case _:
                pass
    if run is None or not _is_all(facts, {name}, set(going), run) or (facts.function is None and _is_shared(name, module)):
        return None
    is_safe = facts.function is None and is_coroutine(run.args[0], facts, module)
    removed = [Remove(place) for place in sorted(span(one) for one in going)]
    edit = Several((Replace(span(run.func), text), *removed))
    return Fix(edit, Applicability.SAFE if is_safe else UNSAFE)


def _is_shared(name: str, module: ModuleFacts) -> bool:
    """Say whether a function of the module mentions a global name."""
    return any(name in names_in(function.node) for function in module.functions)


# --- LKR209 -------------------------------------------------------------------------------------------------------------


def close_generator(one: Abandoned) -> Fix | None:
    """Enter `contextlib.aclosing(generator)` around the loop."""
    if one.loop.iter is not one.call:
        return None
    way = closing_way("aclosing", one.facts)
    if way is None or way.opener is None:
        return None
    span = one.facts.source.span
    taken = names_in(one.facts.function.node if one.facts.function else one.facts.source.tree)
    name = next(name for name in ("generator", "generator2", "generator3") if name not in taken)
    edit = WithTemporary(span(one.loop), span(one.call), name, span(one.loop), way.opener)
    return Fix(edit, Applicability.SAFE, way.imports)


# --- LKR909 -------------------------------------------------------------------------------------------------------------


def run_by_uvloop(call: LoopCall, calls: list[LoopCall]) -> Fix | None:
    """Drop `uvloop.install()` and write `uvloop.run` for the one `asyncio.run` of the module."""
    facts, node = call.facts, call.node
    making = [one for one in calls if one.summary.runs_loop]
    if call.summary.name != "uvloop.install" or not is_statement(node, call.op.statement) or len(making) != 1:
        return None
    run = making[0]
    if run.summary.name != "asyncio.run" or not isinstance(node.func, ast.Attribute):
        return None
    text = f"{text_of(node.func.value, facts)}.run"
    span = facts.source.span
    return Fix(Several((Replace(span(run.node.func), text), Remove(span(call.op.statement)))))


def drop_removed(call: LoopCall) -> Fix | None:
    """Drop what installs the default policy, or nests loops."""
    name = call.summary.name
    is_default = name == "asyncio.set_event_loop_policy" and any(
        terminal(one) == "DefaultEventLoopPolicy" for one in call.node.args
    )
    return drop_statement(call.op, call.facts) if is_default or name == "nest_asyncio.apply" else None
