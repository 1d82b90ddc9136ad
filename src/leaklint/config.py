"""`[tool.leaklint]` of the nearest pyproject.toml, as frozen data: what users may configure, not who acts on it.

[tool.leaklint]
select = ["LKR", "LKR9"]
per-file-ignores = { "tests/*" = ["LKR103"] }
"""

import fnmatch
import functools
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from leaklint.catalogue import Catalogue, CatalogueError, load
from leaklint.model.data import dataclass

Tables = tuple[Mapping[str, object], ...]

ADVICE = "LKR9"
DEFAULT_SELECT = ("LKR",)
KEYS = (
    "select",
    "ignore",
    "extend-select",
    "per-file-ignores",
    "exclude",
    "src",
    "target-version",
    "release-methods",
    "catalogue",
    "baseline",
    "resource",
    "summary",
)
_CODE = re.compile(r"LKR\d{0,3}")
_VERSION = re.compile(r"(?:py3|3\.)(\d{1,2})")
_REQUIRES = re.compile(r"""^requires-python\s*=\s*["'][^"'\n]*?>=?\s*3\.(\d+)""", re.MULTILINE)


class ConfigError(Exception):
    """The user's configuration is wrong; the message is one line: file, key, what was expected."""


@dataclass(frozen=True, eq=False)
class Config:
    """The settings that hold for a directory. Paths are absolute; patterns are relative to `root`.

    Two are equal where they are the same object, so that what is built from one can be kept for it.
    `src` is empty where nothing is configured. `origin` is the pyproject.toml with `[tool.leaklint]`, if there is one.
    """

    root: Path
    origin: Path | None = None
    select: tuple[str, ...] = DEFAULT_SELECT
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    src: tuple[Path, ...] = ()
    target_version: tuple[int, int] = sys.version_info[:2]
    release_methods: tuple[str, ...] = ()  # names that the project gives to them, besides the usual ones
    catalogue: tuple[Path, ...] = ()  # files of entries
    resources: Tables = ()
    summaries: Tables = ()
    baseline: Path | None = None

    def is_selected(self, code: str, path: str | os.PathLike[str]) -> bool:
        """Say whether findings of a code are wanted in a file: the longest prefix wins, `ignore` wins a draw.

        Advice (LKR9nn) takes a selected prefix of at least `LKR9`.
        """
        wanted = _longest(code, (*self.select, *self.extend_select))
        return (not code.startswith(ADVICE) or wanted >= len(ADVICE)) and self.is_fixed(code, path)

    def is_fixed(self, code: str, path: str | os.PathLike[str]) -> bool:
        """Say whether what has a fix is fixed in a file: what is selected, and advice below a selected prefix."""
        wanted = _longest(code, (*self.select, *self.extend_select))
        if wanted == 0:
            return False
        unwanted = [*self.ignore]
        for pattern, codes in self.per_file_ignores:
            if is_matched(path, (pattern,), self.root):
                unwanted += codes
        return wanted > _longest(code, unwanted)


def is_matched(path: str | os.PathLike[str], patterns: tuple[str, ...], root: Path) -> bool:
    """Say whether a path, or a directory above it up to `root`, matches a pattern.

    A pattern without a slash matches any part of the path, one with a slash stands below `root`
    (unless absolute); `*` matches slashes.
    """
    absolute, relative = os.path.abspath(path), os.path.relpath(path, root)
    return any(
        _place(pattern, root).fullmatch(absolute) if is_place(pattern) else _name(pattern).fullmatch(relative)
        for pattern in patterns
    )


def is_place(pattern: str) -> bool:
    """Say whether a pattern stands for a place below the root (or an absolute one), not for a name anywhere."""
    return "/" in pattern.rstrip("/")


def load_config(start: Path) -> Config:
    """Read the configuration of a file or directory: the nearest pyproject.toml with `[tool.leaklint]` upwards.

    Each pyproject.toml is read once; the same one gives the same object. Raises ConfigError.
    """
    directory = os.path.abspath(start)
    if not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    nearest = None
    while True:
        config = _config_in(directory)
        if config is not None and config.origin is not None:
            return config
        nearest = nearest or config
        parent = os.path.dirname(directory)
        if parent == directory:
            return nearest or _default_config()
        directory = parent


def catalogue_of(config: Config) -> Catalogue:
    """Give the catalogue with the user's own files, tables and words added; raises ConfigError where one of these is wrong."""
    known = load().naming_releases(config.release_methods) if config.release_methods else load()
    if config.origin is None or not (config.catalogue or config.resources or config.summaries):
        return known
    files = ((path, _shown(str(path))) for path in config.catalogue)
    try:
        return known.extended(config.resources, config.summaries, _shown(str(config.origin)), files)
    except CatalogueError as error:
        raise ConfigError(str(error)) from None


