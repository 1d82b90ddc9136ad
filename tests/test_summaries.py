"""What a function of the module does to its parameters, and what it returns."""

import textwrap

import pytest

from leaklint.analysis.names import Scope
from leaklint.analysis.setting import FunctionSummary, Kind
from leaklint.analysis.summaries import ModuleProject
from leaklint.engine import Project
from leaklint.model.resource import Effect
from leaklint.model.source import parse


def project_of(text: str, shipped: Project) -> tuple[ModuleProject, Scope]:
    source = parse("a.py", textwrap.dedent(text))
    project = shipped.workspace.adopt(source)
    return project, project.scope


def summary_of(text: str, shipped: Project, name: str = "f") -> FunctionSummary | None:
    project, scope = project_of(text, shipped)
    return project.function(name, scope, ())


EFFECTS = [
    ("def f(h): h.close()", Effect.RELEASES),
    ("def f(h):\n    with h: return h.read()", Effect.RELEASES),
    ("def f(h):\n    try: return h.read()\n    finally: h.close()", Effect.RELEASES),
    ("def f(h): return h.read()", Effect.BORROWS),
    ("def f(h): print(h)", Effect.BORROWS),
    ("def f(h): return None", Effect.BORROWS),
    ("import json\ndef f(h): return json.load(h)", Effect.BORROWS),
    ("def f(h): g(h)\ndef g(h): h.close()", Effect.RELEASES),
    ("def f(h): g(h)\ndef g(h): return h.read()", Effect.BORROWS),
    ("def f(h): unknown.keep(h)", Effect.TAKES),
    ("def f(h, box): box.append(h)", Effect.TAKES),
    ("def f(h):\n    global H\n    H = h", Effect.TAKES),
    ("def f(h): return Reader(h)", Effect.TAKES),
    ("def f(h): f(h)", Effect.TAKES),  # unknown while it is being computed: silence over guessing
    ("def f(h):\n    if h.tell(): h.close()", Effect.TAKES),
]


@pytest.mark.parametrize(("text", "effect"), EFFECTS)
def test_what_it_does_to_its_parameter(text: str, effect: Effect, shipped: Project) -> None:
    summary = summary_of(text, shipped)
    assert summary is not None
    assert summary.effects["h"].effect is effect


def test_the_methods_by_which_it_releases(shipped: Project) -> None:
    summary = summary_of("def f(h): h.shutdown()", shipped)
    assert summary is not None
    assert summary.effects["h"].methods == {"shutdown"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("def f(p): return open(p)", "open file"),
        ("def f(p):\n    h = open(p)\n    h.read()\n    return h", "open file"),
        ("def f(p): return g(p)\ndef g(p): return open(p)", "open file"),
        ("import sqlite3\ndef f(p): return sqlite3.connect(p)", "sqlite3.Connection"),
        ("def f(p):\n    with open(p) as h: return h", None),
        ("def f(p):\n    h = open(p)\n    h.close()\n    return h", None),
        ("def f(p): return p.read()", None),
        ("import functools\n@functools.cache\ndef f(p): return open(p)", None),
        ("def f(p): yield open(p)", None),
    ],
)
def test_what_it_returns_open(text: str, label: str | None, shipped: Project) -> None:
    summary = summary_of(text, shipped)
    assert summary is not None
    assert [one.label for one in summary.acquires] == ([label] if label else [])


def test_it_passes_its_parameter_on(shipped: Project) -> None:
    summary = summary_of("def f(h):\n    h.seek(0)\n    return h", shipped)
    assert summary is not None
    assert summary.passes == {"h"}


def test_its_result_reads_from_its_parameter_later(shipped: Project) -> None:
    wrapped = summary_of("import csv\ndef f(h): return csv.reader(h)", shipped)
    generated = summary_of("def f(h):\n    for line in h: yield line.strip()", shipped)
    assert wrapped is not None and generated is not None
    assert wrapped.wraps == generated.wraps == {"h"}


def test_literal_arguments_decide(shipped: Project) -> None:
    project, scope = project_of("def f(h, close=True):\n    h.read()\n    if close: h.close()\n", shipped)
    file = shipped.catalogue.resource("io.IOBase")
    assert file is not None
    kind = Kind(file, 1, "open file")
    closing = project.function("f", scope, (("close", True), ("h", kind)))
    leaving = project.function("f", scope, (("close", False), ("h", kind)))
    assert closing is not None and leaving is not None
    assert closing.effects["h"].effect is Effect.RELEASES
    assert leaving.effects["h"].effect is Effect.BORROWS


@pytest.mark.parametrize(
    "text",
    [
        "@decorated\ndef f(h): h.close()",
        "def f(h): ...",
        "def f(h): pass",
        "def f(h): raise NotImplementedError",
        "f = unknown",
        "def f(h): pass\ndef f(h): h.close()",
    ],
)
def test_what_nobody_knows_has_no_summary(text: str, shipped: Project) -> None:
    assert summary_of(text, shipped) is None


def test_a_constructor_that_stores_and_never_closes_borrows(shipped: Project) -> None:
    text = "class A:\n    def __init__(self, h): self.h = h\n    def read(self): return self.h.read()\n"
    borrowing = summary_of(text, shipped, "A")
    owning = summary_of(text + "    def close(self): self.h.close()\n", shipped, "A")
    assert borrowing is not None and owning is not None
    assert (borrowing.effects["h"].effect, borrowing.wraps) == (Effect.BORROWS, frozenset("h"))
    assert owning.effects["h"].effect is Effect.TAKES
    assert summary_of("class A(Unknown):\n    def __init__(self, h): self.h = h\n", shipped, "A") is None


def test_a_class_is_the_resource_that_it_inherits(shipped: Project) -> None:
    text = """
        import socket
        class Plain(socket.socket): pass
        class Deeper(Plain): pass
        class Fake(socket.socket):
            def __init__(self): self.sent = []
        class Other(Unknown): pass
    """
    for name in ("Plain", "Deeper"):
        summary = summary_of(text, shipped, name)
        assert summary is not None
        assert [(one.resource.name, one.label) for one in summary.acquires] == [("socket.socket", name)]
    for name in ("Fake", "Other"):
        summary = summary_of(text, shipped, name)
        assert summary is None or not summary.acquires


def test_methods_are_found_in_bases_too(shipped: Project) -> None:
    text = """
        class A:
            def done(self, h): h.close()
            @staticmethod
            def plain(h): h.close()
        class B(A): pass
    """
    project, _ = project_of(text, shipped)
    summary = project.method("B", "done", ())
    assert summary is not None
    assert summary.effects["h"].effect is Effect.RELEASES
    assert project.method_parameters("B", "done") == project.method_parameters("B", "plain") == ("h",)
    assert project.method("B", "missing", ()) is None
