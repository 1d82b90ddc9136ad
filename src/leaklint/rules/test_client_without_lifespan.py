"""A TestClient is used without `with`: the application's lifespan never runs.

Why: start-up and shutdown handlers are skipped, so what the application opens there is never released in the test.

Bad:
    from fastapi.testclient import TestClient
    def test_root(app):
        client = TestClient(app)  # LKR911
        assert client.get("/").status_code == 200

Good:
    from fastapi.testclient import TestClient
    def test_root(app):
        with TestClient(app) as client:
            assert client.get("/").status_code == 200

Fix: none by default; unsafe: a with over the rest of the test, which runs the lifespan: that may be more than it wants.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.client_plan import plan_client
from leaklint.analysis.fixture_plan import returns_of
from leaklint.analysis.fixtures import fixture_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, Scope, children, function_scope, walk
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule

CLIENTS = frozenset(("fastapi.testclient.TestClient", "starlette.testclient.TestClient"))


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the clients that no with enters."""
    if "TestClient" not in module.source.text:
        return
    items = [one.context_expr for node in walk(module.source.tree) if isinstance(node, ast.With) for one in node.items]
    kept = {one.attr for one in items if isinstance(one, ast.Attribute)}
    for function in module.functions:
        if function.outer is None:
            scope = function_scope(function, module.scope)
            yield from _in(module, function.node.body, scope, kept, _handed_to_tests(function, module))
    outside = [
        one for one in module.source.tree.body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    yield from _in(module, outside, module.scope, kept, [])


def _handed_to_tests(function: Function, module: ModuleFacts) -> list[ast.Return]:
    """Give the returns of a fixture: whoever else returns a client leaves it to the caller to enter it."""
    fixture = fixture_of(function, module.scope)
    return returns_of(fixture) if fixture is not None else []


def _in(module: ModuleFacts, body: list[ast.stmt], scope: Scope, kept: set[str], handed: list[ast.Return]) -> Iterator[Finding]:
    entered: set[str] = set()
    made: list[tuple[ast.Call, str | None]] = []
    stack: list[tuple[ast.AST, ast.AST | None]] = [(one, None) for one in reversed(body)]
    while stack:
        node, parent = stack.pop()
        match node:
            case ast.withitem(context_expr=ast.Name(id=name)):
                entered.add(name)
            case ast.Return(value=ast.Name(id=name)) if node not in handed:
                entered.add(name)
            case ast.Call(func=function, args=arguments):
                if scope.dotted(function) in CLIENTS and (parent in handed or not _is_handed_on(parent, kept)):
                    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
                    made.append((node, target.id if isinstance(target, ast.Name) else None))
                entered.update(one.id for one in arguments if isinstance(one, ast.Name))  # enter_context(client)
            case _:
                pass
        stack.extend((child, node) for child in reversed(children(node)))
    for call, bound in made:
        if bound is None or bound not in entered:
            text = "this TestClient runs without the application's lifespan; use it in a `with` block"
            span = module.source.span(call)
            yield Finding(rule.code, span, text, (Step(call.lineno, "made here"),), plan_client(call, module), (span,))


def _is_handed_on(parent: ast.AST | None, kept: set[str]) -> bool:
    """Say whether somebody else may enter a client: a with, a caller, whoever enters the attribute that keeps it."""
    if isinstance(parent, ast.Assign):
        return any(isinstance(one, ast.Attribute) and one.attr in kept for one in parent.targets)
    return isinstance(parent, ast.withitem | ast.Return | ast.Call)


rule = Rule("LKR911", "test-client-without-lifespan", "a TestClient that no with enters", "none by default", check)
