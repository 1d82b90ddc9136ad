"""What a call does where the catalogue and the project say nothing: a guess from names, in favour of silence.

A call that may keep its argument takes it over; one that plainly uses it borrows.
"""

import ast
import re
import sys
from collections.abc import Callable

from leaklint.analysis.ops import Call
from leaklint.model.resource import Effect

ADDING = frozenset(
    [
        "add",
        "append",
        "appendleft",
        "extend",
        "insert",
        "register",
        "reg",
        "put",
        "push",
        "set",
        "submit",
        "attach",
        "store",
        "keep",
        "track",
        "own",
        "adopt",
        "enqueue",
        "schedule",
        "manage",
        "wrap",
        "bind",
        "install",
        "mount",
        "spawn",
        "start",
        "connect",
        "subscribe",
        "defer",
        "enter",
        "send_fds",
        "apply",
        "accept",
        "take",
        "give",
        "hand",
        "transfer",
        "assign",
        "inject",
        "plug",
    ]
)
USING = frozenset(
    [
        "load",
        "loads",
        "parse",
        "read",
        "write",
        "dump",
        "dumps",
        "copy",
        "send",
        "render",
        "print",
        "show",
        "display",
        "check",
        "verify",
        "validate",
        "test",
        "assert",
        "compare",
        "process",
        "feed",
        "extract",
        "decode",
        "encode",
        "hash",
        "digest",
        "iter",
        "count",
        "compute",
        "calculate",
        "fetch",
        "download",
        "query",
        "execute",
        "ping",
    ]
)
PLAIN = frozenset(
    [
        "read",
        "readline",
        "readlines",
        "readinto",
        "readall",
        "write",
        "writelines",
        "recv",
        "recvfrom",
        "send",
        "sendall",
        "sendto",
        "fetchone",
        "fetchall",
        "fetchmany",
        "json",
        "text",
        "close",
        "flush",
        "seek",
        "tell",
        "getvalue",
        "poll",
        "wait",
        "communicate",
        "connect",
        "bind",
        "listen",
        "namelist",
        "infolist",
        "getnames",
        "testzip",
        "commit",
        "rollback",
        "getcode",
        "info",
        "geturl",
        "isatty",
        "readable",
        "writable",
        "seekable",
        "truncate",
        "peek",
    ]
)
LOADING = frozenset(
    ["load", "loads", "read", "dump", "dumps", "digest", "hash", "count", "copy", "print", "checksum", "md5", "sha256"]
)
KEEPING = frozenset(("__init__", "assert_type", "reveal_type"))  # a base's constructor; what is only for types
CLOSING = frozenset(
    (
        "close",
        "closing",
        "closes",
        "release",
        "shutdown",
        "stop",
        "cleanup",
        "dispose",
        "terminate",
        "kill",
        "teardown",
        "quit",
        "reap",
    )
)
REMOVING = frozenset(("rmtree", "rmdir", "remove", "delete", "rm", "unlink", "wipe", "clean", "cleanup", "clear", "rimraf"))
CONTENT = frozenset(("body", "data", "files", "stdin", "stdout", "stderr", "input"))  # keywords for what is only read from
PATHS = frozenset(f"os.path.{one}" for one in ("join", "abspath", "realpath", "expanduser"))  # give text, never None
STANDARD = sys.stdlib_module_names | {"builtins"}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case: `addHandler` and `add_handler` are alike."""
    return [word.lower() for word in _WORDS.findall(name)]


def is_class_name(name: str) -> bool:
    """Say whether a name is written as a class is: `Reader`, `_Reader`."""
    name = name.lstrip("_")
    return bool(name) and name[0].isupper() and not name.isupper()


def is_adding(name: str) -> bool:
    """Say whether a method's name says that it keeps what it is given."""
    if name in KEEPING or name.startswith(("set", "add", "register")):
        return True
    return any(word in ADDING or word.removesuffix("ed") in ADDING for word in words(name))  # also `_mark_owned`


def is_closing(name: str) -> bool:
    """Say whether a function's name says that it releases what it is given (`quiet_close`)."""
    return any(word in CLOSING for word in words(name))


def is_removing(name: str) -> bool:
    """Say whether a function's name says that it removes the files that it is given (`rmtree_ro`)."""
    return any(word in REMOVING for word in words(name))


def is_using(name: str) -> bool:
    """Say whether a function's name says that it only uses what it is given."""
    return any(word in USING for word in words(name))


def is_plain(method: str) -> bool:
    """Say whether the result of a method is plain data, which outlives the object."""
    return method in PLAIN or method.startswith(("read", "write", "fetch", "recv", "send", "is_", "get_"))


def is_standard(dotted: str) -> bool:
    """Say whether a dotted name belongs to the standard library."""
    return dotted.partition(".")[0] in STANDARD


def is_loading(name: str) -> bool:
    """Say whether a function's name says that its result is data, complete before it returns."""
    return any(word in LOADING for word in words(name))


def guess(name: str, is_dropped: bool, keyword: str | None = None) -> Effect:
    """Guess what an unknown callee does with an argument, perhaps given by keyword."""
    if is_class_name(name) or is_adding(name) or is_closing(name):
        return Effect.TAKES
    if keyword in CONTENT:
        return Effect.BORROWS
    return Effect.BORROWS if is_dropped or is_using(name) else Effect.TAKES


def guesses(op: Call, name: str) -> Callable[[int], Effect]:
    """Give the guess for each argument of a call to something unknown."""
    if isinstance(op.node.func, ast.Attribute) and isinstance(op.node.func.value, ast.Constant):
        return lambda _: Effect.BORROWS  # a method of a literal: `", ".join(lines)`
    if name.startswith(("assert", "_assert")) and name != "assert_type":
        return lambda _: Effect.BORROWS
    if any(one.keyword is not None and one.keyword.startswith(("on_", "callback")) for one in op.arguments):
        return lambda _: Effect.TAKES  # it goes on after the call has returned, with what it was given
    return lambda index: guess(name, op.is_dropped, op.arguments[index].keyword)


def guess_of_known(method: str) -> Effect:
    """Guess what a method of an object of a known type does with an argument."""
    return Effect.TAKES if is_adding(method) and method not in ("connect", "start", "wrap") else Effect.BORROWS
