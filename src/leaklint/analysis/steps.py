"""Which steps of a body cannot well fail, and which of them open what was only made before.

It reads the constructors of first-party classes; what a library's does, it does not know.
"""

import ast
from collections.abc import Collection

from leaklint.analysis.facts import Facts
from leaklint.analysis.hierarchy import BARE
from leaklint.analysis.names import Scope, terminal, walk
from leaklint.analysis.ops import Call, Op
from leaklint.analysis.owners import Owner
from leaklint.analysis.quiet import QUIET

READING = frozenset(("get", "items", "keys", "values", "setdefault", "update", "copy"))
CONSTRUCTORS = ("__new__", "__post_init__", "__attrs_post_init__")
SIMPLE = (ast.Call, ast.Await, ast.Subscript, ast.BinOp, ast.NamedExpr, ast.Yield, ast.YieldFrom)


def is_opening(op: Op, methods: Collection[str]) -> bool:
    """Say whether an operation calls one of some methods."""
    return isinstance(op, Call) and op.method in methods


def is_repeated(op: Op, facts: Facts) -> bool:
    """Say whether an operation stands in a loop or a comprehension: its next turn comes after it."""
    if any(isinstance(one, ast.For | ast.AsyncFor | ast.While) for one in facts.around(op.statement)):
        return True
    return any(isinstance(one, ast.comprehension) for one in walk(op.statement))


def cannot_fail(op: Op, facts: Facts) -> bool:
    """Say whether a call only reads keyword arguments, or meets first-party code that merely stores."""
    if not isinstance(op, Call):
        return False
    if _is_own_storing(op, facts) or _is_quiet_init(op.node, facts) or _is_constant_format(op, facts):
        return True
    made = op.node.func
    if isinstance(made, ast.Subscript):  # `WeakSet[Listener]()`
        return facts.scope.dotted(made.value) in QUIET
    found = facts.project.class_of(made)
    if found is None:
        return op.method in READING and _is_keywords(op.node.func, facts)
    owner = found[0].described(found[1])
    if not owner.is_closed or owner.is_derived or any(name in owner.methods for name in CONSTRUCTORS):
        return False
    inits = [(path, node) for path, name, node in owner.lines if name == "__init__"]
    scopes = {path: project.scope for project, one in found[0].lineage(found[1]) for path in [project.path]}
    return all(path in scopes and _only_stores(node.body, scopes[path]) for path, node in inits)


def _is_own_storing(op: Call, facts: Facts) -> bool:
    """Say whether a call is one of a method of the same object that merely stores: `self._at_exit(self._selector.close)`."""
    match op.node.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if facts.owner is not None and name in facts.owner.methods:
            owner, (path, node) = facts.owner, facts.owner.methods[name]
            if not isinstance(node, ast.FunctionDef) or node.decorator_list or not owner.is_closed or owner.is_derived:
                return False
            scopes = _scopes(owner, facts)
            return path in scopes and _only_stores(node.body, scopes[path])
        case _:
            return False


def _is_quiet_init(call: ast.Call, facts: Facts) -> bool:
    """Say whether a call is of a base's constructor that merely stores: `super().__init__()` of a thread."""
    match call.func:
        case ast.Attribute(value=base, attr="__init__") if facts.owner is not None and facts.function is not None:
            if not isinstance(base, ast.Call):
                known = facts.project.class_of(base) is None and _is_bare(base, facts.scope)
                return known or (_is_of_super(call, facts) and facts.project.class_of(base) is not None)
            return terminal(base) == "super" and _is_of_super(call, facts)
        case _:
            return False


def _is_of_super(call: ast.Call, facts: Facts) -> bool:
    """Say whether the constructors of all bases merely store, as far as they are first-party, and the others hold nothing.

    Arguments that nobody known takes are for a class that comes beside this one.
    """
    owner, function = facts.owner, facts.function
    if owner is None or function is None or not owner.is_closed or owner.is_derived:
        return False
    scopes = _scopes(owner, facts)
    for project, node in facts.project.lineage(owner.node):
        outer = [one for one in node.bases if project.class_of(one) is None]
        if not all(_is_bare(one, project.scope) for one in outer):
            return False
    inits = [(path, node) for path, name, node in owner.lines if name == "__init__" and node is not function.node]
    if (call.args or call.keywords) and owner.is_rooted and not inits:
        return False
    return all(path in scopes and _only_stores(node.body, scopes[path]) for path, node in inits)


def _is_bare(base: ast.expr, scope: Scope) -> bool:
    """Say whether constructing a base from outside the project cannot well fail."""
    dotted = scope.dotted(base.value if isinstance(base, ast.Subscript) else base)
    return dotted is not None and (dotted in QUIET or dotted in BARE)


def _scopes(owner: Owner, facts: Facts) -> dict[str, Scope]:
    """Give the names of the modules in which a class and its bases stand, by path."""
    return {project.path: project.scope for project, _ in facts.project.lineage(owner.node)}


def _is_constant_format(op: Call, facts: Facts) -> bool:
    """Say whether a call makes a formatter of nothing but constants, which fails at the first try or never."""
    given = [*op.node.args, *(one.value for one in op.node.keywords)]
    return facts.scope.dotted(op.node.func) == "logging.Formatter" and all(isinstance(one, ast.Constant) for one in given)


def _is_keywords(function: ast.expr, facts: Facts) -> bool:
    """Say whether a method is one of the dict that holds a function's keyword arguments: `kwargs.get("name")`."""
    given = facts.function.node.args.kwarg if facts.function is not None else None
    receiver = function.value if isinstance(function, ast.Attribute) else None
    return given is not None and isinstance(receiver, ast.Name) and receiver.id == given.arg


def _only_stores(body: list[ast.stmt], scope: Scope) -> bool:
    for statement in body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_simple(value, scope):
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Attribute(), attr="append" | "add"), args=[one])) if (
                _is_simple(one, scope)
            ):
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call() as inner, attr="__init__"), args=args)) if (
                terminal(inner) == "super" and all(_is_simple(one, scope) for one in args)
            ):
                continue
            case _:
                return False
    return True


def _is_simple(value: ast.expr, scope: Scope) -> bool:
    """Say whether an expression calls and computes nothing that may raise."""
    found = [one for one in walk(value) if isinstance(one, SIMPLE)]
    return all(isinstance(one, ast.Call) and scope.dotted(one.func) in QUIET for one in found)
