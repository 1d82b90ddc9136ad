"""The file of `--leaklint-report`: leaks as JSON, read and written. A change that is more than a new key raises `SCHEMA`.

    {"schema": 1,
     "leaklint": "0.1.0",
     "root": "/home/me/project",
     "leaks": [{"category": "socket", "type": "socket.socket",
                "path": "tests/conftest.py", "line": 22, "function": "client",
                "frames": [{"path": "tests/conftest.py", "line": 22, "function": "client"}],
                "test": "tests/test_api.py::test_get", "fixture": "client", "scope": "function",
                "state": "collected", "warned": true, "intended": false, "library": null, "worker": "gw0",
                "parts": []}]}

`path`, `line` and `function` repeat the first of `frames`, and are null where no first-party code made the leak; a path is
relative to `root` where it lies below it. `scope` is "function", "class", "module", "package", "session", or "collection"
for what is made before any test; `state` is "open" or "collected"; `warned` says that its type gives a ResourceWarning when
it is collected, `intended` that a test was waiting for that warning; `library` is the third-party module that made it for
us; `parts` are the categories of what it held open. leaklint.model.leak says more.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from leaklint import __version__
from leaklint.model.leak import SCOPES, STATES, Frame, Leak, LeakReport

SCHEMA = 1


class LeaksFileError(Exception):
    """A file is no report of leaks; the message is one line: file, key, what was expected."""


def write(path: Path, report: LeakReport) -> None:
    """Write a report to a file."""
    content = {
        "schema": SCHEMA,
        "leaklint": __version__,
        "root": report.root,
        "leaks": [leak_object(leak) for leak in report.leaks],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> LeakReport:
    """Read a report from a file; raises LeaksFileError."""
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LeaksFileError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise LeaksFileError(f"{path}: not valid JSON: {error}") from None
    table = _table(content, f"{path}")
    schema = table.get("schema")
    if schema != SCHEMA:
        raise LeaksFileError(f"{path}: schema: expected {SCHEMA}, got {schema!r}; write the report again with this leaklint")
    leaks = read_leaks(table.get("leaks"), f"{path}: leaks")
    return LeakReport(_text(table, "root", f"{path}"), leaks, _text(table, "leaklint", f"{path}"))


def leak_object(leak: Leak) -> dict[str, object]:
    """Give a leak as plain data for JSON."""
    frame = leak.frame
    return {
        "category": leak.category,
        "type": leak.type,
        "path": None if frame is None else frame.path,
        "line": None if frame is None else frame.line,
        "function": None if frame is None else frame.function,
        "frames": [{"path": one.path, "line": one.line, "function": one.function} for one in leak.frames],
        "test": leak.test,
        "fixture": leak.fixture,
        "scope": leak.scope,
        "state": leak.state,
        "warned": leak.warns,
        "intended": leak.is_intended,
        "library": leak.library,
        "worker": leak.worker,
        "parts": list(leak.parts),
    }


def read_leaks(content: object, place: str) -> tuple[Leak, ...]:
    """Make leaks of plain data; raises LeaksFileError."""
    return tuple(
        _leak(_table(one, f"{place}[{number}]"), f"{place}[{number}]") for number, one in enumerate(_list(content, place))
    )


def _leak(table: Mapping[str, object], place: str) -> Leak:
    frames = enumerate(_list(table.get("frames"), f"{place}.frames"))
    return Leak(
        category=_text(table, "category", place),
        type=_text(table, "type", place),
        frames=tuple(_frame(_table(one, f"{place}.frames[{number}]"), f"{place}.frames[{number}]") for number, one in frames),
        test=_text_or_none(table, "test", place),
        fixture=_text_or_none(table, "fixture", place),
        scope=_one_of(table, "scope", SCOPES, place),
        state=_one_of(table, "state", STATES, place),
        warns=_truth(table, "warned", place),
        is_intended=_truth(table, "intended", place),
        library=_text_or_none(table, "library", place),
        worker=_text_or_none(table, "worker", place),
        parts=tuple(_word(one, f"{place}.parts") for one in _list(table.get("parts", []), f"{place}.parts")),
    )


def _frame(table: Mapping[str, object], place: str) -> Frame:
    line = table.get("line")
    if not isinstance(line, int) or isinstance(line, bool) or line < 1:
        raise _expected(f"{place}.line", "a line number", line)
    return Frame(_text(table, "path", place), line, _text(table, "function", place))


def _table(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _expected(place, "an object", value)
    return value


def _list(value: object, place: str) -> Iterable[object]:
    if not isinstance(value, list):
        raise _expected(place, "a list", value)
    return value


def _text(table: Mapping[str, object], key: str, place: str) -> str:
    return _word(table.get(key), f"{place}.{key}")


def _text_or_none(table: Mapping[str, object], key: str, place: str) -> str | None:
    return None if table.get(key) is None else _text(table, key, place)


def _truth(table: Mapping[str, object], key: str, place: str) -> bool:
    value = table.get(key)
    if not isinstance(value, bool):
        raise _expected(f"{place}.{key}", "true or false", value)
    return value


def _one_of(table: Mapping[str, object], key: str, words: Iterable[str], place: str) -> str:
    value = _text(table, key, place)
    if value not in words:
        raise _expected(f"{place}.{key}", f"one of {', '.join(words)}", value)
    return value


def _word(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise _expected(place, "a string", value)
    return value


def _expected(place: str, what: str, value: object) -> LeaksFileError:
    return LeaksFileError(f"{place}: expected {what}, got {value!r}")
