"""Whole projects of fixtures/projects/: their marks are found, whoever asks, in whatever order, one file or all at once."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from leaklint.config import Config
from leaklint.engine import Project, lint
from leaklint.model.source import read

HOME = Path(__file__).parent.parent / "fixtures" / "projects"
PROJECTS = sorted(path for path in HOME.iterdir() if not path.name.endswith("_suite"))  # those are run, by tests of their own
MARK = re.compile(r"# (LKR\d{3})$")
REPORT = re.compile(r"^(?:\./)?([^:]+):(\d+):\d+: (LKR\d{3}) ", re.MULTILINE)
Marks = list[tuple[str, int, str]]  # file, line, code


def files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def marked(root: Path) -> Marks:
    """Give the marks of a project."""
    lines = [(path, number, line) for path in files(root) for number, line in enumerate(path.read_text().split("\n"), 1)]
    found = [(path, number, mark[1]) for path, number, line in lines if (mark := MARK.search(line))]
    return [(path.relative_to(root).as_posix(), number, code) for path, number, code in found]


def found(root: Path, paths: Iterable[Path], project: Project) -> Marks:
    """Lint files one by one, in the order given; advice is left out."""
    findings = [(path, one) for path in paths for one in lint(read(path), project) if one.code < "LKR9"]
    return sorted({(path.relative_to(root).as_posix(), one.span.line, one.code) for path, one in findings})


def reported(root: Path, *command: str) -> Marks:
    """Run a front end in a project's directory."""
    run = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    return sorted({(name, int(line), code) for name, line, code in REPORT.findall(run.stdout)})


@pytest.fixture(params=PROJECTS, ids=lambda path: path.name)
def root(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


def test_marks_are_found_in_any_order(root: Path) -> None:
    everything = files(root)
    assert found(root, everything, Project(Config(root))) == marked(root)
    assert found(root, reversed(everything), Project(Config(root))) == marked(root)


def test_one_file_alone_gives_what_it_gives_among_all(root: Path) -> None:
    alone = [one for path in files(root) for one in found(root, [path], Project(Config(root)))]
    assert alone == marked(root)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_check_finds_the_same_in_several_processes(root: Path, jobs: str) -> None:
    assert reported(root, "leaklint", "check", "--jobs", jobs, ".") == marked(root)


def test_flake8_finds_the_same(root: Path) -> None:
    assert reported(root, "flake8", "--isolated", "--select=LKR", "--jobs=2", ".") == marked(root)


def test_it_does_not_matter_from_where(root: Path) -> None:
    below = [(f"{root.name}/{name}", line, code) for name, line, code in marked(root)]
    assert reported(root.parent, "leaklint", "check", root.name) == below
