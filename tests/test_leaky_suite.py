"""A test suite that leaks in every way, against a real server: its warnings before `leaklint fix`, and none after it.

Run as a script, this prints the table that the README shows.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from leaklint.config import Config
from leaklint.engine import Project
from leaklint.mending import mend_file

ROOT = Path(__file__).parent.parent
SUITE = ROOT / "fixtures" / "projects" / "leaky_suite"
KINDS = ("socket", "transport", "event loop", "client session", "connector", "file")
WARNING = re.compile(rf"ResourceWarning: [Uu]nclosed <?({'|'.join(KINDS)})")
COUNT = re.compile(r"^(\d+) passed in ", re.MULTILINE)
COUNTED_ON = (3, 11)  # other versions warn more or less often of the same leaks
Warnings = Counter[str]


def run(folder: Path) -> tuple[int, Warnings]:
    """Run the suite; give how many tests passed, and its resource warnings by kind."""
    options = ["-q", "-s", "-p", "no:warnings", "-p", "no:cacheprovider", "--rootdir=.", "-o", "pythonpath=."]
    command = [sys.executable, "-X", "dev", "-W", "always::ResourceWarning", "-m", "pytest", *options, "tests"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    text = done.stdout + done.stderr
    passed = COUNT.search(text)
    assert passed is not None, text
    return int(passed[1]), Counter(WARNING.findall(text))


def fixed(folder: Path, unsafe: bool) -> list[str]:
    """Fix the suite; give what findings are left."""
    project = Project(Config(folder))
    left = []
    for path in sorted(folder.rglob("*.py")):
        mended = mend_file(str(path), project, unsafe=unsafe, is_writing=True)
        assert mended.error is None
        left += [f"{path.name} {finding.code}" for finding, _ in mended.left]
    return left


def table(before: Warnings, after: Warnings) -> str:
    """Give the warnings as the README has them."""
    rows = [f"| {kind} | {before[kind]} | {after[kind]} |" for kind in KINDS]
    return "\n".join(["| unclosed | before | after |", "|---|---:|---:|", *rows])


def test_no_warning_is_left_after_the_fixes(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    shutil.copytree(SUITE, folder)
    passed, before = run(folder)
    assert set(before) == set(KINDS)
    assert fixed(folder, unsafe=False) == ["test_collected.py LKR310"]
    assert fixed(folder, unsafe=True) == []
    assert run(folder) == (passed, Counter())
    if sys.version_info[:2] == COUNTED_ON:
        assert table(before, Counter()) in (ROOT / "README.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "suite"
        shutil.copytree(SUITE, copy)
        _, found = run(copy)
        fixed(copy, unsafe=True)
        print(table(found, run(copy)[1]))
