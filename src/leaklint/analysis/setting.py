"""What the transfer functions of one graph know beside the store."""

import ast
from collections.abc import Mapping, Set
from enum import Enum
from typing import Protocol

from leaklint.analysis.graph import Block, Graph
from leaklint.analysis.names import Scope
from leaklint.analysis.ops import Literal, Op
from leaklint.analysis.record import Record
from leaklint.analysis.values import BoundMethod, Box, Elements, Field, Instance, Part, Site, Value, Values
from leaklint.analysis.vocabulary import Vocabulary
from leaklint.catalogue import Catalogue
from leaklint.model.data import dataclass, field
from leaklint.model.resource import Effect, Resource

DEFAULT = "<default>"  # the literal of a parameter that a call leaves out
REST = "*"  # for the keyword arguments without a parameter of their own: given as DEFAULT where a call names them all


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of resource that an argument is, as a summary is computed for it."""

    resource: Resource
    open_mask: int
    label: str
    own_type: str | None = None
    is_certain: bool = False  # it is one in any case, never None


Given = tuple[tuple[str, Literal | Kind | Instance], ...]  # what is known of arguments, by parameter, sorted


class Body(Enum):
    """What kind of body a graph is of; it decides what a yield and the exits mean."""

    PLAIN = "plain"
    GENERATOR = "generator"
    CONTEXT_MANAGER = "context manager"
    FIXTURE = "fixture"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class ParameterEffect:
    """What a first-party function does to a parameter: an effect, the methods by which it releases, those it uses.

    `is_lent` where it gives it to others as an argument.
    """

    effect: Effect
    methods: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    is_lent: bool = False


@dataclass(frozen=True, slots=True)
class Acquired:
    """A resource that a first-party function returns open."""

    resource: Resource
    open_mask: int
    label: str
    own_type: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionSummary:
    """What a first-party function or class does when it is called.

    `passes` are the parameters that it returns, `wraps` those that its result uses later; `returns` are types of results
    that are nobody's to release. `keeps_rest` says what an argument without a name of its own meets.
    """

    parameters: tuple[str, ...] = ()
    effects: Mapping[str, ParameterEffect] = field(default_factory=dict)
    acquires: tuple[Acquired, ...] = ()
    elements: tuple[Acquired | int | None, ...] = ()  # where the result is a tuple; a number leads to that element of it
    contents: tuple[Acquired, ...] = ()  # where the result is a container
    yields: tuple[Acquired, ...] = ()  # where it is a generator: each time
    yielded_elements: tuple[Acquired | int | None, ...] = ()  # where what it yields is a tuple
    passes: frozenset[str] = frozenset()
    wraps: frozenset[str] = frozenset()
    fields: frozenset[tuple[str, str]] = frozenset()  # of a constructor: parameters and the attributes that hold them
    returns: frozenset[str] = frozenset()
    returns_none: bool = False  # perhaps
    runs_loop: bool = False  # on some path, and without asking whether one is running
    asks_loop: bool = False
    is_coroutine: bool = False
    rest: Effect = Effect.TAKES
    adopts: frozenset[str] = frozenset()  # parameters that the result releases: given an open one, it is `adopter`
    adopter: Acquired | None = None
    diverges: bool = False  # it never returns

    @property
    def gives_open(self) -> bool:
        """Say whether something open is in what it gives."""
        return bool(self.acquires or self.elements or self.contents or self.yields or self.yielded_elements)


class Project(Protocol):
    """Where summaries of first-party code come from: one module, which finds the others."""

    path: str
    scope: Scope
    vocabulary: Vocabulary

    def function(self, name: str, scope: Scope, given: Given) -> FunctionSummary | None:
        """Summarise what a name of the module means, for what is known of its arguments; None where nobody knows."""
        ...

    def parameters(self, name: str, scope: Scope) -> tuple[str, ...]:
        """Give the names of the parameters of what a name of the module means."""
        ...

    def method(self, class_name: str, name: str, given: Given) -> FunctionSummary | None:
        """Summarise a method of a class of the module, inherited ones included."""
        ...

    def has_releasing(self, name: str) -> bool:
        """Say whether a function or method of the module with this name releases one of its parameters, as its text tells."""
        ...

    def is_unbound(self, class_name: str, name: str) -> bool:
        """Say whether a method of a class is called on the class: a class method or a static one."""
        ...

    def method_parameters(self, class_name: str, name: str) -> tuple[str, ...]:
        """Give the names of a method's parameters, without the receiver."""
        ...

    def is_assigned(self, name: str) -> bool:
        """Say whether a name of the module is assigned what may acquire when it is called."""
        ...

    def find(self, dotted: str) -> "tuple[Project, str] | None":
        """Give the module, and the name in it, that a dotted name leads to; None where that is not first-party."""
        ...

    def external(self, dotted: str) -> str:
        """Give the dotted name behind a first-party re-export of something that is not first-party; else the name itself."""
        ...

    def inside(self, dotted: str) -> "tuple[Project, str] | None":
        """Give the module and the name of a first-party class, be it catalogued: a library from inside."""
        ...

    def class_attribute(self, class_name: str, attribute: str) -> "tuple[Project, ast.expr] | None":
        """Give the class that a class names in its body under an attribute, as its module names it."""
        ...

    def attribute_type(self, type_name: str, attribute: str) -> str | None:
        """Name the one type that an attribute of objects of a first-party type has; None where nobody knows."""
        ...

    def global_type(self, name: str) -> str | None:
        """Name the type of what the module binds a name to, once and by a call; None where nobody knows."""
        ...

    def imported_type(self, dotted: str) -> str | None:
        """Name the type of what another module binds a name to, once and by a call; None where nobody knows."""
        ...

    def lets_go(self, class_name: str, attribute: str) -> bool:
        """Say whether a method of a class may release what an attribute holds, or hand it to somebody who may."""
        ...

    def class_at(self, type_name: str) -> "tuple[Project, str] | None":
        """Give the module and the name of the class behind the type of a value."""
        ...


@dataclass(eq=False, slots=True)
class Setting:
    """The surroundings of one graph; `record` is set only for the last pass, which notes what happens."""

    catalogue: Catalogue
    project: Project
    scope: Scope
    graph: Graph
    body: Body
    mentioned: Mapping[Block, Set[str]]
    sites: dict[tuple[Op, str, int], Site] = field(default_factory=dict)
    elements: dict[Op, Elements] = field(default_factory=dict)
    fields: dict[tuple[str, str], Field] = field(default_factory=dict)
    tuples: dict[tuple[Op, tuple[Values, ...]], Elements] = field(default_factory=dict)
    parts: dict[tuple[Site, str], Part] = field(default_factory=dict)
    bound: dict[tuple[Site, str], BoundMethod] = field(default_factory=dict)
    boxes: dict[Op, Box] = field(default_factory=dict)
    test_class: str | None = None  # the class whose test this is
    own_type: str | None = None  # the type of `self`, where the body is one method
    record: Record | None = None
    is_releasing: bool = False  # the call at hand has released something
    is_notable: bool = False  # the block at hand did something to note besides what befell sites
    returned: set[Value] = field(default_factory=set)  # values that are returned
    yielded: set[Value] = field(default_factory=set)  # values that a generator gives to whoever takes them
    contents: set[Site] = field(default_factory=set)  # what the containers among these hold, rather than read from
