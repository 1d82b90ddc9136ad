"""The operations of a control-flow graph: few kinds, over names and temporaries.

Operands are names of locals or temporaries (`%1`); None is a value that nobody follows. The dataflow knows only these
operations, never Python's syntax.
"""

import ast
from enum import Enum

from leaklint.analysis.values import Value
from leaklint.model.data import dataclass

Operand = str | None
Literal = bool | int | str | None


class Absent(Enum):
    """The literal of an argument that is no literal."""

    TOKEN = 0


NOT_LITERAL = Absent.TOKEN


@dataclass(eq=False, slots=True)
class Argument:
    """One argument of a call. `keyword` is None for positional ones; `is_star` covers `*a` and `**k`."""

    operand: Operand
    keyword: str | None = None
    literal: Literal | Absent = NOT_LITERAL
    reference: str | None = None
    is_star: bool = False


@dataclass(eq=False, slots=True)
class Operation:
    """What every operation has: the statement it belongs to and the line (1-based) where it stands."""

    statement: ast.stmt
    line: int


@dataclass(eq=False, slots=True)
class Call(Operation):
    """`dest = callee(arguments)`: a dotted `reference`, or a `callee` operand, or `method` of `receiver`."""

    dest: str
    node: ast.Call
    arguments: tuple[Argument, ...]
    reference: str | None = None
    callee: Operand = None
    receiver: Operand = None
    method: str | None = None
    is_dropped: bool = False
    is_awaited: bool = False
    bound_to: tuple[str | None, ...] = ()  # the names that the statement binds to the result, or to its elements


@dataclass(eq=False, slots=True)
class Alias(Operation):
    """`dest = source`; a `dest` that is no temporary is a binding of the program. The last one ends a temporary source."""

    dest: str
    source: Operand
    is_last: bool = False


@dataclass(eq=False, slots=True)
class Evaluate(Operation):
    """`dest = value`, a value known now."""

    dest: str
    value: Value


@dataclass(eq=False, slots=True)
class Load(Operation):
    """`dest = receiver.attribute`."""

    dest: str
    receiver: str
    attribute: str


@dataclass(eq=False, slots=True)
class Escape(Operation):
    """The source goes where this function's names do not reach: an attribute, a global, an unknown place."""

    source: Operand
    attribute: str | None = None  # set where it is stored in an attribute
    receiver: Operand = None  # whose attribute it is
    is_own: bool = False  # an attribute of `self` or `cls`


@dataclass(eq=False, slots=True)
class Collect(Operation):
    """`dest` is a container of the elements; a tuple (`is_tuple`) keeps their order."""

    dest: str
    elements: tuple[Operand, ...]
    is_tuple: bool = False


@dataclass(eq=False, slots=True)
class Put(Operation):
    """The source is put into the container (`box[k] = source`); lazily, the container only reads from it later."""

    container: str
    source: Operand
    is_lazy: bool = False


@dataclass(eq=False, slots=True)
class Element(Operation):
    """`dest` is an element of the source, by subscript, unpacking or iteration; `is_key`: by one index, no slice."""

    dest: str
    source: Operand
    index: int | None = None
    is_key: bool = False


@dataclass(eq=False, slots=True)
class Iterate(Operation):
    """The next value is taken from the source; `is_first` on the way into the loop."""

    source: Operand
    is_first: bool


@dataclass(eq=False, slots=True)
class Enter(Operation):
    """`dest` is what `with source` binds."""

    dest: str
    source: Operand
    is_async: bool


@dataclass(eq=False, slots=True)
class Exit(Operation):
    """The with on `source` ends."""

    source: Operand
    is_async: bool


@dataclass(eq=False, slots=True)
class Use(Operation):
    """The sources are read by something that keeps nothing (an operator, an f-string, a comparison).

    `is_path`: something is divided by a string, which only paths can be.
    """

    sources: tuple[str, ...]
    dest: str | None = None
    is_path: bool = False


@dataclass(eq=False, slots=True)
class Yield(Operation):
    """The source is yielded."""

    source: Operand


@dataclass(eq=False, slots=True)
class Return(Operation):
    """The source is the function's result."""

    source: Operand


@dataclass(eq=False, slots=True)
class Raise(Operation):
    """Something is raised; `is_explicit` where the program names what."""

    is_explicit: bool


@dataclass(eq=False, slots=True)
class Delete(Operation):
    """A name is deleted (`is_binding`: by the program) or forgotten."""

    name: str
    is_binding: bool


Op = (
    Call
    | Alias
    | Evaluate
    | Load
    | Escape
    | Collect
    | Put
    | Element
    | Iterate
    | Enter
    | Exit
    | Use
    | Yield
    | Return
    | Raise
    | Delete
)


class Comparison(Enum):
    """How a test looks at a name."""

    TRUTH = "truth"
    IS_NONE = "is None"
    EQUALS = "=="
    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    SAME = "is"  # the other operand is a name
    HAS = "hasattr"
    NOT_EMPTY = "not empty"  # a container that is about to be iterated
    INSTANCE = "isinstance"  # the last segments of the names of the classes are the operand, with commas between
    AMONG = "in"  # the strings of the operand, with newlines between
    STARTS = "startswith"  # the same
    ENDS = "endswith"
    CLOSED = "closed"  # an attribute or method that is true once the resource is released


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on a name (or on an opaque expression, whose name then starts with `?`).

    One with a `subject` is opaque too, unless what the subject holds decides it: of a value that nobody knows, the same
    question is answered alike (`hasattr(path, "read")`, `mode == "r"`, `self.log is None`).
    """

    name: str
    comparison: Comparison = Comparison.TRUTH
    operand: Literal = None
    subject: str | None = None
