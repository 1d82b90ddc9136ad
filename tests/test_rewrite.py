"""Every edit, before and after.

A case is a title, the edit, the text before and the text after. The pieces that the edit names are marked in the text:
`s⟦statement⟧`, `v⟦value⟧`, `l⟦last⟧`, `r⟦release⟧`; without an `l` the statement itself is the last. Edits read

    with h | with h by closing | async with h | with nothing | name h | temporary file | item file | finally h.close() |
    replace TEXT

and `import contextlib` at the end of one asks for that import.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from leaklint.model.fix import Edit, FinallyBlock, Fix, Opener, Replace, WithBlock, WithItem, WithName, WithTemporary
from leaklint.model.source import parse
from leaklint.model.span import Span
from leaklint.rewrite import CannotRewrite, apply, clashes
from leaklint.rewrite.proof import prove

MARK = re.compile(r"([svlr])⟦|⟧")

CASES = '''
=== a with reaches to the last use, the release goes: with h
def f(p):
    s⟦h = v⟦open(p)⟧⟧
    h.write("x")
    l⟦r⟦h.close()⟧⟧
    return 1
---
def f(p):
    with open(p) as h:
        h.write("x")
    return 1

=== a release behind the last use goes too: with h
s⟦h = v⟦open(p)⟧⟧
l⟦x = h.read()⟧
r⟦h.close()⟧
use(x)
---
with open(p) as h:
    x = h.read()
use(x)

=== nothing follows: with h
def f(p):
    s⟦h = v⟦open(p)⟧⟧  # why
---
def f(p):
    with open(p) as h:  # why
        pass

=== an expression alone: with nothing
s⟦v⟦make(p)⟧⟧
l⟦x = 1⟧
y = 2
---
with make(p):
    x = 1
y = 2

=== comments and blank lines stay where a person would look for them: with h
def f(p):
    # opens
    s⟦h = v⟦open(p)⟧⟧  # trailing

    # write
    h.write("x")

    # done
    l⟦r⟦h.close()⟧⟧  # bye

    # after
    return 1
---
def f(p):
    # opens
    with open(p) as h:  # trailing
        # write
        h.write("x")

        # done
        # bye

    # after
    return 1

=== blank lines of module level stay blank: with h
s⟦h = v⟦open(p)⟧⟧


def f():
    pass

l⟦for x in h:

    print(
        x,

        1)⟧
# end
---
with open(p) as h:
    def f():
        pass

    for x in h:

        print(
            x,

            1)
# end

=== strings keep their lines, brackets move along: with h
def f(p):
    s⟦h = v⟦open(
        p,  # path
        "w",
    )⟧⟧
    l⟦h.write("""a
  b
""",
            1)⟧
---
def f(p):
    with open(
        p,  # path
        "w",
    ) as h:
        h.write("""a
  b
