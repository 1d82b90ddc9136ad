"""The solver reaches a fixpoint, the least one, and comes to an end."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from leaklint.analysis.dataflow import solve

NODES = st.integers(0, 9)
EDGES = st.dictionaries(NODES, st.frozensets(NODES, max_size=4), max_size=10)
GAINS = st.dictionaries(NODES, st.frozensets(st.integers(0, 5), max_size=3), max_size=10)
RANK = {number: number for number in range(10)}


class Numbers:
    """A growing set."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self.numbers = set(numbers)

    def absorb(self, other: "Numbers") -> bool:
        """Join the other's numbers."""
        size = len(self.numbers)
        self.numbers |= other.numbers
        return len(self.numbers) > size


def flow_over(
    edges: dict[int, frozenset[int]], gains: dict[int, frozenset[int]], node: int, fact: Numbers
) -> list[tuple[int, Numbers]]:
    return [(target, Numbers(fact.numbers | gains.get(node, frozenset()))) for target in edges.get(node, ())]


def reachable(edges: dict[int, frozenset[int]], start: int) -> set[int]:
    """Give what a chain of at least one edge leads to."""
    found: set[int] = set()
    waiting = [*edges.get(start, ())]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += edges.get(node, ())
    return found


@given(EDGES, GAINS)
def test_it_reaches_the_least_fixpoint(edges: dict[int, frozenset[int]], gains: dict[int, frozenset[int]]) -> None:
    facts = solve({0: Numbers(())}, RANK, lambda node, fact: flow_over(edges, gains, node, fact))
    assert set(facts) == {0} | reachable(edges, 0)
    for node, fact in facts.items():
        for target, passed in flow_over(edges, gains, node, fact):
            assert passed.numbers <= facts[target].numbers
    for node, fact in facts.items():
        before = {one for one in facts if node in reachable(edges, one)}
        assert fact.numbers == {number for one in before for number in gains.get(one, ())}


@given(EDGES, GAINS, st.permutations(range(10)))
def test_the_order_of_visits_changes_nothing(
    edges: dict[int, frozenset[int]], gains: dict[int, frozenset[int]], order: list[int]
) -> None:
    one = solve({0: Numbers(())}, RANK, lambda node, fact: flow_over(edges, gains, node, fact))
    other = solve({0: Numbers(())}, dict(enumerate(order)), lambda node, fact: flow_over(edges, gains, node, fact))
    assert {node: fact.numbers for node, fact in one.items()} == {node: fact.numbers for node, fact in other.items()}


def test_facts_that_never_stop_growing_end_at_the_limit() -> None:
    visits = []

    def flow(node: int, fact: Numbers) -> list[tuple[int, Numbers]]:
        visits.append(node)
        return [(node, Numbers((*fact.numbers, len(fact.numbers))))]

    solve({0: Numbers(())}, {0: 0}, flow, limit=7)
    assert len(visits) == 7


def test_a_node_without_a_rank_is_reached_and_not_left() -> None:
    facts = solve({0: Numbers((1,))}, {0: 0, 1: 1}, lambda node, fact: [(node + 1, Numbers(fact.numbers))])
    assert set(facts) == {0, 1, 2}
