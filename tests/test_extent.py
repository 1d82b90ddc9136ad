"""Where a with, or a try/finally, can stand: the fix that a finding carries."""

import textwrap
from collections.abc import Callable

import pytest

from leaklint.engine import Project, lint
from leaklint.model.finding import Finding
from leaklint.model.fix import (
    Applicability,
    FinallyBlock,
    Fix,
    Opener,
    Replace,
    WithBlock,
    WithItem,
    WithName,
    WithTemporary,
)
from leaklint.model.source import Source, parse

Fixed = Callable[[str], tuple[Source, Fix | None]]


@pytest.fixture
def fix(shipped: Project) -> Fixed:
    """The source of a text and the fix of its one finding."""

    def found(text: str) -> tuple[Source, Fix | None]:
        source = parse("a.py", textwrap.dedent(text).strip("\n") + "\n")
        findings: list[Finding] = lint(source, shipped)
        assert len(findings) == 1
        return source, findings[0].fix

    return found


LAST = [
    ("h = open(p)\nh.read()\nprint(1)", "h.read()"),
    ("h = open(p)\nprint(1)", "h = open(p)"),
    ("h = open(p)\nx = h.read()\nprint(x)", "x = h.read()"),
    ("h = open(p)\ng = h\ng.read()\nprint(1)", "g.read()"),
    ("h = open(p)\nr = csv.reader(h)\nprint(1)\nnext(r)\nprint(2)", "next(r)"),
    ("h = open(p)\nfor l in h:\n    print(l)\nprint(1)", "for l in h:\n    print(l)"),
    ("h = open(p)\nif p:\n    h.read()\nprint(1)", "if p:\n    h.read()"),
    ("h = open(p)\nh.write('x')\nh.close()\nprint(1)", "h.write('x')"),
    ("h = open(p)\nif x():\n    print(2)\n    h.close()\nprint(1)", "if x():\n    print(2)\n    h.close()"),
]


@pytest.mark.parametrize(("body", "last"), LAST)
def test_a_with_reaches_to_the_last_use(body: str, last: str, fix: Fixed) -> None:
    source, found = fix("import csv\ndef f(p):\n" + textwrap.indent(body, "    "))
    assert found is not None
    assert found.applicability is Applicability.SAFE
    assert isinstance(found.edit, WithBlock)
    assert textwrap.dedent("    " + source.segment(found.edit.last)) == last
    assert source.segment(found.edit.statement) == "h = open(p)"
    assert source.segment(found.edit.value) == "open(p)"
    assert (found.edit.target, found.edit.opener, found.imports) == ("h", Opener(), ())


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        ("h = open(p)\nh.read()\nh.close()", ["h.close()"]),
        ("h = open(p)\nif h.read():\n    h.close()\n    return 1\nh.seek(1)\nh.close()", ["h.close()", "h.close()"]),
        ("h = open(p)\nif h.read():\n    h.close()\n    p.later()\n    return 1\nh.seek(1)\nh.close()", ["h.close()"]),
        ("h = open(p)\nh.read()", []),
    ],
)
def test_releases_that_become_needless(body: str, dropped: list[str], fix: Fixed) -> None:
    source, found = fix("def f(p):\n" + textwrap.indent(body, "    "))
    assert found is not None and isinstance(found.edit, WithBlock)
    assert [source.segment(one) for one in found.edit.releases] == dropped


def test_what_has_no_releasing_with_is_closed_by_contextlib(fix: Fixed) -> None:
    _, found = fix("import sqlite3\ndef f(p):\n    c = sqlite3.connect(p)\n    c.execute('x')")
    assert found is not None and isinstance(found.edit, WithBlock)
    assert found.edit.opener == Opener(wrapper="contextlib.closing")
    assert found.imports == ("contextlib",)


@pytest.mark.parametrize(
    ("imported", "wrapper", "imports"),
    [
        ("import contextlib", "contextlib.closing", ()),
        ("import contextlib as c", "contextlib.closing", ("contextlib",)),
        ("from contextlib import closing", "closing", ()),
        ("from contextlib import suppress", "contextlib.closing", ("contextlib",)),
    ],
)
def test_closing_is_named_as_the_module_names_it(imported: str, wrapper: str, imports: tuple[str, ...], fix: Fixed) -> None:
    _, found = fix(f"import sqlite3\n{imported}\ndef f(p):\n    c = sqlite3.connect(p)\n    c.execute('x')")
    assert found is not None and isinstance(found.edit, WithBlock)
    assert (found.edit.opener.wrapper, found.imports) == (wrapper, imports)


