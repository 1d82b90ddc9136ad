"""Which methods give away their object: a result through which the caller still reaches it, now or later.

Read from the syntax: `return self`, `return Cursor(self)`, `yield`, `return self.sock` lend; `return self.http.get(u).text`
computes something, and whoever holds that holds nothing that can be released.
"""

import ast
from collections.abc import Iterator, Mapping

from leaklint.analysis.callee import is_plain
from leaklint.analysis.names import FunctionNode, children, receiver_of, terminal, walk
from leaklint.analysis.retention import retained

DATA = frozenset(("bool", "bytearray", "bytes", "float", "int", "str"))
TRANSPARENT = frozenset(("override", "final", "abstractmethod", "wraps"))


def lends(node: FunctionNode, methods: Mapping[str, FunctionNode], seen: frozenset[str] = frozenset()) -> bool:
    """Say whether the result of a method may lead to its object; `methods` are those of its class."""
    names = {terminal(one) for one in node.decorator_list}
    arguments = [*node.args.posonlyargs, *node.args.args]
    if names & {"staticmethod", "classmethod"} or not arguments or _is_data(node):
        return False
    body = list(own_nodes(node))
    if names - TRANSPARENT or any(isinstance(one, ast.Yield | ast.YieldFrom) for one in body):
        return True
    reading = _Reading(arguments[0].arg, _bound(body), methods, seen | {node.name})
    return any(_leads(one.value, reading) for one in body if isinstance(one, ast.Return) and one.value is not None)


@retained
def delegated(node: FunctionNode) -> frozenset[str]:
    """Give the attributes of its object from which a method gives what it is asked for: `return getattr(self.file, name)`."""
    found: set[str] = set()
    for one in own_nodes(node):
        match one:
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Attribute(value=ast.Name(id=name), attr=attribute), *_]):
                found.update([attribute] if name == receiver_of(node) else ())
            case _:
                pass
    return frozenset(found)


def _is_data(node: FunctionNode) -> bool:
    """Say whether the result is data, by the annotation, or by the name that files and sockets have for it."""
    if node.returns is not None and terminal(node.returns) in DATA:
        return True
    return is_plain(node.name) and not node.name.startswith("get_")


def returns_itself(node: FunctionNode) -> bool:
    """Say whether a method gives its object, and nothing else: `return self`."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    returned = [one.value for one in own_nodes(node) if isinstance(one, ast.Return)]
    if not arguments or not returned or node.decorator_list:
        return False
    return all(isinstance(one, ast.Name) and one.id == arguments[0].arg for one in returned)


class _Reading:
    """What is needed to follow a returned expression."""

    __slots__ = ("bound", "methods", "own", "seen")

    def __init__(
        self, own: str, bound: dict[str, list[ast.AST]], methods: Mapping[str, FunctionNode], seen: frozenset[str]
    ) -> None:
        self.own = own
        self.bound = bound
        self.methods = methods
        self.seen = seen


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body; nested functions themselves, not what is in them."""
    stack = children(node)
    while stack:
        one = stack.pop()
        yield one
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(children(one))


def _bound(body: list[ast.AST]) -> dict[str, list[ast.AST]]:
    """Give what each name may stand for."""
    found: dict[str, list[ast.AST]] = {}
    for one in body:
        match one:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    for name in walk(target):
                        if isinstance(name, ast.Name):
                            found.setdefault(name.id, []).append(value)
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                | ast.NamedExpr(target=ast.Name(id=name), value=value)
            ):
                found.setdefault(name, []).append(value)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.setdefault(name, []).append(one)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if isinstance(item.optional_vars, ast.Name):
                        found.setdefault(item.optional_vars.id, []).append(item.context_expr)
            case _:
                pass
    return found


def _leads(node: ast.AST, reading: _Reading) -> bool:
    match node:
        case ast.Name(id=name):
            if name == reading.own:
                return True
            values = reading.bound.pop(name, [])  # asked for once: names may be bound in a circle
            return any(_leads(one, reading) for one in values)
        case ast.Attribute(value=ast.Name(id=name)) if name == reading.own:
            return True
        case ast.Await(value=value) | ast.Starred(value=value) | ast.Subscript(value=value):
            return _leads(value, reading)
        case ast.Call():
            return _call_leads(node, reading)
        case ast.Tuple() | ast.List() | ast.Set() | ast.Dict() | ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
            return any(_leads(one, reading) for one in children(node))
        case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.GeneratorExp():
            return any(isinstance(one, ast.Name) and one.id == reading.own for one in walk(node))
        case _:
            return False


def _call_leads(node: ast.Call, reading: _Reading) -> bool:
    handed = [*node.args, *(one.value for one in node.keywords)]
    if any(_is_own(one, reading) for one in handed):
        return True
    match node.func:
        case ast.Attribute(value=ast.Name(id=name), attr=method) if name == reading.own:
            called = reading.methods.get(method)
            return called is None or (method not in reading.seen and lends(called, reading.methods, reading.seen))
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
            return True
        case _:
            return any(isinstance(one, ast.GeneratorExp | ast.Lambda) and _leads(one, reading) for one in handed)


def _is_own(node: ast.expr, reading: _Reading) -> bool:
    """Say whether an argument is the object, or one of its attributes, which the result then may hold."""
    match node:
        case ast.Starred(value=value):
            return _is_own(value, reading)
        case ast.Name(id=name):
            return name == reading.own
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return name == reading.own and attribute in reading.methods
        case _:
            return False
