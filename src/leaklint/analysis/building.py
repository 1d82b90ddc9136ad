"""Constructors and factories: what a later step of theirs, should it raise, leaves open."""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.feasible import normal, reached_after, reached_from
from leaklint.analysis.graph import Block, Graph, Kind, successors
from leaklint.analysis.names import suites, terminal, walk
from leaklint.analysis.ops import Call, Op, Raise
from leaklint.analysis.owners import BUILDERS
from leaklint.analysis.release_words import RELEASING
from leaklint.analysis.setting import Body
from leaklint.analysis.steps import cannot_fail, is_opening, is_repeated
from leaklint.analysis.stores import Stores
from leaklint.model.resource import Resource

ENTERING = frozenset(("__enter__", "__aenter__"))  # where these raise, nothing is left


def failing_step(one: Obligation) -> Op | None:
    """Give the operation that leaves open what a constructor has stored, or a factory is about to return."""
    function = one.facts.function
    if function is None or one.facts.solution.setting.body is not Body.PLAIN or one.site.is_pending:
        return None  # what is not awaited here is not open here
    if one.history.is_unopened and not one.history.openings:
        return None  # `FTP()` without a host, to which nothing here connects
    is_kept = bool(one.attributes) and (not one.history.returns or not one.history.fields)
    if is_kept and one.facts.owner is not None and not one.facts.owner.is_released(one.attributes[0]):
        return None  # other rules speak of it
    is_builder = function.owner is not None and function.node.name in BUILDERS | ENTERING
    if one.is_open_at_raise and not one.is_open_at_return and (one.history.returns or (is_builder and one.attributes)):
        raising = _raising_while_open(one)
        if raising and not (one.history.returns and one.explicit_raises):
            return raising[0]
    return _after_storing(one) if is_builder and one.attributes else None


def _raising_while_open(one: Obligation) -> list[Op]:
    """Give the operations that may well raise while it is open, and holds something."""
    resource, names = one.site.resource, one.history.names
    opening = _opening(resource)
    openings = [op for op in one.history.uses if is_opening(op, opening) or any(_is_lent(op, name, resource) for name in names)]
    first = min((op.line - is_repeated(op, one.facts) for op in openings), default=one.line) if opening else 0
    first -= bool(resource.idle_until)  # the first use itself may fail halfway
    if opening and not openings:
        return []
    steps = [op for op in one.raising if op.line > first and not cannot_fail(op, one.facts)]
    return [op for op in steps if not (isinstance(op.statement, ast.Return) and op in one.history.uses)]  # it is not returned


def _after_storing(one: Obligation) -> Op | None:
    name = one.attributes[0]
    store = one.history.fields.get(name)
    return _raising_after(store, name, one.site.resource, one.facts) if store is not None else None


def _opening(resource: Resource) -> frozenset[str]:
    """Give the methods before which nothing is lost."""
    return (resource.opened_by - {"*"}) or resource.idle_until


def _is_lent(op: Op, name: str, resource: Resource) -> bool:
    """Say whether a call is given what waits for its first use, by a name or in an attribute: who has it may use it."""
    if not isinstance(op, Call) or not resource.idle_until:
        return False
    given = [*op.node.args, *(one.value for one in op.node.keywords)]
    return any(terminal(one) == name for one in given if isinstance(one, ast.Name | ast.Attribute))


def _raising_after(store: Op, name: str, resource: Resource, facts: Facts) -> Op | None:
    """Give the first call after an operation whose exception leaves the body past everything that releases.

    Where only some methods open what is stored, the calls before the first of these leave nothing. Guards are asked only
    where there is such a call at all: that a block cannot be reached costs another run of the graph.
    """
    solution = facts.solution
    start = next((block for block in solution.setting.graph.blocks if store in block.ops), None)
    if start is None or start not in solution.stores or next(_raising(start, store, name, resource, facts, None), None) is None:
        return None
    return next(_raising(start, store, name, resource, facts, reached_after(start, solution)), None)


