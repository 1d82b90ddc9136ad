"""Suites that leak, run by pytest with the plugin: each leak is reported once, with the test and the line that made it."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from leaklint.model.leak import Leak
from leaklint.runtime.leaks_file import read

PROJECTS = Path(__file__).parent.parent / "fixtures" / "projects"
MARK = re.compile(r"# leak: (.+?) by (.+)$")
Line = tuple[str, str, int, str]  # category, path, line, name of the test


def run(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the suite of a folder, apart from the plugins that happen to be installed."""
    plugins = [
        "-p",
        "leaklint.runtime.plugin",
        "-p",
        "pytest_asyncio.plugin",
        "-p",
        "anyio.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir=.", "-o", "pythonpath=.", *plugins, *options]
    source = str(Path(__file__).parent.parent / "src")
    given = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": source, "PATH": "", **variables}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=120, check=False)


def leaks(folder: Path, *options: str, **variables: str) -> tuple[Leak, ...]:
    """Run a suite that passes, and give what it leaks."""
    done = run(folder, "--leaklint-report=leaks.json", *options, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return read(folder / "leaks.json").leaks


def marked(folder: Path) -> Counter[Line]:
    """Give the marks of a suite."""
    found: Counter[Line] = Counter()
    for path in folder.rglob("*.py"):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if mark := MARK.search(line):
                name = path.relative_to(folder).as_posix()
                found.update((mark[1], name, number, test) for test in mark[2].split(", "))
    return found


def reported(found: tuple[Leak, ...]) -> Counter[Line]:
    """Give leaks as their marks would be."""
    lines = [(one.category, *place(one), name(one)) for one in found if not one.is_intended]
    return Counter(lines)


def place(leak: Leak) -> tuple[str, int]:
    assert leak.frame is not None
    return leak.frame.path, leak.frame.line


def name(leak: Leak) -> str:
    assert leak.test is not None
    return leak.test.partition("::")[2]


@pytest.fixture
def scattered(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECTS / "scattered_suite", tmp_path / "suite"))


@pytest.mark.parametrize("action", ["ignore", "always"])  # warnings that are shown keep what they are about
@pytest.mark.parametrize(("seed", "gc"), [("1", "on"), ("2", "off"), ("3", "on"), ("4", "off")])
def test_leaks_are_attributed_in_any_order_with_and_without_the_collector(
    scattered: Path, seed: str, gc: str, action: str
) -> None:
    found = leaks(scattered, f"-W{action}::ResourceWarning", SEED=seed, GC=gc)
    assert reported(found) == marked(scattered)
    assert sum(one.is_intended for one in found) == 2


def test_the_leaky_suite_leaks_what_was_planted(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PROJECTS / "leaky_suite", tmp_path / "suite"))
    found = leaks(folder)
    own = [one for one in found if one.frames]  # ollama makes a client when it is imported
    assert Counter(one.category for one in own) == {
        "http client": 14,
        "socket": 5,
        "client session": 3,
        "event loop": 3,
        "file": 1,
        "transport": 1,
        "sqlite connection": 1,
        "temporary directory": 1,
    }


def test_workers_leaks_are_merged(scattered: Path) -> None:
    pytest.importorskip("xdist")
    found = leaks(scattered, "-p", "xdist.plugin", "-n2", SEED="1")
    assert reported(found) == marked(scattered)
    assert {one.worker for one in found} == {"gw0", "gw1"}


WAITS = """
import socket, sqlite3, pytest

def test_dropped():
    one = socket.socket()
    assert one.fileno() != -1

def test_waited_for():
    one = socket.socket()
    with pytest.warns(ResourceWarning):
        del one

def test_both():
    with pytest.warns(ResourceWarning) as caught:
        socket.socket()
        open(__file__)
    assert {one.filename for one in caught} == {__file__}
    assert [one.lineno for one in caught] == [15, 16]
"""


