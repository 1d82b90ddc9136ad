"""Fixtures: the functions that pytest calls for their value, and what their decorators say. It reads no configuration."""

import ast
from collections.abc import Iterator

from leaklint.analysis import bodies
from leaklint.analysis.names import Function, Scope, children, terminal, walk
from leaklint.model.data import dataclass

SCOPES = ("function", "class", "module", "package", "session")


@dataclass(frozen=True, slots=True)
class Fixture:
    """One fixture: its function, its decorator, and the yields of its own body in the order of the text."""

    function: Function
    decorator: ast.expr
    library: str  # the top-level module of the decorator, "" where nobody knows
    yields: tuple[ast.Yield | ast.YieldFrom, ...]

    @property
    def node(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """The definition."""
        return self.function.node

    @property
    def is_async(self) -> bool:
        """Say whether it is a coroutine function or an asynchronous generator."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_generator(self) -> bool:
        """Say whether it yields its value, and so may release it after the test."""
        return bool(self.yields)

    @property
    def scope(self) -> str | None:
        """The scope it is made for, None where it is computed."""
        return self._literal("scope", "function")

    @property
    def loop_scope(self) -> str | None:
        """The scope of the event loop it asks for, None where it asks for none (or computes it)."""
        return self._literal("loop_scope", None)

    def has_keyword(self, name: str) -> bool:
        """Say whether the decorator is given an argument by this name."""
        return any(one.arg == name for one in self._keywords())

    def _literal(self, name: str, default: str | None) -> str | None:
        for keyword in self._keywords():
            if keyword.arg == name:
                value = keyword.value
                return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
        return default

    def _keywords(self) -> list[ast.keyword]:
        return self.decorator.keywords if isinstance(self.decorator, ast.Call) else []


def fixture_of(function: Function, module: Scope) -> Fixture | None:
    """Give the fixture that a function is, None where it is none."""
    for decorator in function.node.decorator_list:
        if terminal(decorator) in bodies.FIXTURES:
            dotted = module.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            library = dotted.partition(".")[0] if dotted else ""
            return Fixture(function, decorator, library, tuple(own_yields(function.node)))
    return None


def own_yields(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Yield | ast.YieldFrom]:
    """Yield the yields of a function's own body, in the order of the text."""
    stack: list[ast.AST] = list(reversed(node.body))
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Yield | ast.YieldFrom):
            yield one
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(reversed(children(one)))


def stores_on_test(fixture: Fixture) -> bool:
    """Say whether a fixture may keep something in an attribute of the test's object: `self`, `request.cls`."""
    if fixture.function.owner is not None and fixture.function.is_method:
        return True
    return any(
        isinstance(one, ast.Attribute)
        and one.attr in ("cls", "instance")
        and isinstance(one.value, ast.Name)
        and one.value.id == "request"
        for one in walk(fixture.node)
    )