""",
                1)

=== a finally with nothing else takes its try along: with h
def f(p):
    s⟦h = v⟦open(p)⟧⟧
    l⟦try:  # t
        return h.read()
        # foot
    # before finally
    finally:  # f
        # closing
        r⟦h.close()⟧⟧  # c
    # after
---
def f(p):
    with open(p) as h:
        # t
        return h.read()
        # foot
        # before finally
        # f
        # closing
        # c
    # after

=== a finally that does more stays: with h
s⟦h = v⟦open(p)⟧⟧
l⟦try:
    h.read()
finally:
    log()
    r⟦h.close()⟧⟧
---
with open(p) as h:
    try:
        h.read()
    finally:
        log()

=== a finally goes from a try with handlers: with h
def f(p):
    h = None
    try:
        s⟦h = v⟦open(p)⟧⟧
        l⟦h.write("x")⟧
    except OSError:
        print(1)
    finally:
        if h is not None and not h.closed:
            r⟦h.close()⟧
---
def f(p):
    h = None
    try:
        with open(p) as h:
            h.write("x")
    except OSError:
        print(1)

=== an if whose test does something stays: with h
s⟦h = v⟦open(p)⟧⟧
l⟦if check(h):
    r⟦h.close()⟧⟧
---
with open(p) as h:
    if check(h):
        pass

=== branches that do nothing go, the others stay: with h
s⟦h = v⟦open(p)⟧⟧
if a:
    h.read()
elif b:
    r⟦h.close()⟧
l⟦if c:
    r⟦h.close()⟧
else:
    h.write()⟧
---
with open(p) as h:
    if a:
        h.read()
    if c:
        pass
    else:
        h.write()

=== a handler that only closes and raises again goes: with h
def f(p):
    s⟦h = v⟦open(p)⟧⟧
    l⟦try:
        h.write("x")
    except Exception:  # any
        r⟦h.close()⟧
        raise
    else:
        h.flush()⟧
---
def f(p):
    with open(p) as h:
        h.write("x")
        # any
        h.flush()

=== odd spaces and form feeds stay: with h
\f
s⟦h = v⟦open(p)⟧⟧
l⟦try :
    h.read()
except (A, B) :
    pass
except C :
    pass⟧
\f
---
\f
with open(p) as h:
    try :
        h.read()
    except (A, B) :
        pass
    except C :
        pass
\f

=== a handler in front of others stays: with h
s⟦h = v⟦open(p)⟧⟧
l⟦try:
    h.write("x")
except ValueError:
    r⟦h.close()⟧
    raise
except Exception:
    log()⟧
---
with open(p) as h:
    try:
        h.write("x")
    except ValueError:
        raise
    except Exception:
        log()

=== a guarded close goes as a whole: with h
s⟦h = v⟦open(p)⟧⟧
h.read()
l⟦try:
    r⟦h.close()⟧
except OSError:
    pass⟧
---
with open(p) as h:
    h.read()

=== semicolons are split where the edit is, and kept elsewhere: with h
a = 1; s⟦h = v⟦open(p)⟧⟧; b = 2  # c
x = 1; y = 2
h.read(); l⟦r⟦h.close()⟧⟧
z = 3; q = 4
---
a = 1
with open(p) as h:
    b = 2  # c
    x = 1; y = 2
    h.read()
z = 3; q = 4

=== one-line suites open up: with h by contextlib.closing import contextlib
import os
from x import y
if y: s⟦h = v⟦open(p)⟧⟧; print(h); l⟦r⟦h.close()⟧⟧; b = 2  # c
---
import contextlib
import os
from x import y
if y:
    with contextlib.closing(open(p)) as h:
        print(h)
    b = 2  # c

=== parentheses and broken lines: with h
s⟦h = (  # first
    v⟦Path(p)
    .open()⟧
)⟧
l⟦h.read()⟧
---
with (  # first
    Path(p)
    .open()
) as h:
    h.read()

=== lines aligned with a bracket stay aligned: with handle by closing
def f(p):
    s⟦handle = v⟦open(p,
                  mode("w",
                       1),
                  # last
                  b)⟧⟧
---
def f(p):
    with closing(open(p,
                      mode("w",
                           1),
                      # last
                      b)) as handle:
        pass

=== lines that hang stay: with h
def f(p):
    s⟦h = v⟦open(p(
        1),
        mode("w"))⟧⟧
---
def f(p):
    with open(p(
        1),
        mode("w")) as h:
        pass

=== parentheses of a value become those of the call: with h by closing
s⟦h = (
    v⟦Path(p)
    .open()⟧
)⟧
l⟦h.read()⟧
---
with closing(
    Path(p)
    .open()
) as h:
    h.read()

=== needless parentheses go, a continuation stays: with h
s⟦h = (v⟦open(p, \\
         "w")⟧)⟧
l⟦h.read()⟧
---
with open(p, \\
         "w") as h:
    h.read()

=== a choice is put in parentheses: with h
s⟦h = v⟦open(a) if c else open(b)⟧⟧
---
with (open(a) if c else open(b)) as h:
    pass

=== annotated, and await: async with s
async def f():
    s⟦s: Session = v⟦Session()⟧⟧
    l⟦await s.get()⟧
    r⟦await s.close()⟧
---
async def f():
    async with Session() as s:
        await s.get()

=== what is awaited is entered: with r
async def f():
    s⟦r = v⟦await connect()⟧⟧
    l⟦r.read()⟧
---
async def f():
    with await connect() as r:
        r.read()

=== in a match, in a class, under a decorator: with h
class A:
    @decorated
    def f(self, x):
        match x:
            case 1:
                s⟦h = v⟦open(x)⟧⟧
                l⟦yield h⟧
            case _:
                pass
---
class A:
    @decorated
    def f(self, x):
        match x:
            case 1:
                with open(x) as h:
                    yield h
            case _:
                pass

=== a with alone is nested, not merged: with h
s⟦h = v⟦open(p)⟧⟧
l⟦with a as b:
    b.write(h)⟧
---
with open(p) as h:
    with a as b:
        b.write(h)

=== one name of several: name a by closing
s⟦a, b = pair()⟧  # two

# use
use(a, b)
l⟦r⟦a.close()⟧⟧
---
a, b = pair()  # two
with closing(a):
    # use
    use(a, b)

=== a temporary moves out: temporary file
def f(p):
    # data
    s⟦data = json.load(v⟦open(p)⟧)⟧  # c
    return data
---
def f(p):
    # data
    with open(p) as file:
        data = json.load(file)  # c
    return data

=== a temporary of several lines: temporary file
s⟦data = json.load(
    v⟦Path(p)
    .open()⟧
)⟧
---
with (Path(p)
    .open()) as file:
    data = json.load(
        file
    )

=== a temporary that is the statement: temporary file
if p: s⟦v⟦open(p, "w")⟧⟧
---
if p:
    with open(p, "w"):
        pass

=== a temporary in the head of a block: temporary file
for x in y:
    s⟦for line in v⟦open(x)⟧:
        print(line)
    else:
        pass⟧
---
for x in y:
    with open(x) as file:
        for line in file:
            print(line)
        else:
            pass

=== a temporary next to a keyword: temporary file
def f(p):
    s⟦return(v⟦open(p)⟧).read()⟧
---
def f(p):
    with open(p) as file:
        return(file).read()

=== a temporary in an item gets its own: item file
s⟦with Zip(v⟦open(p)⟧) as z:
    pass⟧
---
with open(p) as file, Zip(file) as z:
    pass

=== an item is entered twice: item file by closing
s⟦with v⟦connect()⟧ as c:  # db
    pass⟧
---
with closing(connect()) as c, c:  # db
    pass

=== an item without a name gets one: item file by closing
s⟦with v⟦connect()⟧:
    pass⟧
---
with closing(connect()) as file, file:
    pass

=== an item that is unpacked gets a name, too: item file by closing
s⟦with v⟦connect()⟧ as (a, b):
    pass⟧
---
with closing(connect()) as file, file as (a, b):
    pass

=== items on lines of their own: item file by closing
s⟦with (
    x() as b,
    Zip(v⟦connect()⟧) as c,
):
    pass⟧
---
with (
    x() as b,
    closing(connect()) as file,
    Zip(file) as c,
):
    pass

=== an async item takes a with of its own: async item file
async def f():
    s⟦with Reader(v⟦connect()⟧) as r:
        r.read()⟧
---
async def f():
    async with connect() as file:
        with Reader(file) as r:
            r.read()

=== try and finally: finally h.close()
def f():
    s⟦h, x = pair()⟧

    # use
    h.write("x")
    l⟦r⟦h.close()⟧⟧
    x()
---
def f():
    h, x = pair()
    try:
        # use
        h.write("x")
    finally:
        h.close()
    x()

=== a finally joins a try that has none: finally h.close()
s⟦h = pair()⟧
l⟦try:
    h.write()
except ValueError:
    pass⟧
x()
---
h = pair()
try:
    h.write()
except ValueError:
    pass
finally:
    h.close()
x()

=== only the release where nothing follows: finally h.close()
def f():
    s⟦h = pair()⟧  # c
---
def f():
    h = pair()  # c
    h.close()

=== an expression is replaced: replace Path(p).read_text()
data = [v⟦open(p).read()⟧, 1]  # c
---
data = [Path(p).read_text(), 1]  # c

=== what is looser than its place is put in parentheses: replace await f()
async def g():
    return v⟦run(f())⟧.x
---
async def g():
    return (await f()).x

=== an import after the docstring and __future__: with h by contextlib.closing import contextlib
#!/usr/bin/env python
# license
"""Doc."""

from __future__ import annotations

def f(p):
    s⟦h = v⟦open(p)⟧⟧
---
#!/usr/bin/env python
# license
"""Doc."""

from __future__ import annotations

import contextlib


def f(p):
    with contextlib.closing(open(p)) as h:
        pass

=== an import at the very start: with h import contextlib
s⟦h = v⟦open(p)⟧⟧
---
import contextlib

with open(p) as h:
    pass

=== an import among others: with h import contextlib
"""Doc."""
import abc
import os  # keep
from a import b

import numpy
s⟦h = v⟦open(p)⟧⟧
---
"""Doc."""
import abc
import contextlib
import os  # keep
from a import b

import numpy
with open(p) as h:
    pass

=== an import before those of other packages: with h import contextlib
import numpy

s⟦h = v⟦open(p)⟧⟧
---
import contextlib

import numpy

with open(p) as h:
    pass

=== an import that is there is not repeated: with h import contextlib
if TYPE_CHECKING:
    import typing
import os, contextlib
s⟦h = v⟦open(p)⟧⟧
---
if TYPE_CHECKING:
    import typing
import os, contextlib
with open(p) as h:
    pass

=== an import under a condition does not count: with h import contextlib
try:
    import contextlib
except ImportError:
    contextlib = None
s⟦h = v⟦open(p)⟧⟧
---
import contextlib

try:
    import contextlib
except ImportError:
    contextlib = None
with open(p) as h:
    pass
'''


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its marks, and where each kind of mark stood."""

    text: str
    spans: dict[str, list[Span]] = field(default_factory=dict)


