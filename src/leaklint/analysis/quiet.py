"""Calls that are not taken to raise: what stands between acquire and release is an alarm only where it may well fail."""

QUIET = (
    frozenset(
        f"builtins.{name}"
        for name in [
            "len",
            "isinstance",
            "issubclass",
            "id",
            "type",
            "print",
            "hasattr",
            "callable",
            "repr",
            "bool",
            "range",
            "enumerate",
            "zip",
            "list",
            "bytearray",
            "dict",
            "set",
            "tuple",
            "object",
            "super",
            "frozenset",
            "reversed",
            "locals",
            "globals",
            "vars",
            "min",
            "max",
            "abs",
            "str",
            "all",
            "any",
        ]
    )
    | {f"contextlib.{name}" for name in ["closing", "aclosing", "nullcontext", "suppress", "ExitStack", "AsyncExitStack"]}
    | {"time.time", "time.monotonic", "time.perf_counter", "os.getpid", "os.getppid", "os.getuid", "os.geteuid", "os.getgid"}
    | {"os.getegid", "sys.exc_info", "threading.Lock", "threading.Event"}
    | {"asyncio.set_event_loop", "asyncio.events.set_event_loop", "asyncio.Runner"}
    | {f"pytest.{name}" for name in ("raises", "warns", "deprecated_call")}
    | {f"warnings.{name}" for name in ("catch_warnings", "simplefilter", "filterwarnings")}
    | {"atexit.register", "atexit.unregister", "weakref.finalize", "weakref.ref", "functools.partial", "logging.getLogger"}
    | {f"threading.{name}" for name in ("RLock", "Condition", "Semaphore", "BoundedSemaphore", "local", "Thread")}
    | {f"asyncio.{name}" for name in ("Lock", "Event", "Condition", "Semaphore", "Queue", "timeout", "timeout_at", "shield")}
    | {f"{library}.{name}" for library in ("anyio", "trio") for name in ("CancelScope", "move_on_after", "fail_after")}
    | {f"collections.{name}" for name in ("OrderedDict", "defaultdict", "deque", "Counter")}
    | {"struct.calcsize", "struct.Struct", "socket.CMSG_SPACE", "socket.CMSG_LEN"}
    | {"sqlalchemy.orm.sessionmaker", "sqlalchemy.orm.scoped_session", "sqlalchemy.ext.asyncio.async_sessionmaker"}
    | {f"csv.{name}" for name in ("reader", "writer", "DictReader", "DictWriter")}  # they read and write nothing yet
    | {f"weakref.{name}" for name in ("WeakSet", "WeakKeyDictionary", "WeakValueDictionary")}
    | {"typing.cast", "queue.Queue", "queue.LifoQueue", "queue.SimpleQueue", "itertools.count", "re.escape", "uuid.uuid4"}
    | {"textwrap.dedent", "socket.setdefaulttimeout", "os.path.join", "os.fspath", "pathlib.Path"}
    | {f"os.path.{name}" for name in ("exists", "lexists", "isfile", "isdir", "islink")}
    | {f"unittest.mock.{name}" for name in ("Mock", "MagicMock", "AsyncMock", "NonCallableMock", "PropertyMock", "patch")}
    | {f"unittest.mock.patch.{name}" for name in ("object", "dict", "multiple")}
)
QUIET_METHODS = frozenset(
    (
        "set_debug",
        "set_exception_handler",
        "set_task_factory",
        "create_task",
        "create_future",
        "call_soon",
        "call_later",
        "append",
        "pop",
        "popleft",
        "popitem",
        "extend",
        "insert",
        "add",
        "clear",
        "copy",
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "log",
        "setdefault",
        "keys",
        "values",
        "items",
        "setblocking",
        "settimeout",
        "fileno",
        "kill",
        "terminate",
        "assertRaises",
        "assertRaisesRegex",
        "assertWarns",
        "subTest",
        "startswith",
        "endswith",
        "strip",
        "lower",
        "upper",
        "addCleanup",
        "addfinalizer",
        "callback",
        "push",
        "cursor",
        "setFormatter",
        "addHandler",
    )
)
LOGGERS = frozenset(("log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"))
LEVELS = frozenset(("debug", "info", "warning", "warn", "error", "exception", "critical", "log"))


def is_logging(dotted: str) -> bool:
    """Say whether a dotted name is a method of a logger that is imported (`app.logger.debug`)."""
    *_, owner, method = ("", *dotted.split("."))
    return owner in LOGGERS and method in LEVELS
