"""The report of leaks as a file: what is written is read back, and what is no report is refused in one line."""

import json
from pathlib import Path

import pytest

from leaklint import __version__
from leaklint.model.leak import Frame, Leak, LeakReport
from leaklint.runtime.leaks_file import LeaksFileError, leak_object, read, write

HERE = (Frame("tests/conftest.py", 22, "client"), Frame("tests/test_api.py", 3, "test_get"))
FULL = Leak("socket", "socket.socket", HERE, "t::a", "client", "session", "open", True, True, "httpx", "gw0", ("file",))
PLAIN = Leak("file", "io.FileIO", (), None, None, "collection", "collected")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "leaks.json"
    write(path, LeakReport("/project", (FULL, PLAIN)))
    assert read(path) == LeakReport("/project", (FULL, PLAIN), __version__)


def test_the_creating_frame_is_repeated() -> None:
    assert {key: leak_object(FULL)[key] for key in ("path", "line", "function")} == {
        "path": "tests/conftest.py",
        "line": 22,
        "function": "client",
    }
    assert {leak_object(PLAIN)[key] for key in ("path", "line", "function")} == {None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema: expected 1, got 2; write the report again with this leaklint"),
        ({"root": 3}, ".root: expected a string, got 3"),
        ({"leaks": {}}, "leaks: expected a list, got {}"),
        ({"leaks": [1]}, "leaks[0]: expected an object, got 1"),
        ({"leaks": [leak_object(FULL) | {"scope": "row"}]}, "leaks[0].scope: expected one of function, class, module, "),
        ({"leaks": [leak_object(FULL) | {"warned": "yes"}]}, "leaks[0].warned: expected true or false, got 'yes'"),
        ({"leaks": [leak_object(FULL) | {"frames": [{"line": 0}]}]}, "leaks[0].frames[0].line: expected a line number, got 0"),
    ],
)
def test_another_shape_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "leaks.json"
    content = {"schema": 1, "leaklint": "0", "root": "/", "leaks": []}
    path.write_text(json.dumps(content | change))
    with pytest.raises(LeaksFileError) as raised:
        read(path)
    assert str(raised.value).startswith(str(path)) and message in str(raised.value)


def test_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leaks.json"
    path.write_text("{")
    with pytest.raises(LeaksFileError, match="not valid JSON"):
        read(path)
    with pytest.raises(LeaksFileError, match="cannot be read: No such file"):
        read(tmp_path / "none.json")
