"""Which files of a project import a name: the way from a definition to those who use it.

Texts are read for it, never parsed, once for a project and only when a rule asks.
"""

import os
import re
from itertools import islice

from leaklint.analysis.files import python_files, root_of
from leaklint.analysis.prefilter import imports

MOST = 20_000  # files of a project in which users are looked for; beyond, nobody is found


class Users:
    """The imports of every file of the projects asked about."""

    def __init__(self) -> None:
        self._by_root: dict[str, dict[str, list[str]]] = {}
        self._found: dict[tuple[str, str, str, str], list[str]] = {}  # root, name, module and pattern -> files

    def of(self, path: str, name: str, pattern: re.Pattern[str]) -> list[str]:
        """Give the files that may use what a module (an absolute path) defines under a name, its own among them.

        They import the name, or the module, and the pattern is found in their text.
        """
        root = root_of(os.path.dirname(path))
        if root not in self._by_root:
            self._by_root[root] = _importers(root)
        module = os.path.basename(os.path.dirname(path) if path.endswith("__init__.py") else path).removesuffix(".py")
        key = (root, name, module, pattern.pattern)
        if key not in self._found:
            known = self._by_root[root]
            importing = dict.fromkeys([*known.get(name, ()), *known.get(module, ())])
            self._found[key] = [one for one in importing if pattern.search(_text(one)) is not None]
        return [path, *(one for one in self._found[key] if one != path)]


def _importers(root: str) -> dict[str, list[str]]:
    """Give the files that import a name, by its last segment."""
    found: dict[str, list[str]] = {}
    files = list(islice(python_files(root), MOST + 1))
    for path in files if len(files) <= MOST else ():
        for one in {part.rpartition(".")[2] for base, name, _ in imports(_text(path)) for part in (name, base)}:
            found.setdefault(one, []).append(path)
    return found


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
