"""Which tasks a module starts and then forgets. It follows a task's name within its body only."""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import FUTURES, LoopCall, arguments, loop_calls, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.running import is_loop_name
from leaklint.model.data import dataclass
from leaklint.model.resource import Summary

IDLE = frozenset(("add_done_callback", "remove_done_callback", "set_name"))


@dataclass(frozen=True, slots=True)
class DroppedTask:
    """A call that starts a task, and the name that the task was given, if any."""

    node: ast.Call
    name: str | None = None


def dropped_tasks(module: ModuleFacts) -> Iterator[DroppedTask]:
    """Yield the tasks that nobody keeps, awaits or cancels."""
    for call in loop_calls(module):
        if call.summary.gives_task and _starts_coroutine(call):
            found = _dropped(call)
            if found is not None:
                yield found
        for argument in arguments(call, call.summary.callbacks):
            task = argument.body if isinstance(argument, ast.Lambda) else None
            if isinstance(task, ast.Call) and task.args and gives_task(task, call.facts):
                yield DroppedTask(task)


def gives_task(node: ast.Call, facts: Facts) -> bool:
    """Say whether a call, perhaps inside a lambda, starts a task."""
    dotted = facts.scope.dotted(node.func)
    catalogue = facts.solution.setting.catalogue
    if dotted is not None:
        return _is_task(catalogue.summary(dotted))
    match node.func:
        case ast.Attribute(value=receiver, attr="create_task"):
            return is_loop_name(terminal(receiver))
        case _:
            return False


def _is_task(summary: Summary | None) -> bool:
    return summary is not None and summary.gives_task


def _starts_coroutine(call: LoopCall) -> bool:
    """Say whether what is passed is a coroutine: `ensure_future` of a future that exists starts nothing."""
    given = arguments(call, call.summary.coroutines)
    if not given:
        return False
    if "coro_or_future" not in call.summary.coroutines:
        return True
    inner = given[0]
    return isinstance(inner, ast.Call) and terminal(inner) not in FUTURES


def _dropped(call: LoopCall) -> DroppedTask | None:
    match call.op.statement:
        case ast.Expr(value=value) if value is call.node or _is_idle_chain(value, call.node):
            return DroppedTask(call.node)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value):
            return DroppedTask(call.node, name) if value is call.node and _is_forgotten(name, call.facts) else None
        case _:
            return None


def _is_idle_chain(value: ast.expr, node: ast.Call) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(value=receiver, attr=attr)):
            return receiver is node and attr in IDLE
        case _:
            return False


def _is_forgotten(name: str, facts: Facts) -> bool:
    """Say whether a local name is never read but to set something on the task."""
    scope = facts.scope
    if facts.function is None or name in scope.bindings.captured or name in scope.bindings.outside:
        return False
    for node, around in own_nodes(facts.body):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Store):
            parent = around[-1] if around else None
            if not (isinstance(parent, ast.Attribute) and parent.attr in IDLE):
                return False
    return True
