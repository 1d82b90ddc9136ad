"""Classes that own, run before and after their fixes: what leaked is released, though a release before it fails."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.engine import Project
from leaklint.fixing import FixResult, fix_source
from leaklint.model.source import parse


class Opened:
    """Stands for what the fixed code opens: it counts what is open, and closing it may fail."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.failing: set[str] = set()
        self.refused: set[str] = set()

    def open(self, name: str) -> "Handle":
        """Open a handle of a name, as `open` does."""
        if name in self.refused:
            raise FileNotFoundError(name)
        self.order.append(f"+{name}")
        return Handle(name, self)

    @property
    def left(self) -> set[str]:
        """The names of what is still open."""
        return {one[1:] for one in self.order if one[0] == "+"} - {one[1:] for one in self.order if one[0] == "-"}


class Handle:
    """One open thing; it is closed even where closing fails, as a file is whose last flush fails."""

    def __init__(self, name: str, opened: Opened) -> None:
        self.name = name
        self._opened = opened

    def close(self) -> None:
        """Close it, and fail where the test wants that."""
        self._opened.order.append(f"-{self.name}")
        if self.name in self._opened.failing:
            raise OSError(self.name)

    async def aclose(self) -> None:
        """Close it, as a client of httpx does."""
        self.close()

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


Fixing = Callable[[str], FixResult]


@pytest.fixture
def fixing(shipped: Project) -> Fixing:
    """Give a function that applies every fix, advice and unsafe ones included."""

    def fix(text: str) -> FixResult:
        source = parse("owners.py", textwrap.dedent(text).lstrip("\n"))
        return fix_source(source, shipped, lambda *_: True, unsafe=True)

    return fix


def run(text: str, opened: Opened) -> dict[str, object]:
    """Run a module in which `open` is ours; `httpx.AsyncClient()` opens `client`."""
    text = text.replace("httpx.AsyncClient()", "open('client')").replace("import httpx\n", "")
    names: dict[str, object] = {"open": opened.open, "__name__": "owners"}
    exec(compile(text, "owners.py", "exec"), names)
    return names


def made(names: dict[str, object], name: str, *arguments: object) -> object:
    """Make an instance of a class of a module that was run."""
    cls = names[name]
    assert callable(cls)
    return cls(*arguments)


TWO = """
    class Pair:
        def __init__(self):
            self.left = open("left")
            self.right = open("right")
"""
CLOSED = """
        def close(self):
            self.left.close()
"""
MANY = """
    class Cache:
        def __init__(self):
            self.first = open("first")
            self.files = [open(name) for name in ("a", "b")]
            self.named = {}
            self.late = None

        def start(self):
            self.named["c"] = open("c")
            self.late = open("late")
"""


@pytest.mark.parametrize("text", [TWO, TWO + CLOSED], ids=["LKR401", "LKR402"])
@pytest.mark.parametrize("failing", ["", "left", "right"])
def test_both_are_released_though_one_release_fails(fixing: Fixing, text: str, failing: str) -> None:
    opened = Opened()
    made(run(textwrap.dedent(text), opened), "Pair")
    assert opened.left == {"left", "right"}, "before, they leak"
    result = fixing(text)
    opened = Opened()
    opened.failing = {failing}
    pair = made(run(result.text, opened), "Pair")
    if failing:
        with pytest.raises(OSError, match=failing):
            pair.close()  # type: ignore[attr-defined]
    else:
        pair.close()  # type: ignore[attr-defined]
    assert opened.left == set()
    assert result.refused == ()


def test_containers_are_released_in_reverse_order_each_though_another_fails(fixing: Fixing) -> None:
    opened = Opened()
    opened.failing = {"b", "late"}
    names = run(fixing(MANY).text, opened)
    cache = made(names, "Cache")
    cache.start()  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="b"):
        cache.close()  # type: ignore[attr-defined]
    assert opened.order[-5:] == ["-late", "-c", "-b", "-a", "-first"]


