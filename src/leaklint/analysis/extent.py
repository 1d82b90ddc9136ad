"""Where a with, or a try/finally, can stand: the fix of an obligation, from the operations that touch its resource.

The rules call `plan`; it gives None where no rewrite is sure to keep the program's meaning.
"""

import ast
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from leaklint.analysis.facts import Facts, Obligation, Suite, names_in
from leaklint.analysis.names import children
from leaklint.analysis.ops import Call, Exit, Op
from leaklint.model.fix import (
    Applicability,
    Edit,
    FinallyBlock,
    Fix,
    Opener,
    Replace,
    WithBlock,
    WithItem,
    WithName,
    WithTemporary,
)
from leaklint.model.resource import Resource, With

OS = ast.Name("os", ast.Load())
SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Raise, ast.Assert, ast.Delete)


@dataclass(frozen=True, slots=True)
class Way:
    """How a resource is released at the end of a block: an opener, or lines of code; and what must be imported."""

    opener: Opener | None
    lines: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def plan(obligation: Obligation) -> Fix | None:
    """Give the fix of a leak: a with up to the last use, a try/finally where the type has no with."""
    if isinstance(obligation.statement, ast.With | ast.AsyncWith):
        return _plan_item(obligation)
    history = obligation.history
    if history.moves or history.returns or history.is_captured or obligation.site.is_optional:
        return None
    if any(op.statement is not obligation.statement for op in history.enters):
        return None  # a with stands there already, further down
    if obligation.site.element is None and not obligation.history.names:
        return None if obligation.history.is_contained else _plan_temporary(obligation)
    return _plan_named(obligation)


# --- bound to a name ----------------------------------------------------------------------------------------------------


def _plan_named(obligation: Obligation) -> Fix | None:
    facts, statement = obligation.facts, obligation.statement
    place = facts.places.get(statement)
    name = obligation.history.names[0] if obligation.history.names else None
    if place is None or (name is None and obligation.site.element is None) or (name is not None and not name.isidentifier()):
        return None
    way = way_of(obligation, name)
    if way is None:
        return None
    suite, index, _ = place
    ends = [_last_use(one, suite, index) for one in _siblings(obligation)]
    if None in ends:
        return None
    last = max(one for one in ends if one is not None)
    if _is_released_twice(obligation, suite):
        return None
    releases = _droppable(obligation, suite, last)
    span = facts.source.span
    dropped = tuple(span(one) for one in releases)
    applicability = _applicability(obligation)
    value = _acquired_value(obligation)
    target = _single_target(statement)
    edit: Edit
    if way.opener is None:
        if not set(_release_statements(obligation)) <= set(releases):
            return None
        edit = FinallyBlock(span(statement), span(suite[last]), way.lines, dropped)
    elif value is not None and target is not None:
        edit = WithBlock(span(statement), span(value), target, span(suite[last]), way.opener, dropped)
    elif name is not None:
        edit = WithName(span(statement), name, span(suite[last]), way.opener, dropped)
    else:
        return None
    return Fix(edit, applicability, way.imports)


def _is_released_twice(obligation: Obligation, suite: Suite) -> bool:
    """Say whether a suite releases again what it has released: a test of just that, which a with would undo."""
    own = {op.statement for op in obligation.history.releases if isinstance(op, Call) and _is_release_statement(op)}
    return sum(statement in own for statement in suite) > 1


def _siblings(obligation: Obligation) -> list[Obligation]:
    """Give the obligation, and those of the same call (both ends of a pipe are of use to each other)."""
    return [one for one in obligation.facts.obligations if one.node is obligation.node]


def way_of(obligation: Obligation, name: str | None) -> Way | None:
    """Say how the resource can be released at the end of a block."""
    facts, resource = obligation.facts, obligation.site.resource
    if resource.with_target is not None:
        lines = _release_lines(obligation, name or "")
        return Way(None, lines) if lines and name is not None else None
    if resource.sync_with is With.RELEASES and not resource.with_does_more and not resource.waits:
        return Way(Opener())
    if resource.async_with is With.RELEASES and facts.is_async and not resource.waits:
        return Way(Opener(is_async=True))
    if "close" in resource.releases and not resource.waits:
        return _closing("closing", facts)
    if "aclose" in resource.async_releases and facts.is_async:
        return _closing("aclosing", facts)
    lines = _release_lines(obligation, name or "")
    if not lines or name is None:
        return None
    return Way(None, lines, imports=("os",) if lines[0].startswith("os.") and facts.scope.dotted(OS) != "os" else ())


