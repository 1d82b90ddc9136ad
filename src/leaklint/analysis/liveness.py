"""Which names are mentioned later: what the store may forget. Backward over the graph, by the same solver."""

from leaklint.analysis.dataflow import solve
from leaklint.analysis.graph import Block, Branch, Graph, Reraise, successors
from leaklint.analysis.ops import (
    Alias,
    Call,
    Collect,
    Comparison,
    Delete,
    Element,
    Enter,
    Escape,
    Evaluate,
    Exit,
    Iterate,
    Load,
    Op,
    Put,
    Raise,
    Return,
    Use,
    Yield,
)


class Mentioned:
    """A growing set of names."""

    __slots__ = ("names",)

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def absorb(self, other: "Mentioned") -> bool:
        """Add the other's names; say whether there were new ones."""
        if other.names <= self.names:
            return False
        self.names |= other.names
        return True


def mentioned_later(graph: Graph, rank: dict[Block, int], captured: set[str]) -> dict[Block, set[str]]:
    """Give, for each block, the names that it or a block after it reads or binds; a binding counts, for it may lose one.

    The names that nested functions capture are needed everywhere.
    """
    own = {block: _mentions(block) for block in rank}
    _drop_local(own)
    before: dict[Block, list[Block]] = {block: [] for block in rank}
    for block in rank:
        for target in successors(block):
            if target in before:
                before[target].append(block)

    def flow(block: Block, fact: Mentioned) -> list[tuple[Block, Mentioned]]:
        return [(one, fact) for one in before[block]]  # which all have a fact of their own, so none is shared

    starts = {block: Mentioned(set(names)) for block, names in own.items()}
    solved = solve(starts, {block: -number for block, number in rank.items()}, flow)
    return {block: fact.names | captured if captured else fact.names for block, fact in solved.items()}


def _drop_local(own: dict[Block, set[str]]) -> None:
    """Leave out the temporaries of a single block: no other block has them, and there is one for nearly every call."""
    seen: set[str] = set()
    shared: set[str] = set()
    for names in own.values():
        shared |= seen & names
        seen |= names
    for names in own.values():
        names -= {name for name in names if name[0] == "%" and name not in shared}


def _mentions(block: Block) -> set[str]:
    names = {name for op in block.ops for name in mentions(op) if name is not None}
    match block.end:
        case Branch(test=test) if test is not None:
            names.add(test.name)
            if test.subject is not None:
                names.add(test.subject)
            if test.comparison is Comparison.SAME:
                names.add(str(test.operand))
        case Reraise(source=str(source)):
            names.add(source)
        case _:
            pass
    return names


def mentions(op: Op) -> tuple[str | None, ...]:
    """Give the names and temporaries that an operation reads or binds."""
    match op:
        case Call():
            return (op.dest, op.callee, op.receiver, *(argument.operand for argument in op.arguments))
        case Alias() | Element() | Enter():
            return (op.dest, op.source)
        case Evaluate():
            return (op.dest,)
        case Load():
            return (op.dest, op.receiver)
        case Escape():
            return (op.source, op.receiver)
        case Exit() | Yield() | Return() | Iterate():
            return (op.source,)
        case Collect():
            return (op.dest, *op.elements)
        case Put():
            return (op.container, op.source)
        case Use():
            return (op.dest, *op.sources)
        case Delete():
            return (op.name,)
        case Raise():
            return ()
