"""The file of the baseline: read and written, one line for each entry, in a stable order.

    {"version": 1,
     "findings": [
      {"path": "app/feeds.py", "code": "LKR101", "function": "Reader.load", "expression": "open(path)", "count": 2}
     ],
     "leaks": [
      {"path": "tests/conftest.py", "category": "socket", "function": "client", "expression": "client = dial(url)", "count": 1}
     ]}

A path is relative to the folder of the file, with slashes. `function` is the qualified name of the function or class
around, empty at a module's own level; `count` is how many equal ones there are. leaklint.baseline.marks says how an
expression is written. A leak that no first-party code made has an empty path and names the type of the resource.
"""

import functools
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leaklint.baseline.marks import Mark
from leaklint.config import ConfigError
from leaklint.model.data import dataclass, field

VERSION = 1
Marks = Mapping[Mark, int]


class BaselineError(ConfigError):
    """A file is no baseline; the message is one line: file, key, what was expected."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known, by path as it stands in the file. Of a leak's mark the code is its category."""

    findings: Mapping[str, Marks] = field(default_factory=dict)
    leaks: Mapping[str, Marks] = field(default_factory=dict)


@functools.cache
def load(path: Path) -> Baseline:
    """Read a baseline, once; raises BaselineError."""
    name = os.path.relpath(path)
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BaselineError(f"{name}: no such baseline; `leaklint check --write-baseline` writes it") from None
    except OSError as error:
        raise BaselineError(f"{name}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BaselineError(f"{name}: not valid JSON: {error}") from None
    table = _table(content, name)
    if table.get("version") != VERSION:
        raise BaselineError(f"{name}: version: expected {VERSION}, got {table.get('version')!r}; write it again")
    return Baseline(_entries(table, "findings", "code", name), _entries(table, "leaks", "category", name))


def text_of(baseline: Baseline) -> str:
    """Give the text of the file."""
    parts = [f'"version": {VERSION}']
    for key, code, known in (("findings", "code", baseline.findings), ("leaks", "category", baseline.leaks)):
        lines = [_line(path, code, mark, count) for path in sorted(known) for mark, count in sorted(known[path].items())]
        parts.append(f'"{key}": [' + ",".join(f"\n  {line}" for line in lines) + ("\n ]" if lines else "]"))
    return "{" + ",\n ".join(parts) + "}\n"


def entry_path(path: str | os.PathLike[str], file: Path) -> str:
    """Give the path of a source file as the baseline `file` has it."""
    return os.path.relpath(os.path.abspath(path), file.parent).replace(os.sep, "/")


def _line(path: str, code: str, mark: Mark, count: int) -> str:
    entry = {"path": path, code: mark.code, "function": mark.function, "expression": mark.expression, "count": count}
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _entries(table: Mapping[str, object], key: str, code: str, name: str) -> Mapping[str, Marks]:
    known: dict[str, dict[Mark, int]] = {}
    for number, one in enumerate(_list(table.get(key, []), f"{name}: {key}")):
        place = f"{name}: {key}[{number}]"
        entry = _table(one, place)
        _refuse_others(entry, ("path", code, "function", "expression", "count"), place)
        path, *texts = (_text(entry, each, place) for each in ("path", code, "function", "expression"))
        marks, mark = known.setdefault(path, {}), Mark(*texts)
        marks[mark] = marks.get(mark, 0) + _count(entry, place)
    return known


def _refuse_others(entry: Mapping[str, object], keys: Sequence[str], place: str) -> None:
    for key in entry:
        if key not in keys:
            raise BaselineError(f"{place}.{key}: unknown key; expected one of {', '.join(keys)}")


def _count(entry: Mapping[str, object], place: str) -> int:
    count = entry.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise BaselineError(f"{place}.count: expected a number from 1 up, got {count!r}")
    return count


def _table(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BaselineError(f"{place}: expected an object, got {value!r}")
    return value


def _list(value: object, place: str) -> Iterable[object]:
    if not isinstance(value, list):
        raise BaselineError(f"{place}: expected a list, got {value!r}")
    return value


def _text(table: Mapping[str, object], key: str, place: str) -> str:
    value = table.get(key)
    if not isinstance(value, str):
        raise BaselineError(f"{place}.{key}: expected a string, got {value!r}")
    return value
