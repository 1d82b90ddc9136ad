"""Functions that give resources of types written in C: they are replaced wherever a name stands for them.

Such types cannot be changed, so their objects are: the raw file within a file gets a `_dealloc_warn` of its own, which
CPython calls where a file that is still open is collected, and so the types of files stay what they were; an unbuffered
file has nothing within it, and is of a subclass. A connection of sqlite3 has neither attributes nor weak references, so
`sqlite3.connect` gives one of a subclass where it would give a plain one.

Audit hooks (`open`, `sqlite3.connect`) would see what other names open, but do not show the object, cannot be removed
again, and slow down every audited call of the interpreter. `io.FileIO` called by name is watched where Python code does so.
"""

import functools
import gc
import io
import os
import re
import sys
import warnings
import weakref
from abc import ABCMeta
from types import FrameType, ModuleType

from leaklint.runtime.kinds import FILE, SQLITE
from leaklint.runtime.ledger import Ledger, Tag
from leaklint.runtime.patches import Call, Patches

FACTORY = 5  # the position of `factory` among the parameters of sqlite3.connect
PLAIN = io.FileIO
UNBUFFERED = re.compile("[rwxa]b[+]?|[rwxa][+]b")  # modes
WARN: Call = vars(io.FileIO)["_dealloc_warn"]


class Files:
    """The raw files that are watched.

    Where a file is freed by its last reference, CPython tells that it was unclosed, and a weak reference ends only then.
    Where the collector frees it, the weak reference ends first: so the files are asked when a collection starts.
    """

    def __init__(self, ledger: Ledger, patches: Patches) -> None:
        self.ledger = ledger
        self._tags: dict[int, Tag] = {}
        self._open: set[int] = set()  # identities of tags, since the collection that is going on has started
        gc.callbacks.append(self._ask)
        patches.add(lambda: gc.callbacks.remove(self._ask))

    def opened(self, raw: io.FileIO, frame: FrameType, name: str) -> Tag | None:
        """Tag a raw file that was opened in a frame."""
        tag = self.ledger.made(raw, FILE, frame, self._gone, name)
        if tag is not None:
            self._tags[tag.key] = tag
        return tag

    def _gone(self, tag: weakref.ref[object]) -> None:
        if isinstance(tag, Tag):
            if self._tags.get(tag.key) is tag:
                del self._tags[tag.key]
            if id(tag) in self._open:
                self.ledger.miss(tag)
            self.ledger.forget(tag)

    def _ask(self, phase: str, about: object) -> None:
        self._open.clear()
        if phase == "start":
            for tag in [*self._tags.values()]:
                raw = tag()
                if raw is not None and FILE.is_open(raw):
                    self._open.add(id(tag))


class Unclosed:
    """Takes the place of a raw file's `_dealloc_warn`, and calls it; knows the file only weakly."""

    __slots__ = ("_ledger", "_raw", "_tag")

    def __init__(self, ledger: Ledger, tag: Tag, raw: io.FileIO) -> None:
        self._ledger = ledger
        self._tag = tag
        self._raw = weakref.ref(raw)

    def __call__(self, source: object) -> None:
        """Note that a file is collected unclosed, and let CPython warn."""
        self._ledger.miss(self._tag)
        raw = self._raw() or raw_file(source)
        if raw is not None:
            _warn(raw, source)


def _warn(raw: io.FileIO, source: object) -> None:
    """Warn as CPython does, of the line that let go of a file, where `WARN` would take our caller's for it."""
    try:
        warnings.warn(f"unclosed file {source!r}", ResourceWarning, stacklevel=3, source=source)
    except Warning:
        WARN(raw, source)  # tells sys.unraisablehook


def raw_file(file: object) -> io.FileIO | None:
    """Give the raw file within a file."""
    for name in ("buffer", "raw"):
        file = getattr(file, name, file)
    return file if isinstance(file, PLAIN) else None


