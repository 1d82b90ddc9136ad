"""Which `with` a thing of the module, or of contextlib, can be entered by, and the withs of the other kind.

It knows classes that define one pair of methods and all of whose bases it sees, and functions that contextlib decorates.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.kinds import Kind, kind_of, kind_of_known
from leaklint.analysis.loops import definition_of, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Enter
from leaklint.analysis.prefilter import WORD_ENDS, imported_roots, lines_with
from leaklint.analysis.summaries import ModuleProject
from leaklint.model.data import dataclass
from leaklint.model.resource import With
from leaklint.model.span import Span

OWN_WITHS = {"contextlib.closing": False, "contextlib.aclosing": True, "contextlib.suppress": False}
HINTS = ("__aenter__", "asynccontextmanager", "aclosing")
ENTERING = {"enter_context": False, "enterContext": False, "enter_async_context": True, "enterAsyncContext": True}


@dataclass(frozen=True, eq=False, slots=True)
class Entrance:
    """A with, or a call that enters, of the wrong kind: what is entered, how messages call it, what it would need."""

    facts: Facts
    node: ast.expr
    statement: ast.stmt
    label: str
    is_async: bool  # as it stands
    acquisitions: tuple[Span, ...] = ()
    method: str | None = None  # the call that enters, where it is no with


def wrong_entrances(module: ModuleFacts) -> Iterator[Entrance]:
    """Yield the withs, sync or async, on what has only one of the other kind."""
    seen: set[ast.expr] = set()
    for facts in module.release_bodies:
        for op, known in facts.solution.record.entered.items():
            kind = kind_of_known(known, facts)
            if kind is None or not _is_wrong(op.is_async, kind, module) or (node := _item(op)) in seen:
                continue
            if not _is_made_by_await(node):
                seen.add(node)
                yield Entrance(facts, node, op.statement, kind.label, op.is_async, kind.acquisitions)
        yield from _by_stacks(facts, module)
    for one in _by_names(module):
        if one.node not in seen:
            yield one


def _is_made_by_await(node: ast.expr) -> bool:
    """Say whether what is entered is what awaiting a thing gives, which is another thing (`with await pool as connection`)."""
    return isinstance(node, ast.Await | ast.YieldFrom) and isinstance(node.value, ast.Name)


def _item(op: Enter) -> ast.expr:
    """Give the expression of the item that a with enters."""
    assert isinstance(op.statement, ast.With | ast.AsyncWith)
    found = [item.context_expr for item in op.statement.items if item.context_expr.lineno == op.line]
    return found[0] if found else op.statement.items[0].context_expr


def _is_wrong(is_async: bool, kind: Kind, module: ModuleFacts) -> bool:
    resource = kind.resource
    own, other = (resource.async_with, resource.sync_with) if is_async else (resource.sync_with, resource.async_with)
    if own is not With.ABSENT or other is With.ABSENT:
        return False
    found = module.project.class_at(kind.own_type) if kind.own_type else None
    definition = found[0].scope.definition(found[1]) if found is not None else None
    if found is None or not isinstance(definition, ast.ClassDef):
        return True
    return not _has(definition, "__aenter__" if is_async else "__enter__", found[0])  # a subclass's own


def _by_stacks(facts: Facts, module: ModuleFacts) -> Iterator[Entrance]:
    """Yield what an exit stack, or a test, enters by the wrong method."""
    seen: set[ast.Call] = set()
    for block in facts.solution.setting.graph.blocks:
        for op in block.ops:
            node = getattr(op, "node", None)
            if not isinstance(node, ast.Call) or node in seen or terminal(node) not in ENTERING or len(node.args) != 1:
                continue
            seen.add(node)
            is_async = ENTERING[terminal(node)]
            kind = kind_of(node.args[0], facts, module)
            if kind is not None and isinstance(node.args[0], ast.Call) and _is_wrong(is_async, kind, module):
                yield Entrance(facts, node, op.statement, kind.label, is_async, kind.acquisitions, terminal(node))


def _by_names(module: ModuleFacts) -> Iterator[Entrance]:
    """Yield the withs on classes and context managers of the module, and on those of contextlib."""
    text = module.source.text
    if not any(hint in text for hint in HINTS) and "async " not in text:
        return
    lines = lines_with(_names(module), text) & lines_with({"with"}, text, WORD_ENDS)
    for facts in module.facts_on(lines):
        for node, _ in own_nodes(facts.body):
            if isinstance(node, ast.With | ast.AsyncWith) and not lines.isdisjoint(range(node.lineno, node.body[0].lineno)):
                for item in node.items:
                    found = _needs_async(item.context_expr, facts, module)
                    if found is not None and found[0] != isinstance(node, ast.AsyncWith):
                        yield Entrance(facts, item.context_expr, node, found[1], not found[0])


def _names(module: ModuleFacts) -> set[str]:
    names = {name.rpartition(".")[2] for name in OWN_WITHS}
    names |= module.project.catalogue.entered_async(imported_roots(module.source.text))
    for function in module.functions:
        if function.owner is not None and function.node.name in ("__enter__", "__aenter__"):
            names.add(function.owner.name)
        if any(terminal(one) in ("contextmanager", "asynccontextmanager") for one in function.node.decorator_list):
            names.add(function.node.name)
    for name, definition in module.scope.bindings.definitions.items():
        if isinstance(definition, ast.ClassDef) and any(terminal(base) in names for base in definition.bases):
            names.add(name)
    return names


def _needs_async(node: ast.expr, facts: Facts, module: ModuleFacts) -> tuple[bool, str] | None:
    """Say whether what an expression gives is entered by `async with`, and what it is; None where nobody knows."""
    if isinstance(node, ast.Name) and facts.scope.bindings.variables.get(node.id) == 1:
        node = facts.scope.bindings.values.get(node.id, node)
    if not isinstance(node, ast.Call):
        return None
    dotted = facts.scope.dotted(node.func)
    if dotted is not None:
        return _of_dotted(node, dotted, facts, module)
    definition = facts.scope.definition(node.func.id) if isinstance(node.func, ast.Name) else None
    if isinstance(definition, ast.ClassDef):
        return _of_class(definition, module.project)
    function = definition_of(node.func, facts, module)
    names = [terminal(one) for one in function.decorator_list] if function is not None else []
    if names in (["contextmanager"], ["asynccontextmanager"]):
        return names == ["asynccontextmanager"], f"`{terminal(node)}()`"
    return None


def _of_dotted(node: ast.Call, dotted: str, facts: Facts, module: ModuleFacts) -> tuple[bool, str] | None:
    if dotted in OWN_WITHS:
        return OWN_WITHS[dotted], dotted
    kind = kind_of(node, facts, module)
    if kind is None or not kind.resource.silent or kind.resource.async_with is not With.RELEASES:
        return None
    return (True, kind.label) if kind.resource.sync_with is With.ABSENT else None


def _of_class(node: ast.ClassDef, project: ModuleProject) -> tuple[bool, str] | None:
    if not project.described(node).is_closed or node.decorator_list:
        return None
    has = [_has(node, method, project) for method in ("__enter__", "__aenter__")]
    return (has[1], node.name) if has[0] != has[1] else None


def _has(node: ast.ClassDef, method: str, project: ModuleProject) -> bool:
    """Say whether a class or a base of it defines a method, or assigns one (`__enter__ = other`)."""
    if project.method_node(node, method) is not None:
        return True
    targets = [
        target
        for _, one in project.lineage(node)
        for statement in one.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]
    return any(isinstance(one, ast.Name) and one.id == method for one in targets)
