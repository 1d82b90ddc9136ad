"""Where in a statement an expression is evaluated: once or not, first or after a call. It knows no resource."""

import ast
from itertools import pairwise

from leaklint.analysis.names import children, walk
from leaklint.model.source import Source

SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Raise, ast.Assert, ast.Delete)


def head_with(statement: ast.stmt, node: ast.expr, source: Source) -> ast.AST | None:
    """Give the part of a statement that is evaluated once, before the rest of it; None where there is none with the node."""
    if isinstance(statement, SIMPLE):
        return statement
    if isinstance(statement, ast.For | ast.AsyncFor):
        return statement.iter
    if isinstance(statement, ast.If) and source.lines[statement.lineno - 1][statement.col_offset :].startswith("if"):
        return statement.test
    return None


def path_to(head: ast.AST, node: ast.expr) -> list[ast.AST] | None:
    """Give the nodes from a head down to a node."""
    if head is node:
        return [head]
    for child in children(head):
        found = path_to(child, node)
        if found is not None:
            return [head, *found]
    return None


def is_conditional(path: list[ast.AST]) -> bool:
    """Say whether the last node of a path may be evaluated never, later or several times."""
    for parent, child in pairwise(path):
        match parent:
            case ast.Lambda():
                return True
            case ast.IfExp(test=test) if child is not test:
                return True
            case ast.BoolOp(values=values) if child is not values[0]:
                return True
            case ast.comprehension(iter=iterated) if child is not iterated:
                return True
            case ast.ListComp(generators=first) | ast.SetComp(generators=first) | ast.GeneratorExp(generators=first):
                if child is not first[0]:
                    return True
            case ast.DictComp(generators=first) if child is not first[0]:
                return True
            case ast.Assert(test=test) if child is not test:
                return True
            case ast.Compare(left=left, comparators=rest) if child is not left and child is not rest[0]:
                return True
            case _:
                pass
    return False


def alternatives(node: ast.expr) -> list[ast.expr]:
    """Give the expressions of which one is the value of an expression: both of a conditional one, those of an `or`."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return alternatives(body) + alternatives(orelse)
        case ast.BoolOp(values=values):
            return [found for one in values for found in alternatives(one)]
        case ast.Await(value=value):
            return alternatives(value)
        case _:
            return [node]


def is_preceded_by_call(head: ast.AST, path: list[ast.AST]) -> bool:
    """Say whether a call is evaluated before the node, and would be evaluated after it in the new block."""
    for parent, child in pairwise(path):
        before = list(children(parent))
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
            continue
        if isinstance(parent, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue  # the first iterable is evaluated first
        for sibling in before[: before.index(child)]:
            if any(isinstance(one, ast.Call | ast.Await | ast.Yield) for one in walk(sibling)):
                return True
    return False
