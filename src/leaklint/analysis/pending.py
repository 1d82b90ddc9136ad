"""What is being computed over the modules of a project, and which results rest on something unfinished."""

from collections.abc import Hashable

from leaklint.analysis.owners import Owner
from leaklint.analysis.setting import FunctionSummary
from leaklint.model.data import dataclass, field

DEEPEST = 10  # calls within calls that are looked into


@dataclass(eq=False, slots=True)
class Pending:
    """What is being computed. A result that rests on something unfinished is a guess, good until that is finished.

    So what is kept does not depend on the order in which things are asked for.
    """

    stack: list[Hashable] = field(default_factory=list)
    consulted: set[Hashable] = field(default_factory=set)
    summaries: dict[Hashable, FunctionSummary | None] = field(default_factory=dict)
    owners: dict[Hashable, Owner] = field(default_factory=dict)

    def is_begun(self, key: Hashable) -> bool:
        """Say whether a result is being computed; whoever asks rests on it from now on."""
        if key in self.stack:
            self.consulted.add(key)
            return True
        return False

    def is_too_deep(self) -> bool:
        """Say whether calls nest too deeply to look on; whoever asks has a guess from now on."""
        if len(self.stack) > DEEPEST:
            self.consulted.add(DEEPEST)
            return True
        return False

    def end(self, key: Hashable) -> bool:
        """End what was begun last; say whether its result is for good."""
        self.stack.pop()
        self.consulted.discard(key)
        if not self.stack:
            self.consulted.clear()
        if self.consulted:
            return False
        self.summaries.clear()
        self.owners.clear()
        return True
