"""`leaklint check`, `explain` and `rules`: what is printed where, and the exit status."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from leaklint.rules.pages import PAGES

LEAK = "def first(path):\n    file = open(path)\n    return file.readline()\n"
CLEAN = "def first(path):\n    with open(path) as file:\n        return file.readline()\n"


def leaklint(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leaklint", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, input=text, check=False)


def codes(run: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.split()[1] for line in run.stdout.splitlines()]


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    (tmp_path / "clean.py").write_text(CLEAN)
    (tmp_path / "leaky.py").write_text(LEAK)
    return tmp_path


def test_findings_are_lines_and_status_1(leaky: Path) -> None:
    run = leaklint(leaky, "check")
    assert run.stdout.startswith("leaky.py:2:12: LKR101 `file`")
    assert (run.stdout.count("\n"), run.stderr, run.returncode) == (1, "", 1)


def test_nothing_is_said_of_clean_files(leaky: Path) -> None:
    run = leaklint(leaky, "check", "clean.py")
    assert (run.stdout, run.stderr, run.returncode) == ("", "", 0)


def test_flake8_and_check_say_the_same(leaky: Path) -> None:
    flake8 = [sys.executable, "-m", "flake8", "--isolated", "--select=LKR", "leaky.py"]
    run = subprocess.run(flake8, cwd=leaky, capture_output=True, text=True, check=False)
    assert leaklint(leaky, "check", "leaky.py").stdout == run.stdout


def test_selection(leaky: Path) -> None:
    assert leaklint(leaky, "check", "--select", "LKR2").returncode == 0
    assert leaklint(leaky, "check", "--ignore", "LKR101").returncode == 0
    assert leaklint(leaky, "check", "--select", "LKR2", "--extend-select", "LKR101,LKR104").returncode == 1
    assert leaklint(leaky, "check", "--exclude", "leaky.*").returncode == 0
    (leaky / "pyproject.toml").write_text('[tool.leaklint]\nper-file-ignores = { "leaky.py" = ["LKR1"] }\n')
    assert leaklint(leaky, "check").returncode == 0


def test_configured_sources_are_the_default(leaky: Path) -> None:
    (leaky / "lib").mkdir()
    (leaky / "lib" / "more.py").write_text(LEAK)
    (leaky / "pyproject.toml").write_text('[tool.leaklint]\nsrc = ["lib"]\n')
    assert leaklint(leaky, "check").stdout.startswith("lib/more.py:2:12:")


def test_noqa(leaky: Path) -> None:
    (leaky / "leaky.py").write_text(LEAK.replace("open(path)", "open(path)  # noqa: LKR101"))
    assert leaklint(leaky, "check").returncode == 0


def test_many_files_in_processes_come_in_order(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"m{number:02}.py").write_text(LEAK)
    runs = [leaklint(tmp_path, "check", "--jobs", jobs).stdout for jobs in ("1", "3")]
    assert runs[0] == runs[1]
    assert [line[:6] for line in runs[0].splitlines()] == [f"m{number:02}.py" for number in range(40)]
    (tmp_path / "m07.py").write_text("def")
    broken = leaklint(tmp_path, "check", "--jobs", "2")
    assert broken.stderr == "m07.py:1: does not parse: invalid syntax\n"
    assert (broken.stdout.count("\n"), broken.returncode) == (39, 2)


def test_statistics(leaky: Path) -> None:
    assert leaklint(leaky, "check", "--statistics").stdout.splitlines()[1:] == ["1 LKR101 never-released"]


def test_json(leaky: Path) -> None:
    (leaky / "broken.py").write_text("def\n")
    run = leaklint(leaky, "check", "--format", "json")
    content = json.loads(run.stdout)
    assert [found["code"] for found in content["findings"]] == ["LKR101"]
    assert [error["path"] for error in content["errors"]] == ["broken.py"]
    assert run.returncode == 2


def test_github(leaky: Path) -> None:
    run = leaklint(leaky, "check", "--format", "github")
    assert run.stdout.startswith("::error file=leaky.py,line=2,endLine=2,col=12,endColumn=22,title=LKR101::`file`")


def test_standard_input(leaky: Path) -> None:
    run = leaklint(leaky, "check", "-", "--stdin-filename", "x/y.py", text=LEAK)
    assert run.stdout.startswith("x/y.py:2:12: LKR101")
    assert leaklint(leaky, "check", "-", text="").returncode == 0
    run = leaklint(leaky, "check", "-", text="def\n")
    assert (run.stderr, run.returncode) == ("stdin:1: does not parse: invalid syntax\n", 2)
    assert "goes with no other path" in leaklint(leaky, "check", "-", "leaky.py", text="").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "missing", "--statistics"], "missing: no such file or directory"),
        (["check", "missing"], "missing: no such file or directory"),
        (["check", "--select", "E501"], "leaklint: --select: 'E501' is no code"),
        (["check", "--format", "xml"], "--format"),
        (["check", "--jobs", "0"], "--jobs"),
        (["explain", "LKR999"], "no rule LKR999"),
    ],
)
def test_mistakes_are_told_with_status_2(leaky: Path, arguments: list[str], said: str) -> None:
    run = leaklint(leaky, *arguments)
    assert said in run.stderr
    assert run.stdout == ""
    assert run.returncode == 2


def test_a_mistake_in_the_configuration_is_one_line(leaky: Path) -> None:
    (leaky / "pyproject.toml").write_text("[tool.leaklint]\nselect = 1\n")
    run = leaklint(leaky, "check")
    assert run.stderr == ("leaklint: pyproject.toml: tool.leaklint.select: expected a list of code prefixes (strings), got 1\n")
    assert run.returncode == 2


def test_notebooks_are_noted(tmp_path: Path) -> None:
    (tmp_path / "book.ipynb").touch()
    run = leaklint(tmp_path, "check")
    assert "1 notebook skipped" in run.stderr
    assert run.returncode == 0


def test_a_terminal_gets_frames(leaky: Path) -> None:
    parent, child = pty.openpty()
    try:
        command = [sys.executable, "-m", "leaklint", "check"]
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
        subprocess.run(command, cwd=leaky, stdout=child, stderr=child, env=environment, check=False)
        shown = click.unstyle(os.read(parent, 10_000).decode())
    finally:
        os.close(parent)
        os.close(child)
    assert "2 |     file = open(path)" in shown
    assert "^^^^^^^^^^" in shown
    assert "1 finding" in shown


def test_a_run_without_a_terminal_loads_neither_rich_nor_libcst(leaky: Path) -> None:
    code = (
        "import sys; from leaklint.cli import main\n"
        "main(['check', 'leaky.py'], standalone_mode=False)\n"
        "print(sorted({'libcst', 'rich', 'flake8', 'pathspec'} & {*sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=leaky, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("\n[]\n")


def test_check_without_options_loads_no_click_and_for_nothing_to_acquire_no_analysis(leaky: Path) -> None:
    (leaky / "plain.py").write_text("x = 1\n")
    for name, heavy in (("leaky.py", ["leaklint.analysis.modules"]), ("plain.py", [])):
        code = (
            f"import sys; sys.argv = ['leaklint', 'check', {name!r}]\n"
            "from leaklint.__main__ import main\n"
            "try: main()\n"
            "except SystemExit as end: print(end.code)\n"
            "print(sorted({'click', 'dataclasses', 'inspect', 'libcst', 'rich', 'leaklint.analysis.modules'} & {*sys.modules}))"
        )
        run = subprocess.run([sys.executable, "-c", code], cwd=leaky, capture_output=True, text=True, check=True)
        assert run.stdout.endswith(f"{len(heavy)}\n{heavy}\n")


def test_a_reader_that_goes_away_ends_the_run_quietly(leaky: Path) -> None:
    for arguments in (["check", "leaky.py"], ["check", "leaky.py", "--statistics"]):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            command = [sys.executable, "-m", "leaklint", *arguments]
            run = subprocess.run(command, cwd=leaky, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
        finally:
            os.close(writing)
        assert (run.stderr, run.returncode) == ("", 1)


def test_rules_are_listed_and_explained(tmp_path: Path) -> None:
    listed = leaklint(tmp_path, "rules").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [page.code for page in PAGES]
    for page in PAGES:
        explained = leaklint(tmp_path, "explain", page.code.lower())
        assert explained.stdout.startswith(f"{page.code} {page.name}\n")
        assert page.documentation.strip() in explained.stdout


def test_the_demo_shows_every_rule_of_its_kind() -> None:
    demo = Path(__file__).parent.parent / "fixtures" / "demo"
    assert {code for code in codes(leaklint(demo, "check")) if code.startswith("LKR1")} == {
        f"LKR10{number}" for number in range(1, 8)
    }


def test_fix_rewrites_and_sums_up(leaky: Path) -> None:
    run = leaklint(leaky, "fix")
    assert run.stdout == "leaky.py: 1 fixed\n1 finding fixed in 1 file, 0 not fixed\n"
    assert (leaky / "leaky.py").read_text() == CLEAN
    assert run.returncode == 1
    assert leaklint(leaky, "fix").returncode == 0


def test_fix_in_processes_does_the_same(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"m{number:02}.py").write_text(LEAK)
    assert leaklint(tmp_path, "fix", "--jobs", "2").stdout.endswith("20 findings fixed in 20 files, 0 not fixed\n")
    assert {path.read_text() for path in tmp_path.iterdir()} == {CLEAN}


@pytest.mark.parametrize("option", ["--diff", "--check"])
def test_fix_writes_nothing_where_it_is_only_asked(leaky: Path, option: str) -> None:
    run = leaklint(leaky, "fix", option)
    assert (leaky / "leaky.py").read_text() == LEAK
    assert run.returncode == 1
    if option == "--diff":
        assert run.stdout.startswith("--- leaky.py\n+++ leaky.py\n@@ ")
        assert "1 finding would be fixed" in run.stderr
    else:
        assert "1 finding would be fixed in 1 file" in run.stdout


def test_fix_of_standard_input_keeps_its_bytes(leaky: Path) -> None:
    data = b"\xef\xbb\xbf" + LEAK.replace("\n", "\r\n").encode()
    command = [sys.executable, "-m", "leaklint", "fix", "-"]
    run = subprocess.run(command, cwd=leaky, capture_output=True, input=data, check=False)
    assert run.stdout == b"\xef\xbb\xbf" + CLEAN.replace("\n", "\r\n").encode()
    assert run.returncode == 1


def test_fix_leaves_what_is_ignored_or_silenced(leaky: Path) -> None:
    assert leaklint(leaky, "fix", "--ignore", "LKR101").returncode == 0
    silenced = LEAK.replace("open(path)", "open(path)  # noqa: LKR101")
    (leaky / "leaky.py").write_text(silenced)
    assert leaklint(leaky, "fix").returncode == 0
    (leaky / "leaky.py").write_text(LEAK + LEAK.replace("first", "second") + silenced.replace("first", "third"))
    leaklint(leaky, "fix")
    assert (leaky / "leaky.py").read_text() == CLEAN + CLEAN.replace("first", "second") + silenced.replace("first", "third")


def test_fix_tells_what_it_does_not_fix(leaky: Path) -> None:
    (leaky / "leaky.py").write_text("def f(p):\n    with open(p) as h:\n        pass\n    return h.read()\n")
    run = leaklint(leaky, "fix")
    assert run.stdout.splitlines() == [
        "leaky.py:4:5: LKR106 not fixed: no automatic fix",
        "0 findings fixed in 0 files, 1 not fixed",
    ]
    assert run.returncode == 0


OWNER = "class Store:\n    def __init__(self, path):\n        self.file = open(path)\n"
USER = "from store import Store\n\n\ndef first(path):\n    store = Store(path)\n    return store.file.readline()\n"


def test_unsafe_fixes_lead_on_to_other_modules(tmp_path: Path) -> None:
    (tmp_path / "store.py").write_text(OWNER)
    (tmp_path / "before.py").write_text(USER)  # looked at first, when the class cannot be released yet
    run = leaklint(tmp_path, "fix", "--unsafe-fixes")
    assert run.stdout == "before.py: 1 fixed\nstore.py: 1 fixed\n2 findings fixed in 2 files, 0 not fixed\n"
    assert "with Store(path) as store:" in (tmp_path / "before.py").read_text()
    assert leaklint(tmp_path, "fix", "--unsafe-fixes").stdout.startswith("0 findings fixed")


def test_fix_loads_libcst_only_for_a_finding(leaky: Path) -> None:
    code = (
        "import sys; from leaklint.cli import main\n"
        "main(['fix', 'clean.py'], standalone_mode=False)\n"
        "print('libcst' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=leaky, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("\nFalse\n")


def test_a_file_that_cannot_be_written_is_told(leaky: Path) -> None:
    (leaky / "leaky.py").chmod(0o444)
    run = leaklint(leaky, "fix")
    assert run.stderr.startswith("leaky.py: not written: ")
    assert (leaky / "leaky.py").read_text() == LEAK
    assert run.returncode == 2
