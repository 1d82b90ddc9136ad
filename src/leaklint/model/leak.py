"""A leak: a resource that was seen at run time, and that nobody released in its owner's scope. Plain data, no machinery."""

from leaklint.model.data import dataclass

SCOPES = ("function", "class", "module", "package", "session", "collection")
STATES = ("open", "collected")


@dataclass(frozen=True, slots=True)
class Frame:
    """One first-party frame. `path` is relative to the root where it lies below it; lines are 1-based."""

    path: str
    line: int
    function: str  # its qualified name, "<module>" for a module's own code


@dataclass(frozen=True, slots=True)
class Leak:
    """One resource that leaked.

    `frames` are the first-party frames of the moment it was made, innermost first (where a task, callback or thread made
    it, then those of the code that scheduled that); empty where no first-party code did. `parts` are the categories of
    what it held open itself, and that are no leaks of their own. `warns` says that its type gives a ResourceWarning when it
    is collected, `is_intended` that a test was waiting for that warning.
    """

    category: str  # such as "socket", "event loop"; see leaklint.runtime.kinds
    type: str  # dotted, such as "socket.socket"
    frames: tuple[Frame, ...]
    test: str | None  # the node id of the test that made it, or for which its fixture was set up
    fixture: str | None  # the name of the fixture that made it
    scope: str  # one of SCOPES: of the test ("function"), the fixture, the set-up; "collection" before any test
    state: str  # one of STATES: at the end of that scope
    warns: bool = False
    is_intended: bool = False
    library: str | None = None  # the top-level third-party module of the innermost frame that is not the standard library's
    worker: str | None = None  # of pytest-xdist
    parts: tuple[str, ...] = ()

    @property
    def frame(self) -> Frame | None:
        """The creating first-party frame."""
        return self.frames[0] if self.frames else None


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What a run of a test suite left open. `root` is the absolute directory that paths are relative to."""

    root: str
    leaks: tuple[Leak, ...]
    version: str = ""  # of leaklint
