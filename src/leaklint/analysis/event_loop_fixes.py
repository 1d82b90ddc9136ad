"""Unsafe fixes for the `event_loop` fixture, which pytest-asyncio 1.0 no longer has: its overrides, and who asks for it.

An override that does more than to make and close a loop is left alone: what it wanted must be said in other words.
"""

import ast
from pathlib import Path

from leaklint.analysis.facts import names_in
from leaklint.analysis.fixtures import Fixture, fixture_of
from leaklint.analysis.loop_fixes import UNSAFE
from leaklint.analysis.loops import FUTURES, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, Scope, function_scope, terminal, walk
from leaklint.analysis.runs import is_repeated
from leaklint.analysis.versions import RUNNER
from leaklint.model.fix import Around, DropParameter, Fix, Instead, Remove, Replace, Several, Single

FIXTURE = "event_loop"
MAKING = frozenset(("new_event_loop", "get_event_loop", "get_event_loop_policy", "set_event_loop", "DefaultEventLoopPolicy"))
ENDING = frozenset(("close", "closing", "run_until_complete", "shutdown_asyncgens", "shutdown_default_executor"))
PLAIN = MAKING | ENDING | {"fixture", "async_fixture"}
HOOK = "pytest_collection_modifyitems"


def drop_override(function: Function, module: ModuleFacts) -> Fix | None:
    """Drop an override that is the plugin's own loop again; a wider scope becomes that of the tests' loop."""
    fixture = fixture_of(function, module.scope)
    if fixture is None or not _is_plain(function.node):
        return None
    span = module.source.span(function.node)
    if fixture.scope == "function":
        return Fix(Remove(span), UNSAFE)
    if fixture.scope is None or _binds("pytest", module.scope) not in (None, "pytest"):
        return None
    imports = () if _binds("pytest", module.scope) else ("pytest",)
    if Path(module.source.path).name == "conftest.py":
        return _for_all(fixture, module, imports)
    tests = [one.node for one in module.functions if one.node.name.startswith("test") and one.owner is function.owner]
    if _is_marked(function, module) or not all(isinstance(one, ast.AsyncFunctionDef) for one in tests):
        return None
    mark = f'pytestmark = pytest.mark.asyncio(loop_scope="{fixture.scope}")'
    return Fix(Instead(span, (mark,)), UNSAFE, imports)


def _for_all(fixture: Fixture, module: ModuleFacts, imports: tuple[str, ...]) -> Fix | None:
    """Mark every async test below a conftest: what the documentation of pytest-asyncio recommends."""
    known = _binds("pytest_asyncio", module.scope)
    if fixture.function.owner is not None or module.scope.definition(HOOK) is not None or known not in (None, "pytest_asyncio"):
        return None
    lines = (
        f"def {HOOK}(items):",
        "    for item in items:",
        "        if pytest_asyncio.is_async_test(item):",
        f'            item.add_marker(pytest.mark.asyncio(loop_scope="{fixture.scope}"), append=False)',
    )
    return Fix(Instead(module.source.span(fixture.node), lines), UNSAFE, (*imports, *(() if known else ("pytest_asyncio",))))


def _binds(name: str, scope: Scope) -> str | None:
    return scope.dotted(ast.Name(name, ast.Load()))


def _is_plain(node: FunctionNode) -> bool:
    """Say whether a fixture only makes a loop, gives it and closes it."""
    if isinstance(node, ast.AsyncFunctionDef) or any(one.arg != "self" for one in node.args.args):
        return False
    return all(terminal(one) in PLAIN for one in walk(node) if isinstance(one, ast.Call))


def _is_marked(function: Function, module: ModuleFacts) -> bool:
    body = function.owner.body if function.owner is not None else module.source.tree.body
    return any(
        isinstance(one, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in one.targets)
        for one in body
    )


def without_event_loop(function: Function, is_fixture: bool, module: ModuleFacts) -> Fix | None:
    """Run by asyncio what a plain test runs on the loop it asks for; a coroutine asks for the loop that is running."""
    node = function.node
    scope = function_scope(function, module.scope)
    names = [one for statement in node.body for one in walk(statement) if isinstance(one, ast.Name) and one.id == FIXTURE]
    known = _binds("asyncio", module.scope)
    if any(not isinstance(one.ctx, ast.Load) for one in names) or known not in (None, "asyncio"):
        return None
    edits: list[Single] = [DropParameter(module.source.span(node), FIXTURE)]
    if isinstance(node, ast.AsyncFunctionDef):
        if _is_run(node):
            return None
        edits += [Replace(module.source.span(one), "asyncio.get_running_loop()") for one in names]
    elif names:
        runs = _runs(node)
        if is_fixture or len(runs) != len(names) or FIXTURE in scope.bindings.captured:
            return None
        edits += _run_by_asyncio(function, runs, module)
        if len(edits) == 1:
            return None
    return Fix(Several(tuple(edits)), UNSAFE, ("asyncio",) if names and known is None else ())


def _is_run(node: ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(one, ast.Attribute) and terminal(one.value) == FIXTURE and one.attr in ("run_until_complete", "close")
        for one in walk(node)
    )


def _runs(node: ast.FunctionDef) -> list[ast.Call]:
    """Give the calls that run one coroutine on the loop that is asked for."""
    found = []
    for one, _ in own_nodes(node.body):
        match one:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="run_until_complete"), args=[ast.Call() as coroutine]
            ):
                if name == FIXTURE and terminal(coroutine) not in FUTURES:
                    found.append(one)
            case _:
                pass
    return found


def _run_by_asyncio(function: Function, runs: list[ast.Call], module: ModuleFacts) -> list[Single]:
    span, body = module.source.span, function.node.body
    if len(runs) == 1 and not is_repeated(runs[0], body):
        return [Replace(span(runs[0].func), "asyncio.run")]
    first = next((one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))), body[0])
    if module.target < RUNNER or "runner" in names_in(function.node):
        return []
    return [
        Around(span(first), span(body[-1]), "asyncio.Runner() as runner"),
        *(Replace(span(one.func), "runner.run") for one in runs),
    ]
