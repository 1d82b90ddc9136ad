"""The engine on real, odd and huge modules: it never raises, and columns are characters."""

import gc
import random
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import SourceError, parse, read

Marks = Callable[[str], list[tuple[int, str]]]
LIBRARY = Path(sysconfig.get_path("stdlib"))
SAMPLE = 250
LEAK = "def first(path):\n    file = open(path)\n    return file.readline()\n"


def sample() -> list[Path]:
    """Give files of the standard library, its tests included: the same ones on every run."""
    every = sorted(path for path in LIBRARY.rglob("*.py") if "site-packages" not in path.parts)
    return random.Random(1).sample(every, min(SAMPLE, len(every)))


def test_real_modules(shipped: Project) -> None:
    count = 0
    for path in sample():
        try:
            source = read(path)
        except SourceError:
            continue  # lib2to3 and test/ hold files that are no Python 3
        count += 1
        for finding in lint(source, shipped):
            assert source.segment(finding.span).strip(), path
            assert finding.message.isprintable(), path
    assert count > SAMPLE * 0.9


@pytest.mark.parametrize("text", ["", "\n", "\n" * 1000, "# only a comment", '"""Only a docstring."""', "\f"])
def test_modules_without_code(text: str, marks: Marks) -> None:
    assert marks(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 10_000 + ")" * 10_000,
        "x = " + "[" * 10_000 + "]" * 10_000,
        "x = " + "-" * 100_000 + "1",
        "def f(:",
        "x = 1\0",
        "return = 1",
        "  x = 1",
        "if x:\n\tpass\n        pass\n",
    ],
)
def test_what_does_not_parse_is_a_clear_error(text: str) -> None:
    with pytest.raises(SourceError, match="does not parse"):
        parse("bad.py", text)


CHAINS = {
    "brackets": "x = " + "[" * 90 + "]" * 90 + "\n",
    "elifs": "def g(a):\n    if a == 0: pass\n" + "".join(f"    elif a == {n}: b = {n}\n" for n in range(200)),
    "elifs over a resource": "def g(a):\n    h = open(a)\n    if a: h.read()\n"
    + "    elif h: h.tell()\n" * 200
    + "    h.close()\n",
    "long elifs": "def g(a):\n    if a == 0: pass\n" + "".join(f"    elif a == {n}: b = {n}\n" for n in range(2_000)),
    "long elifs over a resource": "def g(a):\n    h = open(a)\n    if a == 0: h.close()\n"
    + "".join(f"    elif a == {n}: h.close()\n" for n in range(2_000)),
    "sums": "def g(a):\n    h = open(a)\n    h.close()\n    return " + " + ".join(["a.b"] * 1_000) + "\n",
    "ors": "def g(a):\n    h = open(a)\n    h.close()\n    return " + " or ".join(["a.b"] * 500) + "\n",
    "ifs": "def g(a):\n" + "".join("    " * (n + 1) + "if a:\n" for n in range(90)) + "    " * 91 + "open(a).close()\n",
    "withs": "def g(a):\n    with " + ", ".join(["open(a)"] * 200) + ": pass\n",
    "tries": "def g(a):\n" + "    try: open(a).close()\n    except OSError: pass\n" * 300,
    "comprehension": "def g(a):\n    return [open(x).close() " + "for x in a " * 15 + "]\n",
    "attributes": "x = a" + ".b" * 300 + "\n",
    "calls": "def g(a):\n    a" + ".b()" * 300 + "\n",
    "names": "".join(f"name{n} = {n}\n" for n in range(20_000)),
    "strings": "def g():\n    return (\n" + '        "open(x)"\n' * 5_000 + "    )\n",
    "functions": "".join(f"def g{n}(p):\n    return g{n + 1}(open(p))\n" for n in range(50)) + "def g50(p): p.read()\n",
    "bases": "class A0(list): pass\n" + "".join(f"class A{n + 1}(A{n}): pass\n" for n in range(300)),
}