def unmarked(text: str) -> Marked:
    plain, last, opened, spans = "", 0, [], dict[str, list[Span]]()
    for mark in MARK.finditer(text):
        plain += text[last : mark.start()]
        last = mark.end()
        place = (plain.count("\n") + 1, len(plain) - plain.rfind("\n") - 1)
        if mark[1]:
            opened.append((mark[1], place))
        else:
            kind, start = opened.pop()
            spans.setdefault(kind, []).append(Span(*start, *place))
    assert not opened
    marked = Marked(plain + text[last:], spans)
    _check_nodes(marked)
    return marked


def _check_nodes(marked: Marked) -> None:
    source = parse("marked.py", marked.text)
    nodes = {source.span(node) for node in ast.walk(source.tree) if isinstance(node, ast.stmt | ast.expr)}
    for kind, spans in marked.spans.items():
        assert nodes.issuperset(spans), f"a {kind} mark is around no node"


def fix(edit: str, marked: Marked) -> Fix:
    edit, _, module = edit.partition(" import ")
    asynchronous = edit.startswith("async ")
    edit = edit.removeprefix("async ")
    edit, _, wrapper = edit.partition(" by ")
    kind, _, argument = edit.partition(" ")
    opener = Opener(asynchronous, wrapper or None)
    return Fix(_edit(kind, argument, opener, marked.spans), imports=(module,) if module else ())


