"""Owners of a project that the catalogue names: of its own tables in pyproject.toml, and of the shipped file about it.

It reads names and releases alone, without the linter, which checks the rest of these tables.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from leaklint.runtime.kinds import OWNER, Watched

DATA = Path(__file__).parent.parent / "catalogue" / "data"
SOURCES = ("", "src")  # directories of a project that hold its packages
WITH = {"__exit__": "with", "__aexit__": "async-with"}  # keys of the catalogue


def owners(root: Path) -> tuple[Watched, ...]:
    """Give the classes that must be released, as far as they are first-party or the user names them."""
    found = {(one.module, one.name): one for path in _files(root) for one in _read(path)}
    return tuple(found.values())


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        for path in (root / source).glob("*/__init__.py"):
            yield DATA / f"{path.parent.name}.toml"
    yield root / "pyproject.toml"


def _read(path: Path) -> Iterator[Watched]:
    try:
        content: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none; or the linter's to complain about
        return
    if path.name == "pyproject.toml":
        content = _table(_table(_table(content).get("tool")).get("leaklint"))
    for entry in _list(_table(content).get("resource")):
        table = _table(entry)
        name, releases = table.get("name"), (*_texts(table.get("release")), *_texts(table.get("release-async")))
        is_class = not (table.get("silent") or table.get("virtual") or table.get("constructor") is False)
        if isinstance(name, str) and releases and is_class and "opened-by" not in table:
            module, _, cls = name.rpartition(".")
            leaves = tuple(leave for leave in ("__exit__", "__aexit__") if table.get(WITH[leave]) == "releases")
            yield Watched(module, cls, OWNER, (*releases, *leaves))


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> Iterator[str]:
    yield from (one for one in _list(value) if isinstance(one, str))
