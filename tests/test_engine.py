"""The engine's promises, on functions that hypothesis composes: it never raises, is steady; a with leaks nothing."""

import ast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaklint.engine import Project, lint
from leaklint.fixing import fix_source
from leaklint.model.finding import Finding
from leaklint.model.source import Source, parse

# derandomised: a red run is the change's fault, not the day's
MODERATE = settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(MODERATE, max_examples=20)

NAMES = ("a", "b")
OPENING = ("{v} = open(p)", "{v}, x = open(p), 1", "open(p).read(1)", "x = [open(q) for q in p]", "box.append(open(p))")
CLOSING = ("{v}.close()", "with {v}: x = {v}.read()")
USING = ("{v}.read()", "x = {v}.write(p)", "print({v})", "for x in {v}: print(x)", "{v} is None or {v}.seek(0)")
MOVING = (
    "{w} = {v}",
    "box.append({v})",
    "self.x = {v}",
    "return {v}",
    "yield {v}",
    "x = lambda: {v}.close()",
    "p({v})",
)
LOSING = ("{v} = None", "del {v}", "{v} = {v}.read()")
OTHER = ("pass", "return", "raise ValueError(p)", "x = p.y()", "assert p", "global {w}x", "import os")
IN_LOOPS = ("break", "continue")
CONDITIONS = ("{v}", "not {v}", "{v} is None", "{v} is not None", "p", "p > 1", "{v} and p", "p.x or {v}", "{v}.closed")
WITHS = ("with open(p) as {v}:", "with open(p) as {v}, open(x) as {w}:", "with p as x:")
Lines = list[str]


@st.composite
def simple(draw: st.DrawFn, templates: tuple[str, ...]) -> Lines:
    """One line, with names filled in."""
    return [draw(st.sampled_from(templates)).format(v=draw(st.sampled_from(NAMES)), w=draw(st.sampled_from(NAMES)))]


@st.composite
def suite(draw: st.DrawFn, templates: tuple[str, ...], depth: int, is_loop: bool = False) -> Lines:
    """A few statements, compound ones included while `depth` lasts."""
    plain = templates + IN_LOOPS if is_loop else templates
    kinds = [simple(plain), simple(plain)]
    if depth:
        kinds += [
            branches(templates, depth - 1, is_loop),
            loop(templates, depth - 1),
            guarded(templates, depth - 1, is_loop),
        ]
        kinds += [block(templates, depth - 1, is_loop), inner(templates)]
    return [line for one in draw(st.lists(st.one_of(kinds), min_size=1, max_size=4)) for line in one]


def indented(lines: Lines) -> Lines:
    return ["    " + line for line in lines]


@st.composite
def branches(draw: st.DrawFn, templates: tuple[str, ...], depth: int, is_loop: bool) -> Lines:
    """An if, perhaps with an else."""
    (test,) = draw(simple(CONDITIONS))
    lines = [f"if {test}:", *indented(draw(suite(templates, depth, is_loop)))]
    return [*lines, "else:", *indented(draw(suite(templates, depth, is_loop)))] if draw(st.booleans()) else lines


@st.composite
def loop(draw: st.DrawFn, templates: tuple[str, ...], depth: int) -> Lines:
    """A for or a while, perhaps with an else."""
    (test,) = draw(simple(CONDITIONS))
    head = draw(st.sampled_from(("for x in p:", f"while {test}:", "while True:")))
    lines = [head, *indented(draw(suite(templates, depth, True)))]
    return [*lines, "else:", *indented(draw(suite(templates, depth)))] if draw(st.booleans()) else lines


@st.composite
def guarded(draw: st.DrawFn, templates: tuple[str, ...], depth: int, is_loop: bool) -> Lines:
    """A try with handlers, a finally, or both."""
    lines = ["try:", *indented(draw(suite(templates, depth, is_loop)))]
    types = draw(st.lists(st.sampled_from(("OSError", "ValueError as x", "(KeyError, IndexError)", "Exception")), max_size=2))
    for one in types:
        lines += [f"except {one}:", *indented(draw(suite(templates, depth, is_loop)))]
    if not types or draw(st.booleans()):
        lines += ["finally:", *indented(draw(suite(templates, depth)))]
    return lines