def _edit(kind: str, argument: str, opener: Opener, spans: dict[str, list[Span]]) -> Edit:
    value = spans.get("v", [Span(0, 0, 0, 0)])[0]
    if kind == "replace":
        return Replace(value, argument)
    statement = spans["s"][0]
    last, releases = spans.get("l", [statement])[0], tuple(spans.get("r", ()))
    match kind:
        case "with":
            return WithBlock(statement, value, None if argument == "nothing" else argument, last, opener, releases)
        case "name":
            return WithName(statement, argument, last, opener, releases)
        case "temporary":
            return WithTemporary(statement, value, argument, last, opener, releases)
        case "item":
            return WithItem(statement, value, argument, opener)
    assert kind == "finally"
    return FinallyBlock(statement, last, (argument,), releases)


def cases() -> Sequence[object]:
    found = []
    for case in CASES.split("\n=== ")[1:]:
        head, _, texts = case.partition("\n")
        title, _, edit = head.rpartition(": ")
        before, _, after = texts.partition("---\n")
        found.append(pytest.param(edit, before, after.rstrip("\n") + "\n", id=title))
    return found


@pytest.mark.parametrize(("edit", "before", "after"), cases())
def test_edit(edit: str, before: str, after: str) -> None:
    marked = unmarked(before)
    wanted = fix(edit, marked)
    assert apply(marked.text, [wanted]) == after
    prove(parse("a.py", marked.text), parse("a.py", after), [wanted])


def test_newlines_stay() -> None:
    marked = unmarked("a = 1\r\ns⟦h = v⟦open(p)⟧⟧\r\nl⟦h.read()⟧\nb = 2")
    assert apply(marked.text, [fix("with h import contextlib", marked)]) == (
        "import contextlib\r\n\r\na = 1\r\nwith open(p) as h:\r\n    h.read()\nb = 2"
    )


