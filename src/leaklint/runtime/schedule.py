"""Tasks, callbacks, work items and threads: whatever they make is made by the code that scheduled them."""

import functools
import sys
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType

from leaklint.runtime.ledger import Ledger
from leaklint.runtime.origins import Marks
from leaklint.runtime.patches import Call, Patches

CALLBACKS = (FunctionType, MethodType, functools.partial)  # not the steps of tasks, which are of C types


def watched(ledger: Ledger, patches: Patches) -> tuple[tuple[str, Callable[[ModuleType], None]], ...]:
    """Give the modules that schedule, and what is done to each."""
    origins = ledger.origins

    def threads(module: ModuleType) -> None:
        patches.put(module.Thread, "start", _noting_self(ledger, module.Thread.start, origins.threads))

    def items(module: ModuleType) -> None:
        marks = origins.entries.setdefault(module._WorkItem.run.__code__, Marks())
        patches.put(module._WorkItem, "__init__", _noting_self(ledger, module._WorkItem.__init__, marks))

    def handles(module: ModuleType) -> None:
        marks = origins.entries.setdefault(module.Handle._run.__code__, Marks())
        patches.put(module.Handle, "__init__", _noting_handle(ledger, module.Handle.__init__, marks))

    def tasks(module: ModuleType) -> None:
        loops = module.BaseEventLoop
        patches.put(loops, "create_task", _noting_result(ledger, loops.create_task, origins.tasks))

    return (
        ("threading", threads),
        ("concurrent.futures.thread", items),
        ("asyncio.events", handles),
        ("asyncio.base_events", tasks),
    )


def _noting_self(ledger: Ledger, original: Call, marks: Marks) -> object:
    @functools.wraps(original)
    def noting(self: object, *args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        if ledger.is_watching:
            _note(ledger, self, marks)
        return original(self, *args, **kwargs)

    return noting


def _noting_handle(ledger: Ledger, original: Call, marks: Marks) -> object:
    @functools.wraps(original)
    def noting(self: object, callback: object, *args: object, **kwargs: object) -> object:
        if isinstance(callback, CALLBACKS) and ledger.is_watching:
            _note(ledger, self, marks)
        return original(self, callback, *args, **kwargs)

    return noting


def _noting_result(ledger: Ledger, original: Call, marks: Marks) -> object:
    @functools.wraps(original)
    def noting(self: object, *args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        made = original(self, *args, **kwargs)
        if ledger.is_watching:
            _note(ledger, made, marks)
        return made

    return noting


def _note(ledger: Ledger, one: object, marks: Marks) -> None:
    origin = ledger.origins.here(sys._getframe(2))
    if origin.frames:
        marks[one] = origin
