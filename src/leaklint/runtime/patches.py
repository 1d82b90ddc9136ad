"""Names and attributes that are replaced while a run is watched, and put back afterwards. It knows no resources."""

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Protocol

ABSENT = object()
Undo = Callable[[], None]


class Call(Protocol):
    """Any function or method."""

    def __call__(self, /, *args: object, **kwargs: object) -> object:
        """Call it."""


class Patches:
    """What was replaced so far."""

    def __init__(self) -> None:
        self._undone: list[Undo] = []

    def put(self, holder: object, name: str, value: object) -> None:
        """Set an attribute of a class or module."""
        before = vars(holder).get(name, ABSENT)
        setattr(holder, name, value)
        self._undone.append(lambda: delattr(holder, name) if before is ABSENT else setattr(holder, name, before))

    def put_everywhere(self, before: object, value: object) -> None:
        """Let every name of a module, but for our own, that stands for an object stand for another one."""
        for called, module in [*sys.modules.items()]:
            if isinstance(module, ModuleType) and not called.startswith("leaklint."):
                for name in [name for name, one in [*vars(module).items()] if one is before]:
                    self.put(module, name, value)

    def add(self, undo: Undo) -> None:
        """Let something be done when all is put back."""
        self._undone.append(undo)

    def undo(self) -> None:
        """Put everything back, the last first."""
        while self._undone:
            self._undone.pop()()


class Imports(MetaPathFinder):
    """Does something to modules: now to those that are imported, to the others right after they are."""

    def __init__(self, actions: Iterable[tuple[str, Callable[[ModuleType], None]]], patches: Patches) -> None:
        self._waiting: dict[str, list[Callable[[ModuleType], None]]] = {}
        for name, action in actions:
            if name in sys.modules:
                action(sys.modules[name])
            else:
                self._waiting.setdefault(name, []).append(action)
        sys.meta_path.insert(0, self)
        patches.add(lambda: sys.meta_path.remove(self))

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Let the other finders find a module that is waited for, and see to it that the actions follow its execution."""
        actions = self._waiting.pop(name, None)
        if actions is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = Following(spec.loader, actions)
                return spec
        return None


class Following(Loader):
    """Takes the place of a module's loader until the module is executed, and does something right after that."""

    def __init__(self, loader: Loader, actions: Iterable[Callable[[ModuleType], None]]) -> None:
        self._loader = loader
        self._actions = actions

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create a module as its own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own loader back, and let that execute it."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for action in self._actions:
            action(module)
