"""A finding: what is wrong, where, by which path, and how it is mended."""

from leaklint.model.data import dataclass
from leaklint.model.fix import Fix
from leaklint.model.span import Span


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path on which a resource leaks: `line` is 1-based, `text` such as "raises here"."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One wrong. `message` does not repeat the code; `trace` runs from the acquisition to the exit that leaks.

    `acquisitions` are the acquiring expressions that the finding speaks for: of these no other family of rules speaks.
    `unfixable` is the reason why there is no fix, where one may be expected.
    """

    code: str
    span: Span
    message: str
    trace: tuple[Step, ...] = ()
    fix: Fix | None = None
    acquisitions: tuple[Span, ...] = ()
    unfixable: str = ""
