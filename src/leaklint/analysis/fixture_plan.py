"""The fix of a fixture: a block around its `yield`, and a `yield` where it returns.

A test never raises into its fixture, so the lines after a `yield` always run; a fixture must yield once on every path.
"""

import ast
import re
from collections.abc import Sequence

from leaklint.analysis.evaluation import head_with, is_conditional, is_preceded_by_call, path_to
from leaklint.analysis.extent import acquired_value, applicability_of, plan, single_target
from leaklint.analysis.facts import Facts, Obligation, Suite, names_in
from leaklint.analysis.fixtures import Fixture
from leaklint.analysis.lower_sequence import REGISTERING
from leaklint.analysis.names import children, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.reach import droppable
from leaklint.analysis.turned_fixture import plan_turn, turned_annotation
from leaklint.analysis.way import Way, way_of
from leaklint.model.fix import (
    Applicability,
    Bind,
    ChangeComment,
    FinallyBlock,
    Fix,
    MoveUp,
    Replace,
    ReturnAfter,
    Several,
    Single,
    ToYield,
    WithBlock,
    WithName,
    WithTemporary,
)

NOQA = re.compile(r"#\s*noqa:\s*([A-Z0-9, ]+)$", re.IGNORECASE)
STALE = "PT022"  # "no teardown, use return": the fix adds the teardown


def plan_returned(fixture: Fixture, left: Sequence[Obligation]) -> Fix | None:
    """Give the fix of a fixture that returns what is open: all of it moves into blocks, and every return becomes a yield."""
    returns = returns_of(fixture)
    facts = left[0].facts
    if not returns:
        return _plan_kept(left, facts)
    turned = plan_turn(fixture, left)
    blocks = [_enclosing(one, left, turned is not None) for one in left]
    yields = yielding(fixture, returns, facts)
    if yields is None or any(block is None for block in blocks):
        return None
    edits = [edit for block in blocks if block is not None for edit in block[0]]
    statements = [edit.statement for edit in edits if isinstance(edit, WithTemporary | Bind)]
    if len(set(statements)) < len(statements):
        return None  # two expressions of one statement
    imports = [name for block in blocks if block is not None for name in block[1]]
    annotation = annotation_of(fixture, facts, turned is not None)
    if annotation is not None:
        edits.append(annotation[0])
        imports += annotation[1]
    if turned is not None:
        edits += turned.edits
        imports += turned.imports
    is_unsafe = turned is not None or any(applicability_of(one) is Applicability.UNSAFE for one in left)
    applicability = Applicability.UNSAFE if is_unsafe else Applicability.SAFE
    return Fix(Several(tuple(dict.fromkeys([*edits, *yields]))), applicability, tuple(dict.fromkeys(imports)))


def plan_yielded(fixture: Fixture, one: Obligation) -> Fix | None:
    """Give the fix of a fixture that yields what it never releases: a block up to its end."""
    facts = one.facts
    is_read = one.site.resource.name.startswith("io.")  # what is only read needs no longer be open; a server must
    narrow = plan(one) if is_read and not one.history.yields and not one.history.is_captured else None
    if narrow is not None and isinstance(narrow.edit, WithBlock | WithName | FinallyBlock):
        first = min((facts.source.span(node) for node in fixture.yields), default=narrow.edit.last)
        if narrow.edit.last < first:
            return narrow
    turned = plan_turn(fixture, [one])
    enclosing = _enclosing(one, [one], turned is not None)
    if enclosing is None or _is_taken_apart(fixture, one):
        return None
    edits = [*enclosing[0], *_stale_comments(fixture, facts)]
    if turned is not None:
        edits += [*turned.edits, *turned_annotation(fixture, facts)]
        return Fix(Several(tuple(edits)), Applicability.UNSAFE, tuple(dict.fromkeys([*enclosing[1], *turned.imports])))
    edit = edits[0] if len(edits) == 1 else Several(tuple(edits))
    return Fix(edit, applicability_of(one), enclosing[1])


def _is_taken_apart(fixture: Fixture, one: Obligation) -> bool:
    """Say whether the fixture binds an attribute of it anew after the test (`store.file = None`): it may not close then."""
    last = max((node.lineno for node in fixture.yields), default=0)
    stored = (node for node in walk(fixture.node) if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load))
    owners = (node.value for node in stored if node.lineno > last)
    return any(isinstance(owner, ast.Name) and owner.id in one.history.names for owner in owners)


def plan_teardown(fixture: Fixture, one: Obligation) -> Fix | None:
    """Give the fix of a release that a failing step skips: a block, or a finalizer that is registered at once."""
    for op in one.history.moves:
        if isinstance(op, Call) and op.method in REGISTERING:
            return _plan_registration(one, op)
    return plan(one) or plan_yielded(fixture, one)


