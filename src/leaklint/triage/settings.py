"""pytest's configuration file: which one it reads, and lines added to its `filterwarnings`, the rest left as it is.

https://docs.pytest.org/en/stable/reference/customize.html#configuration-file-formats
"""

import configparser
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from leaklint.config import ConfigError
from leaklint.triage.filters import Filter

INI = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
ORDER = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
KEY = re.compile(r"filterwarnings\s*[=:]")


def settings_file(root: Path) -> Path:
    """Give the file that pytest reads in its root directory, or the one to make."""
    for name in ORDER:
        if (root / name).is_file() and _is_pytests(root / name):
            return root / name
    return root / ("pyproject.toml" if (root / "pyproject.toml").is_file() else "pytest.ini")


def with_filters(path: Path, filters: Sequence[Filter]) -> str:
    """Give the text of a configuration file with filters added that it does not have; raises ConfigError."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    new = [one for one in filters if one.line not in text and one.line.replace("\\", "\\\\") not in text]
    if not new:
        return text
    return _in_toml(text, path, new) if path.suffix == ".toml" else _in_ini(text, INI[path.name], new)


def _is_pytests(path: Path) -> bool:
    if path.name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"):
        return True  # even an empty one
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".toml":
            found: dict[str, dict[str, object]] = tomllib.loads(text)
            return "pytest" in found.get("tool", {})
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, configparser.Error) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    return parser.has_section(INI[path.name])


def _in_toml(text: str, path: Path, filters: Sequence[Filter]) -> str:
    import tomlkit  # only here: it keeps comments and formatting
    from tomlkit.items import Array, Table

    document = tomlkit.parse(text)
    place: tomlkit.TOMLDocument | Table = document
    for name in _keys(document.unwrap(), path):
        inner = place.get(name)
        if inner is None:
            inner = tomlkit.table(is_super_table=name != "ini_options")
            place.add(name, inner)
        if not isinstance(inner, Table):
            raise ConfigError(f"{path}: {name}: expected a table, written below its own heading")
        place = inner
    old = place.get("filterwarnings")
    lines = old if isinstance(old, Array) else tomlkit.array()
    if isinstance(old, str):
        for line in old.split("\n"):
            if line.strip():
                lines.add_line(tomlkit.string(line.strip(), literal="'" not in line))
    for one in filters:
        lines.add_line(comment=one.reason)
        lines.add_line(tomlkit.string(one.line, literal="'" not in one.line))
    if not lines.as_string().rstrip("]").endswith("\n"):
        lines.add_line(indent="")
    if old is not lines:
        place["filterwarnings"] = lines
    return tomlkit.dumps(document)


def _keys(content: dict[str, dict[str, dict[str, object]]], path: Path) -> tuple[str, ...]:
    """Give the way to pytest's table; pytest 9 reads one without `ini_options`, too."""
    if path.name != "pyproject.toml":
        return ("pytest",)
    table = content.get("tool", {}).get("pytest", {})
    return ("tool", "pytest") if table and "ini_options" not in table else ("tool", "pytest", "ini_options")


def _in_ini(text: str, section: str, filters: Sequence[Filter]) -> str:
    lines = text.split("\n")
    added = [line for one in filters for line in (f"    # {one.reason}", f"    {one.line}")]
    heading = next((number for number, line in enumerate(lines) if line.strip() == f"[{section}]"), None)
    if heading is None:
        return "\n".join([*([text.rstrip("\n"), ""] if text.strip() else []), f"[{section}]", "filterwarnings =", *added, ""])
    end = next((number for number in range(heading + 1, len(lines)) if lines[number].startswith("[")), len(lines))
    key = next((number for number in range(heading + 1, end) if KEY.match(lines[number])), None)
    if key is None:
        return "\n".join([*lines[: heading + 1], "filterwarnings =", *added, *lines[heading + 1 :]])
    last = key
    for number in range(key + 1, end):
        if lines[number].strip() and not lines[number].startswith((" ", "\t")):
            break
        last = number if lines[number].strip() else last
    return "\n".join([*lines[: last + 1], *added, *lines[last + 1 :]])
