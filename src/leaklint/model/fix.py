"""What a fix does, as plain data: the analysis decides it, the rewriter obeys it.

Every span is the exact extent of an `ast` node of the text that was linted. A statement's span runs from its first
character (decorators excluded) to the end of its last line of code.
"Suite" is the list of statements that a statement belongs to; `first`/`last` name siblings of one suite.
"""

from enum import Enum

from leaklint.model.data import dataclass
from leaklint.model.span import Span


class Applicability(Enum):
    """Whether `leaklint fix` applies a fix by default (safe) or only with --unsafe-fixes."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Opener:
    """How a `with` enters a resource: `with E`, `async with E`, `with contextlib.closing(E)`."""

    is_async: bool = False
    wrapper: str | None = None  # an expression valid at that place, such as "contextlib.closing" or "closing"


@dataclass(frozen=True, slots=True)
class WithBlock:
    """`name = E` and what follows it become `with E as name:` over the statements up to `last`.

    `statement` is the assignment (or `E` alone as an expression statement), `value` is E (it may be an `await`: then the
    opener is sync and the whole `await E` is entered). `target` is None where nothing is bound. `last` is the last sibling
    that moves into the block; it equals `statement` where nothing follows, and the body is then `pass`.
    """

    statement: Span
    value: Span
    target: str | None
    last: Span
    opener: Opener = Opener()
    releases: tuple[Span, ...] = ()
    is_part: bool = False  # what is entered is what E is an attribute of: of `Directory().name` the first


@dataclass(frozen=True, slots=True)
class WithName:
    """After `statement`, which binds `name` among other things, a `with name:` over the siblings up to `last`.

    Several names, with a comma and a space between them, are items of one with.
    """

    statement: Span
    name: str
    last: Span
    opener: Opener = Opener()
    releases: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class WithTemporary:
    """The expression `value` inside `statement` moves out: `with value as name:` over `statement` up to sibling `last`.

    In the statement the expression becomes `name`. Where `value` is the whole of an expression statement, the body is `pass`
    and nothing is bound.
    """

    statement: Span
    value: Span
    name: str
    last: Span
    opener: Opener = Opener()
    releases: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class WithItem:
    """The expression `value` inside an item of the with at `statement` becomes an item of its own, before that item.

    `with Zip(open(p)) as z:` becomes `with open(p) as file, Zip(file) as z:`. Where `value` is the whole item, the item is
    entered twice: `with connect() as c:` becomes `with contextlib.closing(connect()) as c, c:`, so that what its own with
    does (a commit) still happens; `name` is then used only where the item binds nothing.
    """

    statement: Span
    value: Span
    name: str
    opener: Opener = Opener()


@dataclass(frozen=True, slots=True)
class FinallyBlock:
    """After `statement`, `try:` over the siblings up to `last`, and `finally:` with the lines of `release`.

    Where nothing follows (`last` equals `statement`), the lines of `release` follow the statement, without a try.
    """

    statement: Span
    last: Span
    release: tuple[str, ...]
    releases: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Replace:
    """The expression at `span` becomes `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Bind:
    """The expression `value` gets a name of its own before `statement`, and the lines of `release` follow the statement."""

    statement: Span
    value: Span
    name: str
    release: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToYield:
    """The `return` at `statement` becomes a `yield` of the same value."""

    statement: Span


@dataclass(frozen=True, slots=True)
class ReturnAfter:
    """A bare `return` follows `statement`."""

    statement: Span


@dataclass(frozen=True, slots=True)
class Around:
    """The siblings from `statement` to `last` move into `with opener:`; the opener is code, such as `ExitStack() as stack`.

    Where there are lines of `final`, the siblings stand in a try in that with, and these in its finally.
    """

    statement: Span
    last: Span
    opener: str
    is_async: bool = False
    final: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TryBlock:
    """The siblings from `statement` to `last` move into a try.

    The lines of `final` stand in its finally; those of `failed`, and a bare raise, in its `except BaseException`.
    """

    statement: Span
    last: Span
    final: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FinallyRest:
    """`statement` moves into a try, and the siblings after it, up to `last`, into its finally."""

    statement: Span
    last: Span


@dataclass(frozen=True, slots=True)
class Precede:
    """The lines stand right before `statement`."""

    statement: Span
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoveUp:
    """`statement` moves up, to stand right after its earlier sibling `after`."""

    statement: Span
    after: Span


@dataclass(frozen=True, slots=True)
class AddFunction:
    """The functions of these lines follow the function at `statement`; none of them may stand beside it already."""

    statement: Span
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """The lines become the last ones of the function at `statement`; a `pass` before them goes."""

    statement: Span
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeComment:
    """The comment at the end of the line of `statement` changes; where `new` is empty, it goes."""

    statement: Span
    old: str
    new: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """The with, or the function, at `statement` becomes async or plain; a function may get another name."""

    statement: Span
    is_async: bool
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """The statement goes."""

    statement: Span


@dataclass(frozen=True, slots=True)
class ToFunction:
    """The statement becomes the function of these lines."""

    statement: Span
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Instead:
    """The lines stand instead of the statement, whose comments stay above them."""

    statement: Span
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddParameter:
    """The function at `statement` takes one more parameter, after those that have no default."""

    statement: Span
    name: str


@dataclass(frozen=True, slots=True)
class DropParameter:
    """The function at `statement` loses the parameter `name`, which has no default."""

    statement: Span
    name: str


Single = (
    WithBlock
    | WithName
    | WithTemporary
    | WithItem
    | FinallyBlock
    | Replace
    | Bind
    | ToYield
    | ReturnAfter
    | Around
    | TryBlock
    | FinallyRest
    | Precede
    | MoveUp
    | AddFunction
    | Append
    | ChangeComment
    | Turn
    | Remove
    | ToFunction
    | AddParameter
    | Instead
    | DropParameter
)


@dataclass(frozen=True, slots=True)
class Several:
    """Edits that make sense only together (a `return` that becomes a `yield` inside a new `with`)."""

    edits: tuple[Single, ...]


Edit = Single | Several


def singles(edit: Edit) -> tuple[Single, ...]:
    """Give the edits that an edit consists of."""
    return edit.edits if isinstance(edit, Several) else (edit,)


@dataclass(frozen=True, slots=True)
class Fix:
    """One edit, whether it is safe, and what the new text needs imported: `contextlib`, `collections.abc:Iterator`.

    `reveals` names the classes that become resources by it: leaks of their instances, so far hidden, may then be found.

    `releases` of an edit are the statements, inside the moved ones, that release the resource today and become needless:
    the rewriter removes them; a `try` whose `finally` holds nothing else is replaced by its body, an `if` that holds nothing
    else goes with it, and a suite that would be empty gets `pass`.
    """

    edit: Edit
    applicability: Applicability = Applicability.SAFE
    imports: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()
