"""One module in, findings out: the one function that every front end calls."""

from dataclasses import dataclass

from leaklint.analysis.modules import facts_of
from leaklint.config import Config, catalogue_of
from leaklint.model.finding import Finding
from leaklint.model.source import Source
from leaklint.rules import RULES


@dataclass(frozen=True)
class Project:
    """What stays the same over the modules of one run."""

    config: Config


def lint(source: Source, project: Project) -> list[Finding]:
    """Give every finding of a module, sorted by position."""
    found = []
    for facts in facts_of(source, catalogue_of(project.config)):
        for rule in RULES:
            found.extend(rule.check(facts))
    return sorted(found, key=lambda one: (one.span, one.code))