@st.composite
def block(draw: st.DrawFn, templates: tuple[str, ...], depth: int, is_loop: bool) -> Lines:
    """A with or a match."""
    if draw(st.booleans()):
        return [*draw(simple(WITHS)), *indented(draw(suite(templates, depth, is_loop)))]
    body = draw(suite(templates, depth, is_loop))
    return ["match p:", "    case [x, *_]:", *indented(indented(body)), "    case _: pass"]


@st.composite
def inner(draw: st.DrawFn, templates: tuple[str, ...]) -> Lines:
    """A nested function that captures names."""
    return ["def inner(q):", *indented(draw(suite(templates, 0)))]


@st.composite
def modules(draw: st.DrawFn, templates: tuple[str, ...]) -> str:
    """A module of one function; compositions that Python refuses are not drawn."""
    lines = ["def f(self, p, box):", *indented(draw(suite(templates, 3)))]
    text = "\n".join(lines) + "\n"
    try:
        compile(text, "drawn.py", "exec", flags=ast.PyCF_ONLY_AST)
        compile(text, "drawn.py", "exec")
    except SyntaxError:  # `global a` after a use of it, `return x` in an async generator
        return "def f(p):\n    a = open(p)\n"
    return text


EVERYTHING = OPENING + CLOSING + USING + MOVING + LOSING + OTHER
WITHOUT_OPENING = CLOSING + USING + MOVING + LOSING + OTHER


def shown(findings: list[Finding]) -> list[str]:
    """Write findings so that they can be compared, fixes included."""
    return [repr(one) for one in findings]


@MODERATE
@given(modules(EVERYTHING))
def test_findings_are_steady_and_inside_the_file(shipped: Project, text: str) -> None:
    source = parse("drawn.py", text)
    found = lint(source, shipped)
    assert shown(lint(parse("drawn.py", text), shipped)) == shown(found)
    assert [one.span for one in found] == sorted(one.span for one in found)
    for one in found:
        assert 1 <= one.span.line <= one.span.end_line <= text.count("\n")
        assert source.segment(one.span).strip()
        assert all(1 <= step.line <= text.count("\n") for step in one.trace)
        assert "None" not in one.message


@MODERATE
@given(modules(EVERYTHING), st.integers(1, 5))
def test_blank_lines_at_the_end_change_nothing(shipped: Project, text: str, count: int) -> None:
    assert shown(lint(parse("drawn.py", text + "\n" * count), shipped)) == shown(lint(parse("drawn.py", text), shipped))


@MODERATE
@given(modules(EVERYTHING), st.integers(1, 5))
def test_lines_before_it_move_a_function_and_nothing_else(shipped: Project, text: str, count: int) -> None:
    moved = lint(parse("drawn.py", "#\n" * count + text), shipped)
    found = lint(parse("drawn.py", text), shipped)
    assert [(one.code, one.span.line - count, one.span.column) for one in moved] == [
        (one.code, one.span.line, one.span.column) for one in found
    ]


@MODERATE
@given(modules(WITHOUT_OPENING))
def test_what_is_only_opened_in_a_with_does_not_leak(shipped: Project, text: str) -> None:
    found = [one for one in lint(parse("drawn.py", text), shipped) if "LKR101" <= one.code <= "LKR105"]
    assert not found, text


@FEW
@given(modules(EVERYTHING))
def test_fixing_ends_in_a_module_that_is_left_alone(shipped: Project, text: str) -> None:
    def wanted(finding: Finding, source: Source) -> bool:
        del source
        return not finding.code.startswith("LKR9")

    result = fix_source(parse("drawn.py", text), shipped, wanted, unsafe=False)
    again = fix_source(parse("drawn.py", result.text), shipped, wanted, unsafe=False)
    assert (again.text, again.applied) == (result.text, ())
    assert all(reason for _, reason in result.refused)
