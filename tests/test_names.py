"""What the names of a module mean."""

import ast
import textwrap

import pytest

from leaklint.analysis.names import Function, Scope, free_names, function_scope, functions, module_scope


def scope_of(text: str, name: str = "f") -> Scope:
    """Give the scope of a function of a text."""
    tree = ast.parse(textwrap.dedent(text))
    found = next(one for one in functions(tree) if one.node.name == name)
    return function_scope(found, module_scope(tree))


def meaning(text: str, expression: str) -> str | None:
    """Say what an expression means in function f of a text."""
    return scope_of(text).dotted(ast.parse(expression, mode="eval").body)


IN_F = "def f(): pass\n"


@pytest.mark.parametrize(
    ("text", "expression", "dotted"),
    [
        (IN_F, "open", "builtins.open"),
        (IN_F, "opener", None),
        ("import gzip\n" + IN_F, "gzip.open", "gzip.open"),
        ("import gzip as g\n" + IN_F, "g.open", "gzip.open"),
        ("import os.path\n" + IN_F, "os.fdopen", "os.fdopen"),
        ("import os.path as p\n" + IN_F, "p.join", "os.path.join"),
        ("from gzip import open\n" + IN_F, "open", "gzip.open"),
        ("from gzip import open as unpack\n" + IN_F, "unpack", "gzip.open"),
        ("from . import store\n" + IN_F, "store.open", ".store.open"),
        ("from ..store import open\n" + IN_F, "open", "..store.open"),
        ("import gzip\n" + IN_F, "gzip.open().read", None),
        ("def f():\n    import gzip\n", "gzip.open", "gzip.open"),
        ("def f():\n    from bz2 import open\n", "open", "bz2.open"),
        ("def f(open): pass\n", "open", None),
        ("def f(*open): pass\n", "open", None),
        ("def f():\n    open = other\n", "open", None),
        ("def f():\n    for open in x: pass\n", "open", None),
        ("def f():\n    with x as open: pass\n", "open", None),
        ("def f():\n    try: pass\n    except E as open: pass\n", "open", None),
        ("def f():\n    match x:\n        case [*open]: pass\n", "open", None),
        ("def f():\n    if (open := x): pass\n", "open", None),
        ("def open(p): pass\n" + IN_F, "open", None),
        ("class open: pass\n" + IN_F, "open", None),
        ("open = None\n" + IN_F, "open", None),
        ("import requests\nSession = requests.Session\n" + IN_F, "Session", "requests.Session"),
        ("import requests\nSession = requests.Session\nSession = None\n" + IN_F, "Session", None),
        ("try: import requests as r\nexcept ImportError: import other as r\n" + IN_F, "r.Session", "requests.Session"),
        ("def f():\n    global open\n    open = other\n", "open", "builtins.open"),
    ],
)
def test_what_an_expression_means(text: str, expression: str, dotted: str | None) -> None:
    assert meaning(text, expression) == dotted


def test_an_inner_function_sees_the_names_around_it() -> None:
    text = """
        import gzip
        def f():
            import bz2
            def g():
                def h(open): pass
    """
    scope = scope_of(text, "h")
    assert scope.dotted(ast.Name("bz2", ast.Load())) == "bz2"
    assert scope.dotted(ast.Name("gzip", ast.Load())) == "gzip"
    assert scope.is_local("open")
    assert not scope.is_local("bz2")


def test_names_declared_outside_are_not_local() -> None:
    scope = scope_of("def f():\n    global log\n    log = open('x')\n    other = 1\n")
    assert not scope.is_local("log")
    assert scope.is_local("other")


def test_a_name_defined_twice_means_nothing_certain() -> None:
    once = scope_of("def helper(): pass\ndef f(): pass\n")
    twice = scope_of("if x:\n    def helper(): pass\nelse:\n    def helper(): pass\ndef f(): pass\n")
    assert isinstance(once.definition("helper"), ast.FunctionDef)
    assert twice.definition("helper") is None


def test_functions_know_what_is_around_them() -> None:
    text = """
        class A:
            def method(self):
                def inner(): pass
            @staticmethod
            def plain(): pass
            if True:
                async def conditional(self): pass
        def outer():
            class B:
                def method(self): pass
    """
    found = {describe(one) for one in functions(ast.parse(textwrap.dedent(text)))}
    assert found == {
        "A.method",
        "inner in A.method",
        "A.plain (no method)",
        "A.conditional",
        "outer",
        "B.method in outer",
    }


def describe(function: Function) -> str:
    """Name a function by what is around it."""
    name = f"{function.owner.name}.{function.node.name}" if function.owner else function.node.name
    name += " (no method)" if function.owner and not function.is_method else ""
    return f"{name} in {describe(function.outer)}" if function.outer else name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def g(a): return a + b", {"b"}),
        ("lambda: h.close()", {"h"}),
        ("lambda h: h.close()", set()),
        ("def g():\n    h = 1\n    return h", set()),
        ("def g():\n    nonlocal h\n    h = 1", {"h"}),
        ("class C:\n    def m(self): return h", {"h"}),
    ],
)
def test_free_names(text: str, names: set[str]) -> None:
    (statement,) = ast.parse(text).body
    assert free_names(statement.value if isinstance(statement, ast.Expr) else statement) == names


def test_captured_names_and_yields() -> None:
    bindings = scope_of("def f(h):\n    def g(): return h, k\n    yield\n").bindings
    assert {"h", "k"} <= bindings.captured
    assert bindings.yields
    assert not scope_of("def f():\n    def g():\n        yield\n").bindings.yields
