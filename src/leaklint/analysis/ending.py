"""Which methods end their object though their names do not say so: they close what it keeps, or call what does.

Read from the syntax, following calls on the object; what is done only where something has failed does not count.
"""

import ast
from collections.abc import Iterator, Mapping

from leaklint.analysis.callee import is_closing
from leaklint.analysis.names import FunctionNode, children, receiver_of, terminal, walk
from leaklint.analysis.retention import retained

LITTLE = 12  # statements
GIVEN = "()"  # for the method by which a function releases what it is given: `os.close(self.fd)`
EXITS = frozenset(("__exit__", "__aexit__"))


def ends_object(
    name: str, methods: Mapping[str, FunctionNode], releases: frozenset[str], kept: Mapping[str, frozenset[str]]
) -> bool:
    """Say whether a method calls one of its object's releases, or releases all that the object keeps.

    `methods` are those of the class; `kept` maps each attribute that holds something to the methods that release it.
    """
    calls: set[str] = set()
    waiting, seen = [name], set[str]()
    while waiting:
        one = waiting.pop()
        if one in methods and one not in seen:
            seen.add(one)
            found = _calls(methods[one])
            calls |= found
            waiting += found - releases
    if not releases.isdisjoint(calls):
        return True
    return bool(kept) and all(
        any(f"{attribute}.{one}" in calls for one in (*names, GIVEN)) for attribute, names in kept.items()
    )


def does_little(node: FunctionNode) -> bool:
    """Say whether a method is short enough to be there for the release: a class with no other one is a resource by it."""
    return sum(isinstance(one, ast.stmt) for one in walk(node)) <= LITTLE


def is_property(node: FunctionNode) -> bool:
    """Say whether a method runs when its name is read."""
    return any(terminal(one) in ("property", "cached_property") for one in node.decorator_list)


@retained
def _calls(node: FunctionNode) -> set[str]:
    """Give what a method calls or reads of its object: `close`, `sock.close`, `__exit__` where it enters it."""
    own, found = receiver_of(node), set[str]()
    behind = _behind(node, own)
    stack: list[ast.AST] = [*node.body]
    while stack:
        one = stack.pop()
        match one:
            case ast.ExceptHandler():
                continue
            case ast.withitem(context_expr=ast.Name(id=name)) if name == own:
                found |= EXITS
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == own:
                found.add(attr)
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=attribute), attr=attr) if name == own:
                found.add(f"{attribute}.{attr}")
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in behind:
                found.add(f"{behind[name]}.{attr}")
            case ast.Call(args=[given]) if is_closing(terminal(one)):
                found.update(f"{name}.{GIVEN}" for name in _attribute(given, own, behind))
            case _:
                pass
        stack += children(one)
    return found


def _behind(node: FunctionNode, own: str) -> dict[str, str]:
    """Give the attributes of the object that variables of a method stand for: `fd = self._fd`."""
    found: dict[str, str] = {}
    for one in walk(node):
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.update((name, attribute) for attribute in _attribute(value, own, {}))
            case _:
                pass
    return found


def _attribute(node: ast.expr, own: str, behind: Mapping[str, str]) -> Iterator[str]:
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name == own:
            yield attribute
        case ast.Name(id=name) if name in behind:
            yield behind[name]
        case _:
            pass
