"""What a rule is: a page for people, and a check that turns the facts of one module into findings."""

from collections.abc import Callable, Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.model.data import dataclass
from leaklint.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `fix` says in a few words what `leaklint fix` does about it."""

    code: str
    name: str
    summary: str
    fix: str
    check: Callable[[ModuleFacts], Iterator[Finding]]
