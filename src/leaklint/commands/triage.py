"""`leaklint triage`: the verdicts on the leaks of a report or a log, printed, and what is asked for besides."""

import functools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leaklint.baseline.change import Seen, gone, renewed, without
from leaklint.baseline.file import Baseline, load, text_of
from leaklint.baseline.leaks import leak_marks
from leaklint.commands.record import USUAL
from leaklint.commands.scope import Trouble, complain, counted
from leaklint.config import load_config
from leaklint.model.data import dataclass, replace
from leaklint.model.leak import LeakReport
from leaklint.model.source import SourceError, read_text
from leaklint.runtime import leaks_file
from leaklint.triage.case import Case, Judged
from leaklint.triage.document import document
from leaklint.triage.filters import filters_for
from leaklint.triage.log import cases_in
from leaklint.triage.settings import settings_file, with_filters
from leaklint.triage.text import lines
from leaklint.triage.verdicts import Judge
from leaklint.writing import write_text


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for besides the verdicts."""

    form: str = "text"
    page: str | None = None
    filters: bool = False
    baseline: bool = False
    prune: bool = False


def run(name: str, wishes: Wishes) -> int:
    """Print the verdicts on the leaks of a file, and give the exit status; raises ConfigError, Trouble and CannotWrite."""
    root, cases = _cases(Path(name))
    judged = Judge(root).judge(cases)
    print(document(judged) if wishes.form == "json" else "\n".join(lines(judged)), flush=True)
    if wishes.page:
        _write_page(Path(wishes.page), judged, root)
    if wishes.filters:
        _write_filters(judged, root)
    if wishes.baseline or wishes.prune:
        _write_baseline(LeakReport(str(root), tuple(case.leak for case in cases)), wishes.prune)
    return 0


def _cases(path: Path) -> tuple[Path, list[Case]]:
    """Read a report, or a log, whose paths are below the current directory."""
    if path.suffix == ".json":
        try:
            report = leaks_file.read(path)
        except leaks_file.LeaksFileError as error:
            raise Trouble(str(error)) from None
        root = Path(report.root) if Path(report.root).is_dir() else Path.cwd()  # a report may come from another machine
        return root, [Case(leak) for leak in report.leaks]
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Trouble(f"{path}: cannot be read: {error.strerror or error}") from None
    cases = cases_in(text, Path.cwd())
    if not cases:
        complain(f"note: no ResourceWarning in {path}; pytest shows them with -W always::ResourceWarning")
    return Path.cwd(), cases


def _write_page(path: Path, judged: Sequence[Judged], root: Path) -> None:
    from leaklint.triage.page import page

    @functools.cache
    def text_at(name: str) -> str:
        """Give a file's text for the page, which is right without it."""
        try:
            return read_text(str(root / name))
        except SourceError:
            return ""

    write_text(path, page(judged, f"Leaks of {root.name}", text_at))
    complain(f"wrote {path}")


def _write_filters(judged: Sequence[Judged], root: Path) -> None:
    """Add filters for what third parties leak to pytest's configuration, and say which are not added."""
    filters, refused = filters_for(judged)
    path = settings_file(root)
    text = with_filters(path, filters)
    if filters and not (path.is_file() and path.read_text(encoding="utf-8") == text):
        write_text(path, text)
    complain(f"{counted(len(filters), 'filter')} in {os.path.relpath(path)}")
    for one in refused:
        complain(f"not written: {one.line}: {one.reason}")


def _write_baseline(report: LeakReport, is_pruning: bool) -> None:
    """Write the leaks of a run into the baseline, or take out those that did not leak in it."""
    file = load_config(Path(report.root)).baseline or Path(report.root) / USUAL
    if not file.exists():
        write_text(file, text_of(Baseline()))
    old = load(file)
    now = leak_marks(report, file)
    everywhere = {path: Seen(now.get(path, Counter()), lambda code: True) for path in {*old.leaks, *now}}
    missing = gone(old.leaks, everywhere, lambda path: True)
    leaks = without(old.leaks, missing) if is_pruning else renewed(old.leaks, everywhere, lambda path: True)
    write_text(file, text_of(replace(old, leaks=leaks)))
    number = sum(sum(marks.values()) for marks in leaks.values())
    complain(f"{counted(number, 'kind')} of leaks in {os.path.relpath(file)}")
