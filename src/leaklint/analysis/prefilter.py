"""Whether a text can acquire anything at all, asked before any part of the analysis is loaded.

It searches text for the words that can acquire: those of the builtins and of the modules that the text imports. It
knows nothing of trees, so it may take prose for code, never the other way round.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from leaklint.catalogue import Catalogue

IMPORT = re.compile(r"[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+\(?([^\n#(]*)")
IMPORTED = re.compile(
    r"[ \t]*(?:from[ \t]+([\w.]+)[ \t]*import[ \t]*(?:\(([^)]*)\)|((?:[^\n\\#;]|\\\n)*))|import[ \t]+([^\n#;]*))"
)
COMMENT = re.compile(r"#[^\n]*")
TESTING = ("fixture", "addCleanup", "addfinalizer", "TestClient(")
EVICTING = re.compile(
    r"^[ \t]+(?:self\.\w+\.pop(?:item\(|left\(|\([^)\s-])[^\n]*\)[ \t]*(?:#[^\n]*)?$|del self\.\w+\[)", re.MULTILINE
)
PROBING = re.compile(r"\b(?:has|get)attr\(\s*self\.\w+,\s*[\"'](?:a?close|shutdown|stop|cleanup|dispose|disconnect)\b")

# after a word: a call or a value; not prose, keyword or attribute
MAY_CALL = re.compile(r"\b(?:(?!\s*[\w'\"=:.])|(?=\s+(?:if|else|or|and|as)\b)|(?=[ \t]*\n))")
LAST = re.compile(r"[ \t]*\n\s*[\w'\"=:.]")  # after a word: the end of its line, and one that begins like prose goes on
VALUE = re.compile(r"(?:[=(]|\b(?:else|or|return))[ \t]*(?:\w+\.)*$")  # before a word at the end of a line: `opener = open`
TYPED = re.compile(r"(?:\w\s*:|->)\s*(?:\w+\.)*$")  # before a word that names a type: `session: Session`, `-> Session | None`
FARTHEST = 1000  # characters before a word in which the display of a dict may begin: its keys look like parameters
RENAMED = re.compile(r"\s+as\b")
WORD_ENDS = re.compile(r"\b")
AWAIT = re.compile(r"\bawait\b")
CALLED = re.compile(r"\b\s*\(")
STANDARD = sys.stdlib_module_names
LOOP_LIBRARIES = frozenset(("asyncio", "anyio", "trio", "uvloop"))
LOOP_HINTS = ("async", "Async", "event_loop", "run_until_complete", "run_forever", "aclose", "uvloop", "trio")
VENDORS = frozenset(("_vendor", "vendor", "vendored", "_vendored", "extern", "externals", "packages", "moves"))
NAMESAKES = frozenset(("aiofiles", "anyio", "curio", "trio"))  # their modules are called as the ones of the standard library
MOVED = {  # names of six.moves whose modules are called otherwise
    "BaseHTTPServer": "http.server",
    "CGIHTTPServer": "http.server",
    "SimpleHTTPServer": "http.server",
    "dbm_gnu": "dbm.gnu",
    "dbm_ndbm": "dbm.ndbm",
    "http_client": "http.client",
    "xmlrpc_client": "xmlrpc.client",
    "xmlrpc_server": "xmlrpc.server",
}


def may_acquire(text: str, catalogue: Catalogue) -> bool:
    """Say whether a word that can acquire stands in a module's text, or one that the rules of fixtures look for."""
    if is_testing(text):
        return True
    words = catalogue.words(imported_roots(text))
    return any(True for word in words for _ in occurrences(word, text, MAY_CALL))


def is_testing(text: str) -> bool:
    """Say whether a text holds fixtures, or calls that register a release."""
    return any(word in text for word in TESTING)


def is_suspect(text: str) -> bool:
    """Say whether the rules of owners may speak of a module that acquires nothing itself."""
    return may_evict(text) or may_probe(text)


def may_evict(text: str) -> bool:
    """Say whether a text holds a statement by which a container of limited size may throw something out."""
    return "len(self." in text and EVICTING.search(text) is not None


def evicting_lines(text: str) -> set[int]:
    """Give the lines (1-based) of such statements."""
    return {text.count("\n", 0, match.start()) + 1 for match in EVICTING.finditer(text)}


def may_probe(text: str) -> bool:
    """Say whether a text asks whether an attribute has a release method."""
    return "attr(self." in text and PROBING.search(text) is not None


def may_concern_loops(text: str) -> bool:
    """Say whether a module's text can have to do with event loops, coroutines or tasks."""
    return any(hint in text for hint in LOOP_HINTS)


def has_generators(text: str) -> bool:
    """Say whether a text can hold an async generator that is abandoned, or that holds something at a yield."""
    return "async for" in text or ("yield" in text and "async with" in text)


def loop_lines(text: str, catalogue: Catalogue, roots: frozenset[str]) -> set[int]:
    """Give the lines (1-based) on which a word of event loops stands, or a coroutine that releases and is not awaited."""
    found = lines_with(catalogue.loop_words(roots), text) if may_concern_loops(text) else set()
    return found | release_lines(text, releasing_methods(catalogue, roots))


def releasing_methods(catalogue: Catalogue, roots: frozenset[str]) -> frozenset[str]:
    """Give the names of methods that may release by a coroutine, and of those that are mistaken for them."""
    found = catalogue.async_releases(roots)
    return found | {"aclose", "close"} if "aclose" in found else found | {"aclose"}


