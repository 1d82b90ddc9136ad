"""Leaks out of a plain log: pytest's summary of warnings, or the stderr of `python -W always::ResourceWarning`.

The line and the test at which a ResourceWarning appears are those at which garbage was collected, so they are not
believed. Who made a resource only tracemalloc tells ("Object allocated at", from `python -X tracemalloc=20`). It may tell of
too few frames, and for some objects written in C (files, sockets) CPython notes the place where they are collected instead;
then the case is not traced.
"""

import itertools
import os
import re
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from leaklint.baseline.leaks import statements_at
from leaklint.baseline.marks import qualified_name
from leaklint.model.leak import Frame, Leak
from leaklint.triage.case import Case

WARNING = re.compile(r"\bResourceWarning: (?!Enable tracemalloc)(.+)$")
PLACE = re.compile(r"^\s*(.+?):(\d+): ResourceWarning: ")
ALLOCATED = re.compile(r"^\s*Object allocated at\b")
FILE = re.compile(r'^\s*File "(.+)", line(?:no)? (\d+)')
HEADING = re.compile(r"^(?:\S+::\S.*|.+: (\d+) warnings)$")  # of pytest's summary: whose warnings follow
KINDS = (
    (re.compile(r"unclosed <([\w.]+)"), "socket"),
    (re.compile(r"unclosed transport <([\w.]+)"), "transport"),
    (re.compile(r"unclosed event loop <([\w.]+)"), "event loop"),
    (re.compile(r"unclosed file <([\w.]+)"), "file"),
    (re.compile(r"unclosed database in <([\w.]+)"), "sqlite connection"),
    (re.compile(r"unclosed client session <([\w.]+)", re.IGNORECASE), "client session"),
    (re.compile(r"unclosed connector:? <?([\w.]+)", re.IGNORECASE), "connector"),
    (re.compile(r"(subprocess) \d+ is still running"), "subprocess"),
    (re.compile(r"Implicitly cleaning up <(TemporaryDirectory)"), "temporary directory"),
)
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
STANDARD = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
OF_PYTHON = re.compile(
    rf"{re.escape(os.sep)}lib{re.escape(os.sep)}python3\.\d+{re.escape(os.sep)}(?!site-packages|dist-packages)"
)
DRIVERS = frozenset(("_pytest", "pytest", "pluggy", "xdist", "coverage"))  # they run code, and open nothing for it

Place = tuple[str, int]


def cases_in(text: str, root: Path) -> list[Case]:
    """Give the leaks that a log tells of; `root` is the directory of the first-party code."""
    lines = text.replace("\r\n", "\n").split("\n")
    marked = [number for number, line in enumerate(lines) if WARNING.search(line)]
    cases: list[Case] = []
    for number, end in itertools.pairwise([*marked, len(lines)]):
        found = WARNING.search(lines[number])
        if found is not None:
            places = _allocated(lines[number + 1 : end])
            appeared = PLACE.match(lines[number])
            is_doubtful = appeared is not None and places[:1] == [(appeared[1], int(appeared[2]))]
            cases += [_case(found[1].strip(), places, root, is_doubtful)] * _count(lines, number)
    return cases


def _case(message: str, places: Sequence[Place], root: Path, is_doubtful: bool) -> Case:
    """Make a case of a warning and the lines that allocated its object, innermost first."""
    category, name = _kind(message)
    own = tuple(_frame(place, root) for place in places if _is_own(place[0], root))
    library = next((_library(path) for path, _ in places if not _is_standard(path)), None)
    leak = Leak(category, name, own, None, None, "function", "collected", warns=True, library=None if own else library)
    is_traced = bool(own) or (library is not None and library not in DRIVERS)
    return Case(leak, message, is_traced and not is_doubtful)


def _kind(message: str) -> tuple[str, str]:
    for pattern, category in KINDS:
        found = pattern.match(message)
        if found is not None:
            return category, found[1].removeprefix("_")
    return "resource", message.split("<")[-1].split()[0].rstrip(">") if "<" in message else "resource"


def _allocated(lines: Iterable[str]) -> list[Place]:
    """Give the lines of an allocation, innermost first; a log has the most recent call last."""
    places: list[Place] = []
    is_within = False
    for line in lines:
        is_within = is_within or ALLOCATED.match(line) is not None
        found = FILE.match(line) if is_within else None
        if found is not None:
            places.append((found[1], int(found[2])))
        elif is_within and places and not line.strip():
            break
    return places[::-1]


def _count(lines: Sequence[str], number: int) -> int:
    """Give how many warnings a paragraph of pytest's summary stands for."""
    while number > 0 and lines[number].startswith((" ", "\t")):
        number -= 1
    count = 0
    while number >= 0 and (found := HEADING.match(lines[number])) is not None:
        count += int(found[1] or 1)
        number -= 1
    return max(count, 1)


def _frame(place: Place, root: Path) -> Frame:
    path = os.path.relpath(root / place[0], root).replace(os.sep, "/")
    name = qualified_name(statements_at(str(root / place[0]), place[1]))
    return Frame(path, place[1], name or "<module>")


def _is_own(path: str, root: Path) -> bool:
    inside = not os.path.relpath(root / path, root).startswith("..")
    return inside and not path.startswith("<") and not _is_standard(path) and not any(part in path for part in INSTALLED)


def _is_standard(path: str) -> bool:
    if any(part in path for part in INSTALLED):
        return False
    return path.startswith(("<", *STANDARD)) or OF_PYTHON.search(path) is not None


def _library(path: str) -> str | None:
    """Give the top-level module of an installed file."""
    for part in INSTALLED:
        if part in path:
            return path.partition(part)[2].split(os.sep)[0].removesuffix(".py")
    return None
