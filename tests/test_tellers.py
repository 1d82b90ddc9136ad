"""First-party classes that warn in their `__del__`: what they tell is a leak, and nothing of them is changed."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaklint.model.leak import Leak
from leaklint.runtime.leaks_file import read

SHELF = """
import warnings


class Shelf:
    def __init__(self, name):
        self.name = name
        self.file = open(name)
        self.me = None

    def close(self):
        self.file.close()
        self.file = None

    def __del__(self):
        '''Say so.'''
        if self.file is not None:
            warnings.warn(f"unclosed {self.name}", ResourceWarning, stacklevel=2)
            self.file.close()


class Wide(Shelf):
    def __init__(self, name):
        super().__init__(name)
        self.size = 3


class Slotted:
    __slots__ = ("file",)

    def __init__(self):
        self.file = None

    def __del__(self):
        if self.file is not None:
            warnings.warn("unclosed", ResourceWarning)


class Plain:
    file = None

    def __del__(self):
        if self.file is not None:
            warnings.warn("unclosed", ResourceWarning)


class New(Plain):
    def __new__(cls, name):
        return super().__new__(cls)


class Sized:
    def __init__(self, size):
        self.size = size


class Both(Plain, Sized):
    pass


class Proxy:
    __class__ = property(lambda self: 1 / 0)


PROXY = Proxy()
"""
TESTS = r"""
import gc, inspect
import pytest
from shelf import Both, New, Plain, Shelf, Slotted, Wide

def test_dropped():
    Shelf(__file__)

def test_derived():
    one = Wide(__file__)
    one.me = one
    del one
    gc.collect()

def test_released():
    Shelf(__file__).close()
    Wide(__file__).close()

def test_waited_for():
    with pytest.warns(ResourceWarning) as caught:
        Shelf(__file__)
    assert [(one.filename, one.lineno) for one in caught] == [(__file__, 21)]

def test_set():
    Plain().file = True

def test_same():
    Slotted()
    New("a")
    assert Both(3).size == 3
    with pytest.raises(TypeError, match=r"Plain\(\) takes no arguments"):
        Plain(3)
    one = Shelf(__file__)
    assert type(one) is Shelf
    one.close()
    method = Shelf.__del__
    assert inspect.getsource(method).startswith("    def __del__(self):") and method.__doc__ == "Say so."
    assert (method.__name__, method.__qualname__, method.__module__) == ("__del__", "Shelf.__del__", "shelf")
"""


def run(folder: Path, *options: str) -> tuple[Leak, ...]:
    """Run the suite, which passes, and give what it leaks."""
    source = str(Path(__file__).parent.parent / "src")
    given = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": source, "PATH": ""}
    usual = ("-q", "--rootdir=.", "-o", "pythonpath=.", "-p", "leaklint.runtime.plugin", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *usual, *options, "--leaklint-report=leaks.json"]
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return read(folder / "leaks.json").leaks


@pytest.mark.parametrize("action", ["ignore", "default", "always", "error"])
def test_what_tells_is_a_leak_whatever_becomes_of_the_warning(tmp_path: Path, action: str) -> None:
    (tmp_path / "shelf.py").write_text(SHELF)
    (tmp_path / "test_shelf.py").write_text(TESTS)
    found = run(tmp_path, f"-W{action}::ResourceWarning", "-Wignore::pytest.PytestUnraisableExceptionWarning")
    assert [(one.type, one.category, one.parts, one.is_intended, place(one)) for one in found] == [
        ("shelf.Shelf", "owner", ("file",), False, ("test_shelf.py", 7)),
        ("shelf.Wide", "owner", ("file",), False, ("test_shelf.py", 10)),
        ("shelf.Shelf", "owner", ("file",), True, ("test_shelf.py", 21)),
        ("shelf.Plain", "owner", (), False, ("test_shelf.py", 25)),
    ]


def place(leak: Leak) -> tuple[str, int]:
    assert leak.frame is not None
    return leak.frame.path, leak.frame.line
