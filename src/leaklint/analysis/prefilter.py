"""Whether a text can acquire anything at all, asked before any part of the analysis is loaded.

It searches text for the words that can acquire: those of the builtins and of the modules that the text imports. It
knows nothing of trees, so it may take prose for code, never the other way round.
"""

import re
import sys
from collections.abc import Iterator

from leaklint.catalogue import Catalogue

IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+\(?([^\n#(]*)", re.MULTILINE)
IMPORTED = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]*import[ \t]*(?:\(([^)]*)\)|((?:[^\n\\#;]|\\\n)*))|import[ \t]+([^\n#;]*))", re.MULTILINE
)
COMMENT = re.compile(r"#[^\n]*")
MAY_CALL = r"(?:(?!\s*[\w'\"=:.])|(?=\s+(?:if|else|or|and|as)\b))"  # a call or a value; not prose, keyword or attribute
TESTING = ("fixture", "addCleanup", "addfinalizer", "TestClient(")
EVICTING = re.compile(
    r"^[ \t]+(?:self\.\w+\.pop(?:item\(|left\(|\([^)\s-])[^\n]*\)[ \t]*(?:#[^\n]*)?$|del self\.\w+\[)", re.MULTILINE
)
PROBING = re.compile(r"\b(?:has|get)attr\(\s*self\.\w+,\s*[\"'](?:a?close|shutdown|stop|cleanup|dispose|disconnect)\b")
STANDARD = sys.stdlib_module_names
LOOP_LIBRARIES = frozenset(("asyncio", "anyio", "trio", "uvloop"))
LOOP_HINTS = ("async", "Async", "event_loop", "run_until_complete", "run_forever", "aclose", "uvloop", "trio")
VENDORS = frozenset(("_vendor", "vendor", "vendored", "_vendored", "extern", "externals", "packages", "moves"))


def may_acquire(text: str, catalogue: Catalogue) -> bool:
    """Say whether a word that can acquire stands in a module's text, or one that the rules of fixtures look for."""
    return is_testing(text) or bool(lines_with(catalogue.words(imported_roots(text)), text))


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
    return "yield" in text and ("async for" in text or "async with" in text)


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
    present = [one for one in methods if f".{one}" in text]
    if not present:
        return set()
    found: set[int] = set()
    line, position = 1, 0
    for match in re.finditer(rf"^(?![^\n#]*\bawait\b)[^\n#]*\.(?:{'|'.join(present)})\b", text, re.MULTILINE):
        line += text.count("\n", position, match.start())
        position = match.start()
        found.add(line)
    return found


def imported_roots(text: str) -> frozenset[str]:
    """Give the top-level names of the modules that a text imports."""
    roots: set[str] = set()
    for base, names in IMPORT.findall(text):
        if base:
            roots.add(base.partition(".")[0])
        for name in names.split(","):
            imported = name.split(" as ")[0].strip()
            if not base or is_module_through(base, imported):
                roots.add(imported.partition(".")[0])
    return frozenset(roots - {""})


def imports(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the imports of a text: the module after `from` ("" without), the name ("*" too), the local name."""
    for base, grouped, plain, modules in IMPORTED.findall(text):
        for name in COMMENT.sub("", grouped or plain or modules).replace("\\", "").split(","):
            imported, _, local = (part.strip() for part in name.partition(" as "))
            if imported and not base and not local:
                imported = local = imported.partition(".")[0]
            if imported:
                yield base, imported, local or imported


def lines_with(words: frozenset[str] | set[str], text: str, after: str = MAY_CALL) -> set[int]:
    """Give the lines (1-based) of a text on which one of the words stands."""
    present = [word for word in words if word in text]
    if not present:
        return set()
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, present))})\b{after}")
    found: set[int] = set()
    line, position = 1, 0
    for match in pattern.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        found.add(line)
    return found


def is_module_through(base: str, name: str) -> bool:
    """Say whether `from base import name` most likely gives the well-known module `name` through another one.

    `from .compat import sqlite3` and `from pip._vendor import requests` do; `from . import io` is one's own module.
    """
    if base.strip(".") == "" or base.partition(".")[0] in STANDARD:
        return False
    return name in STANDARD or base.rpartition(".")[2] in VENDORS
