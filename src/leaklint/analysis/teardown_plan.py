"""The fix of a teardown's releases: registered where the set-up opens, or dropped where they are registered already.

What is registered runs after the teardown, the last first. So only the releases at the end of a teardown may go: nothing that
stands behind them would then run earlier than they do.
"""

import ast
from collections.abc import Iterator, Sequence

from leaklint.analysis.extent import plan, single_target
from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.names import Function, children, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.reach import is_release_statement
from leaklint.analysis.setup_plan import REGISTER, entered, is_local, opening_statement
from leaklint.analysis.setups import FRAMEWORKS, Run, family_of
from leaklint.model.fix import FinallyBlock, Fix, Remove, Several, Single
from leaklint.model.source import Source


def plan_registered(one: Obligation, setup: Function, run: Run, target: tuple[int, int]) -> Fix | None:
    """Give the fix of what only the teardown releases: every release at its end is registered in the set-up.

    What the set-up itself releases, and keeps in no attribute, is entered in a with.
    """
    if is_local(one, setup):
        return plan(one)
    teardown = _teardown(one, setup, run)
    if teardown is None or not _has_cleanups(one.facts):
        return None
    moved = {statement: other for other, statement in _trailing(teardown, run) if other.facts.function is setup}
    if one not in moved.values():
        return None
    edits: list[Single] = []
    for statement, other in moved.items():
        added = _registration(other, statement, setup, target)
        if added is None:
            return None
        edits.append(added)
    edits += _without(teardown, [*moved], one.facts.source)
    return Fix(Several(tuple(edits)))


def plan_once(one: Obligation, registered: Call, run: Run | None) -> Fix | None:
    """Give the fix of what is registered and released too: the release that runs last anyway goes, else the registration."""
    releases = [op for op in one.history.releases if op is not registered]
    statements = list(dict.fromkeys(op.statement for op in releases))
    span = one.facts.source.span
    if len(statements) == 1 and isinstance(releases[0], Call) and is_release_statement(releases[0]):
        if run is None and _is_last(statements[0], one.facts):
            return Fix(Remove(span(statements[0])))
        teardown = next((after for after in run.after if statements[0] in after.node.body), None) if run is not None else None
        if run is not None and teardown is not None and any(found is one for found, _ in _trailing(teardown, run)):
            return Fix(_several(_without(teardown, statements, one.facts.source)))
    is_alone = isinstance(registered.statement, ast.Expr) and registered.statement.value is registered.node
    return Fix(Remove(span(registered.statement))) if run is None and is_alone else None


def _is_last(statement: ast.stmt, facts: Facts) -> bool:
    """Say whether nothing follows a statement in a body but what ends with it."""
    while statement in facts.places:
        suite, index, above = facts.places[statement]
        if index + 1 < len(suite):
            return False
        if above is None:
            return True
        if not isinstance(above, ast.Try) or suite is not above.finalbody:
            return False
        statement = above
    return False


# --- teardowns ----------------------------------------------------------------------------------------------------------


def _teardown(one: Obligation, setup: Function, run: Run) -> Function | None:
    """Give the teardown of the very class that releases what a set-up opens."""
    if one.facts.function is not setup or setup.node.name not in REGISTER:
        return None
    return next((after for after in run.teardowns_of(setup) if after.owner is setup.owner), None)


def _trailing(teardown: Function, run: Run) -> list[tuple[Obligation, ast.stmt]]:
    """Give what a teardown releases in its last statements, each with the statement, in the order of the acquisitions."""
    found: list[tuple[Obligation, ast.stmt]] = []
    for statement in reversed(teardown.node.body):
        if _calls_super(statement):
            continue
        released = [one for one in run.obligations if any(op.statement is statement for op in one.history.releases)]
        if len(released) != 1 or not _is_plain(released[0], statement):
            break
        found.append((released[0], statement))
    return sorted(found, key=lambda pair: pair[0].line)


def _calls_super(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))))):
            return True
        case ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")))))):
            return True
        case _:
            return False


