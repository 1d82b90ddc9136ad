"""Fixing modules of real code with the engine as it is, proofs against tampered texts, and writing files."""

import errno
import os
import stat
import textwrap
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.fixing import FixResult, fix_source, unified_diff
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix, WithBlock
from leaklint.model.source import Source, parse
from leaklint.model.span import Span
from leaklint.rewrite import CannotRewrite
from leaklint.rewrite.proof import prove
from leaklint.writing import CannotWrite, ChangedMeanwhile, write_atomically


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(Config(tmp_path))


def every(finding: Finding, source: Source) -> bool:
    del source
    return not finding.code.startswith("LKR9")


def fixed(text: str, project: Project, unsafe: bool = False) -> FixResult:
    return fix_source(parse("a.py", text), project, every, unsafe)


FIXED = {
    "blocks that cross are nested": (
        """
        def copy(a, b):
            # both
            fin = open(a)  # in
            fout = open(b, "w")  # out
            for line in fin:
                fout.write(line)  # each
        """,
        """
        def copy(a, b):
            # both
            with open(a) as fin:  # in
                with open(b, "w") as fout:  # out
                    for line in fin:
                        fout.write(line)  # each
        """,
    ),
    "an import comes once": (
        '''
        """Doc."""
        import sqlite3

        def one(p):
            c = sqlite3.connect(p)
            c.execute("x")

        def two(p):
            c = sqlite3.connect(p)
            c.execute("y")
        ''',
        '''
        """Doc."""
        import contextlib
        import sqlite3

        def one(p):
            with contextlib.closing(sqlite3.connect(p)) as c:
                c.execute("x")

        def two(p):
            with contextlib.closing(sqlite3.connect(p)) as c:
                c.execute("y")
        ''',
    ),
    "a close that comes too late for some": (
        """
        def f(p):
            h = open(p)
            h.write("x")
            h.close()
        """,
        """
        def f(p):
            with open(p) as h:
                h.write("x")
        """,
    ),
    "a cursor needs its connection": (
        """
        import contextlib
        import sqlite3
        def f(p):
            c = sqlite3.connect(p)
            r = c.cursor()
            r.execute("x")
            print(r)
        """,
        """
        import contextlib
        import sqlite3
        def f(p):
            with contextlib.closing(sqlite3.connect(p)) as c:
                r = c.cursor()
                r.execute("x")
                print(r)
        """,
    ),
    "a function that reads it is called later": (
        """
        def f(p):
            h = open(p)
            def g(): return h.read()
            print(g())
        """,
        """
        def f(p):
            with open(p) as h:
                def g(): return h.read()
                print(g())
        """,
    ),
    "the reader lives as long as the writer": (
        """
        import asyncio
        async def f(p):
            r, w = await asyncio.open_connection(p, 1)
            w.write(b"x")
            print(await r.read())
        """,
        """
        import asyncio
        async def f(p):
            r, w = await asyncio.open_connection(p, 1)
            try:
                w.write(b"x")
                print(await r.read())
            finally:
                w.close()
                await w.wait_closed()
        """,
    ),
}


@pytest.mark.parametrize("title", FIXED)
def test_fixed_and_stable(title: str, project: Project) -> None:
    before, after = (textwrap.dedent(text).lstrip("\n") for text in FIXED[title])
    result = fixed(before, project)
    assert result.text == after
    assert result.applied and not result.refused
    again = fixed(result.text, project)
    assert (again.text, again.applied) == (result.text, ())
    assert not [finding for finding in lint(parse("a.py", result.text), project) if every(finding, parse("a.py", ""))]


def test_one_statement_is_fixed_in_rounds(project: Project) -> None:
    text = "import shutil\ndef f(a, b):\n    shutil.copyfileobj(open(a), open(b, 'w'))\n"
    result = fixed(text, project, unsafe=True)
    assert len(result.applied) == 2
    assert not [finding for finding in lint(parse("a.py", result.text), project) if finding.code < "LKR9"]


def test_only_the_wanted_are_fixed(project: Project) -> None:
    text = "def f(p):\n    h = open(p)\n    return h.read()\n\ndef g(p):\n    return open(p).readlines()\n"

    def is_wanted(finding: Finding, source: Source) -> bool:
        assert source.text
        return finding.code == "LKR101"

    result = fix_source(parse("a.py", text), project, is_wanted, unsafe=True)
    assert [finding.code for finding in result.applied] == ["LKR101"]
    assert result.text.endswith("    return open(p).readlines()\n")


