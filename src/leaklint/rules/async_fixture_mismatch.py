"""An asynchronous fixture that pytest cannot drive, or whose event loop is not its tests'.

Why: in strict mode a test gets a coroutine instead of the value; a client that is bound to another loop fails there.

Bad:
    import pytest
    @pytest.fixture
    async def token():  # LKR308
        return "abc"

Good:
    import pytest
    import pytest_asyncio
    @pytest_asyncio.fixture
    async def token():
        return "abc"

Fix: `pytest_asyncio.fixture`; none for scopes.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from leaklint.analysis.fixtures import SCOPES, Fixture
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import children
from leaklint.analysis.pytest_settings import MARKED, PytestSettings, neighbours, settings_for
from leaklint.model.finding import Finding
from leaklint.model.fix import Applicability, Fix, Replace
from leaklint.model.span import Span
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the async fixtures that nobody drives, and those that outlive the loop of their tests."""
    fixtures = [one for one in module.fixtures if one.is_async]
    if not fixtures:
        return
    text = module.source.text
    settings = settings_for(module.source.path)
    path = Path(module.source.path)
    if settings.is_driven_in(neighbours(path.absolute().parent) + text if path.name == "conftest.py" else text):
        return
    for fixture in fixtures:
        name = fixture.node.name
        if fixture.library == "pytest" and settings.mode != "auto":
            cure = f"pytest does not run `{name}` in strict mode; decorate it with `pytest_asyncio.fixture`"
            yield Finding(rule.code, _line(module, fixture), cure, (), _fix(module, fixture))
        elif fixture.library in ("pytest", "pytest_asyncio") and _outlives_loop(fixture, settings, module):
            cure = f"`{name}` ({fixture.scope}) lives longer than the loop of its tests; give these the same `loop_scope`"
            yield Finding(rule.code, _line(module, fixture), cure)


def _fix(module: ModuleFacts, fixture: Fixture) -> Fix | None:
    """Give the fix: the decorator of pytest-asyncio, which has the same arguments."""
    decorator = fixture.decorator.func if isinstance(fixture.decorator, ast.Call) else fixture.decorator
    bound = module.scope.dotted(ast.Name("pytest_asyncio", ast.Load()))
    if bound not in (None, "pytest_asyncio"):
        return None
    imports = () if bound else ("pytest_asyncio",)
    return Fix(Replace(module.source.span(decorator), "pytest_asyncio.fixture"), Applicability.SAFE, imports)


def _outlives_loop(fixture: Fixture, settings: PytestSettings, module: ModuleFacts) -> bool:
    text, path = module.source.text, Path(module.source.path)
    scope = fixture.scope
    if scope not in SCOPES or scope == "function" or settings.has_own_loop(text) or not _has_value(fixture):
        return False
    scopes = settings.test_scopes(text)
    if path.name == "conftest.py":
        if fixture.loop_scope is not None or fixture.has_keyword("loop_scope"):
            return False
        scopes |= set(MARKED.findall(neighbours(path.absolute().parent)))
    return max(SCOPES.index(one) for one in scopes if one in SCOPES) < SCOPES.index(scope)


def _has_value(fixture: Fixture) -> bool:
    """Say whether a fixture hands something out, which may be bound to its loop."""
    if fixture.is_generator:
        return any(one.value is not None for one in fixture.yields)
    stack: list[ast.AST] = list(fixture.node.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        stack.extend(children(node))
    return False


def _line(module: ModuleFacts, fixture: Fixture) -> Span:
    line = module.source.lines[fixture.node.lineno - 1]
    return Span(fixture.node.lineno, len(line) - len(line.lstrip()), fixture.node.lineno, len(line))


rule = Rule(
    "LKR308", "async-fixture-mismatch", "pytest cannot drive it, or its loop is not its tests'", "pytest_asyncio.fixture", check
)
