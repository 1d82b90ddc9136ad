"""What happened to each site, noted while the transfer functions run once more over the solved graph."""

from collections.abc import Iterable
from typing import TypeVar

from leaklint.analysis.graph import Block
from leaklint.analysis.ops import Call, Enter, Exit, Op
from leaklint.analysis.values import Instance, Site, Value
from leaklint.model.data import dataclass, field
from leaklint.model.resource import Summary

Known = Site | Instance
Met = TypeVar("Met", Call, Enter)


@dataclass(eq=False, slots=True)
class History:
    """The events of one site, each with the operation that caused it."""

    names: list[str] = field(default_factory=list)  # bound to, in order
    uses: dict[Op, None] = field(default_factory=dict)
    releases: dict[Op, None] = field(default_factory=dict)
    enters: dict[Op, None] = field(default_factory=dict)
    moves: dict[Op, None] = field(default_factory=dict)
    returns: dict[Op, None] = field(default_factory=dict)
    returns_open: dict[Op, None] = field(default_factory=dict)  # those of the returns that find it open
    yields: dict[Op, None] = field(default_factory=dict)  # to a driver
    crosses: dict[Op, None] = field(default_factory=dict)  # yields to a driver during which it is open
    openings: dict[Op, None] = field(default_factory=dict)  # calls of a method that opens it
    rebinds: dict[Op, None] = field(default_factory=dict)
    is_unopened: bool = False  # its constructor was given nothing to open
    is_captured: bool = False  # somebody may use it, or what comes from it, at a time of his own
    fields: dict[str, Op] = field(default_factory=dict)  # attributes of self that it was stored in
    contained: set[str] = field(default_factory=set)  # those of them that keep it inside a container
    is_contained: bool = False  # put into a container made here
    is_kept_by_with: bool = False  # a with on it, which does not release it
    is_wrapped_in_with: bool = False  # a wrapper that does not release it was entered
    late: dict[Op, set[bool]] = field(default_factory=dict)  # uses; True where released for certain
    raised_at: dict[Op, tuple[Block, ...]] = field(default_factory=dict)  # open while this may raise, and where that leads
    statuses: set[int] = field(default_factory=set)  # at the normal exit
    carried: dict[Block, dict[Block, None]] = field(default_factory=dict)  # block -> where it goes open from there
    exits: set[str] = field(default_factory=set)  # "returned", "raised": open there
    exit_names: set[str] = field(default_factory=set)  # names that hold it at the normal exit

    @property
    def is_ended(self) -> bool:
        """Say whether what kept it kept a closed one: a with released it, or a name that holds its release method is called."""
        if self.enters and any(isinstance(op, Exit) for op in self.releases):
            return True
        return any(isinstance(op, Call) and op.callee is not None for op in self.releases)


class Record:
    """The histories of all sites of a graph, and its calls that are about event loops and tasks."""

    def __init__(self) -> None:
        self.histories: dict[Site, History] = {}
        self.loop_calls: dict[Call, Summary] = {}  # of catalogued callees with facts about loops
        self.running: dict[Call, None] = {}  # that run a loop, in whatever depth
        self.is_asking = False  # whether a loop is running
        self.receivers: dict[Call, set[Known]] = {}  # what is known of what a method is called on
        self.entered: dict[Enter, set[Known]] = {}  # what is known of what a with enters

    def of(self, site: Site) -> History:
        """Give the history of a site."""
        if site not in self.histories:
            self.histories[site] = History()
        return self.histories[site]

    def note_loop_call(self, op: Call, summary: Summary) -> None:
        """Note a call of something that is about event loops."""
        self.loop_calls[op] = summary
        self.is_asking |= summary.asks_loop
        if summary.runs_loop:
            self.running[op] = None

    def note_loop_helper(self, op: Call, runs_loop: bool) -> None:
        """Note a call of a function that runs a loop, or that asks whether one is running."""
        if runs_loop:
            self.running[op] = None
        else:
            self.is_asking = True

    def note(self, places: dict[Met, set[Known]], op: Met, values: Iterable[Value]) -> None:
        """Note what is known of the values that an operation meets."""
        for value in values:
            if isinstance(value, Site | Instance):
                places.setdefault(op, set()).add(value)