def test_a_refused_fix_is_named_and_the_text_stays(project: Project) -> None:
    text = "x = 1\n\f\ndef f(p):\n    h = open(p)\n    return h.readline()\n\n\ndef g(p):\r    pass\r"
    result = fixed(text, project)
    assert result.text == text and not result.applied
    [(finding, reason)] = result.refused
    assert finding.code == "LKR101" and "whitespace" in reason


def test_a_fix_that_fails_does_not_hold_up_the_others(project: Project) -> None:
    deep = next(text for text in map(nested, range(60, 10, -1)) if is_compilable(text))  # not one block more
    text = f"def f(p):\n  h = open(p)\n  return h.readline()\n\n\n{deep}"
    result = fixed(text, project)
    assert result.text == text.replace("h = open(p)\n  return", "with open(p) as h:\n    return")
    assert [finding.span.line for finding in result.applied] == [2]
    assert [reason.partition(":")[0] for _, reason in result.refused] == ["the result would not compile"]


def nested(depth: int) -> str:
    loops = "".join(f"{'  ' * level}for x{level} in p:\n" for level in range(1, depth))
    return f"def g(p):\n{loops}{'  ' * depth}h = open(p)\n{'  ' * depth}h.read()\n"


def is_compilable(text: str) -> bool:
    try:
        compile(text, "a.py", "exec")
    except SyntaxError:
        return False
    return True


SPAN = Span(1, 0, 1, 11)
FIX = Fix(WithBlock(SPAN, Span(1, 4, 1, 11), "h", SPAN))
TAMPERED = {
    "h = open(p)\nx = 1  # c\n": ("with open(p) as h:\n    x = 1\n", "comment `# c` would be lost"),
    "h = open(p)\nx = 1\ny = 2\n": ("with open(p) as h:\n    y = 2\n    x = 1\n", "line 3 would change"),
    "h = open(p)\nx = 1\n": ("with open(p) as h:\n    x = 2\n", "line 2 would change"),
    "h = open(p)\nx = 3\n": ("with open(p) as h:\n    x = 3\n    y = 1\n", "more than the fix would change"),
    "h = open(p)\n": ("with open(p) as h:\n    return\n", "would not compile"),
    "h = open(p)\nif x:\n    y()\n": ("with open(p) as h:\n    y()\n", "line 2 would change"),
    "h = open(p)\ndef f():\n    '''a\n    b'''\n": (
        "with open(p) as h:\n    def f():\n        '''a\n        b'''\n",
        "line 3 would change",
    ),
}


@pytest.mark.parametrize("before", TAMPERED)
def test_a_proof_sees_what_changed(before: str) -> None:
    after, reason = TAMPERED[before]
    with pytest.raises(CannotRewrite, match=reason):
        prove(parse("a.py", before), parse("a.py", after), [FIX])


def test_diff() -> None:
    assert unified_diff("a.py", "a\r\nb\x0c\u2028c\nlast", "a\r\nx\nlast") == (
        "--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n a\r\n-b\x0c\u2028c\n+x\n last\n\\ No newline at end of file\n"
    )
    assert unified_diff("a.py", "a\n", "a\n") == ""


ENCODED = [
    (b"# coding: latin-1\nx = '\xe9'\r\n", "# coding: latin-1\ny = '\xe9'\r\n", b"# coding: latin-1\ny = '\xe9'\r\n"),
    (b"\xef\xbb\xbfx = 1", "y = '\xe9'", b"\xef\xbb\xbfy = '\xc3\xa9'"),
    (b"a\r\nb\n", "a\r\nc\n", b"a\r\nc\n"),
]


