"""One module in, findings out: the one function that every front end calls."""

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from leaklint.analysis.openers import Openers
from leaklint.analysis.prefilter import is_suspect, may_acquire, may_concern_loops
from leaklint.catalogue import Catalogue
from leaklint.config import Config, catalogue_of
from leaklint.model.data import dataclass
from leaklint.model.finding import Finding
from leaklint.model.source import Source
from leaklint.model.span import Span


@dataclass(frozen=True)
class Project:
    """What stays the same over the modules of one run."""

    config: Config

    @cached_property
    def catalogue(self) -> Catalogue:
        """The shipped catalogue with the user's own tables."""
        return catalogue_of(self.config)

    @cached_property
    def openers(self) -> Openers:
        """What the texts of first-party modules promise."""
        return Openers(self.catalogue, tuple(map(str, self.config.src)))

    @cached_property
    def workspace(self) -> "Workspace":
        """The first-party modules that the linted ones import."""
        from leaklint.analysis.workspace import Workspace

        return Workspace(self.catalogue, self.openers)


if TYPE_CHECKING:  # loaded only for a module that may acquire
    from leaklint.analysis.workspace import Workspace


FAMILIES = "34219"  # of rules, the most specific first: fixtures, owners, loops, scopes, advice
INSTEAD = ("LKR204", "LKR205", "LKR207", "LKR306", "LKR911")  # wrong releases and the like: they stand for the acquisition
DEEPEST = 12_000  # Python frames; long chains of calls nest as deeply as they are long


def lint(source: Source, project: Project) -> list[Finding]:
    """Give every finding of a module, sorted by position."""
    if is_idle(source.text, source.path, project):
        return []
    # only here: most small runs end above, and importing these costs as much as the rest of one
    from leaklint.analysis.modules import facts_of
    from leaklint.rules.choice import rules_for

    found: list[Finding] = []
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, DEEPEST))
    try:
        module = facts_of(source, project.workspace, project.config.target_version)
        if module is not None:
            for rule in rules_for(module):
                found.extend(rule.check(module))
            module.let_go()
    finally:
        sys.setrecursionlimit(usual)
    return sorted(_once(_most_specific(found)), key=lambda one: (one.span, one.code))


def is_idle(text: str, path: str, project: Project) -> bool:
    """Say whether a text alone shows that a module neither acquires anything nor has to do with event loops."""
    if may_concern_loops(text) or may_acquire(text, project.catalogue) or is_suspect(text):
        return False
    return not project.openers.words(text, os.path.abspath(path))


def _most_specific(findings: list[Finding]) -> list[Finding]:
    """Leave out what a more specific family says of the same acquisitions."""
    claimed: dict[Span, int] = {}
    for one in findings:
        for span in one.acquisitions:
            claimed[span] = min(claimed.get(span, len(FAMILIES)), _rank(one.code))
    return [
        one for one in findings if not one.acquisitions or any(claimed[span] == _rank(one.code) for span in one.acquisitions)
    ]


def _once(findings: list[Finding]) -> list[Finding]:
    """Leave out what is said already: a `finally` is lowered for every way into it, each with its own acquisition."""
    said: dict[tuple[str, Span, str], Finding] = {}
    for one in findings:
        said.setdefault((one.code, one.span, one.message), one)
    return list(said.values())


def _rank(code: str) -> int:
    return -1 if code in INSTEAD else FAMILIES.index(code[3])
