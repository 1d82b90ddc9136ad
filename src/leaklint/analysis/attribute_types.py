"""The one type of what an attribute of a class holds, as the assignments and annotations of its methods tell.

`self.sock = socket.socket()` makes it a socket. Where one assignment is of something unknown (a parameter without an
annotation, an element of a tuple) nobody knows; what others assign from outside, it does not see.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Protocol

from leaklint.analysis.bodies import annotated
from leaklint.analysis.evaluation import alternatives
from leaklint.analysis.names import FunctionNode, Scope, receiver_of, walk
from leaklint.analysis.retention import retained
from leaklint.catalogue import Catalogue
from leaklint.model.data import dataclass

UNKNOWN = ast.Constant(...)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an attribute is assigned: a value, or an annotation alone; `method` is where, None in the body of the class."""

    method: FunctionNode | None
    value: ast.expr
    is_annotation: bool = False


class Classes(Protocol):
    """One module, as the types of attributes are asked for."""

    path: str
    scope: Scope
    catalogue: Catalogue

    def type_named(self, node: ast.expr) -> str | None:
        """Name the type of the first-party class that an expression names."""
        ...

    def scope_of(self, node: FunctionNode) -> Scope:
        """Give the scope of a function of the module."""
        ...

    def class_attribute(self, class_name: str, attribute: str) -> "tuple[Classes, ast.expr] | None":
        """Give the class that a class names in its body under an attribute, as its module names it."""
        ...


def type_of_attribute(family: Sequence[tuple[Classes, ast.ClassDef]], attribute: str) -> str | None:
    """Name the type that an attribute has in a class and its bases, None where it is not one, or unknown."""
    found: set[str | None] = set()
    for project, node in family:
        for one in _assignments(node).get(attribute, ()):
            found.update(_types(one, project, node.name))
    return found.pop() if len(found) == 1 else None


def type_of_global(name: str, project: Classes) -> str | None:
    """Name the type of what a module binds a name to, once and by a call; None where it does not."""
    bindings = project.scope.bindings
    value = bindings.values.get(name) if bindings.variables.get(name) == 1 else None
    return _made(value.func, project, project.scope) if isinstance(value, ast.Call) else None


def _types(one: Assigned, project: Classes, owner: str) -> Iterator[str | None]:
    scope = project.scope_of(one.method) if one.method is not None else project.scope
    if one.is_annotation:
        yield project.type_named(one.value) or annotated(one.value, scope)
        return
    for value in alternatives(one.value):
        match value:
            case ast.Constant(value=None):
                continue
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=named)):
                behind = project.class_attribute(owner, named)
                yield _made(behind[1], behind[0], behind[0].scope) if behind is not None else None
            case ast.Call(func=function):
                yield _made(function, project, scope)
            case ast.Name(id=name) if name in scope.bindings.parameters and name not in scope.bindings.variables:
                annotation = scope.bindings.annotations.get(name)
                yield (project.type_named(annotation) or annotated(annotation, scope)) if annotation is not None else None
            case _:
                yield None


def _made(function: ast.expr, project: Classes, scope: Scope) -> str | None:
    """Name the type of what calling a name gives."""
    own = project.type_named(function)
    if own is not None:
        return own
    dotted = scope.dotted(function)
    summary = project.catalogue.summary(dotted) if dotted is not None else None
    if summary is None or summary.is_tuple:
        return None
    return summary.returns or (summary.acquires[0] if len(summary.acquires) == 1 else None)


@retained
def _assignments(node: ast.ClassDef) -> dict[str, list[Assigned]]:
    """Give what the attributes of a class are assigned, by name."""
    found: dict[str, list[Assigned]] = {}
    for statement in node.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for name, one in _assigned_in(statement):
                    found.setdefault(name, []).append(one)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=None):
                found.setdefault(name, []).append(Assigned(None, annotation, is_annotation=True))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found.setdefault(name, []).append(Assigned(None, value))
            case _:
                pass
    return found


def _assigned_in(method: FunctionNode) -> Iterator[tuple[str, Assigned]]:
    own = receiver_of(method)
    known: set[int] = set()
    for one in walk(method):
        match one:
            case ast.Assign(targets=targets, value=value):
                direct = [target for target in targets if isinstance(target, ast.Attribute)]
            case ast.AnnAssign(target=ast.Attribute() as target, value=ast.expr() as value):
                direct = [target]
            case ast.AnnAssign(target=ast.Attribute() as target, annotation=annotation):
                if _is_own(target, own):
                    yield target.attr, Assigned(method, annotation, is_annotation=True)
                known.add(id(target))
                continue
            case ast.Attribute(ctx=ast.Store(), attr=name) if id(one) not in known and _is_own(one, own):
                yield name, Assigned(method, UNKNOWN)  # an element, a loop's variable, what a `with` enters
                continue
            case _:
                continue
        known.update(id(target) for target in direct)
        for target in direct:
            if _is_own(target, own):
                yield target.attr, Assigned(method, value)


def _is_own(node: ast.Attribute, own: str) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == own
