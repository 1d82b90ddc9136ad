"""The files of entries that installed libraries ship themselves, named by the entry-point group `leaklint.catalogue`.

    [project.entry-points."leaklint.catalogue"]
    mylib = "mylib:leaklint.toml"

says that mylib/leaklint.toml describes the top-level module mylib. Nothing is imported for it, and importlib.metadata is
not used: importing that costs as much as the linting of a file. It knows where files are, not what they say.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

GROUP = "leaklint.catalogue"


@cache
def files() -> Mapping[str, Path]:
    """Give the files by the top-level module that they describe; the first on sys.path wins."""
    found: dict[str, Path] = {}
    for folder in sys.path:
        for text in _announcements(folder or os.curdir):
            for module, value in _entries(text):
                path = _place(folder, value)
                if path is not None:
                    found.setdefault(module, path)
    return found


def _announcements(folder: str) -> Iterator[str]:
    """Give the entry_points.txt of the distributions in a folder in which the group is named."""
    try:
        names = [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # no folder: an archive, or nothing
        return
    for name in names:
        try:
            with open(os.path.join(folder, name, "entry_points.txt"), "rb", buffering=0) as file:
                data = file.read()
        except OSError:  # most have none
            continue
        if GROUP.encode() in data:
            yield data.decode("utf-8", "replace")


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Give name and value of the entries of the group."""
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[] \t")
        elif section == GROUP and "=" in line:
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _place(folder: str, value: str) -> Path | None:
    """Give the file that `package:name.toml` means: beside the distribution, or where the package is developed."""
    package, _, name = value.partition(":")
    top, *rest = package.split(".")
    for parent in (os.path.join(folder, top), *_developed(top)):
        path = Path(parent, *rest, name)
        if name and path.is_file():
            return path
    return None


def _developed(top: str) -> Iterator[str]:
    from importlib.util import find_spec  # only here: hardly anybody gets this far

    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return
    yield from (spec.submodule_search_locations or ()) if spec is not None else ()
