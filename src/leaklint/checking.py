"""One file checked, as `leaklint check` does it: read, linted, selected, and silenced by its comments."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from sys import exc_info
from typing import TYPE_CHECKING

from leaklint.engine import Project, is_idle, lint
from leaklint.model.data import dataclass
from leaklint.model.finding import Finding
from leaklint.model.source import Source, SourceError, check_syntax, parse, read_text
from leaklint.noqa import unsilenced

if TYPE_CHECKING:  # loaded only where there is a baseline
    from leaklint.baseline.marks import Mark

FEW = 2_000  # objects left behind that may wait for the next collection


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one file. `text` is there where findings are; `error` where the file could not be analysed.

    `marks` are those of all findings, what the baseline knows included; only where there is a baseline.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    text: str = ""
    error: SourceError | None = None
    marks: "tuple[Mark, ...]" = ()


def check_file(path: str, project: Project) -> Checked:
    """Check a file on disk; most files need no tree."""
    try:
        text = read_text(path)
        if is_idle(text, path, project):
            check_syntax(path, text)
            return Checked(path)
        return check_source(parse(path, text), project)
    except SourceError as error:
        return Checked(path, error=error)


def check_source(source: Source, project: Project) -> Checked:
    """Check a parsed module."""
    try:
        findings = selected(lint_named(source, project), source, project)
    except SourceError as error:
        return Checked(source.path, error=error)
    if not findings:
        return Checked(source.path)
    if project.config.baseline is None:
        return Checked(source.path, tuple(findings), source.text)
    from leaklint.baseline.marks import marks_of

    new = unbaselined(findings, source, project)
    return Checked(source.path, tuple(new), source.text, marks=marks_of(source, findings))


def selected(findings: list[Finding], source: Source, project: Project) -> list[Finding]:
    """Give the findings that the configuration selects and no comment silences."""
    is_selected = project.config.is_selected
    return unsilenced([found for found in findings if is_selected(found.code, source.path)], source.text)


def unbaselined(findings: list[Finding], source: Source, project: Project) -> list[Finding]:
    """Give the findings that the baseline, if there is one, does not know; raises ConfigError."""
    if project.config.baseline is None or not findings:
        return findings
    from leaklint.baseline.file import entry_path, load
    from leaklint.baseline.marks import marks_of, unknown

    path = project.config.baseline
    known = load(path).findings.get(entry_path(source.path, path))
    return unknown(findings, marks_of(source, findings), known) if known else findings


def wanted(findings: list[Finding], source: Source, project: Project) -> list[Finding]:
    """Give the findings that are reported: selected, silenced by no comment, and not in the baseline."""
    return unbaselined(selected(findings, source, project), source, project)


def fixable(findings: list[Finding], source: Source, project: Project) -> list[Finding]:
    """Give the findings that `leaklint fix` looks at: the wanted ones, and advice that has a fix."""
    is_fixed, is_selected = project.config.is_fixed, project.config.is_selected
    path = source.path
    chosen = [one for one in findings if is_selected(one.code, path) or (one.fix is not None and is_fixed(one.code, path))]
    return unbaselined(unsilenced(chosen, source.text), source, project)


def lint_named(source: Source, project: Project) -> list[Finding]:
    """Lint a module so that a failure of ours names it; raises SourceError where it nests too deeply for us."""
    try:
        with blamed_on(source.path):
            return lint(source, project)
    except RecursionError:
        raise SourceError(source.path, 0, "cannot be analysed: nested too deeply") from None


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no garbage be collected in the block; what the block leaves is collected at its end, and nothing else.

    A process with many objects of its own (flake8 keeps whole trees) would look through them all again and again.
    """
    before = gc.get_count()[0]
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] - before > FEW:
                gc.collect(0)
            gc.enable()


@contextmanager
def blamed_on(path: str) -> Iterator[None]:
    """Name the file in the traceback of whatever is raised in the block."""
    is_done = False
    try:
        yield
        is_done = True
    finally:
        raised = exc_info()[1]
        if raised is not None and not is_done:
            raised.add_note(f"leaklint failed on {path}; please report this with the file")