def _plan_registration(one: Obligation, op: Call) -> Fix | None:
    facts = one.facts
    place, start = facts.places.get(op.statement), facts.places.get(one.statement)
    is_alone = isinstance(op.statement, ast.Expr) and op.statement.value is op.node
    if place is None or start is None or place[0] is not start[0] or not is_alone:
        return None
    between = place[0][start[1] + 1 : place[1]]
    mentioned = names_in(op.statement)
    bound = {name.id for node in between for name in walk(node) if isinstance(name, ast.Name) and not _is_load(name)}
    bound |= {node.name for node in between if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    if mentioned & bound:
        return None
    return Fix(MoveUp(facts.source.span(op.statement), facts.source.span(one.statement)))


def _is_load(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


# --- blocks -------------------------------------------------------------------------------------------------------------


def _enclosing(one: Obligation, left: Sequence[Obligation], is_turned: bool) -> tuple[list[Single], tuple[str, ...]] | None:
    """Give the edits that release a resource at the end of the suite in which it is acquired, and their imports."""
    facts, statement = one.facts, one.statement
    started = next((op for op in one.history.openings if isinstance(op, Call) and one.site.resource.only_in_fixtures), None)
    if started is not None:
        statement = started.statement
    place = facts.places.get(statement)
    if place is None or any(op.statement is not statement for op in one.history.enters) or one.site.is_optional:
        return None
    suite, index, _ = place
    if not _is_within(one, suite, index):
        return None
    if one.site.element is None and started is None and not _is_assigned(one):
        return _around_value(one, suite, is_turned)
    names = [_name(other) for other in left if other.node is one.node]
    if None in names or not names or len(suite) == index + 1:
        return None
    return _after_binding(one, [name for name in names if name is not None], statement, suite, is_turned)


def _after_binding(
    one: Obligation, names: list[str], statement: ast.stmt, suite: Suite, is_turned: bool
) -> tuple[list[Single], tuple[str, ...]] | None:
    span = one.facts.source.span
    way, last = way_of(one, names[0], is_turned), span(suite[-1])
    if way is None:
        return None
    releases = tuple(span(dropped) for dropped in droppable(one, suite, len(suite) - 1))
    value, target = acquired_value(one), _target(statement)
    if way.opener is None:
        lines = tuple(line for name in names for line in _lines(one, name, is_turned))
        return [FinallyBlock(span(statement), last, lines, releases)], way.imports
    if value is not None and target is not None:
        return [WithBlock(span(statement), span(value), target, last, way.opener, releases)], way.imports
    if way.opener.wrapper and len(names) > 1:
        return None
    return [WithName(span(statement), ", ".join(names), last, way.opener, releases)], way.imports


def _around_value(one: Obligation, suite: Suite, is_turned: bool) -> tuple[list[Single], tuple[str, ...]] | None:
    facts, statement, span = one.facts, one.statement, one.facts.source.span
    head = head_with(statement, one.node, facts.source)
    path = path_to(head, one.node) if head is not None else None
    if head is None or path is None or is_conditional(path) or is_preceded_by_call(head, path):
        return None
    name = _new_name(one)
    way = way_of(one, name, is_turned)
    if way is None:
        return None
    above = path[-2] if len(path) > 1 else None
    value = span(above if isinstance(above, ast.Await) else one.node)
    if way.opener is None:
        return [Bind(span(statement), value, name, way.lines)], way.imports
    return [WithTemporary(span(statement), value, name, span(suite[-1]), way.opener)], way.imports


def _lines(one: Obligation, name: str, is_turned: bool) -> tuple[str, ...]:
    way = way_of(one, name, is_turned)
    return way.lines if isinstance(way, Way) else ()


def _is_assigned(one: Obligation) -> bool:
    """Say whether its statement binds it, and nothing else: `x = open(p)`."""
    match one.statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            inner = value.value if isinstance(value, ast.Await) else value
            return inner is one.node
        case _:
            return False


def _target(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Attribute() as target]):
            return ast.unparse(target)
        case _:
            return single_target(statement)


def _name(one: Obligation) -> str | None:
    """Give the code that means the resource after the statement that acquires it."""
    for name in one.history.names:
        if all(part.isidentifier() for part in name.split(".")):
            return name
    return None


def _is_within(one: Obligation, suite: Suite, index: int) -> bool:
    """Say whether everything that touches a resource stands in the rest of a suite."""
    first, last = suite[index].lineno, suite[-1].end_lineno or 0
    history = one.history
    touching = [*history.uses, *history.returns, *history.yields, *history.releases, *history.crosses]
    return all(first <= op.line <= last for op in touching)


def _new_name(one: Obligation) -> str:
    """Give a name that the fixture does not mention yet."""
    taken = names_in(one.facts.function.node) if one.facts.function else set()
    wanted = one.site.resource.variable
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name


# --- returns ------------------------------------------------------------------------------------------------------------


def returns_of(fixture: Fixture) -> list[ast.Return]:
    """Give the returns of a fixture's own body, in the order of the text."""
    found: list[ast.Return] = []
    stack: list[ast.AST] = list(reversed(fixture.node.body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return):
            found.append(node)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(reversed(children(node)))
    return found


def yielding(fixture: Fixture, returns: list[ast.Return], facts: Facts) -> list[Single] | None:
    """Give the edits that turn returns into yields, each followed by a return where the function would go on."""
    if not _ends(fixture.node.body):
        return None
    tails = set(_tails(fixture.node.body))
    edits: list[Single] = []
    for node in returns:
        above = facts.around(node)
        if any(isinstance(one, ast.For | ast.AsyncFor | ast.While | ast.Try | ast.TryStar) for one in above):
            return None
        edits.append(ToYield(facts.source.span(node)))
        if node not in tails:
            edits.append(ReturnAfter(facts.source.span(node)))
    return edits


def _ends(suite: Suite) -> bool:
    """Say whether a suite never ends but by a return or a raise."""
    match suite[-1]:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=body, orelse=orelse):
            return bool(orelse) and _ends(body) and _ends(orelse)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return _ends(body)
        case _:
            return False


def _tails(suite: Suite) -> list[ast.stmt]:
    """Give the statements after which a function is over anyway."""
    match suite[-1]:
        case ast.If(body=body, orelse=orelse):
            return [*_tails(body), *(_tails(orelse) if orelse else [])]
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return _tails(body)
        case last:
            return [last]


def _plan_kept(left: Sequence[Obligation], facts: Facts) -> Fix | None:
    """Give the fix of a fixture that only stores on `self`: a bare yield at its end, and the releases after it."""
    body = facts.body
    names = [_name(one) for one in left]
    ways = [way_of(one, name) for one, name in zip(left, names, strict=True)]
    if any(name is None or way is None or one.statement not in body for one, name, way in zip(left, names, ways, strict=True)):
        return None
    lines = ["yield"]
    for one, name in zip(left, names, strict=True):
        method = one.site.resource.first_release
        if method is None or method not in one.site.resource.releases:
            return None
        lines.append(f"{name}.{method}()")
    last = facts.source.span(body[-1])
    is_unsafe = any(applicability_of(one) is Applicability.UNSAFE for one in left)
    return Fix(FinallyBlock(last, last, tuple(lines)), Applicability.UNSAFE if is_unsafe else Applicability.SAFE)


def annotation_of(fixture: Fixture, facts: Facts, is_turned: bool = False) -> tuple[Replace, tuple[str, ...]] | None:
    """Give the edit of the annotation: what is returned is yielded now."""
    node = fixture.node.returns
    if node is None:
        return None
    wanted = "AsyncIterator" if fixture.is_async or is_turned else "Iterator"
    bindings = facts.module.bindings
    span = facts.source.span(node)
    text = facts.source.segment(span)
    known = (f"collections.abc.{wanted}", f"typing.{wanted}")
    name = next((name for name, dotted in bindings.imports.items() if dotted in known), None)
    if name is not None:
        return Replace(span, f"{name}[{text}]"), ()
    if bindings.binds(wanted):
        return Replace(span, f"collections.abc.{wanted}[{text}]"), ("collections.abc",)
    return Replace(span, f"{wanted}[{text}]"), (f"collections.abc:{wanted}",)


def _stale_comments(fixture: Fixture, facts: Facts) -> list[Single]:
    """Give the edits of the comments that keep another linter from asking for a return."""
    edits: list[Single] = []
    for statement in facts.places:
        if isinstance(statement, ast.Expr) and statement.value in fixture.yields:
            line = facts.source.lines[(statement.end_lineno or 1) - 1]
            span = facts.source.span(statement)
            comment = line[span.end_column :].strip()
            found = NOQA.search(comment)
            codes = [code.strip() for code in found[1].split(",")] if found else []
            if found and STALE in codes:
                kept = ", ".join(code for code in codes if code != STALE)
                new = f"{comment[: found.start()]}# noqa: {kept}" if kept else comment[: found.start()].rstrip()
                edits.append(ChangeComment(span, comment, new))
    return edits
