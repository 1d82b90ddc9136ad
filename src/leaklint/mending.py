"""One file mended, as `leaklint fix` does it: what is wanted is fixed, written back, and what is left has its reason.

The fixing itself, and libcst with it, is loaded for the first file that has a finding.
"""

import functools
from collections.abc import Callable
from pathlib import Path

from leaklint.checking import blamed_on, fixable, lint_named, wanted
from leaklint.engine import Project
from leaklint.model.data import dataclass
from leaklint.model.finding import Finding
from leaklint.model.fix import Applicability
from leaklint.model.source import Source, SourceError, decode, parse


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of one file. `left` are the findings that are still there, in the new text, each with the reason."""

    path: str
    text: str = ""
    fixed: tuple[Finding, ...] = ()
    left: tuple[tuple[Finding, str], ...] = ()
    diff: str = ""
    error: str | None = None


def mend_file(path: str, project: Project, *, unsafe: bool, is_writing: bool) -> Mended:
    """Mend a file on disk; it is written only where something was fixed and `is_writing`."""
    try:
        original = Path(path).read_bytes()
        result = mend_source(parse(path, decode(path, original)), project, unsafe=unsafe)
    except SourceError as error:
        return Mended(path, error=str(error))
    except OSError as error:
        return Mended(path, error=f"{path}: cannot be read: {error.strerror or error}")
    if not (result.fixed and is_writing):
        return result
    from leaklint.writing import CannotWrite, write_atomically

    try:
        write_atomically(Path(path), original, result.text)
    except CannotWrite as error:
        return Mended(path, error=str(error))
    return result


def mend_source(source: Source, project: Project, *, unsafe: bool) -> Mended:
    """Mend a module; raises SourceError where it cannot be analysed."""
    everything = lint_named(source, project)
    if not any(is_mendable(found, unsafe) for found in fixable(everything, source, project)):
        findings = wanted(everything, source, project)
        return Mended(source.path, source.text, left=tuple((found, reason(found, unsafe)) for found in findings))
    from leaklint.fixing import fix_source, unified_diff

    with blamed_on(source.path):
        result = fix_source(source, project, _choice(project), unsafe)
    refused = dict(result.refused)
    new = parse(source.path, result.text)
    left = wanted(lint_named(new, project), new, project)
    return Mended(
        source.path,
        result.text,
        result.applied,
        tuple((found, refused.get(found) or reason(found, unsafe)) for found in left),
        unified_diff(source.path, source.text, result.text),
    )


def _choice(project: Project) -> Callable[[Finding, Source], bool]:
    """Give the test that says of a finding in some text of a module whether it is fixed."""
    if project.config.baseline is None:
        return lambda found, current: bool(fixable([found], current, project))

    @functools.lru_cache(1)
    def chosen(current: Source) -> list[Finding]:
        """Of equal findings the baseline knows a number: only all of a text show which are new."""
        return fixable(lint_named(current, project), current, project)

    return lambda found, current: found in chosen(current)


def is_mendable(found: Finding, unsafe: bool) -> bool:
    """Say whether a finding has a fix that may be applied."""
    return found.fix is not None and (unsafe or found.fix.applicability is Applicability.SAFE)


def reason(found: Finding, unsafe: bool) -> str:
    """Say why a finding was not even tried."""
    if found.fix is None:
        return found.unfixable or "no automatic fix"
    return "the fix was not applied" if unsafe else "needs --unsafe-fixes"
