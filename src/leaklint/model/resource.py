"""Kinds of resources, and what a call does to what it is given: one shape of facts for every callee."""

from collections.abc import Mapping
from enum import Enum

from leaklint.model.data import dataclass, field


class With(Enum):
    """What entering and leaving a `with` on a resource does to the obligation to release it."""

    ABSENT = "absent"  # it has none
    RELEASES = "releases"
    KEEPS = "keeps"  # it has one, and is still open afterwards (sqlite3 commits)


class Effect(Enum):
    """What a callee does with an argument that is a resource."""

    BORROWS = "borrows"  # only uses it; the obligation stays
    TAKES = "takes"  # the obligation moves to the callee or its result
    ADOPTS = "adopts"  # the same to the result, which holds nothing else
    WRAPS = "wraps"  # the result uses it and does not release it
    READS = "reads"  # the result may read from it later, and may have all it needs already (an image that loads lazily)
    RELEASES = "releases"
    PASSES = "passes"  # the result is the argument itself
    NAMES = "names"  # the result is a path: the thing itself where that is a path, text of anything else
    CLOSES = "closes"  # the result is a context manager that releases it on exit (contextlib.closing)
    ENTERS = "enters"  # entered now, released by the callee's owner later (ExitStack.enter_context)
    OPENS = "opens"  # the obligation begins with this call (start() of a mock.patch patcher)


LOOP_BOUND = ("construction", "first-use")
RUNS = ("coroutine", "function", "callbacks")


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A kind of thing that must be released. Method names are unqualified; `part` names index `parts`."""

    name: str
    releases: frozenset[str] = frozenset()  # methods, plain
    async_releases: frozenset[str] = frozenset()  # methods, coroutines
    release_functions: frozenset[str] = frozenset()  # dotted functions that release their first argument
    first_release: str | None = None  # of all these, the one that a fix writes
    fails_released: frozenset[str] = frozenset()  # methods that release it before they raise
    drains: frozenset[str] = frozenset()  # methods and attributes that read it to its end and so release it
    sync_with: With = With.ABSENT
    async_with: With = With.ABSENT
    extends: tuple[str, ...] = ()
    loop_bound: str | None = None  # one of LOOP_BOUND
    label: str | None = None  # how messages call it, where its name would not help ("open file")
    variable: str = "resource"  # what a new name for it is called
    closed: frozenset[str] = frozenset()  # attributes and methods that are true once it is released
    none_after_release: frozenset[str] = frozenset()  # attributes
    fails_after_release: frozenset[str] = frozenset()  # methods
    lazy: frozenset[str] = frozenset()  # methods whose result still uses it
    fluent: frozenset[str] = frozenset()  # methods that give the object itself
    kept_by: frozenset[str] = frozenset()  # methods that hand the object to something that releases it
    data: frozenset[str] = frozenset()  # attributes that outlive it
    holds: frozenset[str] = frozenset()  # attributes with what it releases: who is given one may release that
    parts: tuple[str, ...] = ()  # what is released separately; empty: one thing
    needs: tuple[str, ...] = ()  # the parts that are open after a plain acquisition
    part_releases: Mapping[str, str] = field(default_factory=dict)  # method ("wait", "stdout.close") -> part
    silent: str | None = None  # why it needs no release, where it looks as if it did
    is_loop: bool = False  # an event loop: the rules of loops speak of it
    is_virtual: bool = False  # names no class (a file descriptor)
    is_path: bool = False  # the value is the path of what must be removed
    with_does_more: bool = False  # its with commits or rolls back, so it is no rewrite of a plain close
    waits: str | None = None  # the coroutine method to await after a plain release (`wait_closed`)
    outlives: bool = False  # may be meant to outlive the function: fixes are unsafe
    exhausts: bool = False  # iterating it to its end releases it (os.scandir)
    only_in_fixtures: bool = False  # only fixtures and set-ups owe its release (tempfile.mkdtemp)
    opened_by: frozenset[str] = frozenset()  # methods: it is open from the first one called on; empty: at once
    idle_until: frozenset[str] = frozenset()  # methods: before one of them is called it holds nothing that is worth an advice
    given_through: frozenset[str] = frozenset()  # attributes: who assigns one gives it what it would have opened
    ends_with_maker: bool = False  # whoever releases what its method gave it releases it too
    with_target: str | None = None  # the type that `with ... as` binds, where it is not the resource itself
    with_gives: str | None = None  # the attribute of the resource that this is
    since: str | None = None
    method_since: Mapping[str, str] = field(default_factory=dict)  # method -> the version that brought it


@dataclass(frozen=True, slots=True)
class Condition:
    """What the arguments of a call must be: parameter -> literal, dotted name, or a word such as "<given>" (SCHEMA.md)."""

    arguments: tuple[tuple[str, bool | int | str | None], ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs where the arguments meet the condition; None leaves a fact as it is."""

    condition: Condition
    acquires: tuple[str | None, ...] | None = None  # () acquires nothing
    needs: tuple[str, ...] | None = None
    is_silent: bool = False
    effects: Mapping[str, Effect] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a call does. `parameters` give positions their names; `*` in `effects` stands for every other parameter.

    `self` there is the receiver of a method. `acquires` is the kind of the result, or of each element where the result
    is a tuple (`is_tuple`), None for an element that is no resource. `returns` names the type of a result that is
    nobody's to release here.
    """

    name: str
    parameters: tuple[str, ...] = ()
    acquires: tuple[str | None, ...] = ()
    is_tuple: bool = False
    returns: str | None = None
    yields: str | None = None  # the type of each element, where the result is iterated (Path.glob)
    contains: str | None = None  # the kind of each element, where the result is a list of resources
    effects: Mapping[str, Effect] = field(default_factory=dict)
    is_coroutine: bool = False
    is_linked: bool = False  # each other element of the tuple leads to the resource (a protocol to its transport)
    swallows: bool = False  # as a context manager, it may swallow what its body raises
    diverges: bool = False  # it runs as long as the program does (a server's main loop)
    variants: tuple[Variant, ...] = ()
    since: str | None = None
    runs_loop: str | None = None  # what it runs an event loop for: one of RUNS
    asks_loop: bool = False  # tells whether a loop is running, or allows loops within loops
    needs_loop: str | None = None  # the version of Python from which it fails where no loop is running
    gives_task: bool = False  # its result is a task that runs only as long as somebody keeps it
    coroutines: frozenset[str] = frozenset()  # parameters that must be coroutines, not functions
    callbacks: frozenset[str] = frozenset()  # parameters that a running loop calls later and whose results it drops
    removed: str | None = None  # the version without it, or why it goes
    instead: str | None = None

    @property
    def deciding(self) -> frozenset[str]:
        """The parameters that decide what the call does."""
        conditions = {name for one in self.variants for name, _ in one.condition.arguments}
        return frozenset(conditions | {name for name, effect in self.effects.items() if effect is Effect.ADOPTS})

    @property
    def is_about_loops(self) -> bool:
        """Say whether any fact of it is about event loops and tasks."""
        return bool(
            self.runs_loop
            or self.asks_loop
            or self.needs_loop
            or self.gives_task
            or self.coroutines
            or self.callbacks
            or self.removed
        )
