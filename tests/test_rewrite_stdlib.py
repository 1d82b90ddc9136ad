"""The rewriter on real code: whatever statement of the standard library moves, the rest stays as it was."""

import ast
import functools
import io
import os
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leaklint.model.fix import Edit, FinallyBlock, Fix, Opener, WithBlock, WithTemporary
from leaklint.model.source import Source, parse, read
from leaklint.rewrite import CannotRewrite, apply, clashes
from leaklint.rewrite.proof import prove

SAMPLE = """
    abc.py ast.py bdb.py bz2.py cmd.py codeop.py colorsys.py contextlib.py copy.py csv.py dis.py fileinput.py
    fractions.py gettext.py glob.py gzip.py json/tool.py keyword.py linecache.py locale.py lzma.py netrc.py pkgutil.py
    platform.py pprint.py py_compile.py queue.py runpy.py sched.py shelve.py shlex.py site.py socketserver.py
    tempfile.py textwrap.py timeit.py wave.py zipapp.py asyncio/streams.py asyncio/queues.py http/cookiejar.py
    wsgiref/simple_server.py
"""
FILES = SAMPLE.split()
LIBRARY = Path(os.__file__).parent
OPENERS = [Opener(), Opener(wrapper="contextlib.closing")]
LOST = {"=", "(", ")", ";", "elif"}  # a with has no `=`; parentheses may go; an elif may become else and if
GAINED = {"with", "as", ":", "pass", "file", "(", ")", "contextlib", ".", "closing", "import", "else", "if"}
GAINED |= {"try", "finally", "resource", "close"}


@functools.cache
def source(name: str) -> Source:
    return read(LIBRARY / name)


@functools.cache
def suites(name: str) -> list[list[ast.stmt]]:
    return list(_suites(source(name).tree))


@functools.cache
def tokens(name: str) -> Counter[str]:
    return _tokens(source(name).text)


def _suites(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            suite = getattr(node, field, None)
            if isinstance(suite, list) and suite and isinstance(suite[0], ast.stmt):
                yield suite


def edit_at(text: Source, statement: ast.stmt, last: ast.stmt, opener: Opener, is_finally: bool) -> Edit | None:
    """Give an edit that the statement can take; what it would mean does not matter here."""
    spans = text.span(statement), text.span(last)
    match statement:
        case ast.Assign() | ast.Expr() if is_finally:
            return FinallyBlock(*spans, ("resource.close()",))
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return WithBlock(spans[0], text.span(value), name, spans[1], opener)
        case ast.Expr(value=head) | ast.Return(value=ast.expr() as head) | ast.For(iter=head) | ast.If(test=head):
            calls = [node for node in ast.walk(head) if isinstance(node, ast.Call)]
            if calls:
                return WithTemporary(spans[0], text.span(calls[-1]), "file", spans[1], opener)
    return None


@given(data=st.data(), name=st.sampled_from(FILES), is_imported=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_the_rest_stays(data: st.DataObject, name: str, is_imported: bool) -> None:
    old = source(name)
    imports = ("contextlib",) if is_imported else ()
    fixes: list[Fix] = []
    for _ in range(data.draw(st.integers(1, 6))):
        suite = data.draw(st.sampled_from(suites(name)))
        index = data.draw(st.integers(0, len(suite) - 1))
        last = data.draw(st.integers(index, len(suite) - 1))
        opener, is_finally = data.draw(st.sampled_from(OPENERS)), data.draw(st.booleans())
        edit = edit_at(old, suite[index], suite[last], opener, is_finally)
        if edit and not any(clashes(edit, fix.edit) for fix in fixes):
            fixes.append(Fix(edit, imports=imports))
    assume(fixes)
    try:
        text = apply(old.text, fixes)
    except CannotRewrite as refusal:
        assert "stands below line" in refusal.reason  # an import that this very module has further down
        return
    prove(old, parse(name, text), fixes)
    before, after = tokens(name), _tokens(text)
    assert set(before - after) <= LOST
    assert set(after - before) <= GAINED


def _tokens(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    layout = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    return Counter(token.string for token in tokens if token.type not in layout)
