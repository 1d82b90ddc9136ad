"""Which files a run looks at: paths of the command line in, Python files with their configuration out.

It reads directories, pyproject.toml and .gitignore, never a module. What the user names is always taken, unless
`force_exclude` is asked for; patterns and .gitignore decide on what is found below it. Symbolic links to directories
are not followed, as in flake8.
"""

import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from leaklint.config import Config, is_matched, is_place
from leaklint.model.data import dataclass, field

# flake8's own, and what people never mean
DEFAULT_EXCLUDE = (
    ".svn",
    "CVS",
    ".bzr",
    ".hg",
    ".git",
    "__pycache__",
    ".tox",
    ".nox",
    ".eggs",
    "*.egg",
    ".venv",
    "node_modules",
    "build",
    "dist",
)
Matcher = Callable[[str], bool]


@dataclass(slots=True)
class Discovery:
    """The files of a run in the order of their report, each with its configuration, and what could not be looked at."""

    files: dict[str, Config] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    notebooks: int = 0


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory to walk. `ignored` are the .gitignore files that hold in it, each taking an absolute path."""

    path: str
    config: Config
    ignored: tuple[Matcher, ...]


def discover(
    paths: Iterable[str],
    configured: Callable[[Path], Config],
    exclude: tuple[str, ...] = (),
    force_exclude: bool = False,
) -> Discovery:
    """Find the Python files of the paths; `exclude` adds patterns to those of the configuration.

    Raises ConfigError.
    """
    discovery = Discovery()
    for path in paths:
        if os.path.isdir(path):
            _walk(path, configured, exclude, discovery)
        elif not os.path.lexists(path):
            discovery.troubles.append(f"{path}: no such file or directory")
        else:
            config = configured(Path(path))
            if not (force_exclude and _is_excluded(path, config, exclude)):
                _take(os.path.normpath(path), config, discovery)
    return discovery


def _is_excluded(path: str, config: Config, exclude: tuple[str, ...]) -> bool:
    if is_matched(path, (*DEFAULT_EXCLUDE, *config.exclude, *exclude), config.root):
        return True
    folder = os.path.dirname(os.path.abspath(path))
    return any(ignored(os.path.abspath(path)) for ignored in (*_ignored_above(folder), *_ignored_in(folder)))


def _take(path: str, config: Config, discovery: Discovery) -> None:
    if path.endswith(".ipynb"):
        discovery.notebooks += 1
    elif not path.endswith(".pyi"):
        discovery.files.setdefault(path, config)


def _walk(start: str, configured: Callable[[Path], Config], exclude: tuple[str, ...], discovery: Discovery) -> None:
    top = os.path.abspath(start)
    ignored = tuple(matcher for matcher in _ignored_above(top) if not matcher(top + "/"))
    waiting = [Folder(os.path.normpath(start), configured(Path(start)), ignored)]
    matchers: dict[Config, Matcher] = {}
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder.path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            discovery.troubles.append(f"{folder.path}: cannot be read: {error.strerror or error}")
            continue
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and folder.path != os.path.normpath(start):
            continue
        folder = _entered(folder, names, configured)
        if folder.config not in matchers:
            matchers[folder.config] = _excluder((*DEFAULT_EXCLUDE, *folder.config.exclude, *exclude), folder.config.root)
        waiting.extend(reversed([*_sort(entries, folder, matchers[folder.config], discovery)]))


def _entered(folder: Folder, names: set[str], configured: Callable[[Path], Config]) -> Folder:
    """Give the folder with what its own pyproject.toml and .gitignore say."""
    config = configured(Path(folder.path)) if "pyproject.toml" in names else folder.config
    ignored = _ignored_in(os.path.abspath(folder.path)) if ".gitignore" in names else ()
    return Folder(folder.path, config, (*folder.ignored, *ignored))


def _sort(entries: list[os.DirEntry[str]], folder: Folder, is_excluded: Matcher, discovery: Discovery) -> Iterator[Folder]:
    """Take the files of a folder and give the folders in it."""
    absolute = os.path.abspath(folder.path)
    for entry in entries:
        path = entry.name if folder.path == os.curdir else entry.path
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not (entry.name.endswith((".py", ".ipynb")) and entry.is_file()):
                continue
        except OSError as error:
            discovery.troubles.append(f"{path}: cannot be read: {error.strerror or error}")
            continue
        full = os.path.join(absolute, entry.name)
        if is_excluded(full) or any(matcher(full + "/" if is_folder else full) for matcher in folder.ignored):
            continue
        if is_folder:
            yield Folder(path, folder.config, folder.ignored)
        else:
            _take(path, folder.config, discovery)


def _excluder(patterns: tuple[str, ...], root: Path) -> Matcher:
    """Match an absolute path: its name by patterns without a slash, its place below `root` by the others."""
    names = _any([pattern.rstrip("/") for pattern in patterns if not is_place(pattern)])
    written = [pattern.removeprefix("./").rstrip("/") for pattern in patterns if is_place(pattern)]
    if not written:
        return lambda path: names(os.path.basename(path))
    places = _any([os.path.join(root, pattern) for pattern in written])
    return lambda path: names(os.path.basename(path)) or places(path)


def _any(patterns: list[str]) -> Matcher:
    match = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)).match
    return lambda name: match(name) is not None


def _ignored_above(directory: str) -> Iterator[Matcher]:
    """Give the .gitignore files above a directory that hold in it: those of its repository, if it is in one."""
    above: list[str] = []
    current = directory
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return
        above.append(parent)
        current = parent
    for ancestor in reversed(above):
        yield from _ignored_in(ancestor)


def _ignored_in(directory: str) -> tuple[Matcher, ...]:
    try:
        with open(os.path.join(directory, ".gitignore"), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return ()  # git takes an unreadable one for absent, too
    import pathspec  # only here: most trees hold one .gitignore or none

    spec = pathspec.GitIgnoreSpec.from_lines(lines)
    prefix = len(directory.rstrip("/")) + 1
    return (lambda path: spec.match_file(path[prefix:]),)