def test_no_closing_where_the_name_means_something_else(fix: Fixed) -> None:
    _, found = fix("import sqlite3\ncontextlib = None\ndef f(p):\n    c = sqlite3.connect(p)\n    c.execute('x')")
    assert found is None or not isinstance(found.edit, WithBlock)


def test_an_async_resource_in_a_coroutine(fix: Fixed) -> None:
    text = "import httpx\nasync def f(u):\n    c = httpx.AsyncClient()\n    await c.get(u)"
    _, found = fix(text)
    assert found is not None and isinstance(found.edit, WithBlock)
    assert found.edit.opener == Opener(is_async=True)


def test_a_descriptor_is_released_in_a_finally(fix: Fixed) -> None:
    source, found = fix("import os\ndef f(p):\n    d = os.open(p, 0)\n    os.read(d, 1)\n    print(1)")
    assert found is not None and isinstance(found.edit, FinallyBlock)
    assert found.edit.release == ("os.close(d)",)
    assert source.segment(found.edit.last) == "os.read(d, 1)"


def test_one_of_several_targets_is_entered_by_its_name(fix: Fixed) -> None:
    source, found = fix("def f(p):\n    h, n = open(p), 1\n    h.read(n)\n    print(n)")
    assert found is not None and isinstance(found.edit, WithName)
    assert (found.edit.name, source.segment(found.edit.last)) == ("h", "h.read(n)")


def test_a_temporary_gets_a_name_that_is_free(fix: Fixed) -> None:
    source, found = fix("import json\nfile2 = 1\ndef f(p, file):\n    return json.load(open(p))")
    assert found is not None and isinstance(found.edit, WithTemporary)
    assert found.edit.name == "file3"
    assert source.segment(found.edit.value) == "open(p)"
    assert source.segment(found.edit.statement) == "return json.load(open(p))"


def test_a_wrapped_item_becomes_one_of_its_own(fix: Fixed) -> None:
    source, found = fix("import zipfile\ndef f(p):\n    with zipfile.ZipFile(open(p, 'rb')) as z:\n        return z.namelist()")
    assert found is not None and isinstance(found.edit, WithItem)
    assert source.segment(found.edit.value) == "open(p, 'rb')"


@pytest.mark.parametrize(
    "text",
    [
        "def f(p):\n    if p:\n        h = open(p)\n    h.read()",  # used in another block
        "def f(p, q):\n    h = open(p)\n    if q: return h\n    return None",  # handed on elsewhere
        "def f(p, q, hs):\n    h = open(p)\n    if q: hs.append(h)",
        "def f(p):\n    x = p or open(p).readline().strip()\n    return x.y()",  # evaluated perhaps
        "def f(ps):\n    return [open(p).readline(1) for p in ps]",  # evaluated several times
        "def f(p):\n    while open(p).readline(1): pass",
    ],
)
def test_nothing_where_no_block_is_sure_to_mean_the_same(text: str, fix: Fixed) -> None:
    _, found = fix(text)
    assert found is None or found.applicability is Applicability.UNSAFE


@pytest.mark.parametrize(
    ("text", "applicability"),
    [
        ("def f(p):\n    g(p.x(), open(p).readline(1))", Applicability.UNSAFE),  # the call comes first
        ("def f(p):\n    g(p, open(p).readline(1))", Applicability.SAFE),
        ("import asyncio\nasync def f():\n    s = await asyncio.start_server(g)\n    print(s)", Applicability.UNSAFE),
    ],
)
def test_what_may_mean_something_else_is_unsafe(text: str, applicability: Applicability, fix: Fixed) -> None:
    _, found = fix(text)
    assert found is not None
    assert found.applicability is applicability


def test_a_one_shot_read_needs_no_with(fix: Fixed) -> None:
    source, found = fix("from pathlib import Path\ndef f(p):\n    return Path(p).open().read()")
    assert found is not None
    if isinstance(found.edit, Replace):
        assert source.segment(found.edit.span) == "Path(p).open().read()"
        assert found.edit.text == "Path(p).read_text()"


def test_what_works_by_itself_is_not_closed_before_its_release(fix: Fixed) -> None:
    text = """
        import socket
        def serve(address, is_wanted, work):
            if is_wanted:
                listener = socket.create_server(address)
            work()
            if is_wanted:
                listener.close()
    """
    assert fix(text)[1] is None
