"""Entries of one's own: in files that pyproject.toml names, and in those that installed libraries ship."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaklint.catalogue import contributed, library
from leaklint.commands.catalogue import show_list
from leaklint.config import Config, ConfigError, load_config
from leaklint.engine import Project, lint
from leaklint.model.source import parse

ENTRIES = '[[resource]]\nname = "spam.Channel"\nrelease = ["hang_up"]\n'
LEAK = "import spam\n\n\ndef use():\n    channel = spam.Channel()\n    print('used')\n"


def codes(folder: Path) -> list[str]:
    config = load_config(folder)
    return [found.code for found in lint(parse(str(folder / "use.py"), LEAK), Project(config))]


def configure(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.leaklint]\n{text}\n", encoding="utf-8")


# --- files that pyproject.toml names ---------------------------------------------------------------------------------


def test_a_file_of_entries_is_read(tmp_path: Path) -> None:
    (tmp_path / "entries.toml").write_text(ENTRIES, encoding="utf-8")
    configure(tmp_path, 'catalogue = ["entries.toml"]')
    assert codes(tmp_path) == ["LKR101"]


def test_tables_win_over_files_and_later_files_over_earlier(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(ENTRIES.replace("hang_up", "end"), encoding="utf-8")
    (tmp_path / "second.toml").write_text(ENTRIES, encoding="utf-8")
    configure(tmp_path, 'catalogue = ["first.toml", "second.toml"]')
    channel = Project(load_config(tmp_path)).catalogue.resource("spam.Channel")
    assert channel is not None
    assert channel.releases == {"hang_up"}
    below = tmp_path / "below"
    below.mkdir()
    configure(below, 'catalogue = ["../first.toml"]\n[[tool.leaklint.resource]]\nname = "spam.Channel"\nsilent = "ours"')
    assert codes(below) == []


def test_files_may_rest_on_each_other(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text('[[resource]]\nname = "eggs.Nest"\nextends = ["spam.Channel"]\n', encoding="utf-8")
    (tmp_path / "second.toml").write_text(ENTRIES, encoding="utf-8")
    configure(tmp_path, 'catalogue = ["first.toml", "second.toml"]')
    nest = Project(load_config(tmp_path)).catalogue.resource("eggs.Nest")
    assert nest is not None
    assert nest.releases == {"hang_up"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "pyproject.toml: tool.leaklint.catalogue: expected files of entries, and there is no entries.toml"),
        ("[[resourse]]", "entries.toml: resourse: unknown key; did you mean resource?"),
        (
            '[[resource]]\nname = "a.B"\nrelease = 1',
            'entries.toml: [[resource]] "a.B": release: expected a list of strings, got 1',
        ),
        ("resource = ", "entries.toml: Invalid value (at "),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, 'catalogue = ["entries.toml"]')
    if text is not None:
        (tmp_path / "entries.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value).startswith(message)


# --- files that installed libraries ship ------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed libraries, one of which ships entries: the file is spam/leaklint.toml."""
    folder = tmp_path / "installed"
    (folder / "spam").mkdir(parents=True)
    (folder / "spam" / "__init__.py").touch()
    announced = folder / "spam_lib-1.0.dist-info"
    announced.mkdir()
    text = "[console_scripts]\nspam = spam:main\n\n[leaklint.catalogue]\nspam = spam:leaklint.toml\n\n[other]\nx = spam:y\n"
    (announced / "entry_points.txt").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    forget()
    yield folder
    forget()


def forget() -> None:
    """Ask anew what is installed."""
    contributed.files.cache_clear()
    for known in (library.shipped, library.words, library.references, library.loop_words, library.async_releases):
        known.cache_clear()


def test_what_a_library_ships_is_read(installed: Path) -> None:
    (installed / "spam" / "leaklint.toml").write_text(ENTRIES, encoding="utf-8")
    assert codes(installed.parent) == ["LKR101"]
    assert contributed.files() == {"spam": installed / "spam" / "leaklint.toml"}


def test_what_a_library_ships_is_listed(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (installed / "spam" / "leaklint.toml").write_text(ENTRIES, encoding="utf-8")
    assert show_list() == 0
    assert "\nspam " in capsys.readouterr().out


@pytest.mark.parametrize("text", ["resource = ", "[[resource]]\n", ENTRIES + 'extends = ["spam.Nothing"]\n'])
def test_what_a_library_ships_wrongly_counts_as_nothing_and_is_named_by_list(
    installed: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (installed / "spam" / "leaklint.toml").write_text(text, encoding="utf-8")
    assert codes(installed.parent) == []
    assert show_list() == 2
    assert f"leaklint: {installed / 'spam'}{os.sep}leaklint.toml: " in capsys.readouterr().err


def test_an_entry_point_without_a_file_is_nothing(installed: Path) -> None:
    assert codes(installed.parent) == []
    assert not contributed.files()


# --- what it costs --------------------------------------------------------------------------------------------------


def asked_for(text: str) -> tuple[set[str], bool]:
    """Lint a text in a process of its own: give the files of the catalogue that it reads, and whether it looks for others."""
    code = (
        "import sys\n"
        "read = []\n"
        "sys.addaudithook(lambda event, args: read.append(str(args[0])) if event == 'open' else None)\n"
        "from pathlib import Path\n"
        "from leaklint.config import Config\n"
        "from leaklint.engine import Project, lint\n"
        "from leaklint.model.source import parse\n"
        "lint(parse('use.py', sys.argv[1]), Project(Config(Path())))\n"
        "print(*(path for path in read if path.endswith(('.toml', 'entry_points.txt'))), sep='\\n')\n"
    )
    result = subprocess.run([sys.executable, "-c", code, text], capture_output=True, text=True, check=True)
    paths = [Path(line) for line in result.stdout.splitlines()]
    return {path.stem for path in paths if path.suffix == ".toml"}, any(path.suffix == ".txt" for path in paths)


def test_only_the_files_of_imported_libraries_are_read() -> None:
    third_party = {path.stem for path in library.DATA.glob("*.toml")}
    files, is_looking = asked_for("import os, socket\n\n\ndef use():\n    s = socket.socket()\n    print('used')\n")
    assert (files & third_party, is_looking) == (set(), False)
    assert {"builtins", "os", "socket"} <= files
    assert len(files) < 20
    files, is_looking = asked_for("import redis\n\n\ndef use():\n    r = redis.Redis()\n    print('used')\n")
    assert (files & third_party, is_looking) == ({"redis"}, False)


def test_what_others_ship_is_looked_for_only_where_a_library_is_unknown() -> None:
    assert asked_for("import re, json\nprint(re, json)\n")[1] is False
    assert asked_for("import nowhere_known\nprint(nowhere_known)\n")[1] is True


def test_a_catalogue_without_own_entries_is_the_shipped_one() -> None:
    assert Project(Config(Path())).catalogue.resource("spam.Channel") is None
