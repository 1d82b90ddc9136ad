"""Whether a class ever opens what it keeps: some things hold nothing until a method of theirs is called.

What it lends to others, it does not know: they open it, and release it.
"""

import ast
from collections.abc import Iterable

from leaklint.analysis.names import FunctionNode, receiver_of, walk


def opened_in(
    methods: Iterable[FunctionNode], attribute: str, opened_by: frozenset[str], is_catalogued: bool
) -> frozenset[str]:
    """Give the methods that call what opens an attribute of their object, or give it to something unknown that may."""
    known = list(methods)
    found = {node.name for node in known if _opens(node, attribute, opened_by, is_catalogued)}
    givers = {node.name for node in known if _gives(node, attribute)} if is_catalogued else set()
    return frozenset(found | {node.name for node in known if any(_uses(node, name) for name in givers)})


def _opens(method: FunctionNode, attribute: str, opened_by: frozenset[str], is_catalogued: bool) -> bool:
    own = receiver_of(method)
    for one in walk(method):
        match one:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=kept), attr=used):
                if name == own and kept == attribute and (used in opened_by or "*" in opened_by):
                    return True
            case ast.Assign(value=value) | ast.NamedExpr(value=value):  # whoever has the name may open it
                if _is_kept(value, attribute, own):
                    return True
            case ast.Call(args=given, keywords=keywords) if is_catalogued:
                if any(_is_kept(value, attribute, own) for value in [*given, *(one.value for one in keywords)]):
                    return True
            case _:
                pass
    return False


def _gives(method: FunctionNode, attribute: str) -> bool:
    """Say whether a method returns what an attribute holds."""
    returned = [one.value for one in walk(method) if isinstance(one, ast.Return) and one.value is not None]
    return any(_is_kept(value, attribute, receiver_of(method)) for value in returned)


def _uses(method: FunctionNode, name: str) -> bool:
    """Say whether a method calls or loads another one of its object."""
    return any(isinstance(one, ast.Attribute) and _is_kept(one, name, receiver_of(method)) for one in walk(method))


def _is_kept(node: ast.expr, attribute: str, own: str) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=kept):
            return name == own and kept == attribute
        case _:
            return False
