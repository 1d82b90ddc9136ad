"""What methods throw out of the containers that their object holds, read from the syntax.

`self.items.popitem()` as a statement drops a value; `return self.items.popitem()` hands it to somebody. A method that
releases anything at all is trusted to release what it throws out.
"""

import ast
import re
from collections.abc import Iterator

from leaklint.analysis.callee import is_closing
from leaklint.analysis.hierarchy import Classes
from leaklint.analysis.names import FunctionNode, children, receiver_of, terminal, walk
from leaklint.analysis.owners import Owner
from leaklint.analysis.release_words import RELEASING
from leaklint.model.data import dataclass

WHOLE = frozenset(("clear", "popitem", "popleft"))
FILLING = frozenset(("append", "appendleft", "add", "insert", "setdefault", "put", "push"))
THROWING = re.compile(r"evict|invalidat|expir|purge|prune|reset|trim|shrink|refresh|clear|flush|drop")
LEAVING = re.compile(r"clos|disconnect|lost|done|finish|exit|release|dead|detach")


@dataclass(frozen=True, slots=True)
class Drop:
    """A statement that throws something out of a container; `is_eviction` where the container itself says what."""

    node: ast.stmt
    attribute: str
    method: str
    is_eviction: bool


def drops(owner: Owner) -> Iterator[Drop]:
    """Yield what the methods that a class itself defines throw out, without anything that could release it."""
    for method in owner.node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _drops(method, owner)


def evictions(owner: Owner, lines: set[int]) -> Iterator[Drop]:
    """Yield what containers of limited size throw out by the statements on some lines."""
    for method in owner.node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and has_line(method, lines) and _is_bounded(method):
            yield from (one for one in _drops(method, owner) if one.is_eviction)


def has_line(node: ast.stmt, lines: set[int]) -> bool:
    """Say whether a statement covers one of the lines."""
    return not lines.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _drops(method: FunctionNode, owner: Owner) -> list[Drop]:
    own = receiver_of(method)
    found = [one for node in walk(method) if (one := _drop(node, own, method)) is not None] if own else []
    return [] if found and _is_trusted(method, owner) else found


def _is_bounded(method: FunctionNode) -> bool:
    """Say whether a method asks how much there is."""
    return any(isinstance(one, ast.Call) and terminal(one) == "len" for one in walk(method))


def filled(owner: Owner) -> set[str]:
    """Give the attributes into whose containers methods of a class put what they are given."""
    found: set[str] = set()
    for _, _, method in owner.lines:
        parameters = {one.arg for one in [*method.args.args[1:], *method.args.kwonlyargs]}
        own = receiver_of(method)
        for node in walk(method) if own is not None and parameters else ():
            match node:
                case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr=attribute))]):
                    values: list[ast.expr] = [node.value]
                case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=attribute), attr=verb)) if (
                    verb in FILLING
                ):
                    values = node.args
                case _:
                    continue
            if name == own and any(isinstance(one, ast.Name) and one.id in parameters for one in values):
                found.add(attribute)
    return found


def holding(node: ast.ClassDef, classes: Classes, path: str, name: str) -> set[str]:
    """Give the attributes of a class to which it assigns objects of another one (`name` in the file `path`)."""
    found: set[str] = set()
    for one in walk(node):
        match one:
            case ast.Assign(targets=[ast.Attribute(attr=attribute)], value=ast.Call(func=function)):
                pass
            case ast.AnnAssign(target=ast.Attribute(attr=attribute), value=ast.Call(func=function)):
                pass
            case _:
                continue
        made = classes.class_of(function) if terminal(function) else None
        if made is not None and made[0].path == path and made[1].name == name:
            found.add(attribute)
    return found


def _is_trusted(method: FunctionNode, owner: Owner) -> bool:
    """Say whether a method, or one that calls it on the same object, releases something; or is told that it is over."""
    if LEAVING.search(method.name) is not None or any(_releases(one) for one in owner.reached([method.name]).nodes):
        return True
    callers = [node for _, name, node in owner.lines if name != method.name and method.name in owner.reach(node).calls]
    return any(_releases(one) for one in callers)


def _releases(method: FunctionNode) -> bool:
    calls = [one for one in walk(method) if isinstance(one, ast.Call)]
    return any(terminal(one) in RELEASING - {"remove"} or is_closing(terminal(one)) for one in calls)


def _drop(node: ast.AST, own: str, method: FunctionNode) -> Drop | None:
    match node:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=attribute), attr=verb)) as call
        ) if name == own and (verb in WHOLE or verb == "pop"):
            is_eviction = verb in ("popitem", "popleft") or (verb == "pop" and _is_computed(call.args[:1], attribute, method))
            is_drop = is_eviction or verb == "clear" or (verb == "pop" and THROWING.search(method.name) is not None)
            return Drop(node, attribute, method.name, is_eviction) if is_drop else None
        case ast.Delete(targets=[ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr=attribute), slice=key)]) if (
            name == own
        ):
            is_eviction = _is_computed([key], attribute, method)
            is_drop = is_eviction or THROWING.search(method.name) is not None
            return Drop(node, attribute, method.name, is_eviction) if is_drop else None
        case _:
            return None


def _is_computed(keys: list[ast.expr], attribute: str, method: FunctionNode) -> bool:
    """Say whether a key is taken from the container itself (or is an index): `next(iter(self.items))`, `[0]`."""
    if not keys:
        return True
    key = keys[0]
    if isinstance(key, ast.Constant | ast.UnaryOp | ast.Slice):
        return not (isinstance(key, ast.Constant) and isinstance(key.value, str))
    names = {one.id for one in walk(key) if isinstance(one, ast.Name)}
    sources: list[ast.AST] = [key]
    for node in walk(method):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
                sources.append(value)
            case ast.For(target=target, iter=value) if any(isinstance(o, ast.Name) and o.id in names for o in walk(target)):
                sources.append(value)
            case _:
                pass
    return any(_mentions(source, attribute) for source in sources)


def _mentions(node: ast.AST, attribute: str) -> bool:
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Attribute) and one.attr == attribute:
            return True
        stack.extend(children(one))
    return False