def test_what_was_never_opened_is_not_released(fixing: Fixing) -> None:
    opened = Opened()
    made(run(fixing(MANY).text, opened), "Cache").close()  # type: ignore[attr-defined]
    assert opened.left == set()


def test_a_class_becomes_a_context_manager_and_its_user_enters_it(fixing: Fixing) -> None:
    text = """
        class Reader:
            def __init__(self, name):
                self.file = open(name)

        def main():
            reader = Reader("x")
            return reader.file.name
    """
    result = fixing(text)
    opened = Opened()
    main = run(result.text, opened)["main"]
    assert callable(main)
    assert main() == "x"
    assert opened.order == ["+x", "-x"]
    assert [one.code for one in result.applied] == ["LKR401", "LKR101"]


def test_a_coroutine_makes_the_release_one(fixing: Fixing) -> None:
    text = """
        import httpx

        class Api:
            def __init__(self) -> None:
                self.log = open("log")
                self.client = httpx.AsyncClient()

            async def ask(self) -> str:
                return (await self.client.get("/")).text
    """
    result = fixing(text)
    opened = Opened()
    opened.failing = {"log"}
    names = run(result.text, opened)

    async def use() -> None:
        async with made(names, "Api"):  # type: ignore[attr-defined]
            pass

    with pytest.raises(OSError, match="log"):
        asyncio.run(use())
    assert opened.left == set()
    assert "async def aclose(self) -> None:" in result.text
    assert "async def __aenter__(self) -> Self:" in result.text
    assert "async def __aexit__(self, *exc_info: object) -> None:" in result.text
    assert "from typing import Self" in result.text


def test_a_plain_release_gets_an_asynchronous_one_beside_it(fixing: Fixing) -> None:
    text = """
        import httpx

        class Api:
            def __init__(self):
                self.log = open("log")
                self.client = httpx.AsyncClient()

            def close(self):
                self.log.close()
    """
    opened = Opened()
    opened.failing = {"client"}
    api = made(run(fixing(text).text, opened), "Api")
    with pytest.raises(OSError, match="client"):
        asyncio.run(api.aclose())  # type: ignore[attr-defined]
    assert opened.left == set()


def test_a_subclass_releases_its_own_and_calls_its_base(fixing: Fixing) -> None:
    text = """
        class Base:
            def __init__(self):
                self.file = open("base")
            def close(self):
                self.file.close()

        class Derived(Base):
            def __init__(self):
                super().__init__()
                self.index = open("index")
    """
    opened = Opened()
    opened.failing = {"index"}
    derived = made(run(fixing(text).text, opened), "Derived")
    with pytest.raises(OSError, match="index"):
        derived.close()  # type: ignore[attr-defined]
    assert opened.order[-2:] == ["-index", "-base"]


def test_slots_and_dataclasses_are_classes_like_others(fixing: Fixing) -> None:
    text = """
        from dataclasses import dataclass, field

        class Slotted:
            __slots__ = ("file",)
            def __init__(self):
                self.file = open("slot")

        @dataclass
        class Point:
            name: str
            file: object = field(init=False)
            def __post_init__(self):
                self.file = open(self.name)
    """
    result = fixing(text)
    opened = Opened()
    names = run(result.text, opened)
    with made(names, "Slotted"):  # type: ignore[attr-defined]
        assert opened.left == {"slot"}
    assert opened.left == set()


def test_del_calls_the_release(fixing: Fixing) -> None:
    text = """
        class Reader:
            def __init__(self):
                self.file = open("x")

            def __del__(self):
                self.file.close()
    """
    opened = Opened()
    with made(run(fixing(text).text, opened), "Reader"):  # type: ignore[attr-defined]
        pass
    assert opened.order == ["+x", "-x", "-x"]


