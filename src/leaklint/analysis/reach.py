"""How far the uses of a resource reach in a suite, and which releases a block that ends there makes needless."""

import ast
from bisect import bisect_left

from leaklint.analysis.facts import Facts, Obligation, Suite
from leaklint.analysis.names import walk
from leaklint.analysis.ops import Call, Exit, Op


def last_use(obligation: Obligation, suite: Suite, index: int) -> int | None:
    """Give the index in the suite of the last statement that touches the resource, None where one lies outside it."""
    last = index
    valued = [op for op in obligation.history.releases if isinstance(op, Call) and not is_release_statement(op)]
    for op in [*obligation.history.uses, *obligation.history.yields, *obligation.history.enters, *valued]:
        if is_wait(op, obligation):
            continue
        found = _index_of(op, suite)
        if found is None:
            return None
        last = max(last, found)
    return _ended_by_release(obligation, suite, index, last)


def _ended_by_release(obligation: Obligation, suite: Suite, index: int, last: int) -> int | None:
    """Let the block reach as far as the release that stands in the suite now, and no farther: what follows outlives it.

    What nothing uses before its release works by itself, as a listener or a tracer does (a descriptor does not): then the
    block must hold all up to the release, wherever that stands.
    """
    releases = [op for op in obligation.history.releases if isinstance(op, Call) and is_release_statement(op)]
    places = {op: _index_of(op, suite) for op in releases}
    after = [place for op, place in places.items() if place is not None and place > index and suite[place] is op.statement]
    if after:
        return min(after) - 1
    if last > index or not places or obligation.site.resource.is_virtual:
        return last
    found = [place for place in places.values() if place is not None]
    return max(found) if len(found) == len(places) else None


def is_wait(op: Op, obligation: Obligation) -> bool:
    """Say whether an operation waits for a release to be complete (`await writer.wait_closed()`)."""
    if not isinstance(op, Call) or op.method is None or op.method != obligation.site.resource.waits:
        return False
    receiver = op.node.func.value if isinstance(op.node.func, ast.Attribute) else None
    return isinstance(receiver, ast.Name) and receiver.id in obligation.history.names


def _index_of(op: Op, suite: Suite) -> int | None:
    index = bisect_left(suite, op.line, key=_last_line)
    return index if index < len(suite) and suite[index].lineno <= op.line else None


def _last_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def release_statements(obligation: Obligation) -> list[ast.stmt]:
    """Give the statements that do nothing but release the resource."""
    found: dict[ast.stmt, None] = {}
    for op in obligation.history.releases:
        if not isinstance(op, Exit):
            found[op.statement] = None
    return list(found)


def droppable(obligation: Obligation, suite: Suite, last: int) -> list[ast.stmt]:
    """Give the release statements that the new block makes needless, without moving the release past anything."""
    found = []
    waits = [op for op in obligation.history.uses if is_wait(op, obligation)]
    for op in [*obligation.history.releases, *waits]:
        statement = op.statement
        is_alone = isinstance(op, Call) and is_release_statement(op) and _only_it(obligation, op)
        if (
            is_alone
            and not _is_in_with(statement, obligation, suite)
            and not _is_all_of_branch(statement, obligation.facts)
            and _ends_its_suite(statement, obligation.facts, suite, last)
        ):
            found.append(statement)
    return list(dict.fromkeys(found))


def is_release_statement(op: Call) -> bool:
    """Say whether a call is all that its statement does, so that its value is dropped."""
    statement = op.statement
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    return value is op.node


def _is_in_with(statement: ast.stmt, obligation: Obligation, suite: Suite) -> bool:
    """Say whether a release stands in a with of its own inside the new block: what that does for it must stay."""
    places = obligation.facts.places
    if statement in places and places[statement][0] is suite:
        return False
    for above in obligation.facts.around(statement):
        if isinstance(above, ast.With | ast.AsyncWith):
            return True
        if any(above is one for one in suite):
            return False
    return False


def _is_all_of_branch(statement: ast.stmt, facts: Facts) -> bool:
    """Say whether a release is all that an `if` does whose test calls something: without it, the test alone would be left."""
    suite, _, parent = facts.places[statement]
    if not isinstance(parent, ast.If) or len(suite) > 1 or parent.orelse:
        return False
    return any(isinstance(node, ast.Call) for node in walk(parent.test))


def _only_it(obligation: Obligation, op: Call) -> bool:
    """Say whether a release call releases no other site."""
    return not any(op in other.history.releases for other in obligation.facts.obligations if other.site is not obligation.site)


def _ends_its_suite(statement: ast.stmt, facts: Facts, suite: Suite, last: int) -> bool:
    own, index, parent = facts.places[statement]
    if own is suite and index > last and all(_only_releases(one, facts) for one in suite[last + 1 : index]):
        return True
    if parent is None or not _is_inside(parent, facts, suite):
        return own is suite and index == last
    following = own[index + 1] if index + 1 < len(own) else None
    match following:
        case None:
            return True
        case ast.Expr() if _only_releases(following, facts):
            return _ends_its_suite(following, facts, suite, last)
        case ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Return(value=None | ast.Name() | ast.Constant() | ast.Attribute()):
            return True
        case _:
            return False


def _only_releases(statement: ast.stmt, facts: Facts) -> bool:
    ops = [op for one in facts.obligations for op in [*one.history.releases, *(u for u in one.history.uses if is_wait(u, one))]]
    return isinstance(statement, ast.Expr) and any(op.statement is statement for op in ops)


def _is_inside(parent: ast.stmt, facts: Facts, suite: Suite) -> bool:
    return any(one in suite for one in [parent, *facts.around(parent)])
