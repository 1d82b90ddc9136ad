"""The book of what is open: every resource that was made and not released yet, and the leaks that came of them.

It holds no resource: a tag is a weak reference. It does not know how makings and releases are noticed (leaklint.runtime.watch).

A leak is what is collected unreleased, or still open when the run ends. What was open where its test or fixture ended, and
is released by somebody all the same later (a thread that needs a moment, the teardown of a cache), is none; but what is
collected later is, and keeps its test.
"""

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from threading import Thread
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType

from leaklint.model.data import dataclass
from leaklint.model.leak import Leak
from leaklint.runtime.origins import Maker, Origin, Origins

FURTHEST = 3_000  # objects that are looked through for the parts of one resource
DEAD_ENDS = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, Thread, str, bytes, int, float)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of resource. `is_open` is asked of the object itself, also in the moment in which it is collected.

    What it opened itself is a part of it: all of the categories in `reach` that can be reached from its attributes `parts`,
    from any of its attributes where there are none.
    """

    category: str
    is_open: Callable[[object], bool]
    warns: bool = True  # it gives a ResourceWarning when it is collected
    reach: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    category_of: Callable[[object], str] | None = None  # where that depends on its state
    tells: bool = False  # only its own `__del__` knows whether it is open, and says so


class Tag(weakref.ref[object]):
    """What is known of one resource from the moment in which it was made. `state` is that at the end of its maker's scope."""

    __slots__ = ("category", "is_intended", "is_part", "key", "kind", "name", "of", "origin", "state")

    category: str
    is_intended: bool
    is_part: bool
    key: int
    kind: Kind
    name: str
    of: int  # the identity of its class
    origin: Origin
    state: str

    def is_of(self, one: object) -> bool:
        """Say whether this is the tag of an object with its identity: the object may be about to be collected."""
        known = self()
        return known is one or (known is None and self.of == id(type(one)))


Gone = Callable[[weakref.ref[object]], None]


