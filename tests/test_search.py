"""Answers over names that lead to names, held against the plain fixed point."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from leaklint.analysis.search import Search

NAMES = 7
EDGES = st.lists(st.tuples(st.integers(0, NAMES - 1), st.integers(0, NAMES - 1), st.booleans()), max_size=20)
Edge = tuple[int, int, bool]  # from, to, and whether a yes there counts here


def fixed_point(edges: Sequence[Edge], yes: set[int]) -> list[bool]:
    found = set(yes)
    while more := {one for one, other, counts in edges if counts and other in found} - found:
        found |= more
    return [name in found for name in range(NAMES)]


class Graph:
    """Names that lead to names, and a count of how often one was looked at."""

    def __init__(self, edges: Sequence[Edge], yes: set[int]) -> None:
        self.edges, self.yes, self.looks = edges, yes, 0
        self.search: Search[int] = Search()

    def ask(self, name: int) -> bool:
        return self.search.ask(name, self._look)

    def _look(self, name: int) -> bool:
        self.looks += 1
        return name in self.yes or any(self.ask(other) and counts for one, other, counts in self.edges if one == name)


@given(edges=EDGES, yes=st.sets(st.integers(0, NAMES - 1), max_size=2), order=st.permutations(range(NAMES)))
def test_every_order_of_asking_gives_the_fixed_point(edges: list[Edge], yes: set[int], order: list[int]) -> None:
    graph = Graph(edges, yes)
    answers = {name: graph.ask(name) for name in order}
    assert [answers[name] for name in range(NAMES)] == fixed_point(edges, yes)


def test_a_clique_that_says_no_is_looked_at_once_a_name() -> None:
    names = 40
    graph = Graph([(one, other, True) for one in range(names) for other in range(names)], set())
    assert not any(graph.ask(name) for name in range(names))
    assert graph.looks == names


def test_what_was_answered_can_be_forgotten() -> None:
    graph = Graph([(0, 1, True)], {1})
    assert graph.ask(0)
    graph.yes.clear()
    assert graph.ask(0)
    graph.search.clear()
    assert not graph.ask(0)
