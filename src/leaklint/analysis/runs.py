"""The runs of event loops in a module: the calls that run a loop for a coroutine, and on which loop."""

import ast

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import arguments, calls_of, is_on_loop, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.ops import Call
from leaklint.model.data import dataclass, replace

MAKING = frozenset(("asyncio.run", "uvloop.run", "anyio.run", "trio.run"))  # each makes a loop and closes it
REPEATED = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """One call that runs a loop for a coroutine. `loop` is the same text for runs on the same loop, None for one of its own."""

    facts: Facts
    node: ast.Call
    coroutine: ast.expr
    loop: str | None
    is_repeated: bool
    is_of_function: bool = False  # the loop itself calls it

    @property
    def line(self) -> int:
        """The line of the call."""
        return self.node.lineno


def runs_of(facts: Facts, module: ModuleFacts) -> list[Run]:
    """Give the runs that a body makes itself, where it does not run on a loop; in the order of the text."""
    if is_on_loop(facts, module):
        return []
    found: dict[ast.Call, Run] = {}
    for call in calls_of(facts):
        if call.summary.runs_loop in ("coroutine", "function") and call.node.args:
            given = arguments(call, call.summary.coroutines) or call.node.args[:1]
            run = _run(facts, call.node, given[0], _loop_of(call.node, call.summary.name))
            found[call.node] = replace(run, is_of_function=call.summary.runs_loop == "function")
    record = facts.solution.record
    for op in record.running:
        if op not in record.loop_calls and op.node not in found and op.node.args:
            coroutine = next((one for one in op.node.args if isinstance(one, ast.Call)), None)
            if coroutine is not None:
                found[op.node] = _run(facts, op.node, coroutine, _loop_of_helper(op))
    return sorted(found.values(), key=lambda one: (one.line, one.node.col_offset))


def _run(facts: Facts, node: ast.Call, coroutine: ast.expr, loop: str | None) -> Run:
    if isinstance(coroutine, ast.Name) and facts.scope.bindings.variables.get(coroutine.id) == 1:
        value = facts.scope.bindings.values.get(coroutine.id)
        coroutine = value if isinstance(value, ast.Call) else coroutine
    return Run(facts, node, coroutine, loop, loop is None and is_repeated(node, facts.body))


def is_repeated(node: ast.AST, body: list[ast.stmt]) -> bool:
    """Say whether a node of a body is evaluated once for each round of a loop."""
    for one, around in own_nodes(body):
        if one is node:
            return any(isinstance(block, REPEATED) and _is_inside(block, one, around) for block in around)
    return False


def _is_inside(block: ast.AST, node: ast.AST, around: tuple[ast.AST, ...]) -> bool:
    """Say whether a node stands in what a loop repeats, not in what it iterates over."""
    path = (*around, node)
    child = path[path.index(block) + 1]
    match block:
        case ast.For(body=body) | ast.AsyncFor(body=body) | ast.While(body=body):
            return child in body
        case _:
            return True


def _loop_of(node: ast.Call, name: str) -> str | None:
    if name in MAKING or not isinstance(node.func, ast.Attribute):
        return None
    return ast.unparse(node.func.value)


def _loop_of_helper(op: Call) -> str | None:
    """A helper that is a method may keep a loop; a function makes one each time."""
    return ast.unparse(op.node.func.value) if op.method is not None and isinstance(op.node.func, ast.Attribute) else None


def helper_runs(facts: Facts, module: ModuleFacts) -> list[Run]:
    """Give the calls of functions that run a loop for a coroutine of their own making: it may use what they are given."""
    if is_on_loop(facts, module):
        return []
    record = facts.solution.record
    return [
        Run(facts, op.node, op.node, _loop_of_helper(op), is_repeated(op.node, facts.body))
        for op in record.running
        if op not in record.loop_calls and op.method is None and not any(isinstance(one, ast.Call) for one in op.node.args)
    ]


def module_runs(module: ModuleFacts) -> list[Run]:
    """Give the runs of all bodies."""
    return [run for facts in module.loop_bodies for run in runs_of(facts, module)]
