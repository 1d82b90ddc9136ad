"""Which leaks of a test run a baseline knows. It reads the lines that made them, and asks no linter.

A leak is known by an entry of its own, or by that of a finding on a line of its frames: what `leaklint check` has written
down need not be written down again when the tests run over it.
"""

import ast
import functools
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from leaklint.baseline.file import Baseline, entry_path, load
from leaklint.baseline.marks import Mark, normal_text
from leaklint.model.data import dataclass
from leaklint.model.leak import Frame, Leak, LeakReport
from leaklint.model.source import Source, SourceError, read

Parts = ast.stmt | ast.ExceptHandler | ast.match_case


@dataclass(frozen=True, slots=True)
class Site:
    """Where leaks of one category are made: the path in the baseline, the mark, and the line (0: no line of ours)."""

    path: str
    mark: Mark
    line: int


def new_leaks(report: LeakReport, file: Path) -> tuple[Leak, ...]:
    """Give the leaks of a run that the baseline `file` does not know; raises BaselineError."""
    baseline = load(file)
    left = [leak for leak in report.leaks if not _is_found(leak, report.root, baseline, file)]
    sites = [site_of(leak, report.root, file) for leak in left]
    lines: defaultdict[tuple[str, Mark], set[int]] = defaultdict(set)
    for site in sites:
        lines[site.path, site.mark].add(site.line)
    known = {key: sorted(each)[: baseline.leaks.get(key[0], {}).get(key[1], 0)] for key, each in lines.items()}
    return tuple(leak for leak, site in zip(left, sites, strict=True) if site.line not in known[site.path, site.mark])


def leak_marks(report: LeakReport, file: Path) -> dict[str, Counter[Mark]]:
    """Give the entries for the leaks of a run, by path: equal ones count once for each line that makes them."""
    found: defaultdict[str, Counter[Mark]] = defaultdict(Counter)
    baseline = load(file)
    leaks = (leak for leak in report.leaks if not _is_found(leak, report.root, baseline, file))
    for site in {site_of(leak, report.root, file) for leak in leaks}:
        found[site.path][site.mark] += 1
    return dict(found)


def site_of(leak: Leak, root: str, file: Path) -> Site:
    """Give where a leak was made, as the baseline `file` writes it."""
    frame = leak.frame
    if frame is None:
        return Site("", Mark(leak.category, leak.library or "", leak.type), 0)
    stated = statement_at(_absolute(frame, root), frame.line)
    value = getattr(stated, "value", None)  # of `client = dial(url)` the name does not count
    text = "" if stated is None else normal_text(value if isinstance(value, ast.expr) else stated)
    return Site(entry_path(_absolute(frame, root), file), Mark(leak.category, plain_name(frame), text), frame.line)


def statement_at(path: str, line: int) -> ast.stmt | None:
    """Give the innermost statement on a line of a file, if it can be read."""
    return next(reversed(statements_at(path, line)), None)


def statements_at(path: str, line: int) -> list[ast.stmt]:
    """Give the statements around a line of a file, outermost first; none where it cannot be read."""
    source = _source(path)
    return [] if source is None else [*_statements(source.tree, line)]


def plain_name(frame: Frame) -> str:
    """Give the qualified name of a frame's function without what has no name in the source: lambdas, comprehensions."""
    return ".".join(part for part in frame.function.split(".") if not part.startswith("<"))


def _is_found(leak: Leak, root: str, baseline: Baseline, file: Path) -> bool:
    """Say whether the baseline has a finding on a line of the leak's way."""
    for frame in leak.frames:
        marks = baseline.findings.get(entry_path(_absolute(frame, root), file), {})
        texts = {mark.expression for mark in marks if mark.function == plain_name(frame)}
        stated = statement_at(_absolute(frame, root), frame.line) if texts else None
        if stated is not None and any(normal_text(node) in texts for node in _expressions(stated)):
            return True
    return False


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """Give the expressions of a statement, those of its body left out."""
    waiting = [one for one in ast.iter_child_nodes(statement) if not isinstance(one, Parts)]
    while waiting:
        node = waiting.pop()
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.expr):
            yield node


def _statements(node: ast.AST, line: int) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and child.lineno <= line <= (child.end_lineno or child.lineno):
            yield child
        if isinstance(child, Parts):
            yield from _statements(child, line)


def _absolute(frame: Frame, root: str) -> str:
    return os.path.join(root, frame.path)


@functools.lru_cache(maxsize=64)
def _source(path: str) -> Source | None:
    try:
        return read(Path(path))
    except SourceError:
        return None
