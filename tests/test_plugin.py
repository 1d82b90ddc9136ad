"""leaklint inside flake8, as users run it."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from flake8.exceptions import ExecutionError

from leaklint.plugin import Plugin

LEAK = "def first(path):\n    file = open(path)\n    return file.readline()\n"


def flake8(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flake8", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, input=text, check=False)


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    (tmp_path / "leaky.py").write_text(LEAK)
    return tmp_path


def test_a_leak_is_reported_with_its_column(leaky: Path) -> None:
    run = flake8(leaky, "--isolated", "--select=LKR", ".")
    assert run.stderr == ""
    assert run.stdout.startswith("./leaky.py:2:12: LKR101 `file`")
    assert run.returncode == 1


def test_it_is_on_without_being_selected(leaky: Path) -> None:
    assert "LKR101" in flake8(leaky, "--isolated", ".").stdout


def test_noqa_and_per_file_ignores_are_flake8s(leaky: Path) -> None:
    assert flake8(leaky, "--isolated", "--select=LKR", "--per-file-ignores=leaky.py:LKR1", ".").stdout == ""
    (leaky / "leaky.py").write_text(LEAK.replace("open(path)", "open(path)  # noqa: LKR101"))
    assert flake8(leaky, "--isolated", "--select=LKR", ".").stdout == ""


def test_standard_input(leaky: Path) -> None:
    run = flake8(leaky, "--isolated", "--select=LKR", "--stdin-display-name=x.py", "-", text=LEAK)
    assert run.stdout.startswith("x.py:2:12: LKR101")


@pytest.mark.parametrize(
    ("select", "extend_select", "is_advising"),
    [
        (["LKR"], None, False),
        (["LKR", "LKR9"], ["LKR9"], True),
        (["LKR9"], None, True),
        (None, ["LKR901"], True),
        (None, None, False),
        (["E", "LKR1"], ["W"], False),
    ],
)
def test_advice_only_where_it_is_selected(select: list[str] | None, extend_select: list[str] | None, is_advising: bool) -> None:
    class Fresh(Plugin):
        """The options of a run are kept on the class."""

    Fresh.parse_options(argparse.Namespace(select=select, extend_select=extend_select, filenames=[]))
    assert Fresh.is_advising is is_advising


def test_the_projects_own_resources_are_known(leaky: Path) -> None:
    (leaky / "pyproject.toml").write_text('[[tool.leaklint.resource]]\nname = "mylib.Channel"\nrelease = ["hang_up"]\n')
    (leaky / "leaky.py").write_text("import mylib\n\n\ndef f():\n    c = mylib.Channel()\n    c.send(1)\n")
    assert "leaky.py:5:9: LKR101" in flake8(leaky, "--isolated", "--select=LKR", ".").stdout


def test_a_mistake_in_the_configuration_is_one_clear_line(leaky: Path) -> None:
    (leaky / "other.py").touch()
    (leaky / "pyproject.toml").write_text('[tool.leaklint]\nselct = ["LKR"]\n')
    run = flake8(leaky, "--isolated", "--select=LKR", ".")
    assert "leaklint: pyproject.toml: tool.leaklint.selct: unknown key; did you mean select?\n" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert run.returncode == 1


def test_a_mistake_in_the_configuration_ends_flake8_before_it_starts_processes(tmp_path: Path) -> None:
    class Fresh(Plugin):
        """The options of a run are kept on the class."""

    (tmp_path / "pyproject.toml").write_text('[tool.leaklint]\nselct = ["LKR"]\n')
    with pytest.raises(ExecutionError, match="unknown key; did you mean select"):
        Fresh.parse_options(argparse.Namespace(select=["LKR"], extend_select=None, filenames=[str(tmp_path)]))


def test_stub_files_are_silent(tmp_path: Path) -> None:
    (tmp_path / "leaky.pyi").write_text(LEAK)
    assert flake8(tmp_path, "--isolated", "--select=LKR", "leaky.pyi").stdout == ""


def test_the_plugin_loads_neither_libcst_nor_rich_nor_click() -> None:
    code = (
        "import ast, sys; from leaklint.plugin import Plugin\n"
        f"text = {LEAK!r}\n"
        "found = [*Plugin(ast.parse(text), 'leaky.py', text.splitlines(True)).run()]\n"
        "print(len(found), sorted({'libcst', 'rich', 'click'} & {*sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "1 []\n"
