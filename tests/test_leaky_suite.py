"""A test suite that leaks in every way, against a real server: its warnings before `leaklint fix`, and none after it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from leaklint.config import Config
from leaklint.engine import Project
from leaklint.mending import mend_file

SUITE = Path(__file__).parent.parent / "fixtures" / "projects" / "leaky_suite"
WARNING = re.compile(r"ResourceWarning: ([Uu]nclosed (?:<?socket|transport|event loop|client session|connector|file))")
COUNT = re.compile(r"^(\d+) passed in ", re.MULTILINE)


def run(folder: Path) -> tuple[int, set[str]]:
    """Run the suite; give how many tests passed, and the kinds of its resource warnings."""
    options = ["-q", "-s", "-p", "no:warnings", "-p", "no:cacheprovider", "--rootdir=.", "-o", "pythonpath=."]
    command = [sys.executable, "-X", "dev", "-W", "always::ResourceWarning", "-m", "pytest", *options, "tests"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    text = done.stdout + done.stderr
    passed = COUNT.search(text)
    assert passed is not None, text
    return int(passed[1]), {found.replace("<", "").lower() for found in WARNING.findall(text)}


def test_no_warning_is_left_after_the_fixes(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    shutil.copytree(SUITE, folder)
    passed, warnings = run(folder)
    assert warnings == {
        "unclosed socket",
        "unclosed transport",
        "unclosed event loop",
        "unclosed client session",
        "unclosed connector",
        "unclosed file",
    }
    project = Project(Config(folder))
    for path in sorted(folder.rglob("*.py")):
        mended = mend_file(str(path), project, unsafe=False, is_writing=True)
        assert (mended.error, mended.left) == (None, ())
    assert run(folder) == (passed, set())
