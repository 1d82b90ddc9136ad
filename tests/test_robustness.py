"""Bad input gets a clear line, and the other files are looked at all the same."""

import subprocess
import sys
from pathlib import Path

import pytest

LEAK = "def first(path):\n    file = open(path)\n    return file.readline()\n"


def leaklint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leaklint", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"def f(:\n", "bad.py:1: does not parse"),
        (b"print 'hello'\n", "bad.py:1: does not parse"),
        (b"x = '\xff'\n", "bad.py: cannot be decoded"),
        (b"# coding: klingon\n", "bad.py: cannot be decoded: unknown encoding"),
        (b"x = 1\0\n", "bad.py"),
        (b"x = " + b"(" * 10_000 + b")" * 10_000 + b"\n", "bad.py:1: does not parse: too many nested parentheses"),
        (b"x = " + b"-" * 100_000 + b"1\n", "bad.py"),
    ],
)
def test_a_bad_file_is_one_line_and_the_next_is_checked(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "bad.py").write_bytes(data)
    (tmp_path / "leaky.py").write_text(LEAK)
    run = leaklint(tmp_path, "check")
    assert run.stderr.startswith(said)
    assert run.stderr.count("\n") == 1
    assert "leaky.py:2:12: LKR101" in run.stdout
    assert run.returncode == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\xef\xbb\xbfx = 1\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"x = 1\r\ny = 2\r\n",
        b"x = 1\ry = 2\r",
        b"x = 1\n\x0cdef f(): pass\n",
        b"x = '\\d'\nassert (x, 'y')\n",  # SyntaxWarnings
    ],
)
def test_odd_files_are_no_trouble(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "odd.py").write_bytes(data)
    run = leaklint(tmp_path, "check")
    assert (run.stdout, run.stderr, run.returncode) == ("", "", 0)


def test_findings_after_a_mark_and_wide_characters_stand_where_an_editor_puts_them(tmp_path: Path) -> None:
    (tmp_path / "wide.py").write_bytes("\ufeffdef f(p):\r\n    é, h = 'é', open(p)\r\n    h.read()\r\n".encode())
    assert leaklint(tmp_path, "check").stdout.startswith("wide.py:2:17: LKR101")


def test_deep_chains_end_in_findings_or_a_line(tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text("x = " + "1 + " * 5_000 + "1\n" + LEAK)
    (tmp_path / "dots.py").write_text("x = a" + ".b" * 700 + "\n" + LEAK)
    (tmp_path / "elifs.py").write_text("if a: pass\n" + "elif a: pass\n" * 600 + LEAK)
    run = leaklint(tmp_path, "check")
    for name in ("deep.py", "dots.py", "elifs.py"):
        assert name in run.stdout + run.stderr
    assert "Traceback" not in run.stderr


def test_a_file_that_goes_away_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    (tmp_path / "leaky.py").write_text(LEAK)
    run = leaklint(tmp_path, "check", "gone.py", "leaky.py")
    assert run.stderr == "gone.py: cannot be read: No such file or directory\n"
    assert "LKR101" in run.stdout
    assert run.returncode == 2


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = b"leaky-\xff.py".decode(errors="surrogateescape")
    try:
        (tmp_path / name).write_text(LEAK)
    except OSError:
        pytest.skip("the file system refuses such names")
    run = leaklint(tmp_path, "check")
    assert "LKR101" in run.stdout
    assert "Traceback" not in run.stderr


def test_a_reader_that_stops_reading_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "leaky.py").write_text(LEAK * 3_000)
    command = f"{sys.executable} -m leaklint check | head -n 1"
    run = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in run.stderr
    assert "Exception" not in run.stderr


def test_a_large_generated_module(tmp_path: Path) -> None:
    rows = "".join(f"    ({number}, 'name {number}', {number}.5, None),\n" for number in range(130_000))
    (tmp_path / "large.py").write_text(f"ROWS = [\n{rows}]\n{LEAK}")
    assert (tmp_path / "large.py").stat().st_size > 5_000_000
    assert "LKR101" in leaklint(tmp_path, "check").stdout