def _closing(function: str, facts: Facts) -> Way | None:
    scope = facts.scope
    for name in (function, "contextlib"):
        node = ast.Name(name, ast.Load())
        dotted = scope.dotted(node)
        if dotted == f"contextlib.{function}":
            return Way(Opener(function == "aclosing", name))
        if dotted == "contextlib":
            return Way(Opener(function == "aclosing", f"contextlib.{function}"))
    if scope.find("contextlib") is not None:
        return None
    return Way(Opener(function == "aclosing", f"contextlib.{function}"), imports=("contextlib",))


def _release_lines(obligation: Obligation, name: str) -> tuple[str, ...]:
    resource, is_async = obligation.site.resource, obligation.facts.is_async
    if resource.releases:
        method = _first(resource, resource.releases)
        is_plain = obligation.history.releases and not any(_is_wait(op, obligation) for op in obligation.history.uses)
        waits = (f"await {name}.{resource.waits}()",) if resource.waits and is_async and not is_plain else ()
        return (f"{name}.{method}()", *waits)
    if resource.async_releases and is_async:
        method = _first(resource, resource.async_releases)
        return (f"await {name}.{method}()",)
    function = resource.first_release if resource.first_release in resource.release_functions else None
    return (f"{function}({name})",) if function and function.startswith("os.") else ()


def _first(resource: Resource, methods: frozenset[str]) -> str:
    return resource.first_release if resource.first_release in methods else min(methods)


def _applicability(obligation: Obligation) -> Applicability:
    resource, history = obligation.site.resource, obligation.history
    is_released = bool(history.releases)
    if resource.parts:  # a process: a with waits for it, so it must be seen to be waited for on the plain way already
        suite = obligation.facts.places[obligation.statement][0]
        parts = [op for op in history.uses if isinstance(op, Call) and op.method in resource.part_releases]
        is_released = any(one is op.statement for op in [*history.releases, *parts] for one in suite)
    is_outliving = resource.outlives or bool(resource.parts)
    return Applicability.UNSAFE if is_outliving and not is_released else Applicability.SAFE