@pytest.mark.parametrize("title", CHAINS)
def test_long_and_deep_code_is_linted_to_the_end(title: str, shipped: Project) -> None:
    text = CHAINS[title] + LEAK
    findings = lint(parse("chain.py", text), shipped)
    assert (findings[-1].code, findings[-1].span.line) == ("LKR101", text.count("\n") - 1)


def huge_function(statements: int, resources: int) -> str:
    """Write one function that opens, uses and closes (every tenth not), between statements of other kinds."""
    lines = ["def f(self, path, size):"]
    every = statements // resources
    for number in range(resources):
        lines.append(f"    h{number} = open(path + '{number}')")
        kinds = (
            "self.count += {0}",
            "if size > {0}: self.log(path)",
            "size = self.step(size, {0})",
            f"h{number}.write(path)",
        )
        lines += [f"    {kinds[index % 4].format(number)}" for index in range(every - 2)]
        lines.append(f"    h{number}.close()" if number % 10 else "    self.done()")
    return "\n".join(lines) + "\n"


CIRCLES = """
class Session:
    def __init__(self, path):
        self.file = open(path)

    def lines(self, paths):
        for path in paths:
            try:
                file = open(path)
                while file.readline():
                    def inner():
                        return file.read()
                    yield inner()
            except OSError:
                continue
            finally:
                file.close()
        left = open(path)
        return left.read()

    def close(self):
        self.file.close()
"""


def test_a_linted_module_leaves_nothing_for_the_collector(shipped: Project) -> None:
    """Loops, and facts that lead to each other, are taken apart: what a run lets go of is free at once."""
    lint(parse("warm.py", CIRCLES), shipped)
    lint(parse("idle.py", "open(x)\n"), shipped)
    gc.collect()
    gc.disable()
    try:
        for number in range(10):
            assert lint(parse(f"circles{number}.py", CIRCLES), shipped)
        lint(parse("idle.py", "open(x)\n"), shipped)
        assert gc.collect() < 100
    finally:
        gc.enable()


def cost(text: str, project: Project) -> float:
    """Measure the CPU seconds of a lint, the best of three, without what the collector happens to do."""
    source = parse("function.py", text)
    best = float("inf")
    for _ in range(3):
        gc.collect()
        started = time.process_time()
        findings = lint(source, project)
        best = min(best, time.process_time() - started)
    assert {one.code for one in findings} == {"LKR101", "LKR103"}
    return best


def test_the_cost_of_one_huge_function_is_linear(shipped: Project) -> None:
    half, whole = huge_function(5_000, 100), huge_function(10_000, 200)
    ratios = []
    for _ in range(3):
        ratios.append(cost(whole, shipped) / cost(half, shipped))
        if ratios[-1] < 3.5:
            return
    pytest.fail(f"twice the statements cost {min(ratios):.1f} times as much")


def test_recursive_definitions_come_to_an_end(marks: Marks) -> None:
    text = """
class A(B): pass
class B(A): pass
def f(p): return g(p)
def g(p): return f(p) or open(p)
def h(p):
    x = f(p)
    y = A(x)
    return y.z
"""
    assert [code for _, code in marks(text + LEAK)][-1] == "LKR101"


def test_tuples_of_themselves_do_not_nest_for_ever(marks: Marks) -> None:
    text = """
def cut(layers, cutoff, path):
    chain = open(path)
    for layer in layers:
        cutoff = (cutoff, cutoff)
        left, right = (cutoff, cutoff), (chain, chain)
        chain = (right, left, chain)
        for low in layer:
            if low:
                break
    return cutoff, chain
"""
    assert marks(text) == []


def test_tuples_within_containers_of_tuples_do_not_nest_for_ever(marks: Marks) -> None:
    text = """
def read(items, details, path):
    header = {"file": open(path)}
    while True:
        while True:
            header["inner"] = {}
            header["inner"]["name"] = items.name
            if details:
                header["inner"]["detail"] = False
            header["inner"] = dict((k, v.decode()) if isinstance(v, bytes) else (k, v) for k, v in header["inner"].items())
            header = dict((k, str(v)) if isinstance(v, bytes) else (k, v) for k, v in header.items())
            for key, value in header.items():
                setattr(items, key, value)
            try:
                items = items.next
            except ValueError:
                break
        try:
            items = items.up
        except ValueError:
            break
    return header
"""
    assert marks(text) == []


