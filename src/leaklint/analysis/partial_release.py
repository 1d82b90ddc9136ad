"""What methods leave open of what an attribute holds: `wait()` ends a process, and its pipes stay as they are.

It speaks of what only the methods of the class touch; whatever else they do with the attribute may release the rest.
"""

import ast
from collections.abc import Iterator, Set

from leaklint.analysis.names import FunctionNode, children, receiver_of
from leaklint.analysis.owners import Owner
from leaklint.analysis.values import Site

WITHS = frozenset(("__exit__", "__aexit__"))
TESTS = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.If, ast.While, ast.Assert)


def left_open(site: Site, owner: Owner, attribute: str) -> str | None:
    """Name the part that the release of an attribute leaves open in all methods of a class, None where there may be none."""
    resource = site.resource
    parts = [part for index, part in enumerate(resource.parts) if site.open_mask >> index & 1]
    if len(parts) < 2 or not owner.is_released(attribute):
        return None
    called = set[str]()
    for _, _, method in owner.lines:
        for path in _mentions(method, attribute):
            name = _called(path, resource.data)
            if name is None or name in resource.releases | resource.async_releases | resource.drains | WITHS:
                return None
            called.add(name)
    released = {part for name, part in resource.part_releases.items() if name in called}
    left = [part for part in parts if part not in released]
    return left[0] if released and left else None


def _mentions(method: FunctionNode, attribute: str) -> Iterator[list[ast.AST]]:
    """Yield the mentions of an attribute that read it, each with the nodes around it, outermost first."""
    own = receiver_of(method)
    stack: list[list[ast.AST]] = [[method]]
    while stack:
        path = stack.pop()
        match path[-1]:
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Load()) if (name, attr) == (own, attribute):
                yield path
            case node:
                stack += [[*path, child] for child in children(node)]


def _called(path: list[ast.AST], data: Set[str]) -> str | None:
    """Give what is called on a mention (`wait`, `stdout.read`); empty where it only tells something, None elsewhere."""
    names: list[str] = []
    for inner, outer in zip(path[::-1], path[-2::-1], strict=False):
        if isinstance(outer, ast.Attribute):
            names.append(outer.attr)
            if names[0] in data:
                return ""
        elif isinstance(outer, ast.Call) and outer.func is inner:
            return ".".join(names)
        else:
            is_read = (
                isinstance(outer, ast.For | ast.comprehension) and outer.iter is inner
            )  # `for line in self.process.stdout`
            return "" if is_read or isinstance(outer, TESTS) else None
    return None
