import pickle

import pytest

from leaklint.model.data import dataclass, field, fields, replace


@dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 0
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Pair:
    x: int
    y: int


@dataclass(eq=False, slots=True)
class Node:
    name: str
    below: list["Node"] = field(default_factory=list)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.depth = len(self.below)


@dataclass(eq=False, slots=True)
class Leaf(Node):
    value: int = 1


@dataclass(eq=True)
class Loose:
    names: dict[str, int] = field(default_factory=dict)


def test_equal_fields_make_equal_objects() -> None:
    assert Point(1, 2) == Point(1, y=2) != Point(2, 1)
    assert {Point(1): "here"}[Point(1)] == "here"
    assert Point(1, 2) < Point(1, 3) <= Point(1, 3)


def test_an_object_shows_its_fields() -> None:
    assert repr(Point(1)) == "Point(x=1, y=0, tags=())"
    circle = Node("circle")
    circle.below.append(circle)
    assert repr(circle) == "Node(name='circle', below=[...], depth=0)"


def test_a_default_is_made_for_each_object() -> None:
    one, other = Node("one"), Node("other")
    one.below.append(other)
    assert (one.below, other.below, one.depth) == ([other], [], 0)
    assert Node("one") != Node("one")
    assert Loose() == Loose({})


def test_a_subclass_has_the_fields_of_its_base_first() -> None:
    leaf = Leaf("leaf", [], 3)
    assert [one.name for one in fields(Leaf)] == ["name", "below", "depth", "value"]
    assert (leaf.name, leaf.value, leaf.depth) == ("leaf", 3, 0)


def test_slots_are_all_there_is() -> None:
    with pytest.raises(TypeError):
        vars(Leaf("leaf"))


def test_what_is_missing_is_an_error() -> None:
    given: dict[str, int] = {"y": 1}
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Pair(**given)


def test_a_copy_differs_where_it_should() -> None:
    assert replace(Point(1, 2), y=5) == Point(1, 5)


def test_objects_are_matched_by_position_and_travel() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
    assert pickle.loads(pickle.dumps(Point(1, 2, ("a",)))) == Point(1, 2, ("a",))
