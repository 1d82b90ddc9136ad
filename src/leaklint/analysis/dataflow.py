"""The solver: facts flow along edges until nothing changes. It serves ownership (forward) and liveness (backward)."""

from collections.abc import Callable, Hashable, Iterable
from heapq import heappop, heappush
from typing import Protocol, Self, TypeVar


class Fact(Protocol):
    """What holds at a node; `absorb` joins another fact into it and says whether that changed anything."""

    def absorb(self, other: Self) -> bool:
        """Join another fact into this one, in place."""
        ...


Node = TypeVar("Node", bound=Hashable)
State = TypeVar("State", bound=Fact)


def solve(
    starts: dict[Node, State],
    rank: dict[Node, int],
    flow: Callable[[Node, State], Iterable[tuple[Node, State]]],
    limit: int = 100,
) -> dict[Node, State]:
    """Give the fact at each reachable node. `flow` gives what a node passes on; nodes of lower rank go first.

    A node is visited at most `limit` times: facts are finite, so this bounds the cost of a defect, not of an analysis.
    """
    facts = dict(starts)
    waiting = [(rank[node], number, node) for number, node in enumerate(starts)]
    queued = set(starts)
    visits: dict[Node, int] = {}
    number = len(waiting)
    while waiting:
        node = heappop(waiting)[2]
        queued.discard(node)
        visits[node] = visits.get(node, 0) + 1
        if visits[node] > limit:
            continue
        for target, state in flow(node, facts[node]):
            known = facts.get(target)
            if known is None:
                facts[target] = state
            elif not known.absorb(state):
                continue
            if target not in queued and target in rank:
                queued.add(target)
                number += 1
                heappush(waiting, (rank[target], number, target))
    return facts
