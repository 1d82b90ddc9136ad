"""What the end of a run tells about its leaks: by category, by the test that made them, and by line with its finding.

The linter is asked only here, and only about the files in which leaks were made.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from leaklint.catalogue.hidden import Hidden, hidden_in
from leaklint.checking import check_file
from leaklint.config import Config, ConfigError, load_config
from leaklint.engine import Project
from leaklint.model.data import dataclass, replace
from leaklint.model.finding import Finding
from leaklint.model.fix import Applicability
from leaklint.model.leak import Frame, Leak, LeakReport

HIGH, MEDIUM = 10, 3  # leaks
MOST = 30  # rows of a table


@dataclass(frozen=True, slots=True)
class Cause:
    """The line that stands for a leak, and the finding there, if any."""

    frame: Frame
    finding: Finding | None


class Causes:
    """Finds the lines that stand for leaks, below a root; checks each file once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._projects: dict[Config, Project] = {}
        self._checked: dict[str, tuple[Finding, ...]] = {}

    def of(self, leak: Leak) -> Cause | None:
        """Give the innermost first-party line of a leak on which a finding stands, or else the innermost; None without any."""
        for frame in leak.frames:
            for found in self._findings(frame.path):
                if _speaks_for(found, frame.line):
                    return Cause(frame, found)
        return Cause(leak.frames[0], None) if leak.frames else None

    def _findings(self, path: str) -> tuple[Finding, ...]:
        if path not in self._checked:
            self._checked[path] = self._check(str(self._root / path))
        return self._checked[path]

    def _check(self, path: str) -> tuple[Finding, ...]:
        try:
            config = load_config(Path(path))
            if config not in self._projects:
                self._projects[config] = Project(replace(config, baseline=None))  # what it knows has a cure all the same
            return check_file(path, self._projects[config]).findings
        except ConfigError:
            return ()


def lines(report: LeakReport, new: tuple[Leak, ...]) -> Iterator[str]:
    """Give the lines about a run: all of its leaks are counted, the new ones are shown."""
    shown = [leak for leak in new if not leak.is_intended]
    yield _heading(report, new, shown)
    if not shown:
        return
    yield from _table("category", Counter(leak.category for leak in shown))
    yield ""
    yield from _table("created by", Counter(leak.test or "outside of tests" for leak in shown), is_ranked=True)
    yield ""
    yield from _by_line(shown, Causes(Path(report.root)))
    strange = Counter(leak.library or "no first-party code" for leak in shown if not leak.frames)
    for library, number in strange.most_common():
        yield f"{library}: {_counted(number, 'leak')} without a first-party line: third party"


def _heading(report: LeakReport, new: tuple[Leak, ...], shown: list[Leak]) -> str:
    tests, known, intended = len({leak.test for leak in shown}), len(report.leaks) - len(new), len(new) - len(shown)
    texts = [f"{_counted(len(shown), 'leak')} from {_counted(tests, 'test')}"]
    if known:
        texts.append(f"{known} more that the baseline knows")
    if intended:
        texts.append(f"{intended} more where a test waits for the ResourceWarning")
    return "; ".join(texts)


def _table(title: str, counts: Counter[str], is_ranked: bool = False) -> Iterator[str]:
    yield f"  leaks          {title}" if is_ranked else f"  leaks  {title}"
    for name, number in counts.most_common(MOST):
        yield f"{number:7}  {_rank(number):6}  {name}" if is_ranked else f"{number:7}  {name}"
    left = len(counts) - MOST
    if left > 0:
        yield f"    ...  and {left} more; --leaklint-report=FILE keeps them all"


def _rank(number: int) -> str:
    return "high" if number >= HIGH else "medium" if number >= MEDIUM else "low"


def hidden_behind(leak: Leak, cause: Cause) -> Hidden | None:
    """Give what the library that made a leak is known to keep open itself, unless a finding stands on the very line."""
    hidden = None if leak.library is None else hidden_in(leak.library)
    return hidden if cause.finding is None or cause.frame != leak.frame else None


def _by_line(leaks: Iterable[Leak], causes: Causes) -> Iterator[str]:
    groups: dict[tuple[str, int, str, str], list[Leak]] = {}
    for leak in leaks:
        cause = causes.of(leak)
        if cause is not None:
            hidden = hidden_behind(leak, cause)
            found = None if hidden is not None else cause.finding
            frame = cause.frame if found is not None else leak.frames[0]
            cure = f"third party: {hidden.cure}" if hidden is not None else _cure(found)
            groups.setdefault((frame.path, frame.line, "" if found is None else found.code, cure), []).append(leak)
    for (path, line, code, cure), group in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        tests = len({leak.test for leak in group})
        place = f"{path}:{line} {code}" if code else f"{path}:{line}"
        yield f"{place} {_counted(len(group), 'leak')} from {_counted(tests, 'test')}: {cure}"


def _cure(found: Finding | None) -> str:
    if found is None:
        return "to be fixed by hand (no finding there)"
    if found.fix is None:
        return "to be fixed by hand"
    unsafe = " --unsafe-fixes" if found.fix.applicability is Applicability.UNSAFE else ""
    return f"fixable with leaklint fix{unsafe}"


def _speaks_for(found: Finding, line: int) -> bool:
    return any(span.line <= line <= span.end_line for span in (found.span, *found.acquisitions))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