def test_indentation_is_that_of_the_suite() -> None:
    marked = unmarked("def f():\n  pass\n\ndef g(p):\n\ts⟦h = v⟦open(p)⟧⟧\n\tl⟦if h:\n\t\treturn h.read()⟧\n")
    assert apply(marked.text, [fix("with h", marked)]).endswith(
        "def g(p):\n\twith open(p) as h:\n\t\tif h:\n\t\t\treturn h.read()\n"
    )


def test_columns_are_characters() -> None:
    marked = unmarked("x = 'é𝔘'; s⟦größe = v⟦open('é𝔘')⟧⟧; l⟦print(größe)⟧\n")
    assert apply(marked.text, [fix("with größe", marked)]) == ("x = 'é𝔘'\nwith open('é𝔘') as größe:\n    print(größe)\n")


def test_an_elif_becomes_an_else_with_a_block() -> None:
    text = "if a:\n    pass\n# why\nelif json.load(open(p)):\n    pass\n"
    source = parse("a.py", text)
    outer = source.tree.body[0]
    assert isinstance(outer, ast.If)
    branch = outer.orelse[0]
    assert isinstance(branch, ast.If) and isinstance(branch.test, ast.Call)
    span = source.span(branch)
    wanted = Fix(WithTemporary(span, source.span(branch.test.args[0]), "file", span))
    assert apply(text, [wanted]) == (
        "if a:\n    pass\n# why\nelse:\n    with open(p) as file:\n        if json.load(file):\n            pass\n"
    )


def test_several_fixes_at_once() -> None:
    one = unmarked('def f(p):\n    s⟦a = v⟦open(p)⟧⟧\n    b = open(p)\n    l⟦r⟦a.close()⟧⟧\n    open("w")\n')
    two = unmarked('def f(p):\n    a = open(p)\n    s⟦b = v⟦open(p)⟧⟧\n    a.close()\n    open("w")\n')
    three = unmarked('def f(p):\n    a = open(p)\n    b = open(p)\n    a.close()\n    s⟦v⟦open("w")⟧⟧\n')
    fixes = [fix("with a", one), fix("with b", two), fix("temporary c", three)]
    assert apply(one.text, fixes) == (
        'def f(p):\n    with open(p) as a:\n        with open(p) as b:\n            pass\n    with open("w"):\n        pass\n'
    )


def test_blocks_that_cross_clash() -> None:
    one = unmarked("s⟦a = v⟦open(p)⟧⟧\nb = open(p)\nl⟦a.read()⟧\nb.read()\n")
    two = unmarked("a = open(p)\ns⟦b = v⟦open(p)⟧⟧\na.read()\nl⟦b.read()⟧\n")
    fixes = [fix("with a", one), fix("with b", two)]
    assert clashes(fixes[0].edit, fixes[1].edit)
    with pytest.raises(CannotRewrite, match="another fix"):
        apply(one.text, fixes)


REFUSALS = [
    ("with h", "s⟦h = g = v⟦open(p)⟧⟧\n", "more than bind one name"),
    ("with h", "if x:\n    s⟦h = v⟦open(p)⟧⟧\nl⟦print(h)⟧\n", "do not stand in one block"),
    ("with h+", "s⟦h = v⟦open(p)⟧⟧\n", "cannot be bound"),
    ("finally )", "s⟦h = pair()⟧\n", "is no statement"),
    ("replace )", "v⟦h⟧\n", "is no expression"),
    ("with h", "\fs⟦h = v⟦open(p)⟧⟧\n", "odd whitespace"),
    ("with h import contextlib", "s⟦h = v⟦open(p)⟧⟧\nimport contextlib\n", "below"),
]


@pytest.mark.parametrize(("edit", "text", "reason"), REFUSALS)
def test_refusal(edit: str, text: str, reason: str) -> None:
    marked = unmarked(text)
    with pytest.raises(CannotRewrite, match=reason):
        apply(marked.text, [fix(edit, marked)])


def test_a_span_that_is_no_node_is_refused() -> None:
    with pytest.raises(CannotRewrite, match="line 1 is not found"):
        apply("h = open(p)\n", [Fix(Replace(Span(1, 3, 1, 8), "x"))])
