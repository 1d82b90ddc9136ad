"""What is printed, format by format."""

import json

from leaklint.model.finding import Finding, Step
from leaklint.model.fix import Applicability, Fix, Replace
from leaklint.model.source import SourceError
from leaklint.model.span import Span
from leaklint.report import github, text
from leaklint.report.json import document
from leaklint.report.terminal import frames

CODE = "def f(p):\n\th = open(p)\n\tif p:\n\t\treturn None\n\th.close()\n"
SPAN = Span(2, 5, 2, 12)
FOUND = Finding(
    "LKR102",
    SPAN,
    "`h` (open file) stays open when line 4 returns; open it in a `with` block",
    (Step(2, "opened here"), Step(4, "returns here")),
    Fix(Replace(SPAN, "x"), Applicability.UNSAFE),
)
BARE = Finding("LKR106", Span(5, 1, 6, 3), "50%: a,b\nc")


def test_text_is_flake8s_format() -> None:
    assert text.lines("a.py", [FOUND]) == [
        "a.py:2:6: LKR102 `h` (open file) stays open when line 4 returns; open it in a `with` block"
    ]


def test_statistics_count_each_code() -> None:
    many = [FOUND] * 10 + [BARE]
    assert text.statistics(many, {"LKR102": "released-on-some-paths"}) == [
        "10 LKR102 released-on-some-paths",
        " 1 LKR106",
    ]
    assert text.statistics([], {}) == []


def test_json_has_a_version_and_every_fact() -> None:
    content = json.loads(document([("a.py", FOUND), ("a.py", BARE)], [SourceError("b.py", 7, "does not parse")]))
    assert content["version"] == 1
    assert content["findings"][0] == {
        "path": "a.py",
        "line": 2,
        "column": 6,
        "end_line": 2,
        "end_column": 13,
        "code": "LKR102",
        "message": FOUND.message,
        "trace": [{"line": 2, "text": "opened here"}, {"line": 4, "text": "returns here"}],
        "fix": {"kind": "Replace", "applicability": "unsafe"},
    }
    assert content["findings"][1]["fix"] is None
    assert content["errors"] == [{"path": "b.py", "line": 7, "reason": "does not parse"}]


def test_github_commands_are_escaped() -> None:
    assert github.lines("a,b.py", [BARE]) == ["::error file=a%2Cb.py,line=5,endLine=6,title=LKR106::50%25: a,b%0Ac"]
    assert github.lines("a.py", [FOUND])[0].startswith(
        "::error file=a.py,line=2,endLine=2,col=6,endColumn=13,title=LKR102::`h`"
    )


def test_a_frame_shows_the_path_of_the_leak() -> None:
    (frame,) = frames("a.py", [FOUND], CODE)
    assert frame.plain == (
        "a.py:2:6 LKR102 `h` (open file) stays open when line 4 returns; open it in a `with` block\n"
        "  2 |     h = open(p)\n"
        "    |         ^^^^^^^ opened here\n"
        "  4 |         return None\n"
        "    |         ^^^^^^^^^^^ returns here\n"
        "    = leaklint fix --unsafe-fixes can rewrite this\n"
    )


def test_a_frame_survives_lines_that_are_not_there_and_endless_ones() -> None:
    gone = Finding("LKR101", Span(90, 0, 90, 1), "gone", (Step(0, "nowhere"), Step(91, "nowhere")))
    assert frames("a.py", [gone], CODE)[0].plain == "a.py:90:1 LKR101 gone\n"
    wide = Finding("LKR101", Span(1, 500, 1, 510), "wide")
    assert all(len(line) < 200 for line in frames("a.py", [wide], "x" * 1000)[0].plain.split("\n"))