def watch_open(ledger: Ledger, patches: Patches) -> None:
    """Tag the files that `open` and `io.FileIO` give, by whatever name a module calls them."""
    original: Call = vars(io)["open"]
    files = Files(ledger, patches)
    raw_class = _unbuffered(files)
    unbuffered: Call = functools.partial(raw_class)

    @functools.wraps(original)
    def open(
        file: object,
        mode: str = "r",
        buffering: int = -1,
        encoding: object = None,
        errors: object = None,
        newline: object = None,
        closefd: bool = True,
        opener: object = None,
    ) -> object:
        __tracebackhide__ = True
        if not ledger.is_watching or not closefd or not isinstance(mode, str):
            return original(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if buffering == 0 and UNBUFFERED.fullmatch(mode) and encoding is errors is newline is None:
            return unbuffered(file, mode.replace("b", ""), opener=opener)
        if encoding is None and "b" not in mode and sys.flags.warn_default_encoding:
            encoding = io.text_encoding(None)  # blames our caller, as it should
        one = original(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = raw_file(one)
        tag = None if raw is None else files.opened(raw, sys._getframe(1), _name(one))
        if raw is not None and tag is not None:
            vars(raw)["_dealloc_warn"] = Unclosed(ledger, tag, raw)
        return one

    patches.put_everywhere(original, open)
    patches.put_everywhere(PLAIN, raw_class)


def _unbuffered(files: Files) -> type:
    """Make the class of raw files that tell when they are collected unclosed; all raw files count as its objects."""

    class Meta(ABCMeta):
        def __instancecheck__(cls, one: object) -> bool:
            return isinstance(one, PLAIN) if cls is made else super().__instancecheck__(one)

        def __subclasscheck__(cls, one: type) -> bool:
            return issubclass(one, PLAIN) if cls is made else super().__subclasscheck__(one)

    def __init__(self: io.FileIO, *args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        initialise(self, *args, **kwargs)
        if ledger.is_watching and self.closefd:
            files.opened(self, sys._getframe(1), "io.FileIO")

    def close(self: io.FileIO) -> None:
        if getattr(self, "_finalizing", False):
            ledger.ending(self)
        PLAIN.close(self)

    def _dealloc_warn(self: io.FileIO, source: object) -> None:
        ledger.ending(self)
        _warn(self, source)

    def __repr__(self: io.FileIO) -> str:
        return re.sub("^<FileIO", "<_io.FileIO", PLAIN.__repr__(self))

    ledger = files.ledger
    initialise: Call = vars(PLAIN)["__init__"]
    methods = {"__init__": __init__, "__repr__": __repr__, "close": close, "_dealloc_warn": _dealloc_warn}
    made = Meta("FileIO", (PLAIN,), {"__module__": PLAIN.__module__, "__doc__": PLAIN.__doc__, **methods})
    return made


def watch_sqlite(ledger: Ledger, patches: Patches, module: ModuleType) -> None:
    """Tag the connections that `sqlite3.connect` gives."""
    original: Call = module.connect
    plain: type = module.Connection
    closing: set[type] = set()
    ours = type(
        "Connection", (plain,), {"__module__": plain.__module__, "__doc__": plain.__doc__, "close": _closing(plain, ledger)}
    )

    @functools.wraps(original)
    def connect(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        if not ledger.is_watching:
            return original(*args, **kwargs)
        if len(args) <= FACTORY and kwargs.get("factory", plain) is plain:
            kwargs["factory"] = ours
        one = original(*args, **kwargs)
        if _is_watchable(type(one), plain):
            if type(one) is not ours and type(one) not in closing:
                closing.add(type(one))
                patches.put(type(one), "close", _closing(type(one), ledger))
            ledger.made(one, SQLITE, sys._getframe(1), ledger.miss, "sqlite3.Connection" if type(one) is ours else "")
        return one

    patches.put_everywhere(original, connect)


def _closing(cls: type, ledger: Ledger) -> object:
    """Make a `close` for a class of connections that tells of the release."""
    original: Call = vars(next(one for one in cls.__mro__ if "close" in vars(one)))["close"]

    @functools.wraps(original)
    def close(self: object) -> None:
        __tracebackhide__ = True
        original(self)
        ledger.released(self)

    return close


def _is_watchable(cls: type, plain: type) -> bool:
    """Say whether a class of connections was written in Python."""
    return issubclass(cls, plain) and cls is not plain and cls.__weakrefoffset__ != 0


def watch_folders(ledger: Ledger, patches: Patches, module: ModuleType) -> None:
    """Note the directories that `tempfile.mkdtemp` makes, but for those of a TemporaryDirectory."""
    original: Call = module.mkdtemp

    @functools.wraps(original)
    def mkdtemp(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        path = original(*args, **kwargs)
        frame = sys._getframe(1)
        if ledger.is_watching and frame.f_globals is not vars(module) and isinstance(path, str | bytes):
            ledger.folder_made(os.fsdecode(path), frame)
        return path

    patches.put_everywhere(original, mkdtemp)


def _name(one: object) -> str:
    return f"{type(one).__module__}.{type(one).__qualname__}".removeprefix("_")