def _is_plain(one: Obligation, statement: ast.stmt) -> bool:
    """Say whether a statement is all that releases a resource, and its attribute holds nothing else at any time."""
    calls = [op for op in one.history.releases if isinstance(op, Call) and op.statement is statement]
    names = {name.removeprefix("self.") for name in one.history.names if name.startswith("self.")}
    if len(calls) != 1 or len(names) != 1 or not is_release_statement(calls[0]):
        return False
    return sum(not isinstance(node.ctx, ast.Load) for node in _mentions(one.facts, names)) == 1


def _mentions(facts: Facts, names: set[str]) -> Iterator[ast.Attribute]:
    """Yield the mentions of attributes, but for those that other classes make of their own."""
    owner = facts.function.owner if facts.function else None
    stack: list[ast.AST] = [facts.source.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.ClassDef) and owner is not None and node is not owner and _is_other(node, owner):
            continue
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield node
        stack.extend(children(node))


def _is_other(node: ast.ClassDef, owner: ast.ClassDef) -> bool:
    """Say whether a class has nothing to do with another: it is neither around it nor derived from it by name."""
    return all(terminal(base) != owner.name for base in node.bases) and not any(one is owner for one in walk(node))


def _without(teardown: Function, statements: Sequence[ast.stmt], source: Source) -> list[Single]:
    """Give the edits that take statements out of a teardown, which goes itself where it would do nothing."""
    idle = [one for one in teardown.node.body if one in statements or _calls_super(one) or _is_docstring(one)]
    is_framework = teardown.owner is not None and all(terminal(base).endswith("TestCase") for base in teardown.owner.bases)
    rest = [one for one in teardown.node.body if one not in statements]
    if len(idle) == len(teardown.node.body) and (is_framework or not any(map(_calls_super, rest))):
        return [Remove(source.span(teardown.node))]
    return [Remove(source.span(one)) for one in statements]


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _several(edits: list[Single]) -> Single | Several:
    return edits[0] if len(edits) == 1 else Several(tuple(edits))


# --- registrations ------------------------------------------------------------------------------------------------------


def _has_cleanups(facts: Facts) -> bool:
    """Say whether the class around a body derives, over modules, from a TestCase that can register releases."""
    owner = facts.function.owner if facts.function else None
    if owner is None:
        return False
    family = family_of(owner, facts.project)
    dotted = [home.scope.dotted(base) for home, node in family.members for base in node.bases]
    known = (name.rpartition(".") for name in dotted if name)
    return any(last.endswith("TestCase") and module.partition(".")[0] in FRAMEWORKS for module, _, last in known)


def _registration(one: Obligation, statement: ast.stmt, setup: Function, target: tuple[int, int]) -> Single | None:
    """Give the edit that registers, where a set-up opens a resource, the very call that releases it now."""
    call = next(op.node for op in one.history.releases if isinstance(op, Call) and op.statement is statement)
    place = opening_statement(one)
    if place not in one.facts.places or single_target(place) is not None:
        return None
    if not call.args and not call.keywords:
        fix = entered(one, setup, target)
        if fix is not None and not isinstance(fix.edit, Several):
            return fix.edit
    line = _line(one, call, setup, isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Await))
    return FinallyBlock(one.facts.source.span(place), one.facts.source.span(place), (line,)) if line else None


def _line(one: Obligation, call: ast.Call, setup: Function, is_awaited: bool) -> str | None:
    """Give `self.addCleanup(shutil.rmtree, self.folder)` for `shutil.rmtree(self.folder)`."""
    receiver = setup.node.args.args[0].arg if setup.node.args.args else None
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if receiver is None or not all(isinstance(one, ast.Constant | ast.Attribute) for one in arguments):
        return None
    kept = {name.removeprefix("self.") for name in one.history.names}
    mentioned = [node for node in walk(call) if isinstance(node, ast.Attribute) and terminal(node.value) == receiver]
    names = {node.id for node in walk(call) if isinstance(node, ast.Name)} - {receiver}
    if any(node.attr not in kept for node in mentioned) or any(one.facts.scope.is_local(name) for name in names):
        return None
    register = "addAsyncCleanup" if is_awaited else REGISTER[setup.node.name]
    if is_awaited and setup.node.name != "asyncSetUp":
        return None
    parts = [ast.unparse(call.func), *map(ast.unparse, call.args), *map(ast.unparse, call.keywords)]
    return f"{receiver}.{register}({', '.join(parts)})"
