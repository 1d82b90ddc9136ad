"""First-party classes that tell themselves when they are collected unreleased: by a ResourceWarning in their `__del__`.

    class Bundle:
        def __del__(self):
            if self.file is not None:
                warnings.warn("unclosed bundle", ResourceWarning, stacklevel=2)

Only such a method knows what being open means for its class, so it is listened to: where it comes to the name
`ResourceWarning`, its object is lost, whatever becomes of the warning (ignored, shown, an error). The method stays the same
code, called by nobody in between, so what it warns of and where is as it was; it is only given builtins that note when that
name is looked up. Wrapping it would add a frame, and `stacklevel` counts frames; a filter that listens would be hidden by
those that a test puts before it; `sys.settrace` is other people's.

It refuses to know warnings that another function gives for the method, and classes that are no attribute of their module.
"""

import builtins
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType

from leaklint.runtime.classes import Classes
from leaklint.runtime.kinds import TELLING
from leaklint.runtime.ledger import Ledger
from leaklint.runtime.patches import Patches

NAME = "ResourceWarning"


class Listening(dict[str, object]):
    """The builtins of methods that tell."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(vars(builtins))
        self._ledger = ledger

    def __getitem__(self, name: str) -> object:
        """Look up a name, for code whose builtins these are."""
        if name == NAME:
            frame = sys._getframe(1)
            self._ledger.told(frame.f_locals.get(frame.f_code.co_varnames[0]))
        return vars(builtins)[name]


class Tellers:
    """The classes that are listened to; `look` finds those of the modules that have come since it was last asked."""

    def __init__(self, ledger: Ledger, patches: Patches, classes: Classes) -> None:
        self._ledger = ledger
        self._patches = patches
        self._classes = classes
        self._builtins = Listening(ledger)
        self._seen: set[str] = set()

    def look(self) -> None:
        """Watch the classes of new modules."""
        if len(sys.modules) == len(self._seen):
            return
        for name in sys.modules.keys() - self._seen:
            module = sys.modules.get(name)
            # a module of another class may be loaded when it is looked at
            if type(module) is ModuleType and self._ledger.origins.is_own(vars(module).get("__file__")):
                for cls, method in _telling(module):
                    self._patches.put(cls, "__del__", _with_builtins(method, self._builtins))
                    self._classes.watch(cls, TELLING, is_asked=False)
        self._seen = set(sys.modules)


def _telling(module: ModuleType) -> Iterator[tuple[type, FunctionType]]:
    """Give the classes of a module that tell, and can be watched, each with its method."""
    for cls in [*vars(module).values()]:
        # a proxy would show the class of what it stands for, and make that up
        if issubclass(type(cls), type) and vars(cls).get("__module__") == module.__name__ and cls.__weakrefoffset__:
            method = vars(cls).get("__del__")
            if isinstance(method, FunctionType) and _tells(method.__code__):
                yield cls, method


def _tells(code: CodeType) -> bool:
    return NAME in code.co_names and code.co_argcount > 0


def _with_builtins(method: FunctionType, found: Listening) -> FunctionType:
    """Make a function of the same code that looks up builtins elsewhere: it takes them from its globals when it is made."""
    names = method.__globals__
    before = names["__builtins__"]
    names["__builtins__"] = found
    try:
        made = FunctionType(method.__code__, names, method.__name__, method.__defaults__, method.__closure__)
    finally:
        names["__builtins__"] = before
    made.__kwdefaults__, made.__qualname__, made.__doc__ = method.__kwdefaults__, method.__qualname__, method.__doc__
    made.__module__, made.__annotations__ = method.__module__, method.__annotations__
    vars(made).update(vars(method))
    return made