def checked_codes(codes: tuple[str, ...], place: str) -> tuple[str, ...]:
    """Give the codes back; raises ConfigError where one is no prefix of a code of ours."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ConfigError(f"{place}: {code!r} is no code: expected LKR and up to three digits, such as LKR103")
    return codes


@functools.cache
def _config_in(directory: str) -> Config | None:
    """Read the pyproject.toml of this very directory, if there is one."""
    path = os.path.join(directory, "pyproject.toml")
    text = _text(path)
    if text is None:
        return None
    table = _table(text, path) if "leaklint" in text else None
    return Config(Path(directory), target_version=_required(text)) if table is None else _read(table, Path(path), text)


@functools.cache
def _default_config() -> Config:
    return Config(Path.cwd())


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{_shown(path)}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{_shown(path)}: expected UTF-8: {error}") from None


def _table(text: str, path: str) -> Mapping[str, object] | None:
    try:
        document: Mapping[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{_shown(path)}: not valid TOML: {error}") from None
    tool = document.get("tool")
    table = tool.get("leaklint") if isinstance(tool, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{_shown(path)}: tool.leaklint: expected a table, got {table!r}")
    return table


def _read(table: Mapping[str, object], path: Path, text: str) -> Config:
    place = f"{_shown(str(path))}: tool.leaklint"
    for key in table:
        if key not in KEYS:
            raise ConfigError(f"{place}.{key}: unknown key; {_suggestion(key)}")
    version = table.get("target-version")
    sources = _texts(table.get("src", []), f"{place}.src", "directories")
    files = _texts(table.get("catalogue", []), f"{place}.catalogue", "files of entries")
    config = Config(
        root=path.parent,
        origin=path,
        select=_codes(table, "select", place) if "select" in table else DEFAULT_SELECT,
        ignore=_codes(table, "ignore", place),
        extend_select=_codes(table, "extend-select", place),
        per_file_ignores=_per_file(table, f"{place}.per-file-ignores"),
        exclude=_texts(table.get("exclude", []), f"{place}.exclude", "file patterns"),
        src=tuple(path.parent / name for name in sources),
        target_version=_required(text) if version is None else _version(version, f"{place}.target-version"),
        release_methods=_names(table, f"{place}.release-methods"),
        catalogue=_files(files, path.parent, f"{place}.catalogue"),
        resources=_tables(table, "resource", place),
        summaries=_tables(table, "summary", place),
        baseline=_path(table.get("baseline"), path.parent, f"{place}.baseline"),
    )
    catalogue_of(config)  # for its errors
    return config


def _codes(table: Mapping[str, object], key: str, place: str) -> tuple[str, ...]:
    where = f"{place}.{key}"
    return checked_codes(_texts(table.get(key, []), where, "code prefixes"), where)


def _per_file(table: Mapping[str, object], where: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    entries = table.get("per-file-ignores", {})
    if not isinstance(entries, dict):
        raise ConfigError(f'{where}: expected a table such as {{ "tests/*" = ["LKR103"] }}, got {entries!r}')
    return tuple(
        (pattern, checked_codes(_texts(codes, f'{where}."{pattern}"', "code prefixes"), f'{where}."{pattern}"'))
        for pattern, codes in entries.items()
    )


def _texts(value: object, where: str, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where}: expected a list of {what} (strings), got {value!r}")
    return tuple(value)


def _names(table: Mapping[str, object], where: str) -> tuple[str, ...]:
    names = _texts(table.get("release-methods", []), where, "names of methods")
    for name in names:
        if not name.isidentifier():
            raise ConfigError(f"{where}: {name!r} is no name of a method, such as hang_up")
    return names


def _files(names: tuple[str, ...], root: Path, where: str) -> tuple[Path, ...]:
    for name in names:
        if not (root / name).is_file():
            raise ConfigError(f"{where}: expected files of entries, and there is no {name}")
    return tuple(root / name for name in names)


def _path(name: object, root: Path, where: str) -> Path | None:
    if name is not None and not (isinstance(name, str) and name):
        raise ConfigError(f'{where}: expected the name of a file, such as "leaklint-baseline.json", got {name!r}')
    return root / name if name else None


def _tables(table: Mapping[str, object], key: str, place: str) -> Tables:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ConfigError(f"{place}.{key}: expected tables, each written below [[tool.leaklint.{key}]]")
    return tuple(value)


def _version(value: object, where: str) -> tuple[int, int]:
    found = _VERSION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f'{where}: expected a Python version such as "3.11" or "py311", got {value!r}')
    return 3, int(found[1])


def _required(text: str) -> tuple[int, int]:
    """Give the oldest Python that `requires-python` admits, or the running one."""
    found = _REQUIRES.search(text)
    return (3, int(found[1])) if found else sys.version_info[:2]


def _longest(code: str, prefixes: list[str] | tuple[str, ...]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=0)


def _suggestion(key: str) -> str:
    import difflib  # only for the message

    close = difflib.get_close_matches(key.replace("_", "-"), KEYS, 1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(KEYS)}"


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


@functools.cache
def _place(pattern: str, root: Path) -> re.Pattern[str]:
    return re.compile(_translated(os.path.join(root, pattern.removeprefix("./").rstrip("/"))) + "(?:/.*)?", re.DOTALL)


@functools.cache
def _name(pattern: str) -> re.Pattern[str]:
    return re.compile("(?:.*/)?" + _translated(pattern.rstrip("/")) + "(?:/.*)?", re.DOTALL)


def _translated(pattern: str) -> str:
    return fnmatch.translate(pattern).removesuffix("\\Z").removesuffix("\\z")
