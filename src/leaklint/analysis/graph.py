"""Control-flow graphs: blocks of operations, where control goes next, and where exceptions go.

Every function has two exits, *returned* and *raised*. A block belongs to one frame, which says where what its operations
raise is handled.
"""

import builtins
from enum import Enum

from leaklint.analysis.ops import Op, Test
from leaklint.model.data import dataclass, field


class Thrown(Enum):
    """What kind of exception leaves an operation."""

    IMPLICIT = "implicit"  # whatever a call may raise
    GENERATOR_EXIT = "GeneratorExit"

    __hash__ = object.__hash__  # every edge of an exception is looked up by its kind; Enum's own hash is slow


Kind = Thrown | str  # a string is the name of an explicitly raised type, "" where it is unknown


@dataclass(eq=False, slots=True)
class Block:
    """A straight run of operations. `raises` runs beside `ops`: the kind that each may raise, or None."""

    number: int
    frame: "Frame"
    ops: list[Op] = field(default_factory=list)
    raises: list[Kind | None] = field(default_factory=list)
    end: "End | None" = None


@dataclass(eq=False, slots=True)
class Jump:
    """Control goes on at the target."""

    target: Block


@dataclass(eq=False, slots=True)
class Branch:
    """Control goes one way or the other; without a test, nobody knows which."""

    test: Test | None
    then: Block
    otherwise: Block
    line: int


@dataclass(eq=False, slots=True)
class Reraise:
    """What was caught for a `finally` or a `with` goes on, as one of the kinds; a swallowing with goes on at `after`."""

    kinds: frozenset[Kind]
    source: str | None
    after: Block | None


@dataclass(eq=False, slots=True)
class Stop:
    """Control ends here: an exit, or a call that does not return."""


End = Jump | Branch | Reraise | Stop


@dataclass(eq=False, slots=True)
class Handler:
    """One except clause: the last segments of the names of its types (None catches everything)."""

    types: frozenset[str] | None
    block: Block


@dataclass(eq=False, slots=True)
class Frame:
    """Where exceptions go: the handlers of a try, or the block of a `finally`, then the frame around."""

    outer: "Frame | None"
    raised: Block | None  # set in the outermost frame
    handlers: tuple[Handler, ...] = ()
    final: Block | None = None
    kinds: set[Kind] = field(default_factory=set)  # what arrived at `final`
    routes: dict[Kind, tuple[Block, ...]] = field(default_factory=dict)
    is_guarded: bool = False  # inside the body of a try that has handlers

    def route(self, kind: Kind) -> tuple[Block, ...]:
        """Give the blocks at which an exception of this kind may arrive."""
        if kind not in self.routes:
            self.routes[kind] = tuple(self._targets(kind))
        return self.routes[kind]

    def _targets(self, kind: Kind) -> list[Block]:
        if self.final is not None:
            self.kinds.add(kind)
            return [self.final]
        found = []
        for handler in self.handlers:
            caught = catches(handler.types, kind)
            if caught is not False:
                found.append(handler.block)
            if caught:
                return found
        if self.outer is not None:
            return [*found, *self.outer.route(kind)]
        return [*found, self.raised] if self.raised is not None else found


OS_ERRORS = frozenset(("OSError", "IOError", "EnvironmentError", "error", "SSLError"))
EVERYTHING = frozenset(("BaseException",))


def catches(types: frozenset[str] | None, kind: Kind) -> bool | None:
    """Say whether an except clause catches a kind: yes, no, or (None) perhaps.

    OSError is taken to catch whatever a call raises: so much of what stands between acquire and release is input and
    output that an alarm would mostly be pedantry.
    """
    if types is None or types & EVERYTHING:
        return True
    if kind is Thrown.GENERATOR_EXIT:
        return "GeneratorExit" in types
    if kind is Thrown.IMPLICIT:
        return True if "Exception" in types or types & OS_ERRORS else None
    if kind in types or (kind != "SystemExit" and kind != "KeyboardInterrupt" and "Exception" in types):
        return True
    return _catches_builtin(types, str(kind))


def _catches_builtin(types: frozenset[str], name: str) -> bool | None:
    raised = getattr(builtins, name, None)
    if not isinstance(raised, type) or not issubclass(raised, BaseException):
        return None
    known = [getattr(builtins, one, None) for one in types]
    if any(isinstance(one, type) and issubclass(raised, one) for one in known):
        return True
    return None if any(one is None for one in known) else False


@dataclass(eq=False, slots=True)
class Graph:
    """The graph of one function or module body.

    `guards` are the names whose tests keep stores apart, `listed` those that some test compares with several strings,
    `optional` the parameters that are None where they are not given.
    """

    entry: Block
    returned: Block
    raised: Block
    blocks: list[Block]
    guards: frozenset[str]
    listed: frozenset[str]
    kills: dict[str, set[str]]  # name -> the opaque tests that a new binding of it makes void
    expected: list[tuple[int, int]]  # lines (first, last) of blocks that are meant to raise or to warn
    loopless: list[tuple[int, int]]  # lines of blocks that run only where no event loop does
    optional: frozenset[str] = frozenset()

    def is_expected(self, line: int) -> bool:
        """Say whether a line stands in a block that is meant to raise or to warn."""
        return any(first <= line <= last for first, last in self.expected)

    def __del__(self) -> None:
        """Take the blocks apart, which lead back to each other: else they, and all that they hold, wait for a collection."""
        for block in self.blocks:
            block.end = None
            frame: Frame | None = block.frame
            while frame is not None and (frame.handlers or frame.final or frame.raised):
                frame.routes, frame.handlers, frame.final, frame.raised = {}, (), None, None
                frame = frame.outer


def successors(block: Block) -> list[Block]:
    """Give every block where control may go from a block, exceptions included."""
    found: list[Block] = []
    match block.end:
        case Jump(target=target):
            found.append(target)
        case Branch(then=then, otherwise=otherwise):
            found += (then, otherwise)
        case Reraise(kinds=kinds, after=after):
            for kind in kinds:
                found += block.frame.route(kind)
            if after is not None:
                found.append(after)
        case _:
            pass
    for raised in set(block.raises):
        if raised is not None:
            found += block.frame.route(raised)
    return found


def ranked(graph: Graph) -> dict[Block, int]:
    """Number the reachable blocks so that a block comes before its successors wherever there is no loop."""
    order: list[Block] = []
    seen = {graph.entry}
    stack = [(graph.entry, iter(successors(graph.entry)))]
    while stack:
        block, rest = stack[-1]
        for target in rest:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(successors(target))))
                break
        else:
            order.append(block)
            stack.pop()
    return {block: number for number, block in enumerate(reversed(order))}


def is_straight(rank: dict[Block, int]) -> bool:
    """Say whether no ranked block leads back to an earlier one: there is no loop, and each block is reached once."""
    return all(rank[target] > number for block, number in rank.items() for target in successors(block))
