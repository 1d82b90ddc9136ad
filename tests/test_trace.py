"""The path of a leak in words: from the acquisition over the decisions to the way out."""

import textwrap

from leaklint.engine import Project, lint
from leaklint.model.finding import Finding
from leaklint.model.source import parse


def only_finding(text: str, shipped: Project) -> Finding:
    (finding,) = lint(parse("a.py", textwrap.dedent(text).strip("\n") + "\n"), shipped)
    return finding


def steps(finding: Finding) -> list[str]:
    return [f"{step.line} {step.text}" for step in finding.trace]


def test_the_decisions_on_the_way_to_a_return(shipped: Project) -> None:
    text = """
        def f(p, size):
            h = open(p)
            if size > 3:
                if h.read():
                    return 1
            h.close()
    """
    finding = only_finding(text, shipped)
    assert "stays open when line 5 returns" in finding.message
    assert steps(finding) == [
        "2 acquired here",
        "3 the condition holds",
        "4 the condition holds",
        "5 left open here",
    ]


def test_a_condition_that_does_not_hold(shipped: Project) -> None:
    text = """
        def f(p, done):
            h = open(p)
            if done:
                h.close()
            return done
    """
    finding = only_finding(text, shipped)
    assert steps(finding) == ["2 acquired here", "3 the condition does not hold", "5 left open here"]


def test_the_end_of_a_function(shipped: Project) -> None:
    text = """
        def f(p, done):
            h = open(p)
            if done:
                h.close()
    """
    finding = only_finding(text, shipped)
    assert "stays open when the function ends" in finding.message
    assert steps(finding)[-1] == "4 left open here"


def test_a_handled_exception(shipped: Project) -> None:
    text = """
        def f(p):
            h = open(p)
            try:
                int(h.read())
                h.close()
            except ValueError:
                return None
    """
    finding = only_finding(text, shipped)
    assert (finding.code, finding.span.line) == ("LKR102", 2)
    assert "line 7 returns" in finding.message
    assert steps(finding)[-1] == "7 left open here"


def test_the_line_that_raises(shipped: Project) -> None:
    text = """
        def f(p):
            h = open(p)
            size = len(p)
            h.write("x" * size)
            h.close()
    """
    finding = only_finding(text, shipped)
    assert "stays open when line 4 raises" in finding.message
    assert steps(finding) == ["2 acquired here", "4 an exception here leaves it open"]


def test_a_context_manager_is_left_at_its_yield(shipped: Project) -> None:
    text = """
        import contextlib
        @contextlib.contextmanager
        def f(p):
            h = open(p)
            yield h
            h.close()
    """
    assert "the generator is left at line 5" in only_finding(text, shipped).message


def test_where_a_name_is_lost(shipped: Project) -> None:
    text = """
        def f(p):
            h = open(p)
            print(h.read())
            h = None
    """
    finding = only_finding(text, shipped)
    assert "when line 4 binds the name anew" in finding.message
    assert steps(finding) == ["2 acquired here", "4 its name is lost here"]


def test_a_use_after_the_release(shipped: Project) -> None:
    text = """
        def f(p):
            with open(p) as h:
                h.read()
            return h.readline()
    """
    assert steps(only_finding(text, shipped)) == ["2 acquired here", "4 is used here"]
