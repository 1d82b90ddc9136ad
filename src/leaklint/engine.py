"""One module in, findings out: the one function that every front end calls."""

import sys
from dataclasses import dataclass
from functools import cached_property

from leaklint.analysis.prefilter import may_acquire
from leaklint.catalogue import Catalogue
from leaklint.config import Config, catalogue_of
from leaklint.model.finding import Finding
from leaklint.model.source import Source


@dataclass(frozen=True)
class Project:
    """What stays the same over the modules of one run."""

    config: Config

    @cached_property
    def catalogue(self) -> Catalogue:
        """The shipped catalogue with the user's own tables."""
        return catalogue_of(self.config)


DEEPEST = 12_000  # Python frames; long chains of calls nest as deeply as they are long


def lint(source: Source, project: Project) -> list[Finding]:
    """Give every finding of a module, sorted by position."""
    if not may_acquire(source.text, project.catalogue):
        return []
    # only here: most small runs end above, and importing these costs as much as the rest of one
    from leaklint.analysis.modules import facts_of
    from leaklint.rules import RULES

    found: list[Finding] = []
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, DEEPEST))
    try:
        for facts in facts_of(source, project.catalogue):
            for rule in RULES:
                found.extend(rule.check(facts))
    finally:
        sys.setrecursionlimit(usual)
    return sorted(found, key=lambda one: (one.span, one.code))