@pytest.mark.parametrize("action", ["ignore", "default", "always", "error"])
def test_warnings_change_nothing_and_are_not_changed(tmp_path: Path, action: str) -> None:
    (tmp_path / "test_waits.py").write_text(WAITS)
    options = (f"-W{action}::ResourceWarning", "-Wignore::pytest.PytestUnraisableExceptionWarning")
    found = leaks(tmp_path, *options)
    assert [(name(one), one.state, one.is_intended) for one in found] == [
        ("test_dropped", "collected", False),
        ("test_waited_for", "collected", True),
        ("test_both", "collected", True),
        ("test_both", "collected", True),
    ]


LOADED = """
import sys

def test_loaded():
    print("loaded:", *sorted(one for one in sys.modules if one.startswith("leaklint")))
"""


@pytest.mark.parametrize("option", ["-q", "--leaklint"])
def test_the_linter_is_not_loaded(tmp_path: Path, option: str) -> None:
    (tmp_path / "test_loaded.py").write_text(LOADED)
    done = run(tmp_path, "-s", option)
    loaded = re.search(r"loaded: (.+)", done.stdout)
    assert loaded is not None, done.stdout
    names = loaded[1].split()
    if option == "-q":
        assert names == ["leaklint", "leaklint.runtime", "leaklint.runtime.plugin"]
    else:
        assert {one.split(".")[1] for one in names if "." in one} == {"runtime", "model"}


FAITHFUL = """
import builtins, concurrent.futures, inspect, io, pickle, socket, sqlite3, tempfile

def test_types(tmp_path):
    with open(__file__) as text, open(__file__, "rb") as binary, open(__file__, "rb", 0) as raw:
        assert (type(text), type(binary)) == (io.TextIOWrapper, io.BufferedReader)
        assert type(binary.raw) in (io.FileIO, *io.FileIO.__mro__) and isinstance(binary.raw, io.FileIO)
        assert isinstance(raw, io.FileIO) and isinstance(raw, io.RawIOBase) and not isinstance(io.BytesIO(), io.FileIO)
        assert repr(raw).startswith("<_io.FileIO name=")
    assert builtins.open is io.open and open.__name__ == "open"
    connection = sqlite3.connect(":memory:")
    assert isinstance(connection, sqlite3.Connection) and repr(type(connection)) == "<class 'sqlite3.Connection'>"
    connection.close()

def test_signatures():
    assert list(inspect.signature(socket.socket).parameters) == ["family", "type", "proto", "fileno"]
    assert pickle.loads(pickle.dumps(socket.socket)) is socket.socket

def test_subclasses():
    class Mine(socket.socket):
        def __init__(self, name):
            super().__init__()
            self.name = name
    class Raw(io.FileIO):
        pass
    class Database(sqlite3.Connection):
        pass
    with Mine("a") as one, Raw(__file__) as raw:
        assert one.name == "a" and issubclass(Raw, io.RawIOBase)
    database = sqlite3.connect(":memory:", factory=Database)
    assert type(database) is Database
    database.close()

def test_errors(tmp_path):
    wrong = (((tmp_path / "none",), FileNotFoundError), ((__file__, 3), TypeError), ((__file__, "q"), ValueError))
    for arguments, kind in wrong:
        try:
            open(*arguments)
        except kind:
            pass
        else:
            raise AssertionError(arguments)
"""


@pytest.mark.parametrize("option", ["-q", "--leaklint-fail=any"])
def test_tests_see_what_they_always_see(tmp_path: Path, option: str) -> None:
    (tmp_path / "test_faithful.py").write_text(FAITHFUL)
    done = run(tmp_path, option)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("own", "option", "status"),
    [
        ("socket.socket()", "", 0),
        ("socket.socket()", "--leaklint-fail=own", 1),
        ("socket.socket()", "--leaklint-fail=any", 1),
        ("socket.socket().close()", "--leaklint-fail=any", 0),
    ],
)
def test_the_exit_status_is_as_asked(tmp_path: Path, own: str, option: str, status: int) -> None:
    (tmp_path / "test_leaks.py").write_text(f"import socket\n\n\ndef test_own():\n    {own}\n")
    done = run(tmp_path, "--leaklint", *([option] if option else []))
    assert done.returncode == status, done.stdout


