"""The verdict on each leak. It asks the linter about the lines of a leak, and tries the fixes; it changes nothing."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from leaklint.baseline.marks import marks_of
from leaklint.catalogue.hidden import hidden_in
from leaklint.checking import lint_named, wanted
from leaklint.config import load_config
from leaklint.engine import Project
from leaklint.mending import is_mendable, mend_file
from leaklint.model.data import replace
from leaklint.model.finding import Finding
from leaklint.model.fix import Applicability
from leaklint.model.leak import Leak
from leaklint.model.source import SourceError, parse, read
from leaklint.runtime.summary import Cause, Causes, hidden_behind
from leaklint.triage.case import AUTOMATIC, BY_HAND, INTENDED, THIRD_PARTY, UNKNOWN, Case, Judged

REPORT = "run `pytest --leaklint-report=leaks.json` and triage that"


class Judge:
    """Judges leaks below a root; each file is linted once, and its fixes are tried once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._causes = Causes(root)
        self._proved: dict[str, list[Finding]] = {}

    def judge(self, cases: Iterable[Case]) -> list[Judged]:
        """Give the verdict on each leak; raises ConfigError."""
        return [self._judge(case) for case in cases]

    def _judge(self, case: Case) -> Judged:
        leak = case.leak
        cause = self._causes.of(leak)
        if leak.is_intended:
            return Judged(case, INTENDED, "a test waits for this warning", cause.frame if cause else None)
        if not (case.is_traced or (cause is not None and cause.finding is not None)):
            return Judged(case, UNKNOWN, f"the log does not say who made it; {REPORT}")
        if cause is None:
            known = None if leak.library is None else hidden_in(leak.library)
            return Judged(case, THIRD_PARTY, known.cure if known else _foreign(leak))
        hidden = hidden_behind(leak, cause)
        if hidden is not None:
            return Judged(case, THIRD_PARTY, f"{hidden.what}: {hidden.cure}", leak.frame)
        return self._own(case, cause)

    def _own(self, case: Case, cause: Cause) -> Judged:
        found = cause.finding
        if found is None:
            return Judged(case, BY_HAND, f"nothing releases what `{cause.frame.function}` opens here", cause.frame)
        if found in self._proved_in(cause.frame.path):
            return Judged(case, AUTOMATIC, "`leaklint fix` rewrites it", cause.frame, found)
        unsafe = found.fix is not None and found.fix.applicability is Applicability.UNSAFE
        help_with = " (`leaklint fix --unsafe-fixes` does it)" if unsafe else ""
        return Judged(case, BY_HAND, found.message + help_with, cause.frame, found)

    def _proved_in(self, path: str) -> list[Finding]:
        if path not in self._proved:
            self._proved[path] = _proved(str(self._root / path))
        return self._proved[path]


def _proved(path: str) -> list[Finding]:
    """Give the findings of a file that `leaklint fix` takes away: its fixes are tried, and proved, without writing."""
    project = Project(replace(load_config(Path(path)), baseline=None))
    try:
        source = read(Path(path))
        findings = wanted(lint_named(source, project), source, project)
        mended = mend_file(path, project, unsafe=False, is_writing=False)
        left = Counter(marks_of(parse(path, mended.text), (found for found, _ in mended.left)))
    except SourceError:
        return []
    proved = []
    for found, mark in zip(findings, marks_of(source, findings), strict=True):
        if left[mark]:
            left[mark] -= 1
        elif is_mendable(found, unsafe=False):
            proved.append(found)
    return proved


def _foreign(leak: Leak) -> str:
    made = leak.library or "the standard library"
    return f"no code of yours made it; release it where {made} offers that, or look for a version that does"