def test_a_huge_generated_module(shipped: Project) -> None:
    row = "    {{'number': {0}, 'path': 'data/{0}.bin', 'opener': 'open', 'sizes': [{0}, {0}.5, None]}},\n"
    method = "def handler_{0}(request, path):\n    if request.kind == {0}:\n        return request.answer({0}, path)\n\n"
    rows = "".join(row.format(number) for number in range(30_000))
    methods = "".join(method.format(number) for number in range(25_000))
    text = f"ROWS = [\n{rows}]\n\n{methods}{LEAK}"
    assert len(text) > 5_000_000
    started = time.process_time()
    findings = lint(parse("huge.py", text), shipped)
    assert time.process_time() - started < 20
    assert [(one.code, one.span.line) for one in findings] == [("LKR101", text.count("\n") - 1)]


@pytest.mark.parametrize(
    ("text", "line", "column", "segment"),
    [
        ("def f(p):\n    é = 'äöü'; h = open(p)\n    h.read()\n", 2, 19, "open(p)"),
        ("def f(p):\n    s, h = '🎈🎈', open(p)\n    h.read()\n", 2, 17, "open(p)"),
        ("def f(p):\r\n    h = open(p)\r\n    h.read()\r\n", 2, 8, "open(p)"),
        ("x = 1\n\x0cdef f(p):\n    h = open(p)\n    h.read()\n", 3, 8, "open(p)"),
        ("def f(p):\n\th = open(p)\n\th.read()\n", 2, 5, "open(p)"),
        ("def f(p):\n    x = '''\x0c\u2028\x85\n'''; h = open(p)\n    h.read()\n", 3, 9, "open(p)"),
        ("def f(p):\n    h = open(\n        p\n    )\n    h.read()\n", 2, 8, "open(\n        p\n    )"),
        ("def f(p): h = open(p); h.read()", 1, 14, "open(p)"),
    ],
)
def test_columns_are_characters(text: str, line: int, column: int, segment: str, shipped: Project) -> None:
    source = parse("odd.py", text)
    (finding,) = lint(source, shipped)
    assert (finding.span.line, finding.span.column) == (line, column)
    assert source.segment(finding.span) == segment


@pytest.mark.parametrize(
    "text",
    [
        "def g(a):\n    h = open(a)\n    if a == 0: h.close()\n"
        + "".join(f"    elif a == {n}: h.close()\n" for n in range(2_000)),
        "def g(a):\n    if a == 0: pass\n" + "".join(f"    elif a == {n}: b = {n}\n" for n in range(2_000)),
        "".join(f"def g{n}(p):\n    return g{n + 1}(open(p))\n" for n in range(150)) + "def g150(p): p.read()\n",
        "def g(a):\n    h = open(a)\n    h.close()\n    return a" + ".b()" * 600 + "\n",
    ],
    ids=["elifs with a resource", "elifs", "factories", "calls"],
)
def test_deep(text: str, shipped: Project) -> None:
    assert lint(parse("a.py", text + LEAK), shipped)


@pytest.mark.parametrize(
    "line",
    [
        'import * as React from "react"',
        'import {render, h} from "./preact.js"',
        "import ...rest",
        "from . import *",
        "from .... import *",
        "from x import (* , y)",
        "import / as slash",
        "import of the data, import as such",
    ],
)
def test_imports_of_other_languages_in_strings(line: str, tmp_path: Path) -> None:
    """What looks like an import to who reads only the text is none, or leads nowhere."""
    path = tmp_path / "a.py"
    text = f'import asyncio\nTEXT = """\n{line}\n"""\ndef f(path):\n    file = render(path)\n    return asyncio.run(h(file))\n'
    path.write_text(text + LEAK, encoding="utf-8")
    assert [finding.code for finding in lint(read(path), Project(Config(tmp_path)))] == ["LKR101"]
