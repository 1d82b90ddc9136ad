"""Stores join as sets do, tests narrow them, and those that differ in a guard stay apart up to a bound."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaklint.analysis import ops
from leaklint.analysis.ops import Comparison, Literal
from leaklint.analysis.store import Place, Store, without_open
from leaklint.analysis.stores import BOUND, Stores
from leaklint.analysis.values import (
    FALSE,
    MOVED,
    NONE,
    NOTHING,
    OTHER,
    RELEASED,
    TRUE,
    Box,
    Constant,
    Site,
    Value,
    Values,
)
from leaklint.model.resource import Resource

NODE = ast.parse("open(p)", mode="eval").body
FILE = Resource("io.IOBase", releases=frozenset(("close",)), closed=frozenset(("closed",)))
SITES = [Site(NODE, ast.Pass(), FILE) for _ in range(3)]
BOXES = [Box(1), Box(2)]
ATOMS: list[Value] = [NONE, TRUE, FALSE, OTHER, Constant(7), *SITES, *BOXES]

values = st.frozensets(st.sampled_from(ATOMS), min_size=1, max_size=4).filter(lambda held: held != {OTHER})
PLACES: list[Place] = ["f", "g", "%1", *BOXES]

places = st.sampled_from(PLACES)
statuses = st.frozensets(st.sampled_from([MOVED, RELEASED, 1, 2, 3]), min_size=1)


@st.composite
def stores(draw: st.DrawFn) -> Store:
    """A store over a few names, containers and sites."""
    env: dict[Place, Values] = draw(st.dictionaries(places, values, max_size=4))
    return Store(env, draw(st.dictionaries(st.sampled_from(SITES), statuses, max_size=3)))


Contents = tuple[dict[Place, Values], dict[Site, frozenset[int]]]


def contents(store: Store) -> Contents:
    return dict(store.env), dict(store.sites)


def joined(*parts: Store) -> Contents:
    """Join copies of stores, from left to right."""
    result = parts[0].copy()
    for part in parts[1:]:
        result.absorb(part)
    return contents(result)


@given(stores())
def test_absorbing_itself_changes_nothing(store: Store) -> None:
    before = contents(store)
    assert not store.absorb(store.copy())
    assert contents(store) == before


@given(stores(), stores())
def test_absorbing_twice_is_absorbing_once(one: Store, other: Store) -> None:
    before, version = contents(one), one.version
    assert one.absorb(other) == (contents(one) != before)
    assert (one.version > version) == (contents(one) != before)
    assert not one.absorb(other)


@given(stores(), stores(), stores())
def test_joins_commute_and_associate(one: Store, two: Store, three: Store) -> None:
    assert joined(one, two) == joined(two, one)
    assert joined(one, two, three) == joined(one, Store(*joined(two, three)))


@given(stores(), stores())
def test_a_join_loses_nothing(one: Store, other: Store) -> None:
    env, sites = joined(one, other)
    for part in (one, other):
        assert all(held <= env[place] for place, held in part.env.items())
        assert all(known <= sites[site] for site, known in part.sites.items())


@given(stores(), stores())
def test_a_name_that_one_side_does_not_know_may_hold_anything(one: Store, other: Store) -> None:
    env, _ = joined(one, other)
    for place in one.env.keys() ^ other.env.keys():
        assert not isinstance(place, str) or OTHER in env[place]


@given(stores(), stores(), stores())
def test_a_join_is_monotone(one: Store, other: Store, third: Store) -> None:
    """More on one side gives no less in the join."""
    more = one.copy()
    more.absorb(third)
    env, sites = joined(one, other)
    larger_env, larger_sites = joined(more, other)
    assert all(held <= larger_env[place] for place, held in env.items())
    assert all(known <= larger_sites[site] for site, known in sites.items())


@given(stores(), st.frozensets(st.sampled_from(["f", "g", "%1"])))
def test_pruning_keeps_what_is_mentioned_and_what_is_open(store: Store, live: frozenset[str]) -> None:
    before_env, before_sites = contents(store)
    store.prune(live)
    assert all(store.env[place] == held for place, held in before_env.items() if place in live)
    assert not [place for place in store.env if isinstance(place, str) and place not in live]
    assert all(site in store.sites for site, known in before_sites.items() if any(status > 0 for status in known))


@given(stores(), st.sampled_from(["f", "g"]))
def test_a_test_narrows_and_never_invents(store: Store, name: str) -> None:
    if name not in store.env:
        return
    for test in (ops.Test(name), ops.Test(name, Comparison.IS_NONE), ops.Test(name, Comparison.EQUALS, 7)):
        kept: Values = NOTHING
        for outcome in (True, False):
            narrowed = store.copy()
            if narrowed.refine(test, outcome):
                assert narrowed.values(name) <= store.env[name] | {NONE, OTHER}
                kept |= narrowed.values(name)
        assert store.env[name] - {OTHER} <= kept


@pytest.mark.parametrize(
    ("comparison", "operand", "then", "otherwise"),
    [
        (Comparison.TRUTH, None, {TRUE, SITES[0]}, {NONE, FALSE}),
        (Comparison.IS_NONE, None, {NONE}, {TRUE, FALSE, SITES[0]}),
        (Comparison.HAS, "close", {TRUE, FALSE, NONE, SITES[0]} - {TRUE, FALSE, NONE}, {NONE, TRUE, FALSE}),
        (Comparison.EQUALS, True, {TRUE}, {NONE, FALSE, SITES[0]}),
    ],
)
def test_each_outcome_keeps_what_agrees(comparison: Comparison, operand: Literal, then: Values, otherwise: Values) -> None:
    for outcome, kept in ((True, then), (False, otherwise)):
        store = Store({"f": frozenset((NONE, TRUE, FALSE, SITES[0]))}, {SITES[0]: frozenset((1,))})
        assert store.refine(ops.Test("f", comparison, operand), outcome)
        assert store.values("f") == kept


def test_where_a_name_holds_no_resource_none_was_acquired() -> None:
    store = Store({"f": frozenset((NONE, SITES[0]))}, {SITES[0]: frozenset((1,))})
    assert store.refine(ops.Test("f", Comparison.IS_NONE), True)
    assert not store.sites


def test_an_impossible_outcome_is_refused() -> None:
    assert not Store({"f": frozenset((NONE,))}, {}).refine(ops.Test("f"), True)
    assert not Store({"f": frozenset((SITES[0],))}, {}).refine(ops.Test("f"), False)


def test_a_test_of_something_unknown_is_remembered() -> None:
    store = Store({}, {})
    assert store.refine(ops.Test("flag"), True)
    assert not store.refine(ops.Test("flag"), False)


def test_an_attribute_tells_that_it_is_released() -> None:
    store = Store({"f": frozenset((SITES[0],))}, {SITES[0]: frozenset((1,))})
    assert store.refine(ops.Test("f", Comparison.CLOSED, "closed"), True)
    assert not store.is_open(SITES[0])


def test_containers_hold_what_is_put_into_them() -> None:
    store = Store({"box": frozenset((BOXES[0],)), BOXES[0]: frozenset((BOXES[1],)), BOXES[1]: frozenset((SITES[0],))}, {})
    assert set(store.held()) == {SITES[0]}
    assert store.holders(SITES[0], "other") == ["box", *BOXES]
    cyclic = Store({"box": frozenset((BOXES[0],)), BOXES[0]: frozenset((BOXES[0], SITES[1]))}, {})
    assert list(cyclic.carried(cyclic.values("box"))) == [SITES[1]]


def test_what_a_statement_acquires_is_not_open_where_it_raises() -> None:
    store = Store({}, {SITES[0]: frozenset((1,)), SITES[1]: frozenset((1,)), SITES[2]: frozenset((RELEASED,))})
    assert set(without_open(store, SITES[0].statement).sites) == {SITES[1], SITES[2]}
    assert set(store.sites) == set(SITES)


def test_stores_that_differ_in_a_guard_stay_apart() -> None:
    is_open, is_none = (
        Store({"f": frozenset((SITES[0],))}, {SITES[0]: frozenset((1,))}),
        Store({"f": frozenset((NONE,))}, {}),
    )
    assert len(Stores(frozenset("f"), [is_open.copy(), is_none.copy()]).by_key) == 2
    assert len(Stores(frozenset("g"), [is_open.copy(), is_none.copy()]).by_key) == 1
    apart = Stores(frozenset("f"), [is_open.copy()])
    assert apart.add(is_none.copy())
    assert not apart.add(is_none.copy())


def test_too_many_guards_are_joined_into_one_store() -> None:
    many = Stores(frozenset("f"))
    for number in range(BOUND * 3):
        many.add(Store({"f": frozenset((Constant(number),))}, {}))
    assert len(many.by_key) == 1
    (store,) = many.by_key.values()
    assert {value.value for value in store.values("f") if isinstance(value, Constant)} == set(range(BOUND * 3))
    assert not many.absorb(Stores(frozenset("f"), [store.copy()]))
