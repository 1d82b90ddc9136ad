"""Leaks read from plain logs: what they tell is believed, where garbage was collected is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaklint.triage.filters import Filter
from leaklint.triage.log import cases_in
from leaklint.triage.settings import settings_file, with_filters

PROGRAM = """\
import asyncio
import gc
import socket


def dial():
    return socket.socket()


def main():
    dial()
    asyncio.new_event_loop()


main()
gc.collect()
"""
TESTS = """\
import pytest


def opened(path):
    return open(path)


@pytest.mark.parametrize("n", range(3))
def test_a(n):
    opened(__file__)


def test_b():
    opened(__file__)
"""


def python(folder: Path, *arguments: str) -> str:
    given = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-W", "always::ResourceWarning", *arguments]
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def told(text: str, folder: Path) -> set[tuple[str, str, int, str, bool]]:
    """Give category, path, line, function and whether the maker is known, of each leak."""
    return {
        (
            case.leak.category,
            *((frame.path, frame.line, frame.function) if (frame := case.leak.frame) else ("", 0, "")),
            case.is_traced,
        )
        for case in cases_in(text, folder)
    }


def test_stderr_without_allocations_names_no_maker(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    text = python(tmp_path, "program.py")
    assert told(text, tmp_path) >= {("socket", "", 0, "", False), ("event loop", "", 0, "", False)}


def test_stderr_with_allocations_names_the_makers(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    text = python(tmp_path, "-X", "tracemalloc=20", "program.py")
    assert ("socket", "program.py", 7, "dial", True) in told(text, tmp_path)


def test_a_summary_of_pytest_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TESTS)
    cases = cases_in(python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider"), tmp_path)
    assert [(case.leak.category, case.leak.type, case.leak.frames) for case in cases] == [("file", "io.TextIOWrapper", ())] * 4
    assert {case.leak.test for case in cases} == {None}


def test_where_a_file_is_collected_is_not_taken_for_where_it_was_opened(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TESTS)
    text = python(tmp_path, "-X", "tracemalloc=8", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert told(text, tmp_path) == {
        ("file", "test_a.py", 10, "test_a", False),
        ("file", "test_a.py", 14, "test_b", False),
    }


def test_a_library_that_made_it_is_named(tmp_path: Path) -> None:
    text = """\
/x/y.py:3: ResourceWarning: unclosed <socket.socket fd=3, family=2, type=1, proto=6, laddr=('a', 1), raddr=('b', 6379)>
  x()
Object allocated at (most recent call last):
  File "/venv/lib/python3.11/site-packages/redis/connection.py", lineno 30
    sock = socket.socket()
  File "/usr/lib/python3.11/socket.py", lineno 232
    _socket.socket.__init__(self, family, type, proto, fileno)
/x/y.py:3: ResourceWarning: unclosed transport <_SelectorSocketTransport fd=7>
  x()
Object allocated at (most recent call last):
  File "/usr/lib/python3.11/asyncio/selector_events.py", lineno 10
    x()
"""
    first, second = cases_in(text, tmp_path)
    assert (first.leak.library, first.is_traced, first.leak.frames) == ("redis", True, ())
    assert (second.leak.library, second.is_traced, second.leak.type) == (None, False, "SelectorSocketTransport")


# pytest's configuration

FILTER = Filter(r"odd \d+ <a\.b\b", "", "why")
WARNS = """\
import warnings


def test_a():
    warnings.warn('odd 12 <a.b c>', ResourceWarning)
    warnings.warn('even', ResourceWarning)
"""
SETTINGS = {
    "pytest.ini": (
        "",
        "[pytest]\nfilterwarnings = always\n",
        "[pytest]\nfilterwarnings =\n    always  \n    # more\n\naddopts = -ra\n",
    ),
    "tox.ini": (
        "[tox]\nx = 1\n\n[pytest]\naddopts = -ra\n[other]\na = b\n",
        "[pytest]\nfilterwarnings =\n  always\n[other]\na = b\n",
    ),
    "setup.cfg": ("[tool:pytest]\nfilterwarnings =\n\talways\n\n[flake8]\nmax = 1\n",),
    "pyproject.toml": (
        "",
        "# top\n[project]\nname = 'x'  # why\n",
        "[tool.pytest.ini_options]\nfilterwarnings = 'always'\n",
        "[tool.pytest.ini_options]\nfilterwarnings = ['always']\naddopts = '-ra'\n",
        '[tool.pytest.ini_options]\nfilterwarnings = [\n  "always", # all\n]\n\n[tool.x]\ny = 1\n',
    ),
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SETTINGS.items() for text in texts])
def test_a_filter_works_in_every_configuration_and_the_rest_stays(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(WARNS)
    path = tmp_path / name
    path.write_text(text)
    assert settings_file(tmp_path) == path
    new = with_filters(path, [FILTER])
    path.write_text(new)
    kept = [line for line in text.split("\n") if not line.startswith("filterwarnings")]
    assert all(line in new.split("\n") for line in kept)
    assert with_filters(path, [FILTER]) == new
    shown = python(tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "-o", "log_level=0", "test_a.py")
    assert "ResourceWarning: odd" not in shown and "1 passed" in shown, shown
    assert f"configfile: {name}" in shown


def test_pytest_ini_wins_and_is_made_where_nothing_is(tmp_path: Path) -> None:
    assert settings_file(tmp_path) == tmp_path / "pytest.ini"
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "tox.ini").write_text("[pytest]\n")
    assert settings_file(tmp_path) == tmp_path / "pyproject.toml"
    (tmp_path / "pytest.ini").touch()
    assert settings_file(tmp_path) == tmp_path / "pytest.ini"