def _raising(
    start: Block, store: Op, name: str, resource: Resource, facts: Facts, reached: dict[Block, Stores] | None
) -> Iterator[Op]:
    """Yield such calls, on the blocks that are `reached` where these are known."""
    opening = _opening(resource)
    waiting = [(start, start.ops.index(store) + 1, not opening)]
    seen: set[tuple[Block, bool]] = set()
    for block, begin, is_open in waiting:
        for op, kind in zip(block.ops[begin:], block.raises[begin:], strict=True):
            is_open = is_open or (bool(resource.idle_until) and is_opening(op, opening))  # it may fail halfway
            may_fail = is_open and op.statement is not store.statement and _may_fail(op, name, facts)
            if may_fail and kind is not None and _escapes(block, kind, facts, reached):
                yield op
            is_open = is_open or is_opening(op, opening) or _is_lent(op, name, resource)
        for after in normal(block):
            if (after, is_open) not in seen and (reached is None or after in reached):
                seen.add((after, is_open))
                waiting.append((after, 0, is_open))


def _escapes(block: Block, kind: Kind, facts: Facts, reached: dict[Block, Stores] | None) -> bool:
    """Say whether an exception out of a block leaves the body past everything that releases."""
    setting = facts.solution.setting
    targets = [one for one in block.frame.route(kind) if _leaves(one, setting.graph, None)]
    if reached is None or setting.graph.raised in targets:
        return bool(targets)
    return any(_leaves(one, setting.graph, reached_from(one, block, reached[block], setting)) for one in targets)


def _may_fail(op: Op, name: str, facts: Facts) -> bool:
    """Say whether an operation may well raise; that the stored thing cannot be entered is not what leaves it open."""
    if not isinstance(op, Call | Raise) or _is_suppressed(op, facts) or cannot_fail(op, facts) or _releases_first(op, facts):
        return False
    match op:
        case Call(method=method, node=ast.Call(func=ast.Attribute(value=ast.Attribute(attr=attribute)))):
            return not (method in ENTERING and attribute == name)
        case _:
            return True


def _releases_first(op: Op, facts: Facts) -> bool:
    """Say whether a call is of a method of one's own that releases before each of its own `raise`s."""
    if not isinstance(op, Call) or facts.owner is None or op.method not in facts.owner.methods:
        return False
    _, method = facts.owner.methods[op.method]
    if not isinstance(op.node.func, ast.Attribute) or terminal(op.node.func.value) != "self":
        return False
    inside = [suite for one in walk(method) if isinstance(one, ast.stmt) for suite in suites(one)]
    raising = [suite[: suite.index(one)] for suite in inside for one in suite if isinstance(one, ast.Raise)]
    return bool(raising) and all(any(_is_release(one) for one in before) for before in raising)


def _is_release(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and terminal(statement.value) in RELEASING


def _is_suppressed(op: Op, facts: Facts) -> bool:
    """Say whether an operation stands in a with that swallows what it raises."""
    around = [one for one in facts.around(op.statement) if isinstance(one, ast.With | ast.AsyncWith)]
    return any(terminal(item.context_expr) == "suppress" for one in around for item in one.items)


def _leaves(block: Block, graph: Graph, reached: dict[Block, Stores] | None) -> bool:
    """Say whether the raised exit is reached from a block without a release on the way."""
    waiting, seen = [block], {block}
    while waiting:
        one = waiting.pop()
        if one is graph.raised:
            return True
        if any(isinstance(op, Call) and _may_release(op) for op in one.ops):
            continue
        for after in successors(one):
            if after not in seen and (reached is None or after in reached):
                seen.add(after)
                waiting.append(after)
    return False


def _may_release(op: Call) -> bool:
    name = op.method or (op.reference or "").rpartition(".")[2]
    return name in RELEASING
