"""What a rule is, seen from outside: its code, its name and the page that explains it."""

from leaklint.model.data import dataclass


@dataclass(frozen=True, slots=True)
class RulePage:
    """A rule for those who only read about it. `documentation` is the docstring of the rule's module."""

    code: str
    name: str
    summary: str
    fix: str
    documentation: str
