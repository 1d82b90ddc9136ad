"""A run that is watched, from its beginning to its end: what is put in place, and what is put back."""

import functools
from collections.abc import Callable, Iterator
from types import ModuleType, TracebackType

from leaklint.model.data import dataclass
from leaklint.runtime import schedule
from leaklint.runtime.classes import Classes, method_of
from leaklint.runtime.functions import watch_folders, watch_open, watch_sqlite
from leaklint.runtime.kinds import WATCHED, Watched
from leaklint.runtime.ledger import Ledger
from leaklint.runtime.patches import Call, Imports, Patches
from leaklint.runtime.tellers import Tellers


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What a run is watched with."""

    ledger: Ledger
    patches: Patches
    tellers: Tellers


def begin(root: str, owners: tuple[Watched, ...] = ()) -> Watch:
    """Watch everything that is made from now on, the classes of `owners` too; paths below the root are first-party."""
    ledger, patches = Ledger(root), Patches()
    classes = Classes(ledger, patches)
    watch_open(ledger, patches)
    watch = Watch(ledger, patches, Tellers(ledger, patches, classes))
    Imports(_actions(watch, classes, owners), patches)
    return watch


def stop(watch: Watch) -> None:
    """Put everything back."""
    watch.ledger.is_watching = False
    watch.patches.undo()


def _actions(watch: Watch, classes: Classes, owners: tuple[Watched, ...]) -> Iterator[tuple[str, Callable[[ModuleType], None]]]:
    ledger, patches = watch.ledger, watch.patches
    yield from schedule.watched(ledger, patches)
    for one in (*WATCHED, *owners):
        yield one.module, functools.partial(_watch_class, one, classes)
    yield "sqlite3", lambda module: watch_sqlite(ledger, patches, module)
    yield "tempfile", lambda module: watch_folders(ledger, patches, module)
    yield "warnings", lambda module: _watch_warnings(module.WarningMessage, watch)
    yield "_pytest.recwarn", lambda module: _watch_waits(module.WarningsChecker, "expected_warning", watch)
    yield "unittest.case", lambda module: _watch_waits(module._AssertWarnsContext, "expected", watch)


def _watch_class(one: Watched, classes: Classes, module: ModuleType) -> None:
    cls: object = module
    for name in one.name.split("."):
        cls = getattr(cls, name, None)
    if isinstance(cls, type):
        classes.watch(cls, one.kind, tuple(name for name in one.releases if hasattr(cls, name)), one.is_asked)


def _watch_warnings(cls: type, watch: Watch) -> None:
    """Look at what warns of its end: pytest keeps every warning that it shows, and its `source`, until the run ends."""
    original, ledger = method_of(cls, "__init__"), watch.ledger

    @functools.wraps(original)
    def __init__(self: object, *args: object, **kwargs: object) -> None:
        original(self, *args, **kwargs)
        if ledger.is_watching and getattr(self, "category", None) is ResourceWarning:
            ledger.warned(getattr(self, "source", None))

    watch.patches.put(cls, "__init__", __init__)


def _watch_waits(cls: type, attribute: str, watch: Watch) -> None:
    """Count the blocks that wait for ResourceWarnings: `pytest.warns` and `assertWarns`."""
    enter: Call = method_of(cls, "__enter__")
    leave: Call = method_of(cls, "__exit__")
    ledger = watch.ledger

    def __enter__(self: object) -> object:
        __tracebackhide__ = True
        ledger.waiting += _is_waiting(self, attribute)
        return enter(self)

    def __exit__(
        self: object, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> object:
        __tracebackhide__ = True
        ledger.waiting -= _is_waiting(self, attribute)
        return leave(self, kind, raised, trace)

    watch.patches.put(cls, "__enter__", __enter__)
    watch.patches.put(cls, "__exit__", __exit__)


def _is_waiting(context: object, attribute: str) -> bool:
    expected = getattr(context, attribute, ())
    return any(one is ResourceWarning for one in (expected if isinstance(expected, tuple) else (expected,)))
