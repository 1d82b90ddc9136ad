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

Fix: none; a with runs the lifespan, which may be more than the test wants.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Scope, children, function_scope
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule

CLIENTS = frozenset(("fastapi.testclient.TestClient", "starlette.testclient.TestClient"))


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the clients that no with enters."""
    if "TestClient" not in module.source.text:
        return
    for function in module.functions:
        if function.outer is None:
            yield from _in(module, function.node.body, function_scope(function, module.scope))
    outside = [
        one for one in module.source.tree.body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    yield from _in(module, outside, module.scope)


def _in(module: ModuleFacts, body: list[ast.stmt], scope: Scope) -> Iterator[Finding]:
    entered: set[str] = set()
    made: list[tuple[ast.Call, str | None]] = []
    stack: list[tuple[ast.AST, ast.AST | None]] = [(one, None) for one in reversed(body)]
    while stack:
        node, parent = stack.pop()
        match node:
            case ast.withitem(context_expr=ast.Name(id=name)):
                entered.add(name)
            case ast.Call(func=function, args=arguments):
                if scope.dotted(function) in CLIENTS and not isinstance(parent, ast.withitem | ast.Return | ast.Call):
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
            yield Finding(rule.code, span, text, (Step(call.lineno, "made here"),), None, (span,))


rule = Rule("LKR911", "test-client-without-lifespan", "a TestClient that no with enters", "none", check)
