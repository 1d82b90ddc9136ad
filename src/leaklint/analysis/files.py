"""Which file a dotted name means: imports resolved on disk, from the importing file's own project.

An absolute import is looked for in the configured source directories, then from the importing file's directory upwards
(not inside packages, where Python would not look), at each level also under `src/`, up to the nearest ancestor with a
pyproject.toml, setup.cfg, setup.py or .git.
Installed packages are not first-party: the catalogue describes them.
"""

import os
from collections.abc import Iterator
from functools import cache

MARKERS = ("pyproject.toml", "setup.cfg", "setup.py", ".git")
INSTALLED = frozenset(("site-packages", "dist-packages", os.path.basename(os.path.dirname(os.__file__))))
SKIPPED = frozenset(("__pycache__", "node_modules", "build", "dist"))
LEVELS = 16


def find_module(dotted: str, importer: str, sources: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]] | None:
    """Give the file of the module that a dotted name (relative ones begin with dots) leads to, and the segments left over.

    `importer` is an absolute path, `sources` the configured directories. None where nothing first-party is found.
    """
    return _find(dotted, os.path.dirname(importer), sources)


@cache
def _find(dotted: str, directory: str, sources: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    rest = dotted.lstrip(".")
    level = len(dotted) - len(rest)
    parts = tuple(rest.split(".")) if rest else ()
    if level:
        base = directory
        for _ in range(level - 1):
            base = os.path.dirname(base)
    else:
        configured = (one for one in sources if _holds(one, parts[0]))
        found = next(configured, None) or _root(directory, parts[0])
        if found is None:
            return None
        base = found
    return _walk(base, parts)


@cache
def root_of(directory: str) -> str:
    """Give the root of the project that a directory belongs to.

    That is the nearest ancestor with a marker, else the directory in which its outermost package lies (`src/` left out).
    """
    top = directory
    while _is_file(os.path.join(top, "__init__.py")):
        top = os.path.dirname(top)
    one = top
    for _ in range(LEVELS):
        if os.path.basename(one) in INSTALLED:
            return one
        if any(_exists(os.path.join(one, marker)) for marker in MARKERS):
            return one
        above = os.path.dirname(one)
        if above == one:
            break
        one = above
    return os.path.dirname(top) if os.path.basename(top) == "src" else top


def shown_path(path: str) -> str:
    """Give a path as messages show it: relative to its project's root, with slashes."""
    return os.path.relpath(path, root_of(os.path.dirname(path))).replace(os.sep, "/")


@cache
def module_name(path: str) -> str:
    """Give the dotted name of the module in a file, from the topmost package around it."""
    directory, name = os.path.split(path)
    parts = [] if name == "__init__.py" else [name.removesuffix(".py")]
    while _is_file(os.path.join(directory, "__init__.py")):
        directory, package = os.path.split(directory)
        parts.insert(0, package)
    return ".".join(parts)


def python_files(root: str) -> Iterator[str]:
    """Yield the Python files of a project; hidden directories, environments and what is installed are left out."""
    for directory, folders, names in os.walk(root):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if one[0] != "." and one not in SKIPPED and one not in INSTALLED)
        yield from (os.path.join(directory, name) for name in sorted(names) if name.endswith(".py"))


def conftests(path: str) -> list[str]:
    """Give the conftest.py files that hold for a file, nearest first, up to the root of its project."""
    found, directory = [], os.path.dirname(path)
    for _ in range(LEVELS):
        file = os.path.join(directory, "conftest.py")
        if _is_file(file):
            found.append(file)
        above = os.path.dirname(directory)
        if above == directory or any(_exists(os.path.join(directory, one)) for one in MARKERS):
            break
        directory = above
    return found


def _walk(base: str, parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    path = os.path.join(base, "__init__.py")
    file = path if _is_file(path) else None
    for index, part in enumerate(parts):
        found = _below(base, part)
        if found is None:
            return (file, parts[index:]) if file is not None else None
        base, file = found
        if not base:
            assert file is not None
            return file, parts[index + 1 :]
    return (file, ()) if file is not None else None


@cache
def _below(base: str, part: str) -> tuple[str, str | None] | None:
    """Give what a name means in a directory: a package's directory and file (None without one), or "" and a module's file."""
    inside = os.path.join(base, part)
    package, module = os.path.join(inside, "__init__.py"), f"{inside}.py"
    if _is_file(package):
        return inside, package
    if _is_file(module):
        return "", module
    return (inside, None) if _is_directory(inside) else None


@cache
def _root(directory: str, name: str) -> str | None:
    """Give the directory in which the top-level module `name` lies, as seen from a directory."""
    for _ in range(LEVELS):
        if os.path.basename(directory) in INSTALLED:
            return None
        if not _is_file(os.path.join(directory, "__init__.py")):
            for root in (directory, os.path.join(directory, "src")):
                if _holds(root, name):
                    return root
            if any(_exists(os.path.join(directory, one)) for one in MARKERS):
                return None
        elif _holds(os.path.dirname(directory), name) and os.path.basename(directory) == name:
            return os.path.dirname(directory)  # a package that names itself, installed or not
        above = os.path.dirname(directory)
        if above == directory or os.path.basename(above) in INSTALLED:
            return None
        directory = above
    return None


def _holds(root: str, name: str) -> bool:
    return _is_file(os.path.join(root, f"{name}.py")) or _is_directory(os.path.join(root, name))


def _is_file(path: str) -> bool:
    directory, name = os.path.split(path)
    return name in _entries(directory)[0]


def _is_directory(path: str) -> bool:
    directory, name = os.path.split(path)
    return name in _entries(directory)[1]


def _exists(path: str) -> bool:
    directory, name = os.path.split(path)
    return any(name in names for names in _entries(directory))


@cache
def _entries(directory: str) -> tuple[frozenset[str], frozenset[str]]:
    """Give the names of the files and of the directories in a directory, none where it cannot be read.

    Most questions are about names that are not there; one listing answers all of them.
    """
    files, directories = set[str](), set[str]()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                (directories if entry.is_dir() else files).add(entry.name)
    except OSError:
        pass
    return frozenset(files), frozenset(directories)
