"""The kinds of resources that a run is watched for, by the module and class that makes them: data, nothing else.

What is missed: objects that were made before the run is watched (the interpreter's own, those of plugins that are loaded
earlier), `_socket.socket` and `_io.FileIO` where C code makes them, descriptors without an object (`os.open`), libraries'
own handles that are written in C (the connections of psycopg2), and the transports of uvloop.
"""

import sys
from collections.abc import Callable
from threading import get_ident

from leaklint.model.data import dataclass
from leaklint.runtime.ledger import Kind

NETWORK = frozenset(("socket", "transport", "connector", "http client"))


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One class: `releases` are the methods that tell of its release where its objects do not."""

    module: str
    name: str
    kind: Kind
    releases: tuple[str, ...] = ()
    is_asked: bool = True


def always(one: object) -> bool:
    """Say that something is open for whose release another sign stands."""
    return True


def without(name: str) -> Callable[[object], bool]:
    """Make the question whether an attribute, or the result of a method, is false."""

    def is_open(one: object) -> bool:
        value = getattr(one, name, True)
        return not (value() if callable(value) else value)

    return is_open


def holding(name: str) -> Callable[[object], bool]:
    """Make the question whether an attribute is still there."""
    return lambda one: getattr(one, name, None) is not None


def is_running(process: object) -> bool:
    """Say whether a subprocess was started and nobody has waited for it."""
    return bool(getattr(process, "_child_created", False)) and getattr(process, "returncode", 0) is None


def is_serving(server: object) -> bool:
    """Say whether a server of socketserver still has its socket."""
    sock = getattr(server, "socket", None)
    return sock is not None and sock.fileno() != -1


def is_file_open(wrapper: object) -> bool:
    """Say whether the file within a named temporary file is open."""
    return getattr(getattr(wrapper, "file", None), "closed", True) is False


def is_kept(runner: object) -> bool:
    """Say whether a Runner has made a loop, and was not closed."""
    return getattr(getattr(runner, "_state", None), "name", "") == "INITIALIZED"


def loop_category(loop: object) -> str:
    """Say whether a loop is one that runs in a thread of its own."""
    ident = getattr(loop, "_thread_id", None)
    return LOOP if ident in (None, get_ident()) else "event loop thread"


LOOP = "event loop"
FILE = Kind("file", without("closed"))
SOCKET = Kind("socket", lambda one: getattr(one, "fileno", lambda: -1)() != -1)
SQLITE = Kind("sqlite connection", always, warns=sys.version_info >= (3, 13))
LOOPS = Kind(
    LOOP,
    without("is_closed"),
    reach=frozenset(("socket", "executor")),
    parts=("_ssock", "_csock", "_default_executor"),
    category_of=loop_category,
)
TRANSPORT = frozenset(("socket", "file", "subprocess"))
PARTS = NETWORK | {"file", "sqlite connection", "subprocess", "executor", "event loop", "event loop thread", "client session"}
OWNER = Kind("owner", always, warns=False, reach=PARTS)  # of a project
TELLING = Kind("owner", always, reach=PARTS, tells=True)
CLIENT = Kind("http client", without("is_closed"), warns=False, reach=NETWORK)

WATCHED = (
    Watched("socket", "socket", SOCKET, ("_real_close", "detach"), is_asked=False),
    Watched(
        "subprocess", "Popen", Kind("subprocess", is_running, reach=frozenset(("file",)), parts=("stdin", "stdout", "stderr"))
    ),
    Watched("tempfile", "TemporaryDirectory", Kind("temporary directory", always), ("cleanup",), is_asked=False),
    Watched("tempfile", "_TemporaryFileWrapper", Kind("file", is_file_open, reach=frozenset(("file",)))),
    Watched("tempfile", "SpooledTemporaryFile", Kind("file", without("closed"), reach=frozenset(("file",)))),
    Watched("zipfile", "ZipFile", Kind("file", holding("fp"), warns=False, reach=frozenset(("file",)))),
    Watched("socketserver", "TCPServer", Kind("server", is_serving, reach=frozenset(("socket",)), parts=("socket",))),
    Watched("concurrent.futures.thread", "ThreadPoolExecutor", Kind("executor", without("_shutdown"), warns=False)),
    Watched("concurrent.futures.process", "ProcessPoolExecutor", Kind("executor", without("_shutdown_thread"), warns=False)),
    Watched("asyncio.base_events", "BaseEventLoop", LOOPS),
    Watched("asyncio.base_events", "Server", Kind("server", holding("_sockets"), False, frozenset(("socket",)), ("_sockets",))),
    Watched("asyncio.runners", "Runner", Kind("event loop", is_kept, False, frozenset(("event loop",)), ("_loop",))),
    Watched("asyncio.selector_events", "_SelectorTransport", Kind("transport", holding("_sock"), True, TRANSPORT, ("_sock",))),
    Watched("asyncio.unix_events", "_UnixReadPipeTransport", Kind("transport", holding("_pipe"), True, TRANSPORT, ("_pipe",))),
    Watched("asyncio.unix_events", "_UnixWritePipeTransport", Kind("transport", holding("_pipe"), True, TRANSPORT, ("_pipe",))),
    Watched(
        "asyncio.base_subprocess",
        "BaseSubprocessTransport",
        Kind("transport", without("_closed"), True, TRANSPORT | {"transport"}, ("_proc", "_pipes")),
    ),
    Watched("uvloop", "Loop", LOOPS),
    *(Watched(module, name, CLIENT) for module in ("httpx", "httpx2") for name in ("Client", "AsyncClient")),
    Watched("requests", "Session", Kind("http client", always, False, NETWORK), ("close",)),
    Watched("aiohttp.client", "ClientSession", Kind("client session", without("closed"), True, NETWORK)),
    Watched("aiohttp.connector", "BaseConnector", Kind("connector", without("closed"), True, NETWORK)),
)