def test_configuration_turns_it_on(tmp_path: Path) -> None:
    (tmp_path / "test_leaks.py").write_text("import socket\n\n\ndef test_own():\n    one = socket.socket()\n    one.fileno()\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nleaklint = true\n")
    done = run(tmp_path)
    assert "1 leak from 1 test\n" in done.stdout
    assert "test_leaks.py:5 LKR101 1 leak from 1 test: fixable with leaklint fix\n" in done.stdout
    assert "      1  low     test_leaks.py::test_own\n" in done.stdout


OWNERS = """
[[tool.leaklint.resource]]
name = "app.links.Link"
release = ["hang_up"]
with = "releases"

[[tool.leaklint.resource]]
name = "app.links.AsyncLink"
release-async = ["hang_up"]
"""
LINKS = """
import socket

class Link:
    def __init__(self):
        self.ends = socket.socketpair()

    def hang_up(self):
        for end in self.ends:
            end.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for end in self.ends:
            end.close()

class AsyncLink(Link):
    async def hang_up(self):
        super().hang_up()
"""
CALLS = """
import asyncio
import inspect

from app.links import AsyncLink, Link

def test_dropped():
    assert Link().ends

def test_released():
    Link().hang_up()
    with Link() as link:
        assert link.ends

def test_awaited():
    assert inspect.iscoroutinefunction(AsyncLink.hang_up)
    asyncio.run(AsyncLink().hang_up())

def test_not_awaited():
    AsyncLink().hang_up().close()
"""


def test_owners_of_the_configuration_are_watched(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    (tmp_path / "app" / "links.py").write_text(LINKS)
    (tmp_path / "pyproject.toml").write_text(OWNERS)
    (tmp_path / "test_calls.py").write_text(CALLS)
    found = leaks(tmp_path)
    assert [(one.category, one.type, name(one), one.parts) for one in found] == [
        ("owner", "app.links.Link", "test_dropped", ("socket", "socket")),
        ("owner", "app.links.AsyncLink", "test_not_awaited", ("socket", "socket")),
    ]


def test_a_baseline_that_is_not_there_is_told_though_nothing_leaks(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    (tmp_path / "pyproject.toml").write_text('[tool.leaklint]\nbaseline = "known.json"\n')
    done = run(tmp_path, "--leaklint-fail=new")
    assert done.returncode == 4
    assert "leaklint: known.json: no such baseline; `leaklint check --write-baseline` writes it\n" in done.stdout


def test_what_the_baseline_knows_is_silent(tmp_path: Path) -> None:
    suite = tmp_path / "test_leaks.py"
    suite.write_text("import socket\n\n\ndef test_old():\n    one = socket.socket()\n    one.fileno()\n")
    (tmp_path / "pyproject.toml").write_text('[tool.leaklint]\nbaseline = "known.json"\n')
    missing = run(tmp_path, "--leaklint-fail=new")
    assert missing.returncode == 4
    assert "leaklint: known.json: no such baseline; `leaklint check --write-baseline` writes it\n" in missing.stdout
    environment = {"PYTHONPATH": str(PROJECTS.parent.parent / "src")}
    subprocess.run([sys.executable, "-m", "leaklint", "check", "--write-baseline"], cwd=tmp_path, env=environment, check=True)
    old = run(tmp_path, "--leaklint-fail=new")
    assert old.returncode == 0
    assert "0 leaks from 0 tests; 1 more that the baseline knows\n" in old.stdout
    suite.write_text(suite.read_text() + "\n\ndef test_new():\n    assert open(__file__).read()\n")
    new = run(tmp_path, "--leaklint-fail=new")
    assert new.returncode == 1
    assert "1 leak from 1 test; 1 more that the baseline knows\n" in new.stdout
    assert "test_leaks.py:10 LKR104 1 leak from 1 test: fixable with leaklint fix\n" in new.stdout
