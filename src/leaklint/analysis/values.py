"""Abstract values: what a name may hold at a point of the program.

A name holds a set of values. Values are compared by identity: one object stands for one thing, so that sets of them are
cheap. A name that is not in a store holds something unknown.
"""

import ast

from leaklint.model.data import dataclass, field
from leaklint.model.resource import Resource

RELEASED = 0
MOVED = -1
UNOPENED = -2  # made, and open only once a method opens it
ENTERED = 1 << 16  # added to the mask of open parts while a `with` holds the resource


def is_open(status: int) -> bool:
    """Say whether a status is an obligation nobody has taken over: a mask of open parts, outside any with."""
    return 0 < status < ENTERED


@dataclass(eq=False, slots=True)
class Constant:
    """None, True, False, an integer or a string that the program compares."""

    value: bool | int | str | None


@dataclass(eq=False, slots=True)
class Keywords:
    """The arguments that a function takes without naming them (`**options`): those that are known; it has no others."""

    known: tuple[tuple[str, bool | int | str | None], ...]
    changed: frozenset[str] = frozenset()  # keys that it sets itself


NONE = Constant(None)
TRUE = Constant(True)
FALSE = Constant(False)


@dataclass(eq=False, slots=True)
class Other:
    """Something unknown, beside known things."""


OTHER = Other()


@dataclass(eq=False, slots=True)
class Swallower:
    """A context manager that swallows what its body raises."""


SWALLOWER = Swallower()


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a known type that nobody here has to release (a Path, a borrowed client)."""

    type_name: str


def own_type(path: str, name: str) -> str:
    """Name a first-party class: its module's file, a colon, its name."""
    return f"{path}:{name}"


_INSTANCES: dict[str, Instance] = {}


def instance(type_name: str) -> Instance:
    """Give the one value that stands for objects of a type."""
    return _INSTANCES.setdefault(type_name, Instance(type_name))


def is_double(value: object) -> bool:
    """Say whether a value is a mock: it has every attribute, and holds nothing."""
    return isinstance(value, Instance) and value.type_name.startswith("unittest.mock.")


def is_patcher(resource: Resource) -> bool:
    """Say whether a kind of resource is what `mock.patch` gives, which `mock.patch.stopall` ends with all its kind."""
    return resource.name.startswith("unittest.mock.")


@dataclass(eq=False, slots=True)
class Reference:
    """A function or class known by its dotted name."""

    name: str


_REFERENCES: dict[str, Reference] = {}


def reference(name: str) -> Reference:
    """Give the one value that stands for a function or class with this dotted name."""
    return _REFERENCES.setdefault(name, Reference(name))


@dataclass(eq=False, slots=True)
class Site:
    """One acquisition of the program (an element of its result, where that is a tuple), or a parameter to be summarised.

    `open_mask` has one bit for each part that must be released. `label` is how messages call the resource.
    """

    node: ast.expr
    statement: ast.stmt | None
    resource: Resource
    open_mask: int = 1
    label: str = ""
    own_type: str | None = None  # the first-party class that it is, as `own_type` names them
    parameter: str | None = None
    is_awaited: bool = False
    is_pending: bool = False  # a coroutine will acquire it that is not awaited where it is called
    element: int | None = None
    is_optional: bool = False  # the call may give None instead
    by: str | None = None  # the name that the call was given, where that is bound once: a path, or what may be open itself
    is_given: bool = False  # an argument that is truthy: a resource, or in the place of None
    maker: "Site | None" = None  # whose method gave it, where it ends with that
    over: "Site | None" = None  # what it was given to release with itself: released directly, there is nothing left to it
    fields: set[str] = field(default_factory=set)  # attributes of first-party objects that hold it: `context.pool`

    def is_over(self, site: "Site") -> bool:
        """Say whether it was made over another one, or over something that was."""
        below = self.over
        while below is not None and below is not site:
            below = below.over
        return below is not None

    # made anew each time, and equal: a site that kept them would lie in a circle, which only a collection of garbage frees

    @property
    def view(self) -> "View":
        """What uses it later and does not release it."""
        return View(self)

    @property
    def closing(self) -> "Closing":
        """A context manager whose exit releases it."""
        return Closing(self)

    @property
    def dependent(self) -> "Dependent":
        """What is computed from it, and may still need it open."""
        return Dependent(self)


@dataclass(frozen=True, slots=True)
class View:
    """Something that uses the resource of a site later and does not release it (csv.reader, a cursor).

    A generator expression only reads (`is_reading`): nobody can release the resource through it.
    """

    site: Site
    is_reading: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """A context manager whose exit releases the site (contextlib.closing)."""

    site: Site


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something computed from the resource that may still need it open; it never carries the obligation."""

    site: Site


@dataclass(eq=False, slots=True)
class Part:
    """An attribute of a resource (`process.stdout`)."""

    site: Site
    attribute: str


@dataclass(eq=False, slots=True)
class Field:
    """What an attribute of an object holds, mostly of `self`; `owner` is the type of the object."""

    name: str
    owner: str


@dataclass(eq=False, slots=True)
class BoundMethod:
    """A method that was not called (`h.close`)."""

    site: Site
    method: str


@dataclass(eq=False, slots=True)
class Box:
    """A container made here; the store keeps what it may hold under the box itself.

    A lazy one is a generator: what it holds is opened as it is taken out, anew each time.
    """

    line: int
    is_lazy: bool = False


@dataclass(eq=False, slots=True)
class Elements:
    """A tuple that a call returns, element by element (`reader, writer`); `depth` counts the tuples within tuples."""

    values: "tuple[Values, ...]"
    depth: int = 1


@dataclass(eq=False, slots=True)
class Escaped:
    """Marks a container or closure that is out of this function's reach: what it holds later is gone at once."""


ESCAPED = Escaped()


@dataclass(eq=False, slots=True)
class Closure:
    """A nested function or lambda: the names it takes from around it, and those that it releases or hands on."""

    captured: frozenset[str]
    keeps: frozenset[str]
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
    holds: frozenset[str] = frozenset()  # names that a class binds its attributes to: so do its objects


Value = (
    Constant
    | Keywords
    | Other
    | Swallower
    | Instance
    | Reference
    | Site
    | View
    | Closing
    | Dependent
    | Part
    | Field
    | BoundMethod
    | Box
    | Elements
    | Escaped
    | Closure
)
Values = frozenset[Value]
NOTHING: Values = frozenset()
UNKNOWN: Values = frozenset((OTHER,))
