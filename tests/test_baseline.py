"""The baseline: what a mark survives, what the file says, and that every front end honours it alike."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaklint.baseline.change import Seen, gone, renewed, without
from leaklint.baseline.file import Baseline, BaselineError, load, text_of
from leaklint.baseline.leaks import leak_marks, new_leaks
from leaklint.baseline.marks import LONGEST, Mark, marks_of, unknown
from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.leak import Frame, Leak, LeakReport
from leaklint.model.source import parse

PROJECT = Project(Config(Path(__file__).parent))
LOAD = "def load(path):\n    file = open(path, encoding='utf-8')\n    return file.readline()\n"
SAVE = "class Store:\n    def save(self, name):\n        file = open(f'data/{name}.txt', 'w')\n        file.write('x')\n"
FETCH = "async def fetch(url):\n    session = aiohttp.ClientSession()\n    print(session.closed)\n"
PIECES = (LOAD, SAVE, FETCH)


def marks(text: str) -> tuple[Mark, ...]:
    source = parse("module.py", "import aiohttp\n" + text)
    return marks_of(source, [one for one in lint(source, PROJECT) if not one.code.startswith("LKR9")])


KNOWN = Counter(marks("".join(PIECES)))


def test_a_mark_is_code_function_and_expression() -> None:
    assert sorted(KNOWN) == [
        Mark("LKR101", "Store.save", "open('data/{name}.txt', 'w')"),
        Mark("LKR101", "fetch", "aiohttp.ClientSession()"),
        Mark("LKR101", "load", "open(path, encoding='utf-8')"),
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(PIECES), st.lists(st.sampled_from(["\n", "# a comment\n", "x = 1\n", "\n\n"]), min_size=3, max_size=3))
def test_marks_survive_moved_lines_and_swapped_functions(pieces: list[str], between: list[str]) -> None:
    text = "".join(gap + piece for gap, piece in zip(between, pieces, strict=True))
    assert Counter(marks(text)) == KNOWN


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_marks_survive_blank_lines_and_comments_inside(data: st.DataObject) -> None:
    lines = "".join(PIECES).splitlines(keepends=True)
    number = data.draw(st.integers(0, len(lines)))
    lines.insert(number, data.draw(st.sampled_from(["\n", "    # a comment\n", "\n\n\n"])))
    assert Counter(marks("".join(lines))) == KNOWN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("open(path, encoding='utf-8')", 'open(\n        path,\n        encoding="utf-8",  # text\n    )'),
        ("f'data/{name}.txt', 'w'", 'f"data/{name}.txt", "w",'),
        ("file = open(path, encoding='utf-8')", "file = (open(path, encoding='utf-8'))"),
        ("async def fetch(url):", "async def fetch(url: str = '') -> object:"),
        ("session = aiohttp.ClientSession()", "session = aiohttp.ClientSession( )"),
    ],
)
def test_marks_survive_reformatting(old: str, new: str) -> None:
    text = "".join(PIECES)
    assert old in text
    assert Counter(marks(text.replace(old, new))) == KNOWN


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["load", "save", "fetch"]), st.from_regex(r"[a-z]{4}_[a-z]{2}", fullmatch=True))
def test_a_renamed_function_leaves_the_others_marks(name: str, other: str) -> None:
    left = Counter(marks("".join(PIECES).replace(f"def {name}(", f"def {other}(")))
    assert sum((KNOWN - left).values()) == 1
    assert {mark.function for mark in KNOWN - left} == {"Store.save" if name == "save" else name}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 4), st.integers(0, 4))
def test_equal_findings_are_counted(number: int, known: int) -> None:
    body = "".join(f"    f{each} = open(path)\n    f{each}.read()\n" for each in range(number))
    source = parse("module.py", f"def load(path):\n{body}")
    findings = lint(source, PROJECT)
    (mark,) = {*marks_of(source, findings)}
    new = unknown(findings, marks_of(source, findings), {mark: known} if known else {})
    assert new == findings[known:]


def test_a_long_expression_counts_to_its_end() -> None:
    texts = [f"def f():\n    h = open({' + '.join(['abcdefgh'] * 20)} + {end})\n    h.read()\n" for end in "xy"]
    (first,), (second,) = map(marks, texts)
    assert first != second
    assert first.expression[:LONGEST] == second.expression[:LONGEST]


def test_marks_leave_the_tree_alone() -> None:
    source = parse("module.py", SAVE)
    before = ast.dump(source.tree)
    marks_of(source, lint(source, PROJECT))
    assert ast.dump(source.tree) == before


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MARKS = st.builds(Mark, st.sampled_from(["LKR101", "LKR301"]), NAMES, NAMES)
SETS = st.dictionaries(NAMES, st.dictionaries(MARKS, st.integers(1, 3), min_size=1, max_size=3), max_size=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SETS, SETS)
def test_what_is_written_is_read_back(findings: dict[str, dict[Mark, int]], leaks: dict[str, dict[Mark, int]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "b.json")
        path.write_text(text_of(Baseline(findings, leaks)), encoding="utf-8")
        assert load(path) == Baseline(findings, leaks)
        assert text_of(load(path)) == path.read_text(encoding="utf-8")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SETS, st.dictionaries(NAMES, st.lists(MARKS, max_size=4), max_size=3))
def test_pruning_only_takes_out_and_renewing_knows_all(known: dict[str, dict[Mark, int]], now: dict[str, list[Mark]]) -> None:
    seen = {path: Seen(Counter(each), lambda code: code == "LKR101") for path, each in now.items()}
    left = without(known, gone(known, seen, lambda path: bool(path)))
    assert all(Counter(left[path]) <= Counter(known[path]) for path in left)
    assert not gone(left, seen, lambda path: bool(path))
    after = renewed(known, seen, lambda path: bool(path))
    assert all(Counter(each) <= Counter(after.get(path, {})) for path, each in now.items())
    assert not gone(after, seen, lambda path: bool(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "b.json: not valid JSON: "),
        ("[]", "b.json: expected an object, got []"),
        ("{}", "b.json: version: expected 1, got None; write it again"),
        ('{"version": 1, "findings": {}}', "b.json: findings: expected a list, got {}"),
        ('{"version": 1, "findings": [{"path": 1}]}', "b.json: findings[0].path: expected a string, got 1"),
        ('{"version": 1, "leaks": [{"paht": "a"}]}', "b.json: leaks[0].paht: unknown key; expected one of path, category, "),
        (
            '{"version": 1, "findings": [{"path": "", "code": "", "function": "", "expression": "", "count": 0}]}',
            "b.json: findings[0].count: expected a number from 1 up, got 0",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.json").write_text(text)
    with pytest.raises(BaselineError) as raised:
        load(tmp_path / "b.json")
    assert str(raised.value).startswith(message) and "\n" not in str(raised.value)


# The commands


def run(folder: Path, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, input=text, check=False)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A project with one finding, which its baseline knows."""
    (tmp_path / "a.py").write_text(LOAD)
    (tmp_path / "pyproject.toml").write_text('[tool.leaklint]\nbaseline = "known.json"\n')
    written = run(tmp_path, "leaklint", "check", "--write-baseline")
    assert (written.stdout, written.stderr, written.returncode) == ("", "1 finding in known.json\n", 0)
    return tmp_path


