"""The catalogue against the installed libraries, and what `leaklint catalogue verify` says where they disagree."""

import json
import platform
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.catalogue import CatalogueError, library
from leaklint.catalogue.heading import read_heading
from leaklint.catalogue.library import DATA
from leaklint.catalogue.verify import disagreements, subject_of
from leaklint.commands.catalogue import show_list, verify

Run = Callable[[str], subprocess.CompletedProcess[str]]

MODULE = """\
class Channel:
    def __init__(self, host, port=80): ...
    async def close(self): ...
    def hang_up(self): ...
    def __exit__(self, *details): ...
    def __enter__(self): ...

class Line:
    def hang_up(self): ...

def dial(number): ...
async def call(number): ...
"""

RIGHT = """\
library = "spam-lib"

[[resource]]
name = "spam.Channel"
release = ["hang_up"]
release-async = ["close"]
with = "releases"
parameters = ["host", "port"]

[[resource]]
name = "spam.Line"
release = ["hang_up", "cut"]
method-since = { cut = "2.5" }

[[resource]]
name = "spam.Fibre"
release = ["hang_up"]
since = "3.0"

[[summary]]
name = "spam.dial"
parameters = ["number"]
acquires = "spam.Channel"

[[summary]]
name = "spam.call"
parameters = ["number"]
acquires = "spam.Channel"
coroutine = true
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `leaklint catalogue verify` where spam-lib 2.4 is installed."""
    (tmp_path / "spam.py").write_text(MODULE, encoding="utf-8")
    facts = tmp_path / "spam_lib-2.4.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: spam-lib\nVersion: 2.4\n", encoding="utf-8")

    def run_on(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "spam.toml").write_text(text, encoding="utf-8")
        code = "import sys; sys.path.insert(0, '.'); from leaklint.cli import main; main(prog_name='leaklint')"
        command = [sys.executable, "-c", code, "catalogue", "verify", "./spam.toml"]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    return run_on


@pytest.mark.parametrize("path", library.paths(), ids=lambda path: path.stem)
def test_the_catalogue_agrees_with_what_is_installed(path: Path) -> None:
    subject = subject_of(path)
    if subject is None:
        pytest.skip(f"{path.stem} is not installed")
    assert list(disagreements(subject)) == []


@pytest.mark.parametrize("path", library.paths(), ids=lambda path: path.stem)
def test_what_is_unseen_stands_in_the_file(path: Path) -> None:
    entries = library.read(path)
    known = {*entries.resources, *entries.summaries, *entries.aliases}
    for key in read_heading(path).unseen:
        name = key.rpartition(" ")[2]
        assert name in known or name.rpartition(".")[0] in known, key


def test_every_library_is_installed_in_one_group() -> None:
    text = (Path(__file__).parents[1] / ".ci" / "catalogue-groups.toml").read_text(encoding="utf-8")
    groups: dict[str, list[str]] = tomllib.loads(text)
    modules = [module for group in groups.values() for module in group]
    assert sorted(modules) == sorted(path.stem for path in DATA.glob("*.toml"))


def test_eighty_libraries_are_verified() -> None:
    headings = [read_heading(path) for path in DATA.glob("*.toml")]
    verified = [one.library for one in headings if one.version is not None and one.date is not None]
    assert len(headings) >= 100
    assert len(verified) >= 80


def test_what_agrees_is_silent(run: Run) -> None:
    result = run(RIGHT)
    assert (result.returncode, result.stdout) == (0, "1 library verified, 0 in disagreement, 0 not installed\n")


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("spam.Line", "spam.Wire", "spam.Wire: no such name (spam.Wire: module 'spam' has no attribute 'Wire')"),
        ('"hang_up", "cut"', '"hang_up", "end"', "spam.Line.end: no such method"),
        ('release = ["hang_up"]\nrelease-async = ["close"]', 'release = ["close"]', "spam.Channel.close: a coroutine, though"),
        ('release-async = ["close"]', 'release-async = ["hang_up"]', "spam.Channel.hang_up: no coroutine, though"),
        ('with = "releases"\n', "", "spam.Channel: it has __enter__, though the entry knows no with"),
        ('with = "releases"', 'async-with = "releases"', "spam.Channel: it has no __aenter__, though the entry says"),
        ('["host", "port"]', '["host", "door"]', "spam.Channel: parameters are host, port, not host, door"),
        ('["number"]', '["number"]\ntakes = ["line"]', "spam.dial: no parameter line"),
        ("coroutine = true\n", "", "spam.call: a coroutine, though the entry says otherwise"),
        ('cut = "2.5"', 'cut = "2.4"', "spam.Line.cut: no such method"),
        ('"spam.Line"', '"spam.Line"\naliases = ["spam.Channel"]', "spam.Channel: not the same as spam.Line"),
        ('since = "3.0"', 'since = "2.4"', "spam.Fibre: no such name"),
    ],
)
def test_what_disagrees_is_said(run: Run, right: str, wrong: str, line: str) -> None:
    result = run(RIGHT.replace(right, wrong, 1))
    assert result.returncode == 1, result.stdout
    assert f"spam-lib 2.4: {line}" in result.stdout


def test_what_introspection_cannot_show_is_believed(run: Run) -> None:
    wrong = RIGHT.replace('release-async = ["close"]', 'release-async = ["hang_up"]')
    assert run(wrong + '[unseen]\n"await spam.Channel.hang_up" = "it returns an awaitable"\n').returncode == 0
    wrong = RIGHT.replace('"hang_up", "cut"', '"hang_up", "end"')
    assert run(wrong + '[unseen]\n"spam.Line.end" = "an instance has it"\n').returncode == 0


def test_verify_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(["sqlite3"], "json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found == {"library": "sqlite3", "module": "sqlite3", "version": platform.python_version(), "disagreements": []}


def test_what_is_not_installed_cannot_be_verified(run: Run) -> None:
    result = run(RIGHT.replace("spam-lib", "eggs-lib"))
    assert (result.returncode, result.stderr) == (2, "leaklint: not installed: eggs-lib\n")


def test_an_unknown_library_is_named() -> None:
    command = [sys.executable, "-m", "leaklint", "catalogue", "verify", "nowhere"]
    result = subprocess.run(command, capture_output=True, text=True)
    expected = "leaklint: no library nowhere in the catalogue; `leaklint catalogue list` shows them all\n"
    assert (result.returncode, result.stderr) == (2, expected)


def test_a_hundred_libraries_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_list() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 166
    assert any(line.startswith("redis ") and "redis.Redis, " in line for line in lines)
    assert any(line.startswith("lxml ") and "no release: lxml.etree._ElementTree" in line for line in lines)
    assert show_list("json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"library": "redis", "module": "redis", "packages": ["redis"]}.items() <= by_module(listed, "redis").items()
    assert by_module(listed, "lxml")["silent"] == {"lxml.etree._ElementTree": "parse() reads its file at once"}


def by_module(listed: list[dict[str, object]], module: str) -> dict[str, object]:
    return next(one for one in listed if one["module"] == module)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("verified = 1", 'verified: expected a table such as { version = "2.4", date = "2026-11-23" }, got 1'),
        ("verified = { day = 1 }", "verified: day: unknown key; expected one of date, version"),
        ('verified = { date = "May" }', 'verified: date: expected a date such as 2026-11-23, got "May"'),
        ("packages = 1", "packages: expected a list of strings, got 1"),
    ],
)
def test_a_wrong_head_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "spam.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_heading(path)
    assert str(caught.value) == f"spam.toml: {message}"