@pytest.mark.parametrize(("original", "text", "written"), ENCODED)
def test_writing_keeps_encoding_and_newlines(tmp_path: Path, original: bytes, text: str, written: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(original)
    path.chmod(0o751)
    write_atomically(path, original, text)
    assert path.read_bytes() == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(tmp_path) == ["a.py"]


def test_links_are_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "deep" / "a.py", tmp_path / "link.py"
    target.parent.mkdir()
    target.write_bytes(b"x")
    link.symlink_to(target)
    write_atomically(link, b"x", "y")
    assert link.is_symlink() and target.read_bytes() == b"y"


def test_a_file_that_changed_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 2\n")
    with pytest.raises(ChangedMeanwhile, match="changed meanwhile"):
        write_atomically(path, b"x = 1\n", "y = 1\n")
    assert path.read_bytes() == b"x = 2\n" and os.listdir(tmp_path) == ["a.py"]


def test_what_cannot_be_written_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    with pytest.raises(CannotWrite, match="No such file"):
        write_atomically(path, b"", "x")
    path.symlink_to(path)
    with pytest.raises(CannotWrite, match=os.strerror(errno.ELOOP)):
        write_atomically(path, b"", "x")
    path.unlink()
    path.write_bytes(b"# coding: ascii\n")
    with pytest.raises(CannotWrite, match="cannot be written in ascii"):
        write_atomically(path, b"# coding: ascii\n", "# coding: ascii\nx = '\xe9'\n")
    with pytest.raises(CannotWrite, match="cannot be written in utf-8"):
        write_atomically(path, b"# coding: utf-8\n", "x = '\ud800'\n")
    with pytest.raises(CannotWrite, match="cannot be decoded"):
        write_atomically(path, b"# coding: nonsense\n", "x")
    path.chmod(0o444)
    with pytest.raises(CannotWrite, match="read-only"):
        write_atomically(path, b"# coding: ascii\n", "x")
    assert path.read_bytes() == b"# coding: ascii\n" and os.listdir(tmp_path) == ["a.py"]


def test_an_interrupt_leaves_the_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, lambda *_: interrupted(0))
            with pytest.raises(KeyboardInterrupt):
                write_atomically(path, b"old", "new")
        assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.py"]


EXTENTS = {
    "a cursor of a method that has a summary": (
        """
        import contextlib
        import sqlite3
        def f(p):
            c = sqlite3.connect(p)
            r = c.cursor()
            r.execute('x')
            print(r)
        """,
        """
        import contextlib
        import sqlite3
        def f(p):
            with contextlib.closing(sqlite3.connect(p)) as c:
                r = c.cursor()
                r.execute('x')
                print(r)
        """,
    ),
    "a function that reads it is called later": (
        """
        def f(p):
            h = open(p)
            def g(): return h.read()
            print(g())
        """,
        """
        def f(p):
            with open(p) as h:
                def g(): return h.read()
                print(g())
        """,
    ),
    "an iterator over a lambda": (
        """
        def f(p):
            h = open(p)
            parts = iter(lambda: h.read(4), '')
            for one in parts:
                print(one)
        """,
        """
        def f(p):
            with open(p) as h:
                parts = iter(lambda: h.read(4), '')
                for one in parts:
                    print(one)
        """,
    ),
    "the reader lives as long as the writer": (
        """
        import asyncio
        async def f(p):
            r, w = await asyncio.open_connection(p, 1)
            w.write(b'x')
            print(await r.read())
        """,
        """
        import asyncio
        async def f(p):
            r, w = await asyncio.open_connection(p, 1)
            try:
                w.write(b'x')
                print(await r.read())
            finally:
                w.close()
                await w.wait_closed()
        """,
    ),
    "an attribute's value after the release that stands": (
        """
        import http.client
        def status(host):
            c = http.client.HTTPConnection(host)
            c.request('HEAD', '/')
            code = c.getresponse().status
            c.close()
            return code
        """,
        """
        import contextlib
        import http.client
        def status(host):
            with contextlib.closing(http.client.HTTPConnection(host)) as c:
                c.request('HEAD', '/')
                code = c.getresponse().status
            return code
        """,
    ),
    "int() of what a request gave, after the release that stands": (
        """
        import urllib3
        def f(url):
            m = urllib3.PoolManager()
            a = m.request('HEAD', url)
            size = int(a.headers['x'])
            m.clear()
            return size
        """,
        """
        import urllib3
        def f(url):
            with urllib3.PoolManager() as m:
                a = m.request('HEAD', url)
                size = int(a.headers['x'])
            return size
        """,
    ),
    "numbers outlive what they are computed from": (
        """
        import wave
        def f(p):
            w = wave.open(p)
            n = w.getnframes() / w.getframerate()
            w.close()
            return n
        """,
        """
        import wave
        def f(p):
            with wave.open(p) as w:
                n = w.getnframes() / w.getframerate()
            return n
        """,
    ),
}


@pytest.mark.parametrize("title", EXTENTS)
def test_a_block_reaches_as_far_as_what_depends_on_it(title: str, project: Project) -> None:
    before, after = (textwrap.dedent(text).strip("\n") + "\n" for text in EXTENTS[title])
    assert fixed(before, project).text == after