def test_the_file_is_one_line_for_each_entry(known: Path) -> None:
    assert (known / "known.json").read_text().splitlines() == [
        '{"version": 1,',
        ' "findings": [',
        '  {"path": "a.py", "code": "LKR101", "function": "load", "expression": "open(path, encoding=\'utf-8\')", "count": 1}',
        " ],",
        ' "leaks": []}',
    ]


def test_what_is_known_is_silent_everywhere(known: Path) -> None:
    for command in (["leaklint", "check"], ["leaklint", "check", "--jobs", "2"], ["flake8", "--select=LKR", "a.py"]):
        silent = run(known, *command)
        assert (silent.stdout, silent.stderr, silent.returncode) == ("", "", 0)
    fixed = run(known, "leaklint", "fix")
    assert (fixed.stdout, fixed.returncode) == ("0 findings fixed in 0 files, 0 not fixed\n", 0)
    assert run(known, "leaklint", "check", "-", "--stdin-filename", "a.py", text=LOAD).returncode == 0
    assert run(known, "leaklint", "check", "--no-baseline").returncode == 1


def test_what_is_new_is_shown_everywhere(known: Path) -> None:
    again = LOAD.replace(
        "    return", "    file.close()\n    other = open(path, encoding='utf-8')\n    print(other.read())\n    return"
    )
    (known / "a.py").write_text(again.replace("    file.close()\n", ""))
    shown = run(known, "leaklint", "check").stdout
    assert [line.partition(" ")[0] for line in shown.splitlines()] == ["a.py:3:13:"]
    assert run(known, "flake8", "--select=LKR", "a.py").stdout == shown
    assert run(known, "leaklint", "fix").stdout.startswith("a.py: 1 fixed\n")
    assert "    file = open(path" in (known / "a.py").read_text()
    assert run(known, "leaklint", "check").returncode == 0


def test_what_a_comment_silences_uses_up_no_entry(known: Path) -> None:
    silenced = "    first = open(path, encoding='utf-8')  # noqa: LKR101\n    print(first.read())\n"
    (known / "a.py").write_text(LOAD.replace(":\n", f":\n{silenced}", 1))
    for command in (["leaklint", "check"], ["flake8", "--select=LKR", "a.py"]):
        assert run(known, *command).stdout == ""


