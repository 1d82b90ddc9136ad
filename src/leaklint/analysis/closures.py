"""What a nested function or lambda does with the names it captures."""

import ast

from leaklint.analysis import release_words
from leaklint.analysis.names import Scope, children, free_names, terminal, walk
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
ENDING = release_words.RELEASING  # of whatever a function captures
RELEASING = frozenset(("close", "aclose", "shutdown", "stop", "terminate", "cleanup", "release", "disconnect", "dispose"))


def closure(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef, scope: Scope, holds: frozenset[str] = frozenset()
) -> Closure:
    """Describe a nested function; a name it does more with than read from counts as kept, but for those that a class holds.

    `scope` is that around it: a function of the module that only reads what it is given keeps nothing of it.
    """
    captured = free_names(node)
    return Closure(frozenset(captured), frozenset(_kept(node, captured, scope)) - holds, node, holds & captured)


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


def _kept(node: ast.AST, captured: set[str], scope: Scope | None) -> set[str]:
    kept: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(node, False)]
    while stack:
        one, is_read = stack.pop()
        if isinstance(one, ast.Name):
            if one.id in captured and not is_read:
                kept.add(one.id)
            continue
        match one:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name)), attr=attr) if attr in ENDING and name in captured:
                kept.add(name)  # `server.socket.close()`
            case _:
                pass
        stack.extend((child, _is_read(one, child) or _is_lent(one, child, scope)) for child in children(one))
    return kept


def _is_lent(parent: ast.AST, child: ast.AST, scope: Scope | None) -> bool:
    """Say whether a call gives an argument to a function of the module that only reads from it."""
    match parent:
        case ast.Call(func=ast.Name(id=name), args=arguments) if scope is not None and child in arguments:
            found = scope.module.definition(name) if scope.find(name) is scope.module else None
        case _:
            return False
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) or found.decorator_list or not _has_places(parent):
        return False
    names = [one.arg for one in (*found.args.posonlyargs, *found.args.args)]
    index = arguments.index(child)
    return index < len(names) and not _kept(found, {names[index]}, None)


def _has_places(call: ast.Call) -> bool:
    """Say whether every argument of a call has its place: none comes out of a star."""
    return not any(isinstance(one, ast.Starred) for one in call.args)


def _is_read(parent: ast.AST, child: ast.AST) -> bool:
    match parent:
        case ast.Attribute(attr=attr):
            return attr not in ENDING
        case ast.Call(func=ast.Name(), args=[ast.Constant(value=str(text))]) if child is parent.func:
            return text not in ENDING  # `proxy("close")()`
        case ast.Call(func=ast.Name(id=name)):
            return child is parent.func or name in READING
        case ast.Call():
            return child is parent.func
        case ast.For() | ast.AsyncFor():
            return not any(isinstance(one, ast.Call) and terminal(one) in ENDING for one in walk(parent))
        case ast.Subscript() | ast.comprehension() | ast.Compare():
            return True
        case _:
            return False
