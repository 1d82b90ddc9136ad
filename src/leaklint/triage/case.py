"""A leak before and after its verdict: plain data."""

from leaklint.model.data import dataclass
from leaklint.model.finding import Finding
from leaklint.model.leak import Frame, Leak

AUTOMATIC = "fix automatically"
BY_HAND = "fix by hand"
THIRD_PARTY = "third party"
INTENDED = "intended"
UNKNOWN = "unknown"  # only of a log, which may not say who made it
VERDICTS = (AUTOMATIC, BY_HAND, THIRD_PARTY, INTENDED, UNKNOWN)
OWN = (AUTOMATIC, BY_HAND, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Case:
    """One leak to be judged. `message` is the text of its warning where a log has it; `is_traced` where its maker is known."""

    leak: Leak
    message: str = ""
    is_traced: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """One leak and its verdict. `frame` is the line that stands for it, `finding` what the linter says there."""

    case: Case
    verdict: str  # one of VERDICTS
    cure: str
    frame: Frame | None = None
    finding: Finding | None = None

    @property
    def leak(self) -> Leak:
        """The leak itself."""
        return self.case.leak

    @property
    def what(self) -> str:
        """What leaked: the category, or the class where that is a first-party one."""
        return self.leak.type if self.leak.category == "owner" else self.leak.category

    @property
    def place(self) -> str:
        """Where it is made, or the library that made it."""
        if self.frame is not None:
            return f"{self.frame.path}:{self.frame.line}"
        return self.leak.library or self.leak.type

    @property
    def code(self) -> str:
        """The code of the finding, empty without one."""
        return "" if self.finding is None else self.finding.code


def way(leak: Leak) -> tuple[str, ...]:
    """Give the chain of owners from the line that made a leak up to the test, a step each."""
    steps = [f"{frame.path}:{frame.line} in {frame.function}" for frame in leak.frames]
    if leak.fixture is not None:
        steps.append(f"fixture {leak.fixture} ({leak.scope})")
    if leak.test is not None:
        steps.append(leak.test)
    return tuple(steps)