def test_what_is_gone_is_told_and_pruned(known: Path) -> None:
    (known / "a.py").write_text("x = 1\n")
    told = run(known, "leaklint", "check")
    line = "a.py: LKR101 gone: open(path, encoding='utf-8') in load\n"
    assert (told.stderr, told.returncode) == (f"{line}note: 1 finding of known.json gone; --prune-baseline takes them out\n", 0)
    (known / "a.py").unlink()
    (known / "b.py").write_text(SAVE)
    pruned = run(known, "leaklint", "check", "--prune-baseline")
    assert pruned.stderr == f"{line}1 finding taken out of known.json\n"
    assert pruned.returncode == 1
    assert json.loads((known / "known.json").read_text())["findings"] == []


def test_a_run_over_some_files_and_codes_keeps_the_rest(known: Path) -> None:
    (known / "b.py").write_text(SAVE)
    run(known, "leaklint", "check", "--write-baseline", "b.py")
    before = (known / "known.json").read_text()
    assert [one["path"] for one in json.loads(before)["findings"]] == ["a.py", "b.py"]
    run(known, "leaklint", "check", "--prune-baseline", "--select", "LKR2")
    run(known, "leaklint", "check", "--write-baseline", "--select", "LKR2")
    (known / "b.py").write_text("def")
    assert run(known, "leaklint", "check", "--write-baseline").returncode == 2
    assert (known / "known.json").read_text() == before


def test_trouble_is_one_line_and_status_2(known: Path) -> None:
    (known / "known.json").write_text('{"version": 2}')
    for command in (["leaklint", "check"], ["leaklint", "fix"], ["leaklint", "check", "--jobs", "2"]):
        wrong = run(known, *command)
        assert wrong.stderr == "leaklint: known.json: version: expected 1, got 2; write it again\n"
        assert (wrong.stdout, wrong.returncode) == ("", 2)
    assert "leaklint: known.json: version: expected 1, got 2" in run(known, "flake8", "--select=LKR", "a.py").stdout
    (known / "known.json").unlink()
    assert "known.json: no such baseline; `leaklint check --write-baseline`" in run(known, "leaklint", "check").stderr
    (known / "pyproject.toml").write_text("[tool.leaklint]\nbaseline = 1\n")
    assert "pyproject.toml: tool.leaklint.baseline: expected the name of a file" in run(known, "leaklint", "check").stderr


def test_without_a_configured_one_the_usual_name_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(LOAD)
    written = run(tmp_path, "leaklint", "check", "--write-baseline")
    assert written.stderr.startswith("1 finding in leaklint-baseline.json\nnote: to have it honoured, put `baseline = ")
    assert run(tmp_path, "leaklint", "check", "--baseline", "leaklint-baseline.json").returncode == 0
    assert "there is no baseline" in run(tmp_path, "leaklint", "check", "--prune-baseline").stderr


def test_nothing_of_it_is_loaded_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(LOAD)
    code = (
        "import sys; from leaklint.commands.plain import check; check(('a.py',)); "
        "print([name for name in sys.modules if name.startswith('leaklint.baseline')])"
    )
    silent = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert silent.stdout.splitlines()[1:] == ["[]"]


# Leaks


def leak(line: int, function: str, category: str = "file") -> Leak:
    return Leak(category, "io.FileIO", (Frame("a.py", line, function),), "t::a", None, "function", "open")


def test_leaks_of_known_findings_and_of_entries_are_known(tmp_path: Path) -> None:
    lines = "def load(path):\n    file = open(path)\n    return [open(each) for each in file]\n\n\nopen('a')\n"
    (tmp_path / "a.py").write_text(lines)
    file = tmp_path / "known.json"
    entry = {"path": "a.py", "code": "LKR101", "function": "load", "expression": "open(path)", "count": 1}
    file.write_text(json.dumps({"version": 1, "findings": [entry], "leaks": []}))
    foreign = Leak("socket", "socket.socket", (), None, None, "session", "open", library="lib")
    found, other, top = leak(2, "load"), leak(3, "load.<locals>.<listcomp>"), leak(6, "<module>")
    report = LeakReport(str(tmp_path), (found, other, top, foreign))
    assert new_leaks(report, file) == (other, top, foreign)
    kept = leak_marks(LeakReport(str(tmp_path), (other, other, foreign)), file)
    assert kept == {
        "a.py": {Mark("file", "load", "[open(each) for each in file]"): 1},
        "": {Mark("socket", "lib", "socket.socket"): 1},
    }
    file.write_text(text_of(Baseline({}, kept)))
    load.cache_clear()
    assert new_leaks(report, file) == (found, top)
