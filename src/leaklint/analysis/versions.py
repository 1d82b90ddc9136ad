"""Which versions of Python reach a statement, as tests of `sys.version_info` around and before it say."""

import ast
from itertools import pairwise

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Scope, terminal, walk

Version = tuple[int, int]
RUNNER = (3, 11)  # the Python that brought asyncio.Runner and TaskGroup
SKIPPING = ("skipif", "skipIf", "skipUnless")
ENDING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def parsed(version: str) -> Version:
    """Read a version such as `3.14`."""
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def is_reached_from(
    version: Version, statement: ast.stmt, facts: Facts, module: ModuleFacts, node: ast.expr | None = None
) -> bool:
    """Say whether a statement, or an expression of it, runs on a version of Python, or on a later one."""
    if "version_info" not in module.source.text:
        return True
    if not _is_reached(version, statement, facts) or (node is not None and _is_cut_short(version, node, facts)):
        return False
    function = facts.function
    if function is None:
        return True
    if function.outer is not None:
        return is_reached_from(version, function.node, module.facts(function.outer), module)
    if function.owner is not None and _is_left_out(version, function.owner.body, function.node, module.scope):
        return False
    return is_reached_from(version, function.owner or function.node, module.own_facts, module)


def _is_left_out(version: Version, suite: list[ast.stmt], method: ast.stmt, scope: Scope) -> bool:
    """Say whether a test in the class defines a method for older versions only."""
    for one in suite:
        if not isinstance(one, ast.If):
            continue
        for branch, is_negated in ((one.body, False), (one.orelse, True)):
            if method in branch and _is_before(version, one.test, is_negated, scope):
                return True
            if _is_left_out(version, branch, method, scope):
                return True
    return False


def _is_reached(version: Version, statement: ast.stmt, facts: Facts) -> bool:
    inner = statement
    for block in facts.around(statement):
        if isinstance(block, ast.If) and _is_before(version, block.test, inner in block.orelse, facts.scope):
            return False
        inner = block
    return not any(
        isinstance(one, ast.If) and _ends(one.body) and _is_before(version, one.test, True, facts.scope)
        for one in _preceding(statement, facts)
    )


def _is_cut_short(version: Version, node: ast.expr, facts: Facts) -> bool:
    """Say whether an expression around a node comes to it only on older versions: `older and node`, `node if older else x`."""
    around = next((around for one, around in own_nodes(facts.body) if one is node), ())
    for outer, inner in pairwise((*around, node)):
        match outer:
            case ast.BoolOp(op=operator, values=values) if isinstance(inner, ast.expr):
                earlier = values[: values.index(inner)]
                if any(_is_before(version, one, isinstance(operator, ast.Or), facts.scope) for one in earlier):
                    return True
            case ast.IfExp(test=test) if inner is not test:
                if _is_before(version, test, inner is outer.orelse, facts.scope):
                    return True
            case _:
                pass
    return False


def is_probed(statement: ast.stmt, facts: Facts) -> bool:
    """Say whether a statement runs only where what it names is there: `if hasattr(asyncio, ...)`, `except AttributeError`."""
    inner = statement
    for block in facts.around(statement):
        if isinstance(block, ast.If) and inner in block.body and any(map(_is_probe, walk(block.test))):
            return True
        if isinstance(block, ast.Try) and inner in block.body and any(map(_expects_absence, block.handlers)):
            return True
        inner = block
    function = facts.function
    while function is not None:
        if any(terminal(one) in SKIPPING and any(map(_is_probe, walk(one))) for one in function.node.decorator_list):
            return True
        function = function.outer
    return False


def _is_probe(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hasattr"


def _expects_absence(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(one, ast.Name) and one.id == "AttributeError" for one in walk(handler.type)
    )


def _preceding(statement: ast.stmt, facts: Facts) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for one in [statement, *facts.around(statement)]:
        place = facts.places.get(one)
        found += place[0][: place[1]] if place is not None else []
    return found


def _ends(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ENDING)


def _is_before(version: Version, test: ast.expr, is_negated: bool, scope: Scope) -> bool:
    """Say whether a test lets pass only what is older than a version."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values) if not is_negated:
            return any(_is_before(version, one, False, scope) for one in values)
        case ast.BoolOp(op=ast.Or(), values=values) if is_negated:
            return any(_is_before(version, one, True, scope) for one in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_before(version, operand, not is_negated, scope)
        case ast.Compare(left=left, ops=[operator], comparators=[ast.Tuple(elts=elements)]) if _is_version(left, scope):
            numbers = tuple(one.value for one in elements if isinstance(one, ast.Constant) and isinstance(one.value, int))
            limit = (*numbers, 0, 0)[:2]
            older = ast.GtE | ast.Gt if is_negated else ast.Lt | ast.LtE
            return len(numbers) == len(elements) and isinstance(operator, older) and limit <= version
        case _:
            return False


def _is_version(node: ast.expr, scope: Scope) -> bool:
    value = node.value if isinstance(node, ast.Subscript) else node
    return scope.dotted(value) == "sys.version_info"
