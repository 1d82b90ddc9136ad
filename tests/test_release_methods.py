"""`release-methods`: what a project calls its release methods, known to the owner rules and to every front end."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaklint.config import load_config
from leaklint.engine import Project, lint
from leaklint.fixing import fix_source
from leaklint.model.source import parse, read

OWNERS = """\
class Line:
    def __init__(self, path):
        self.file = open(path)

    def hang_up(self):
        self.file.close()


class Pair:
    def __init__(self, path):
        self.file = open(path)
        self.other = open(path)

    def hang_up(self):
        self.file.close()


class Loud(Line):
    def hang_up(self):
        print("bye")
"""
USER = """\
from app.lines import Line


def main():
    line = Line("x")
    print(line)
"""
WITHOUT = ["lines.py:12 LKR401"]  # what some method closes may be closed by whoever calls it
WITH = ["lines.py:12 LKR402", "lines.py:19 LKR404", "main.py:5 LKR101"]


def project(folder: Path, key: str) -> Path:
    """Write a project with this line of configuration."""
    (folder / "app").mkdir()
    (folder / "pyproject.toml").write_text(f"[tool.leaklint]\n{key}\n", encoding="utf-8")
    (folder / "app" / "__init__.py").touch()
    (folder / "app" / "lines.py").write_text(OWNERS, encoding="utf-8")
    (folder / "app" / "main.py").write_text(USER, encoding="utf-8")
    return folder


def found(folder: Path) -> list[str]:
    """Lint the files of a project, each of them alone."""
    findings = []
    for path in sorted((folder / "app").glob("*.py")):
        engine = Project(load_config(path))
        findings += [f"{path.name}:{one.span.line} {one.code}" for one in lint(read(path), engine) if one.code < "LKR9"]
    return findings


@pytest.mark.parametrize(("key", "expected"), [("", WITHOUT), ('release-methods = ["hang_up"]', WITH)])
def test_the_owner_rules_know_the_names(tmp_path: Path, key: str, expected: list[str]) -> None:
    assert found(project(tmp_path, key)) == expected


@pytest.mark.parametrize("command", [["leaklint", "check"], ["flake8", "--select=LKR"]], ids=["leaklint", "flake8"])
@pytest.mark.parametrize(("key", "expected"), [("", WITHOUT), ('release-methods = ["hang_up"]', WITH)])
def test_every_front_end_reads_them(tmp_path: Path, command: list[str], key: str, expected: list[str]) -> None:
    folder = project(tmp_path, key)
    done = subprocess.run([sys.executable, "-m", *command, "app"], cwd=folder, capture_output=True, text=True, check=False)
    lines = [line.split(":") for line in done.stdout.splitlines() if ": LKR" in line]
    shown = sorted((Path(name).name, int(line), rest.split()[0]) for name, line, _, rest, *_ in lines)
    assert [f"{name}:{line} {code}" for name, line, code in shown] == expected


def test_a_fix_uses_them(tmp_path: Path) -> None:
    folder = project(tmp_path, 'release-methods = ["hang_up"]')
    engine = Project(load_config(folder))
    source = parse(str(folder / "app" / "lines.py"), OWNERS)
    text = fix_source(source, engine, lambda *_: True, unsafe=True).text
    assert "        finally:\n            self.other.close()\n" in text
    assert "        super().hang_up()\n" in text
