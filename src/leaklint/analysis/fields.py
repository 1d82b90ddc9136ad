"""The fields of dataclasses and attrs classes, which are their constructors' parameters, and the factories that fill them.

It knows them by how they are written in the body of the class, not what a factory gives.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.names import Scope, terminal

DECORATORS = frozenset(("dataclass", "define", "attrs", "s", "frozen", "mutable"))
DESCRIBING = frozenset(("field", "ib", "attrib"))


def is_dataclass(node: ast.ClassDef) -> bool:
    """Say whether a class is a dataclass (or attrs one)."""
    return any(terminal(one) in DECORATORS for one in node.decorator_list)


def fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    """Yield the names that the body of a dataclass makes fields, each with its statement: `x: int`, `x = attr.ib()`."""
    for statement in node.body if is_dataclass(node) else []:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, statement
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if terminal(call) in DESCRIBING:
                yield name, statement
            case _:
                pass


def default_factories(node: ast.ClassDef, scope: Scope) -> dict[str, str]:
    """Give the fields whose default factory is a callable, by its dotted name (`:name` where it is the module's)."""
    found: dict[str, str] = {}
    for name, statement in fields(node):
        call = statement.value
        for keyword in call.keywords if isinstance(call, ast.Call) and terminal(call) in DESCRIBING else []:
            factory = _factory(keyword, scope)
            if factory is not None:
                found[name] = factory
    return found


def _factory(keyword: ast.keyword, scope: Scope) -> str | None:
    match keyword:
        case ast.keyword(arg="default_factory" | "factory", value=value):
            return _callable(value, scope)
        case ast.keyword(arg="default", value=ast.Call(args=[value]) as call) if terminal(call) == "Factory":
            return _callable(value, scope)
        case _:
            return None


def _callable(node: ast.expr, scope: Scope) -> str | None:
    if isinstance(node, ast.Name) and scope.definition(node.id) is not None:
        return f":{node.id}"
    return scope.dotted(node)
