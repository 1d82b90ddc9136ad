"""Files that something unknown opens and that are read at once: `storage.open(name).read()`, `json.load(fs.open(path))`.

Nobody knows what the receiver is; but what its `open` gives is used as a file, and has no name to be closed by. That it
is read does not tell: a browser's page is. A mode tells, a loader, the name of the receiver, or that nothing names a page.
"""

import ast
import re
from collections.abc import Iterator

from leaklint.analysis.acquiring import Outcome, mask
from leaklint.analysis.callee import words
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Call
from leaklint.analysis.setting import Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import Field, Site

READING = frozenset(("read", "readline", "readlines"))
LOADING = frozenset(f"{module}.{name}" for module in ("json", "pickle", "marshal", "plistlib") for name in ("load", "dump"))
MODE = re.compile(r"[rwax][bt+]{0,2}")
FILING = frozenset(("storage", "storages", "fs", "filesystem", "path", "file", "folder", "directory", "archive", "zip", "tar"))
REQUESTING = frozenset(("opener", "browser", "client", "app", "session", "request"))  # what these open is no file


def acquire(op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Make a site of each file that a call reads from and that something unknown has just opened for it."""
    resource = setting.catalogue.resource("io.IOBase")
    if resource is None or setting.graph.is_expected(op.line):
        return
    for index, (node, operand) in enumerate(_opened(op)):
        if not store.values(operand) and _is_unknown(node, store, setting):
            key = (op, resource.name, index)
            if key not in setting.sites:
                setting.sites[key] = Site(node, op.statement, resource, mask(resource, resource.needs), "open file")
            outcome.sites.append(setting.sites[key])


def _opened(op: Call) -> Iterator[tuple[ast.Call, str | None]]:
    """Yield the calls of a method `open` whose result a call reads, each with its operand."""
    if op.method in READING and isinstance(op.node.func, ast.Attribute):
        found = [(op.node.func.value, op.receiver)]
    elif op.reference in LOADING:
        found = list(zip(op.node.args, (one.operand for one in op.arguments), strict=False))
    else:
        return
    for node, operand in found:
        is_open = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "open"
        if isinstance(node, ast.Call) and is_open and (op.method is None or _is_file(node)):
            yield node, operand


def _is_file(node: ast.Call) -> bool:
    """Say whether a call of `open`, or the name of its receiver, tells that a file is opened."""
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    given = [*node.args, *(one.value for one in node.keywords)]
    modes = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return not given or any(MODE.fullmatch(one) for one in modes) or not FILING.isdisjoint(words(terminal(receiver)))


def _is_unknown(node: ast.Call, store: Store, setting: Setting) -> bool:
    """Say whether nothing is known of what opens: neither a module or class, nor an object of a known type."""
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    if not REQUESTING.isdisjoint(words(terminal(receiver))):
        return False
    match receiver:
        case ast.Name(id=name):
            is_named = setting.scope.dotted(receiver) is not None or setting.scope.definition(name) is not None
            return not (is_named or name in ("self", "cls") or store.values(name))
        case ast.Attribute(value=ast.Name(id="self"), attr=attribute):
            fields = {one.owner for one in setting.fields.values() if isinstance(one, Field) and one.name == attribute}
            return all(setting.project.attribute_type(owner, attribute) is None for owner in fields)
        case ast.Attribute():
            return setting.scope.dotted(receiver) is None
        case ast.Call(func=ast.Attribute() as function):
            return setting.scope.dotted(function) is None and terminal(function.value) not in ("self", "cls", "super")
        case _:
            return False
