"""Assignments that give an attribute a new value in a method that neither releases nor tests the old one."""

import ast
import re
from collections.abc import Iterator

from leaklint.analysis.names import FunctionNode, terminal, walk
from leaklint.analysis.owners import BUILDERS, Owned, Owner
from leaklint.model.data import dataclass

ENTERING = frozenset(("__enter__", "__aenter__"))
OPENING = ENTERING | {"open", "connect", "start", "startup"}  # they begin anew what was released
OVER = re.compile(r"clos|disconnect|lost|done|finish|exit|release|dead|detach|fork")  # told that it is over, or not its own
EMPTY = frozenset(("dict", "list", "set", "defaultdict", "OrderedDict", "deque", "WeakValueDictionary"))


@dataclass(frozen=True, slots=True)
class Overwrite:
    """An assignment to an attribute that holds something open."""

    method: FunctionNode
    statement: ast.stmt
    target: ast.expr
    owned: Owned


def overwrites(owner: Owner) -> Iterator[Overwrite]:
    """Yield the assignments, in the methods that a class itself defines, that drop what an attribute holds."""
    settled = owner.builders() | owner.vocabulary | OPENING | owner.reached(owner.release_methods()).calls
    held: dict[str, list[Owned]] = {}
    for one in owner.keeps():
        held.setdefault(one.attribute, []).append(one)
    for method in owner.node.body:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) or method.name in settled:
            continue
        if method.name.startswith("__") or OVER.search(method.name):
            continue
        for name, owned in held.items():
            if name not in owner.reached([method.name]).released and not _is_tested(method, name):
                is_opened_late = all(one.method not in BUILDERS | ENTERING for one in owned)
                if {one.method for one in owned} == {method.name}:
                    continue  # nobody else fills it: it starts empty there
                yield from _dropping(method, owned[0], is_opened_late)


def _dropping(method: FunctionNode, owned: Owned, is_opened_late: bool) -> Iterator[Overwrite]:
    """Yield the assignments of a method; of what some method opens when it is needed, only those that empty it."""
    for statement in walk(method):
        if isinstance(statement, ast.stmt):
            for target, value in assignments(statement):
                if _is_attribute(target, owned.attribute) and (_is_empty(value) or (_is_new(value) and not is_opened_late)):
                    yield Overwrite(method, statement, target, owned)


def assignments(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    """Give what a statement assigns: each target with its value, tuples element by element where both sides are tuples."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            return [pair for target in targets for pair in _pairs(target, value)]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return [(target, value)]
        case _:
            return []


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if not isinstance(target, ast.Tuple):
        return [(target, value)]
    if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(one, value) for one in target.elts]


def _is_empty(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=None):
            return True
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(args=[], keywords=[]):
            return terminal(value) in EMPTY
        case _:
            return False


def _is_new(value: ast.expr) -> bool:
    value = value.value if isinstance(value, ast.Await) else value
    return isinstance(value, ast.Call | ast.ListComp | ast.DictComp | ast.List | ast.Dict)


def _is_attribute(node: ast.expr, name: str) -> bool:
    return (
        isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.value, ast.Name) and node.value.id == "self"
    )


def _is_tested(method: FunctionNode, name: str) -> bool:
    tests = [one.test for one in walk(method) if isinstance(one, ast.If | ast.While | ast.IfExp | ast.Assert)]
    return any(isinstance(one, ast.Attribute) and one.attr == name for test in tests for one in walk(test))
