"""Which bodies of a module are looked at."""

import textwrap

import pytest

from leaklint.analysis.modules import facts_of
from leaklint.analysis.prefilter import imported_roots, lines_with
from leaklint.engine import Project
from leaklint.model.source import parse


def looked_at(text: str, shipped: Project) -> list[str]:
    """Name the bodies of a text of which there are facts."""
    source = parse("a.py", textwrap.dedent(text))
    module = facts_of(source, shipped.workspace)
    bodies = module.bodies if module is not None else []
    return [one.function.node.name if one.function else "<module>" for one in bodies]


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("import os", {"os"}),
        ("import os.path as p, sys", {"os", "sys"}),
        ("from concurrent.futures import Executor", {"concurrent"}),
        ("def f():\n    import json\n", {"json"}),
        ("x = 1", set()),
    ],
)
def test_imported_roots(text: str, roots: set[str]) -> None:
    assert imported_roots(text) == roots


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("open(p)", True),
        ("g.open (p)", True),
        ("x = open", True),
        ("reopen(p)", False),
        ("opened(p)", False),
        ("open: int", False),
        ("f(open=1)", False),
        ("# open the door", False),
        ("from io import open", False),
        ("from io import (BytesIO, open, StringIO)", False),
        ("from io import open as fopen", True),
        ("def f(a: open, b): ...", False),
        ("def f(a: io.open | None = None): ...", False),
        ("def f(a) -> open | None: ...", False),
        ("def f(a: int = open(p)): ...", True),
        ("call = {TEXT: open, ZIPPED: gzip.open}", True),
        ("call = lambda: open(p)", True),
    ],
)
def test_lines_with_words(line: str, is_found: bool) -> None:
    assert lines_with(frozenset(("open",)), f"x = 1\n{line}\n") == ({2} if is_found else set())


def test_only_functions_that_may_acquire_are_looked_at(shipped: Project) -> None:
    text = """
        def none(p): return p + 1
        def own(self): return self.opened("x")
        def one(p): return open(p)
        async def two(p):
            with open(p): pass
    """
    assert looked_at(text, shipped) == ["one", "two"]


def test_a_module_without_words_costs_nothing(shipped: Project) -> None:
    assert looked_at("x = 1\ndef f(a): return a.b(x)\n", shipped) == []


def test_the_module_itself_and_nested_functions(shipped: Project) -> None:
    text = """
        h = open("x")
        def outer(p):
            def inner():
                return open(p)
            return inner
    """
    assert set(looked_at(text, shipped)) >= {"<module>", "inner"}


def test_callers_of_factories_are_looked_at(shipped: Project) -> None:
    text = """
        def one(p): return open(p)
        def two(p): return one(p)
        def three(p): return two(p)
        def user(p):
            three(p)
    """
    assert "user" in looked_at(text, shipped)


def test_renamed_openers_and_subclasses(shipped: Project) -> None:
    text = """
        import socket
        from gzip import open as unpack
        class Line(socket.socket): pass
        def one(p): unpack(p)
        def two(): Line()
        def three(): other()
    """
    assert [name for name in looked_at(text, shipped) if name != "<module>"] == ["one", "two"]


def test_obligations_stand_in_the_order_of_the_text(shipped: Project) -> None:
    source = parse("a.py", "def f(p):\n    a, b = open(p), open(p)\n    if p: c = open(p)\n")
    module = facts_of(source, shipped.workspace)
    assert module is not None
    places = [(one.node.lineno, one.node.col_offset) for one in module.obligations]
    assert len(places) == 3
    assert places == sorted(places)
