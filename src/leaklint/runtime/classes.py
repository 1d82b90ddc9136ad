"""Classes whose objects are resources: their makings, releases and ends are noticed through methods put around theirs.

The class itself stays the same object, so `isinstance`, pickling, subclassing and identity are as they were; signatures are
kept by `functools.wraps`. Weighed and not taken: `sys.monitoring` is there from 3.12 only, has one set of tools for
everybody (coverage and debuggers want it too), and sees a constructor's call but not its result; `sys.setprofile` costs every
call of the suite; subclasses put in the place of names miss who imported the name before, and change `type(one)`.

An end is noticed in one of two ways. Where an object tells whether it is open (`loop.is_closed()`), it is asked in its
`__del__`, the last moment in which it can answer: then no release needs to be watched, whatever way it takes. Where it
does not tell, or where a `__del__` would take the place of a finaliser written in C (sockets), its release methods are
watched, and a weak reference tells of its end.
"""

import functools
import inspect
import sys
from collections.abc import Awaitable, Iterable
from types import FrameType

from leaklint.runtime.ledger import Kind, Ledger
from leaklint.runtime.patches import Call, Patches

HEAP, IMMUTABLE = 1 << 9, 1 << 8  # of type.__flags__: Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE
INIT = "__init__"


class Classes:
    """The classes that are watched."""

    def __init__(self, ledger: Ledger, patches: Patches) -> None:
        self._ledger = ledger
        self._patches = patches
        self._asking: set[type] = set()  # whose own __del__ asks
        self._known: set[type] = set()  # whose objects are known to be asked

    def watch(self, cls: type, kind: Kind, releases: Iterable[str] = (), is_asked: bool = True) -> None:
        """Tag the objects of a class, and take its methods `releases` for releases.

        Where objects are not asked in their `__del__`, collected ones that no release took are leaks,
        unless they tell themselves.
        """
        for name in releases:
            self._watch_release(cls, name)
        self._watch_init(cls, kind, is_asked)

    def _watch_init(self, cls: type, kind: Kind, is_asked: bool) -> None:
        ledger, original = self._ledger, _init_of(cls)
        gone = None if is_asked or kind.tells else ledger.miss

        @functools.wraps(original)
        def __init__(self: object, *args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            original(self, *args, **kwargs)
            if ledger.is_watching:
                if is_asked:
                    ask(type(self))
                frame = sys._getframe(1)
                ledger.made(self, kind, _maker(frame, self) if kind.tells else frame, gone)

        def ask(actual: type) -> None:
            if actual not in self._known:
                self._known.add(actual)
                holder = next((one for one in actual.__mro__ if "__del__" in vars(one)), cls)
                self._ask(holder if holder.__flags__ & (HEAP | IMMUTABLE) == HEAP else cls)

        self._patches.put(cls, "__init__", __init__)

    def _ask(self, holder: type) -> None:
        """See to it that the `__del__` of a class asks first."""
        if holder not in self._asking:
            self._asking.add(holder)
            self._patches.put(holder, "__del__", _asking(getattr(holder, "__del__", None), self._ledger))

    def _watch_release(self, cls: type, name: str) -> None:
        ledger, original = self._ledger, method_of(cls, name)

        @functools.wraps(original)
        def release(self: object, *args: object, **kwargs: object) -> object:
            __tracebackhide__ = True
            try:
                return original(self, *args, **kwargs)
            finally:
                ledger.released(self)

        @functools.wraps(original)
        async def release_async(self: object, *args: object, **kwargs: object) -> object:
            __tracebackhide__ = True
            pending = original(self, *args, **kwargs)
            assert isinstance(pending, Awaitable)
            try:
                result: object = await pending
                return result
            finally:
                ledger.released(self)

        self._patches.put(cls, name, release_async if inspect.iscoroutinefunction(original) else release)


def _asking(original: Call | None, ledger: Ledger) -> object:
    def __del__(self: object, *args: object) -> None:
        ledger.ending(self)
        if original is not None:
            original(self, *args)

    return __del__ if original is None else functools.update_wrapper(__del__, original)


def _init_of(cls: type) -> Call:
    """Give a class's `__init__`; where it has none of its own, what is called instead depends on the class of the object."""
    inherited = method_of(cls, "__init__")
    if "__init__" in vars(cls):
        return inherited

    @functools.wraps(inherited)
    def __init__(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        one, *given = args
        following: Call = getattr(super(cls, one), INIT)
        if getattr(following, "__objclass__", None) is not object:
            return following(*given, **kwargs)
        if (given or kwargs) and type(one).__new__ is object.__new__:
            raise TypeError(f"{type(one).__name__}() takes no arguments")
        return None

    return __init__


def _maker(frame: FrameType, one: object) -> FrameType:
    """Give the frame that makes something, outside of the constructors of derived classes."""
    names = frame.f_code.co_varnames
    while frame.f_code.co_name == "__init__" and names and frame.f_locals.get(names[0]) is one and frame.f_back is not None:
        frame = frame.f_back
        names = frame.f_code.co_varnames
    return frame


def method_of(cls: type, name: str) -> Call:
    """Give a method of a class as it is written."""
    method: Call = getattr(cls, name)
    return method