def release_lines(text: str, methods: frozenset[str]) -> set[int]:
    """Give the lines (1-based) on which one of the methods stands and nothing is awaited."""
    words = [place for one in methods for place in occurrences(one, text, WORD_ENDS)]
    found: set[int] = set()
    line, position = 1, 0
    for place in sorted([one for one in words if text[one - 1 : one] == "."]):
        line += text.count("\n", position, place)
        position = place
        start, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
        code = text[start : end if end >= 0 else len(text)].partition("#")[0]
        if place < start + len(code) and AWAIT.search(code) is None:
            found.add(line)
    return found


@lru_cache(maxsize=8)  # one text is asked about again and again while it is linted
def imported_roots(text: str) -> frozenset[str]:
    """Give the top-level names of the modules that a text imports."""
    roots: set[str] = set()
    for line in lines_of_imports(text):
        match = IMPORT.match(text, line)
        if match is not None:
            _add_roots(match[1], match[2], roots)
    return frozenset(roots - {""})


def lines_of_imports(text: str) -> Iterator[int]:
    """Yield where the lines begin on which the word `import` stands; most lines are not looked at."""
    found = text.find("import")
    while found >= 0:
        yield text.rfind("\n", 0, found) + 1
        end = text.find("\n", found)
        found = text.find("import", end) if end >= 0 else -1


def _add_roots(base: str | None, names: str, roots: set[str]) -> None:
    if base:
        roots.add(base.partition(".")[0])
    for name in names.split(","):
        imported = name.split(" as ")[0].strip()
        if base and "moves" in base:
            roots.add(behind_moves(f"{base}.{imported}").partition(".")[0])
        if not base or is_module_through(base, imported):
            roots.add(imported.partition(".")[0])


def imports(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the imports of a text: the module after `from` ("" without), the name ("*" too), the local name."""
    end = 0
    for line in lines_of_imports(text):
        match = IMPORTED.match(text, line) if line >= end else None
        if match is None:
            continue
        end = match.end()
        base, grouped, plain, modules = match.groups("")
        for name in COMMENT.sub("", grouped or plain or modules).replace("\\", "").split(","):
            imported, _, local = (part.strip() for part in name.partition(" as "))
            if imported and not base and not local:
                imported = local = imported.partition(".")[0]
            if imported and (base or imported != "*"):  # `import * as React` in a string is JavaScript
                yield base, imported, local or imported


def lines_with(words: frozenset[str] | set[str], text: str, after: re.Pattern[str] = MAY_CALL) -> set[int]:
    """Give the lines (1-based) of a text on which one of the words stands; `after` is what must follow it."""
    found: set[int] = set()
    line, position = 1, 0
    for place in sorted([place for word in words for place in occurrences(word, text, after)]):
        line += text.count("\n", position, place)
        position = place
        found.add(line)
    return found


def occurrences(word: str, text: str, after: re.Pattern[str]) -> Iterator[int]:
    """Yield the places (from 0) where a text has the whole word; plain search is ten times as fast as a pattern."""
    place = text.find(word)
    while place >= 0:
        end = place + len(word)
        before = text[place - 1 : place]
        is_whole = not (before.isalnum() or before == "_") and after.match(text, end) is not None
        if is_whole and not (after is MAY_CALL and _is_only_named(text, place, end)):
            yield place
        place = text.find(word, end)


def _is_only_named(text: str, place: int, end: int) -> bool:
    """Say whether a word that is not called stands where it is imported by this name, names a type, or ends a line of prose."""
    if CALLED.match(text, end) or RENAMED.match(text, end):
        return False
    if LAST.match(text, end) and VALUE.search(text, text.rfind("\n", 0, place) + 1, place) is None:
        return True
    if text[place - 1 : place] in (" ", ".") and TYPED.search(text, text.rfind("\n", 0, place) + 1, place) is not None:
        first = max(0, place - FARTHEST)
        return text.rfind("{", first, place) <= text.rfind("}", first, place)
    starts, ends = _imports_of(text)
    following = bisect_right(starts, place)
    return following > 0 and place < ends[following - 1]


@lru_cache(maxsize=8)
def _imports_of(text: str) -> tuple[list[int], list[int]]:
    """Give where the import statements of a text begin, and where they end."""
    found = [match for line in lines_of_imports(text) if (match := IMPORTED.match(text, line)) is not None]
    return [one.start() for one in found], [one.end() for one in found]


def is_module_through(base: str, name: str) -> bool:
    """Say whether `from base import name` most likely gives the well-known module `name` through another one.

    `from .compat import sqlite3` and `from pip._vendor import requests` do; `from . import io` is one's own module, and
    `from aiofiles import tempfile` an asynchronous namesake.
    """
    if base.strip(".") == "" or base.partition(".")[0] in STANDARD or base.partition(".")[0] in NAMESAKES:
        return False
    return name in STANDARD or base.rpartition(".")[2] in VENDORS


def behind_moves(dotted: str) -> str:
    """Give what a dotted name means that leads through six.moves, also a vendored one: `six.moves.http_client`."""
    _, moves, rest = dotted.partition(".moves.")
    first, dot, last = rest.partition(".")
    return f"{MOVED.get(first, first)}{dot}{last}" if moves else dotted
