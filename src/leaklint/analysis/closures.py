"""What a nested function or lambda does with the names it captures."""

import ast

from leaklint.analysis.names import children, free_names, terminal, walk
from leaklint.analysis.values import Closure

READING = frozenset(
    (
        "print",
        "len",
        "repr",
        "str",
        "isinstance",
        "next",
        "iter",
        "list",
        "sum",
        "sorted",
        "bool",
        "enumerate",
        "id",
        "type",
    )
)
RELEASING = frozenset(("close", "aclose", "shutdown", "stop", "terminate", "cleanup", "release", "disconnect", "dispose"))


def closure(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef, holds: frozenset[str] = frozenset()
) -> Closure:
    """Describe a nested function; a name it does more with than read from counts as kept, but for those that a class holds."""
    captured = free_names(node)
    return Closure(frozenset(captured), frozenset(_kept(node, captured)) - holds, node, holds & captured)


def held_by(node: ast.ClassDef, body: list[ast.stmt]) -> list[ast.Assign]:
    """Give the statements by which a class of a function's body only holds what a name does: `executor = pool`.

    Nobody mentions the name in the class once more, or releases the attribute.
    """
    found = [
        (target.id, value.id, statement)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target, value in [(statement.targets[0], statement.value)]
        if isinstance(target, ast.Name) and isinstance(value, ast.Name)
    ]
    if not found:
        return []
    mentions = [one.id for one in walk(node) if isinstance(one, ast.Name)]
    released = {
        one.value.attr
        for statement in body
        for one in walk(statement)
        if isinstance(one, ast.Attribute) and one.attr in RELEASING and isinstance(one.value, ast.Attribute)
    }
    return [one for attribute, name, one in found if mentions.count(name) == 1 and attribute not in released]


def _kept(node: ast.AST, captured: set[str]) -> set[str]:
    kept: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(node, False)]
    while stack:
        one, is_read = stack.pop()
        if isinstance(one, ast.Name):
            if one.id in captured and not is_read:
                kept.add(one.id)
            continue
        match one:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name)), attr=attr) if (
                attr in RELEASING and name in captured
            ):
                kept.add(name)  # `server.socket.close()`
            case _:
                pass
        stack.extend((child, _is_read(one, child)) for child in children(one))
    return kept


def _is_read(parent: ast.AST, child: ast.AST) -> bool:
    match parent:
        case ast.Attribute(attr=attr):
            return attr not in RELEASING
        case ast.Call(func=ast.Name(), args=[ast.Constant(value=str(text))]) if child is parent.func:
            return text not in RELEASING  # `proxy("close")()`
        case ast.Call(func=ast.Name(id=name)):
            return child is parent.func or name in READING
        case ast.Call():
            return child is parent.func
        case ast.For() | ast.AsyncFor():
            return not any(isinstance(one, ast.Call) and terminal(one) in RELEASING for one in walk(parent))
        case ast.Subscript() | ast.comprehension() | ast.Compare():
            return True
        case _:
            return False