def _single_target(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case _:
            return None


def _acquired_value(obligation: Obligation) -> ast.expr | None:
    """Give the acquiring expression, with its await, where it is all that the statement assigns."""
    match obligation.statement:
        case ast.Assign(value=value) if value is obligation.node:
            return value
        case ast.Assign(value=ast.Await(value=inner) as value) if inner is obligation.node:
            return value
        case _:
            return None


def _last_use(obligation: Obligation, suite: Suite, index: int) -> int | None:
    """Give the index in the suite of the last statement that touches the resource, None where one lies outside it."""
    last = index
    valued = [op for op in obligation.history.releases if isinstance(op, Call) and not _is_release_statement(op)]
    for op in [*obligation.history.uses, *obligation.history.yields, *obligation.history.enters, *valued]:
        if _is_wait(op, obligation):
            continue
        found = _index_of(op, suite)
        if found is None:
            return None
        last = max(last, found)
    return _ended_by_release(obligation, suite, index, last)


def _ended_by_release(obligation: Obligation, suite: Suite, index: int, last: int) -> int:
    """Let the block reach as far as the release that stands in the suite now, and no farther: what follows outlives it."""
    after = [
        place
        for op in obligation.history.releases
        if isinstance(op, Call) and _is_release_statement(op) and (place := _index_of(op, suite)) is not None
        if place > index and suite[place] is op.statement
    ]
    return min(after) - 1 if after else last


def _is_wait(op: Op, obligation: Obligation) -> bool:
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


def _release_statements(obligation: Obligation) -> list[ast.stmt]:
    """Give the statements that do nothing but release the resource."""
    found: dict[ast.stmt, None] = {}
    for op in obligation.history.releases:
        if not isinstance(op, Exit):
            found[op.statement] = None
    return list(found)


def _droppable(obligation: Obligation, suite: Suite, last: int) -> list[ast.stmt]:
    """Give the release statements that the new block makes needless, without moving the release past anything."""
    found = []
    waits = [op for op in obligation.history.uses if _is_wait(op, obligation)]
    for op in [*obligation.history.releases, *waits]:
        statement = op.statement
        is_alone = isinstance(op, Call) and _is_release_statement(op) and _only_it(obligation, op)
        if (
            is_alone
            and not _is_in_with(statement, obligation, suite)
            and _ends_its_suite(statement, obligation.facts, suite, last)
        ):
            found.append(statement)
    return list(dict.fromkeys(found))


def _is_release_statement(op: Call) -> bool:
    """Say whether a call is all that its statement does, so that its value is dropped."""
    statement = op.statement
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    return value is op.node


def _is_in_with(statement: ast.stmt, obligation: Obligation, suite: Suite) -> bool:
    """Say whether a release stands in a with of its own inside the new block: what that does for it must stay."""
    for above in obligation.facts.around(statement):
        if isinstance(above, ast.With | ast.AsyncWith):
            return True
        if any(above is one for one in suite):
            return False
    return False


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
    ops = [
        op for one in facts.obligations for op in [*one.history.releases, *(u for u in one.history.uses if _is_wait(u, one))]
    ]
    return isinstance(statement, ast.Expr) and any(op.statement is statement for op in ops)


def _is_inside(parent: ast.stmt, facts: Facts, suite: Suite) -> bool:
    return any(one in suite for one in [parent, *facts.around(parent)])


# --- never bound --------------------------------------------------------------------------------------------------------


def _plan_temporary(obligation: Obligation) -> Fix | None:
    facts, statement = obligation.facts, obligation.statement
    place = None if facts.is_lambda else facts.places.get(statement)
    way = way_of(obligation, None)
    if place is None or way is None or way.opener is None:
        return _plan_one_shot(obligation)
    head = _head(statement, obligation.node, facts)
    path = _path(head, obligation.node) if head is not None else None
    if path is None or head is None or _is_conditional(path):
        return _plan_one_shot(obligation)
    suite, index, _ = place
    last = _last_use(obligation, suite, index)
    if last is None:
        return None
    is_sure = last == index and not _is_preceded_by_call(head, path)
    resource = obligation.site.resource
    is_safe = is_sure and not resource.outlives and not resource.parts
    span = facts.source.span
    above = path[-2] if len(path) > 1 else None
    value = above if isinstance(above, ast.Await) else obligation.node
    edit = WithTemporary(span(statement), span(value), new_name(obligation), span(suite[last]), way.opener)
    return Fix(edit, Applicability.SAFE if is_safe else Applicability.UNSAFE, way.imports)


def _plan_one_shot(obligation: Obligation) -> Fix | None:
    """Where no with can stand, `open(p).read()` is `Path(p).read_text()`."""
    facts, node = obligation.facts, obligation.node
    path = _path(obligation.statement, node)
    if path is None or len(path) < 3 or not isinstance(node, ast.Call):
        return None
    attribute, call = path[-2], path[-3]
    is_read = isinstance(attribute, ast.Attribute) and attribute.attr == "read"
    if not is_read or not isinstance(call, ast.Call) or call.func is not attribute or call.args or call.keywords:
        return None
    owner = _path_of(node, facts)
    method = _reader(node, 0 if isinstance(node.func, ast.Attribute) else 1)
    if owner is None or method is None:
        return None
    keywords = ", ".join(f"{one.arg}={ast.unparse(one.value)}" for one in node.keywords if one.arg != "mode")
    text, imports = owner
    return Fix(Replace(facts.source.span(call), f"{text}.{method}({keywords})"), Applicability.SAFE, imports)


def _path_of(node: ast.Call, facts: Facts) -> tuple[str, tuple[str, ...]] | None:
    """Give the text of a pathlib.Path for what a call opens, and what must be imported for it."""
    if isinstance(node.func, ast.Attribute):
        dotted = facts.scope.dotted(node.func)
        if dotted is None and node.func.attr == "open":
            return facts.source.segment(facts.source.span(node.func.value)), ()
        return None
    if facts.scope.dotted(node.func) != "builtins.open" or not node.args:
        return None
    argument = facts.source.segment(facts.source.span(node.args[0]))
    for name, dotted in (("Path", "pathlib.Path"), ("pathlib", "pathlib")):
        if facts.scope.dotted(ast.Name(name, ast.Load())) == dotted:
            return f"{name if name == 'Path' else 'pathlib.Path'}({argument})", ()
    return None if facts.scope.find("pathlib") else (f"pathlib.Path({argument})", ("pathlib",))


def _reader(node: ast.Call, mode_index: int) -> str | None:
    """Give the method of Path that reads all in the mode of an `open`, None where the call says more than Path can."""
    if len(node.args) > mode_index + 1 or any(one.arg not in ("mode", "encoding", "errors") for one in node.keywords):
        return None
    modes = [*node.args[mode_index:], *(one.value for one in node.keywords if one.arg == "mode")]
    mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else "r" if not modes else None
    if mode in ("r", "rt"):
        return "read_text"
    return "read_bytes" if mode == "rb" and not any(one.arg != "mode" for one in node.keywords) else None


def _head(statement: ast.stmt, node: ast.expr, facts: Facts) -> ast.AST | None:
    """Give the part of a statement that is evaluated once, before the rest of it; None where there is none with the node."""
    if isinstance(statement, SIMPLE):
        return statement
    if isinstance(statement, ast.For | ast.AsyncFor):
        return statement.iter
    if isinstance(statement, ast.If) and facts.source.lines[statement.lineno - 1][statement.col_offset :].startswith("if"):
        return statement.test
    return None


def _path(head: ast.AST, node: ast.expr) -> list[ast.AST] | None:
    """Give the nodes from a head down to a node."""
    if head is node:
        return [head]
    for child in children(head):
        found = _path(child, node)
        if found is not None:
            return [head, *found]
    return None


def _is_conditional(path: list[ast.AST]) -> bool:
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


def _is_preceded_by_call(head: ast.AST, path: list[ast.AST]) -> bool:
    """Say whether a call is evaluated before the node, and would be evaluated after it in the new block."""
    for parent, child in pairwise(path):
        before = list(children(parent))
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
            continue
        if isinstance(parent, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue  # the first iterable is evaluated first
        for sibling in before[: before.index(child)]:
            if any(isinstance(one, ast.Call | ast.Await | ast.Yield) for one in ast.walk(sibling)):
                return True
    return False


def _plan_item(obligation: Obligation) -> Fix | None:
    """A with on something that does not release: closing, or an item of its own."""
    facts, statement = obligation.facts, obligation.statement
    assert isinstance(statement, ast.With | ast.AsyncWith)
    way = way_of(obligation, None)
    item = next((one.context_expr for one in statement.items if _path(one.context_expr, obligation.node)), None)
    if item is None or way is None or way.opener is None or way.opener.is_async != isinstance(statement, ast.AsyncWith):
        return None
    path = _path(item, obligation.node) or []
    if _is_conditional(path) or obligation.history.moves or obligation.history.returns:
        return None
    above = path[-2] if len(path) > 1 else None
    value = above if isinstance(above, ast.Await) else obligation.node
    edit = WithItem(facts.source.span(statement), facts.source.span(value), new_name(obligation), way.opener)
    return Fix(edit, Applicability.SAFE, way.imports)


def new_name(obligation: Obligation) -> str:
    """Give a name for the resource that the body does not mention yet."""
    facts = obligation.facts
    taken = names_in(facts.function.node if facts.function else facts.source.tree)
    wanted = obligation.site.resource.variable
    name, number = wanted, 2
    while name in taken or facts.module.bindings.binds(name):
        name, number = f"{wanted}{number}", number + 1
    return name
