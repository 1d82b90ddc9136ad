"""`leaklint catalogue scan`: what it proposes for a package loads, and makes leaks of it findings."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.catalogue import library, load
from leaklint.catalogue.loader import check_names
from leaklint.config import load_config
from leaklint.engine import Project, lint
from leaklint.model.source import parse

Scan = Callable[[str], subprocess.CompletedProcess[str]]

INIT = "from spam._channel import Channel as Channel, Watcher, Wrapper, dial\nfrom .pool import *\n"
CHANNEL = '''\
import asyncio
import socket
import threading


class Channel:
    """Owns a socket."""

    def __init__(self, host, log=None):
        self.host = host
        self.log = log
        self._sock = socket.create_connection((host, 80))

    def hang_up(self): print("not a release that anybody would guess")

    def close(self):
        self._sock.close()

    def __enter__(self): return self

    def __exit__(self, *details):
        self.close()


class Wrapper:
    """Owns what it is given."""

    def __init__(self, file, size):
        self.file = file

    def close(self):
        self.file.close()

    def __enter__(self): return self
    def __exit__(self, *details): self.close()


class Watcher(threading.Thread):
    """No resource."""


class _Private(Channel):
    """Nobody's."""


def dial(number):
    return Channel(number)
'''
POOL = """\
import asyncio
import socketserver

from ._channel import Channel


class Pool:
    async def start(self, host):
        self.reader, self.writer = await asyncio.open_connection(host, 80)

    async def aclose(self):
        self.writer.close()
        await self.writer.wait_closed()

    def channel(self, host):
        return Channel(host)


class Server(socketserver.TCPServer):
    pass
"""


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Scan the package spam, which is installed in a folder of its own."""
    package = tmp_path / "installed" / "spam"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text(INIT, encoding="utf-8")
    (package / "_channel.py").write_text(CHANNEL, encoding="utf-8")
    (package / "pool.py").write_text(POOL, encoding="utf-8")
    (package / "tests" / "__init__.py").write_text(
        "from spam import Channel\n\n\nclass Other(Channel): ...\n", encoding="utf-8"
    )
    (tmp_path / "work").mkdir()

    def run(arguments: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; sys.path.append('../installed'); from leaklint.cli import main; main(prog_name='leaklint')"
        command = [sys.executable, "-c", code, "catalogue", "scan", *arguments.split()]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path / "work")

    return run


def test_what_owns_is_proposed(scan: Scan) -> None:
    result = scan("spam")
    expected = "3 resources and 2 calls proposed, 1 commented out, 0 in the catalogue already\n"
    assert (result.returncode, result.stderr) == (0, expected)
    found = tomllib.loads(result.stdout)
    assert {one["name"]: one for one in found["resource"]} == {
        "spam.Channel": {
            "name": "spam.Channel",
            "aliases": ["spam._channel.Channel"],
            "variable": "channel",
            "release": ["close"],
            "with": "releases",
            "parameters": ["host", "log"],
            "wraps": ["host", "log"],
        },
        "spam.Pool": {
            "name": "spam.Pool",
            "aliases": ["spam.pool.Pool"],
            "variable": "pool",
            "release-async": ["aclose"],
            "loop-bound": "first-use",
            "opened-by": ["start"],
        },
        "spam.Server": {"name": "spam.Server", "aliases": ["spam.pool.Server"], "extends": ["socketserver.TCPServer"]},
    }
    assert found["summary"] == [
        {"name": "spam.Pool.channel", "parameters": ["host"], "acquires": "spam.Channel"},
        {"name": "spam.dial", "aliases": ["spam._channel.dial"], "parameters": ["number"], "acquires": "spam.Channel"},
    ]


def test_what_is_not_seen_to_own_is_commented_out(scan: Scan) -> None:
    hint = scan("spam").stdout.partition("it has a release and a with")[2]
    table = "\n".join(line.removeprefix("# ") for line in hint.splitlines()[1:])
    assert [one["name"] for one in tomllib.loads(table)["resource"]] == ["spam.Wrapper"]


def test_what_is_proposed_loads_and_finds(scan: Scan, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "entries.toml").write_text(scan("spam").stdout, encoding="utf-8")
    (work / "pyproject.toml").write_text('[tool.leaklint]\ncatalogue = ["entries.toml"]\n', encoding="utf-8")
    assert leaks(work) == [5, 6, 8]
    again = scan("spam")
    assert again.stderr.startswith("0 resources and 0 calls proposed")


def test_tables_for_pyproject_load_and_find(scan: Scan, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "pyproject.toml").write_text(scan("spam --pyproject").stdout, encoding="utf-8")
    assert leaks(work) == [5, 6, 8]


def leaks(folder: Path) -> list[int]:
    text = (
        "import spam\n\n\n"
        "def use():\n"
        "    a = spam.Channel('host')\n"
        "    b = spam.dial('host')\n"
        "    print('used')\n"
        "    s = spam.Server(('', 0), None)\n"
        "    with spam.Channel('host') as c:\n"
        "        print('used')\n"
    )
    project = Project(load_config(folder))
    return [one.span.line for one in lint(parse(str(folder / "use.py"), text), project) if one.code != "LKR103"]


def test_a_package_is_named_by_its_path_too(scan: Scan) -> None:
    assert scan("../installed/spam").stdout == scan("spam").stdout
    assert 'name = "spam.Pool"' not in scan("spam._channel").stdout


def test_an_unknown_package_is_named(scan: Scan) -> None:
    result = scan("nowhere")
    message = "leaklint: no Python source of nowhere is found; expected an installed package, or one below src\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", message)


@pytest.mark.parametrize("package", ["kombu", "fsspec", "docker"])
def test_what_is_proposed_for_real_packages_loads(package: str, tmp_path: Path) -> None:
    pytest.importorskip(package)
    command = [sys.executable, "-m", "leaklint", "catalogue", "scan", package]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    (tmp_path / "entries.toml").write_text(result.stdout, encoding="utf-8")
    entries = library.read(tmp_path / "entries.toml")
    assert entries.resources
    check_names(entries, load().joined(entries))