class Ledger:
    """The tags of what is open, by identity; `waiting` counts the tests' waits for ResourceWarnings that are under way."""

    def __init__(self, root: str) -> None:
        self.origins = Origins(root)
        self.is_watching = True
        self.waiting = 0
        self._live: dict[int, Tag] = {}
        self._made: dict[Maker, dict[int, Tag]] = {}
        self._folders: dict[str, Origin] = {}
        self._lost: list[tuple[Tag, tuple[str, ...]]] = []
        self._gone: dict[int, Tag] = {}  # lost, and nothing new has their identity yet

    def made(self, one: object, kind: Kind, frame: FrameType | None, gone: Gone | None = None, name: str = "") -> Tag | None:
        """Tag what was just made in a frame, unless pytest alone made it; `gone` is called once it has been collected."""
        key = id(one)
        known = self._live.get(key)
        if known is not None and known() is one:
            return None
        origin = self.origins.here(frame)
        if not origin.frames and origin.library is None:
            return None
        tag = Tag(one, gone)
        tag.key, tag.kind, tag.category, tag.origin, tag.state = key, kind, kind.category, origin, "collected"
        tag.name, tag.of = name or _name(type(one)), id(type(one))
        tag.is_intended, tag.is_part = self.waiting > 0, False
        self._live[key] = tag
        self._made.setdefault(origin.maker, {})[key] = tag
        self._gone.pop(key, None)
        return tag

    def released(self, one: object) -> None:
        """Note that somebody released something."""
        self._live.pop(id(one), None)

    def ending(self, one: object) -> None:
        """Look at something in the moment in which it is collected."""
        tag = self._live.get(id(one))
        if tag is not None and tag.is_of(one):
            if tag.kind.is_open(one):
                self.lose(tag, one)
            self.forget(tag)

    def forget(self, tag: weakref.ref[object]) -> None:
        """Forget something that was collected, and of whose release another sign tells."""
        if isinstance(tag, Tag) and self._live.get(tag.key) is tag:
            del self._live[tag.key]

    def miss(self, tag: weakref.ref[object]) -> None:
        """Note that something was collected, whose release would have been noticed."""
        if isinstance(tag, Tag) and self._live.get(tag.key) is tag:
            del self._live[tag.key]
            self.lose(tag)

    def warned(self, one: object) -> None:
        """Note that something warned of its own end: its finaliser releases it then, and who keeps the warning keeps it."""
        tag = self._live.get(id(one))
        if tag is not None and tag() is one and tag.__callback__ is not None:
            self.miss(tag)

    def told(self, one: object) -> None:
        """Note that something says of itself that it is collected unreleased."""
        tag = self._live.get(id(one))
        if tag is not None and tag.is_of(one):
            self.lose(tag, one)
            self.forget(tag)

    def lose(self, tag: Tag, one: object | None = None) -> None:
        """Note that nobody can release something any more."""
        if self.is_watching and not tag.is_part:
            # what the collector happens to find in such a block is another test's
            tag.is_intended |= self.waiting > 0 and tag.origin.maker.test == self.origins.maker.test
            self._gone[tag.key] = tag
            self._lost.append((tag, () if one is None else tuple(self._parts(one, tag.kind))))

    def folder_made(self, path: str, frame: FrameType | None) -> None:
        """Note a directory that was just made in a frame, and that its maker must remove."""
        origin = self.origins.here(frame)
        if origin.frames:
            self._folders[path] = origin

    def end(self, maker: Maker) -> None:
        """Note what is open where the scope of a maker ends."""
        for tag in [*self._made.pop(maker, {}).values()]:
            if self._live.get(tag.key) is tag:
                one = tag()
                if one is None or not tag.kind.is_open(one):
                    self.forget(tag)
                else:
                    _mark_open(tag, one)

    def close(self) -> list[Leak]:
        """End the run: what is still open is lost. Gives all leaks in the order in which they were lost."""
        for tag in [*self._live.values()]:
            one = tag()
            if one is not None and tag.kind.is_open(one) and not tag.kind.tells:
                _mark_open(tag, one)
                self.lose(tag, one)
        self.is_watching = False
        leaks = [_leak(tag, parts) for tag, parts in self._lost if not tag.is_part]
        return [*leaks, *(_folder(origin) for path, origin in self._folders.items() if os.path.isdir(path))]

    def _parts(self, one: object, kind: Kind) -> Iterator[str]:
        """Mark what something holds open itself as its parts, and give their categories."""
        if not kind.reach:
            return
        starts = [part for part in (getattr(one, name, None) for name in kind.parts) if part is not None]
        for part in _reachable(starts if kind.parts else [one]):
            live = self._live.get(id(part))
            tag = live or self._gone.get(id(part))  # it may have been collected together with the whole, and just before
            if tag is None or tag.is_part or part is one or not tag.is_of(part):
                continue
            if tag.category in kind.reach and (live is None or tag.kind.is_open(part)):
                tag.is_part = True
                yield tag.category
                yield from self._parts(part, tag.kind)


def _mark_open(tag: Tag, one: object) -> None:
    tag.state = "open"
    if tag.kind.category_of is not None:
        tag.category = tag.kind.category_of(one)


def _reachable(starts: list[object]) -> list[object]:
    """Give objects and what can be reached from them, the nearest first, not through classes, functions and event loops."""
    found = [*starts]
    seen = {id(one) for one in found}
    for here in found:
        for there in gc.get_referents(here):
            if id(there) not in seen and not isinstance(there, DEAD_ENDS) and not hasattr(type(there), "run_forever"):
                seen.add(id(there))
                found.append(there)
        if len(found) > FURTHEST:
            break
    return found


def _leak(tag: Tag, parts: tuple[str, ...]) -> Leak:
    origin, maker = tag.origin, tag.origin.maker
    return Leak(
        category=tag.category,
        type=tag.name,
        frames=origin.frames,
        test=maker.test,
        fixture=maker.fixture,
        scope=maker.scope,
        state=tag.state,
        warns=tag.kind.warns,
        is_intended=tag.is_intended,
        library=origin.library,
        parts=parts,
    )


def _folder(origin: Origin) -> Leak:
    maker = origin.maker
    return Leak("temporary directory", "tempfile.mkdtemp", origin.frames, maker.test, maker.fixture, maker.scope, "open")


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("_")
