"""Where something was made: the first-party frames of that moment, and the test or fixture at work. It knows no resources.

Frames are walked outwards, to the code that pytest calls or a module that is imported. Where the walk ends in an event
loop, an executor or a thread, the frames of the code that scheduled the task, callback, work item or thread go on from
there, and so does its test: code that runs later, or beside another test, is its scheduler's. What a plugin schedules
without any first-party frame (the runner of pytest-asyncio, the test task of anyio) is machinery: the test at work counts.

uvloop runs callbacks without Python frames of its own: there a callback is whoever's that runs the loop.
"""

import os
import sys
import sysconfig
import threading
import weakref
from _thread import get_ident
from types import CodeType, FrameType

from leaklint.model.leak import Frame

DEEPEST = 12  # first-party frames that are kept
FIRST, THIRD, NEUTRAL, END = range(4)
CALLS_FOR_TESTS = ("python_api.py", "raises.py", "recwarn.py", "monkeypatch.py", "pytester.py")  # of pytest: tests call these
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STANDARD = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(os.__file__)})
IMPORT = "<frozen importlib._bootstrap>"  # what a module makes when it is imported, its importer did not make
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class Maker:
    """A test, or a fixture of some scope."""

    __slots__ = ("fixture", "scope", "test")

    def __init__(self, test: str | None, fixture: str | None, scope: str) -> None:
        self.test = test
        self.fixture = fixture
        self.scope = scope


class Origin:
    """Who made something, through which first-party frames (innermost first), and the library nearest to it, if any."""

    __slots__ = ("frames", "library", "maker")

    def __init__(self, maker: Maker, frames: tuple[Frame, ...], library: str | None) -> None:
        self.maker = maker
        self.frames = frames
        self.library = library


class Marks:
    """What is known of objects, by identity, as long as they live."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[object], Origin]] = {}

    def __setitem__(self, one: object, origin: Origin) -> None:
        kept, key = self._kept, id(one)

        def forget(ref: weakref.ref[object]) -> None:
            if kept.get(key, (None,))[0] is ref:
                del kept[key]

        kept[key] = weakref.ref(one, forget), origin

    def get(self, one: object) -> Origin | None:
        """Give what is known of an object."""
        ref, origin = self._kept.get(id(one), (None, None))
        return origin if ref is not None and ref() is one else None

    def __bool__(self) -> bool:
        return bool(self._kept)


class Origins:
    """Finds origins below a root directory. `maker` is who is at work; `entries` are codes that run what was scheduled."""

    def __init__(self, root: str) -> None:
        self.maker = Maker(None, None, "collection")
        self.entries: dict[CodeType, Marks] = {}
        self.threads = Marks()
        self.tasks = Marks()
        self._roots = tuple({os.path.abspath(root) + os.sep, os.path.realpath(root) + os.sep})
        self._places: dict[str, tuple[int, str]] = {}
        self._main = threading.main_thread().ident

    def here(self, frame: FrameType | None) -> Origin:
        """Give the origin of what is made in a frame."""
        found: list[Frame] = []
        library: str | None = None
        places, entries = self._places, self.entries
        scheduled: Origin | None = None
        while frame is not None:
            code = frame.f_code
            kind, shown = places.get(code.co_filename) or self._place(code.co_filename)
            if kind == FIRST:
                if len(found) < DEEPEST:
                    found.append(Frame(shown, frame.f_lineno, code.co_qualname))
            elif kind == THIRD:
                if library is None and not found:
                    library = str(frame.f_globals.get("__name__", "")).partition(".")[0] or None
            elif kind == END:
                break
            elif code in entries:
                scheduled = self._scheduled(entries[code].get(frame.f_locals.get("self")))
                break
            frame = frame.f_back
        else:
            scheduled = self._scheduled(None)
        if scheduled is None:
            return Origin(self.maker, tuple(found), library)
        return Origin(scheduled.maker, (*found, *scheduled.frames)[:DEEPEST], library or scheduled.library)

    def is_own(self, filename: object) -> bool:
        """Say whether a file is first-party."""
        return isinstance(filename, str) and (self._places.get(filename) or self._place(filename))[0] == FIRST

    def _scheduled(self, origin: Origin | None) -> Origin | None:
        """Give the origin of the task, callback or thread that runs."""
        if self.tasks and (asyncio := sys.modules.get("asyncio.tasks")) is not None:
            loop = asyncio.events._get_running_loop()
            task = None if loop is None else asyncio.current_task(loop)
            origin = (None if task is None else self.tasks.get(task)) or origin
        ident = get_ident()
        if origin is None and ident != self._main:
            thread = vars(threading)["_active"].get(ident)  # current_thread() would make one up
            origin = None if thread is None else self.threads.get(thread)
        return origin

    def _place(self, filename: str) -> tuple[int, str]:
        place = self._places[filename] = self._classified(filename)
        return place

    def _classified(self, filename: str) -> tuple[int, str]:
        """Say what a file is, and how its path is shown."""
        if filename.startswith("<"):
            return (END if filename == IMPORT else NEUTRAL), filename
        path = os.path.abspath(filename)
        if path.startswith(PACKAGE + os.sep):
            return NEUTRAL, path
        if any(part in path for part in INSTALLED):
            return self._installed(path), path
        if any(path.startswith(folder + os.sep) for folder in STANDARD):
            return NEUTRAL, path
        for root in self._roots:
            if path.startswith(root):
                return FIRST, path[len(root) :].replace(os.sep, "/")
        return THIRD, path

    def _installed(self, path: str) -> int:
        parts = path.split(os.sep)
        if "_pytest" in parts:
            return NEUTRAL if parts[-1] in CALLS_FOR_TESTS else END
        return NEUTRAL if "pluggy" in parts else THIRD