def test_a_constructor_that_fails_leaves_nothing(fixing: Fixing) -> None:
    opened = Opened()
    opened.refused = {"right"}
    with pytest.raises(FileNotFoundError):
        made(run(textwrap.dedent(TWO + CLOSED), opened), "Pair")
    assert opened.left == {"left"}, "before, it leaks"
    opened.order.clear()
    with pytest.raises(FileNotFoundError):
        made(run(fixing(TWO + CLOSED).text, opened), "Pair")
    assert opened.left == set()


def test_the_old_one_is_released_before_a_new_one_takes_its_place(fixing: Fixing) -> None:
    text = """
        class Log:
            def __init__(self):
                self.file = open("one")
                self.spare = None
                self.parts = [open("part")]
            def reopen(self):
                self.file = open("two")
                self.parts = []
            def lend(self):
                self.spare = open("spare")
            def drop(self):
                self.spare = None
            def close(self):
                self.file.close()
                for part in self.parts:
                    part.close()
                if self.spare is not None:
                    self.spare.close()
    """
    opened = Opened()
    log = made(run(fixing(text).text, opened), "Log")
    log.reopen()  # type: ignore[attr-defined]
    assert opened.left == {"two"}
    log.drop()  # type: ignore[attr-defined]
    log.lend()  # type: ignore[attr-defined]
    log.drop()  # type: ignore[attr-defined]
    assert opened.left == {"two"}


REFUSED = {
    "an attribute by the name": (
        """
        class Reader:
            def __init__(self):
                self.close = print
                self.file = open("x")
        """,
        "`Reader` has a `close` already",
    ),
    "a method by the name, which takes more": (
        """
        class Reader:
            def __init__(self):
                self.file = open("x")
            def close(self, how):
                print(how)
        """,
        "`Reader` has a `close` already",
    ),
    "what may be somebody else's": (
        """
        class Reader:
            def __init__(self, file=None):
                self.file = file or open("x")
        """,
        "`self.file` may hold what the class did not open",
    ),
    "what may not be there": (
        """
        class Reader:
            def start(self):
                self.file = open("x")
        """,
        "`self.file` may not exist when it is released",
    ),
    "a container of more than that": (
        """
        class Reader:
            def __init__(self):
                self.parts = [open("x")]
            def add(self, part):
                self.parts.append(part)
        """,
        "`self.parts` may hold what the class did not open",
    ),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_sure_is_left_alone_with_a_reason(fixing: Fixing, text: str, reason: str) -> None:
    result = fixing(text)
    assert result.applied == ()
    assert result.text == textwrap.dedent(text).lstrip("\n")


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_reason_is_told(shipped: Project, text: str, reason: str) -> None:
    from leaklint.mending import mend_source

    left = mend_source(parse("owners.py", textwrap.dedent(text)), shipped, unsafe=True).left
    assert [why for _, why in left] == [reason]


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("def f(ok):\n    file = open('x')\n    if not ok:\n        return None\n    return file\n", ["+x", "-x"]),
        (
            "def f(_):\n    files = [open(name) for name in 'ab']\n    return [one.name for one in files]\n",
            ["+a", "+b", "-b", "-a"],
        ),
    ],
    ids=["an early return", "a list"],
)
def test_leaks_of_a_function(fixing: Fixing, text: str, calls: list[str]) -> None:
    opened = Opened()
    function = run(fixing(text).text, opened)["f"]
    assert callable(function)
    function(False)
    assert opened.order == calls


def test_python_itself_warns_before_and_not_after(fixing: Fixing, tmp_path: Path) -> None:
    text = """
        class Pair:
            def __init__(self, path):
                self.left = open(path, "w")
                self.right = open(path)

        def main(path):
            pair = Pair(path)
            pair.left.write("x")

        main("{}")
    """.format(tmp_path / "pair.txt")

    def warnings(text: str) -> int:
        command = [sys.executable, "-X", "dev", "-c", textwrap.dedent(text)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stderr.count("ResourceWarning: unclosed file")

    assert warnings(text) == 2
    assert warnings(fixing(text).text) == 0
