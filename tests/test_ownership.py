"""What becomes of an acquisition on each way out of a function."""

import textwrap
from collections.abc import Callable

import pytest

from leaklint.analysis.facts import Obligation
from leaklint.analysis.modules import facts_of
from leaklint.engine import Project
from leaklint.model.source import parse

Obligations = Callable[[str], list[Obligation]]


@pytest.fixture
def obligations(shipped: Project) -> Obligations:
    """The acquisitions of a text, in order; the text may leave `def f(p):` out."""

    def found(body: str) -> list[Obligation]:
        body = textwrap.dedent(body).strip("\n")
        text = body if body.startswith(("def", "async", "import", "class")) else "def f(p):\n" + textwrap.indent(body, "    ")
        module = facts_of(parse("a.py", text + "\n"), shipped.workspace)
        return list(module.obligations) if module is not None else []

    return found


OPEN_AT = [
    ("h = open(p)", {"returned"}),
    ("h = open(p)\nh.close()", set()),
    ("h = open(p)\nh.read()\nh.close()", {"raised"}),
    ("h = open(p)\nh.read()", {"returned", "raised"}),
    ("with open(p) as h: h.read()", set()),
    ("h = open(p)\nwith h: h.read()", set()),
    ("h = open(p)\nif h.read(): h.close()", {"returned", "raised"}),
    ("h = open(p)\ntry: h.read()\nfinally: h.close()", set()),
    ("h = open(p)\ntry: h.read()\nexcept ValueError: return\nh.close()", {"returned", "raised"}),
    ("h = open(p)\ntry: h.read()\nexcept Exception: pass\nh.close()", set()),
    ("h = open(p)\ntry: h.read()\nexcept OSError: pass\nh.close()", set()),
    ("h = open(p)\nreturn h", set()),
    ("h = open(p)\nh.seek(1)\nreturn h", {"raised"}),
    ("h = open(p)\nraise ValueError", {"raised"}),
    ("h = open(p)\nsys.exit(1)", {"returned", "raised"}),
    ("import sys\ndef f(p):\n    h = open(p)\n    sys.exit(1)", {"raised"}),
    ("h = None\nif p: h = open(p)\nif h: h.close()", set()),
    ("h = None\nif p: h = open(p)\nif not h: return\nh.close()", set()),
    ("h = None\nif p: h = open(p)\nif h is None: h.close()", {"returned"}),
    ("own = p is None\nif own: h = open('x')\nif own: h.close()", set()),
    ("own = p is None\nif own: h = open('x')\nif not own: h.close()", {"returned"}),
    ("while True:\n    h = open(p)\n    h.close()", set()),
    ("h = open(p)\ng = h\ng.close()", set()),
    ("h = open(p)\nhs = [h]\nfor x in hs: x.close()", set()),
    ("h = open(p)\ndef g(): h.close()\np.append(g)", set()),
    ("h = open(p)\np.h = h", set()),
    ("h = open(p)\np.append(h)", set()),
    ("h = open(p)\nPath(h)", set()),
    ("h = open(p)\nprint(h)", {"returned"}),
    ("import atexit\ndef f(p):\n    h = open(p)\n    atexit.register(h.close)", set()),
]


@pytest.mark.parametrize(("body", "exits"), OPEN_AT)
def test_where_it_is_open(body: str, exits: set[str], obligations: Obligations) -> None:
    (one,) = obligations(body)
    assert one.history.exits == exits


def test_the_statement_that_acquires_leaks_nothing_where_it_raises(obligations: Obligations) -> None:
    (one,) = obligations("h = open(p).read()")
    assert one.history.exits == {"returned"}


def test_names_are_kept_in_order(obligations: Obligations) -> None:
    (one,) = obligations("h = open(p)\ng = h\nprint(g)")
    assert one.history.names == ["h", "g"]
    assert one.is_named
    (unnamed,) = obligations("print(open(p))")
    assert not unnamed.is_named


def test_a_second_acquisition_of_a_name_loses_the_first(obligations: Obligations) -> None:
    first, second = obligations("h = open(p)\nh = open(p)\nh.close()")
    assert first.is_rebound and not second.is_rebound
    (looped,) = obligations("for q in p:\n    h = open(q)\n    h.read()")
    assert looped.is_rebound
    (kept,) = obligations("for q in p:\n    h = open(q)\n    p.put(h)")
    assert not kept.is_rebound


def test_the_elements_of_a_tuple_are_told_apart(obligations: Obligations) -> None:
    left, right = obligations("import socket\ndef f():\n    a, b = socket.socketpair()\n    a.close()")
    assert (left.history.exits, right.history.exits) == (set(), {"returned"})
    assert (left.site.element, right.site.element) == (0, 1)


def test_only_the_parts_that_are_open_must_be_released(obligations: Obligations) -> None:
    text = "import subprocess\ndef f(c):\n    p = subprocess.Popen(c{})\n    p.{}()"
    (plain,) = obligations(text.format("", "wait"))
    (piped,) = obligations(text.format(", stdout=subprocess.PIPE", "wait"))
    (read,) = obligations(text.format(", stdout=subprocess.PIPE", "communicate"))
    (killed,) = obligations(text.format("", "kill"))
    assert [bool(one.is_open_at_return) for one in (plain, piped, read, killed)] == [False, True, False, True]


def test_a_module_keeps_its_own_names(obligations: Obligations) -> None:
    (one,) = obligations("import sys\nlog = open('log')")
    assert "returned" in one.history.exits
    assert not one.is_open_at_return


def test_what_a_generator_or_manager_yields_comes_back_to_it(obligations: Obligations) -> None:
    manager = "import contextlib\n@contextlib.contextmanager\ndef f(p):\n    h = open(p)\n    yield h\n    h.close()"
    (one,) = obligations(manager)
    assert one.history.exits == {"raised"}
    (plain,) = obligations("h = open(p)\nyield h")
    assert plain.history.exits == {"raised"}  # abandoned before the yield has handed it over


def test_uses_after_the_release_are_noted(obligations: Obligations) -> None:
    (late,) = obligations("h = open(p)\nh.close()\nh.read()")
    assert [verdicts for verdicts in late.history.late.values() if verdicts == {True}]
    (early,) = obligations("h = open(p)\nif q: h.close()\nh.read()")
    assert not [verdicts for verdicts in early.history.late.values() if verdicts == {True}]


def test_what_raises_while_it_is_open(obligations: Obligations) -> None:
    (one,) = obligations("h = open(p)\nh.read()\nlen(p)\nh.tell()\nh.close()\np.read()")
    assert [op.line for op in one.raising] == [3, 5]
    assert not one.explicit_raises
    (raised,) = obligations("h = open(p)\nif p: raise ValueError\nh.close()")
    assert raised.explicit_raises
