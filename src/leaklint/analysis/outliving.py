"""Why an acquisition that no path seems to settle is not lost: a part of it is kept, or a loop that hands it on is not empty.

It reads the statement of the acquisition, and solves a body again as if every `for` ran at least once.
"""

import ast
from collections.abc import Collection, Sequence

from leaklint.analysis.graph import Block, Branch, Jump
from leaklint.analysis.names import children
from leaklint.analysis.ops import Op
from leaklint.analysis.ownership import Solution
from leaklint.analysis.record import History
from leaklint.analysis.values import Site

PLAIN = frozenset(("name", "text", "status", "status_code", "headers", "url", "pid", "returncode", "code"))
KEEPING = (ast.Return, ast.Assign, ast.AnnAssign, ast.keyword)


def is_kept_by_attribute(site: Site) -> bool:
    """Say whether all that is kept of a thing without a name is an attribute, through which it lives on: `Redis().pool`."""
    if site.statement is None:
        return False
    path = _path(site.statement, site.node)
    match path[-2:]:
        case [above, ast.Attribute(attr=name)] if isinstance(above, KEEPING):
            return name not in site.resource.data | PLAIN and not any(
                one.startswith(f"{name}.") for one in site.resource.part_releases
            )
        case _:
            return False


def _path(root: ast.AST, wanted: ast.AST) -> list[ast.AST]:
    """Give the nodes from a root down to a node, that node left out; empty where it is not there."""
    for child in children(root):
        if child is wanted:
            return [root]
        found = _path(child, wanted)
        if found:
            return [root, *found]
    return []


def loops_that_hand_on(moves: Collection[Op], loops: Sequence[ast.stmt]) -> bool:
    """Say whether all that hands a thing on stands in loops that the thing was made before."""
    return bool(moves) and all(any(one.lineno < op.line <= (one.end_lineno or 0) for one in loops) for op in moves)


def is_left_for_ever(history: History, solution: Solution) -> bool:
    """Say whether a body that never returns goes on with something open: `data = open(path).read()` before `while True`.

    What the call that does not return is made on (`Server().serve_forever()`) is in use.
    """
    if solution.setting.graph.returned in solution.stores:
        return False
    return any(target in _following(block) for block, targets in history.carried.items() for target in targets)


def _following(block: Block) -> tuple[Block, ...]:
    """Give the blocks that follow a block where nothing is raised."""
    match block.end:
        case Jump(target=target):
            return (target,)
        case Branch(then=then, otherwise=otherwise):
            return (then, otherwise)
        case _:
            return ()


def is_open_at_return(node: ast.expr, solution: Solution) -> bool:
    """Say whether what an expression acquires is open at a normal way out of a solved body."""
    return any(site.node is node and "returned" in history.exits for site, history in solution.record.histories.items())
