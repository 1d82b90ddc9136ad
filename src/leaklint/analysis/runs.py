"""The runs of event loops in a module, and what each of them reaches: globals, attributes, cached functions.

Reach is read from names, through the functions of the module that a coroutine calls. What other modules do is not seen.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import arguments, calls_of, is_on_loop, own_nodes, owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, Scope, children, function_scope, terminal
from leaklint.analysis.ops import Call
from leaklint.model.data import dataclass, field, replace

MAKING = frozenset(("asyncio.run", "uvloop.run", "anyio.run", "trio.run"))  # each makes a loop and closes it
REPEATED = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Place = tuple[str, str]  # ("name", global) · ("attribute", "Class.attribute") · ("result", function)


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


@dataclass(eq=False, slots=True)
class Reach:
    """What a piece of code touches, and what of that it closes."""

    touched: set[Place] = field(default_factory=set)
    closed: set[Place] = field(default_factory=set)


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


def module_runs(module: ModuleFacts) -> list[Run]:
    """Give the runs of all bodies."""
    return [run for facts in module.loop_bodies for run in runs_of(facts, module)]


def reach_of(run: Run, module: ModuleFacts, releases: frozenset[str]) -> Reach:
    """Give what a run touches and closes, through the functions of the module that its coroutine calls."""
    reach = Reach()
    seen: set[ast.AST] = set()
    _follow(run.node, run.facts.function, run.facts.scope, module, releases, reach, seen)
    return reach


def reach_of_function(function: Function, module: ModuleFacts, releases: frozenset[str]) -> Reach:
    """Give what a function touches and closes, through what it calls."""
    reach = Reach()
    _enter(function.node, module, releases, reach, set())
    return reach


def _enter(node: FunctionNode, module: ModuleFacts, releases: frozenset[str], reach: Reach, seen: set[ast.AST]) -> None:
    if node in seen:
        return
    seen.add(node)
    function = next((one for one in module.functions if one.node is node), None)
    if function is None:
        return
    scope = function_scope(function, module.scope)
    for statement in node.body:
        _follow(statement, function, scope, module, releases, reach, seen)


def _follow(
    root: ast.AST,
    function: Function | None,
    scope: Scope,
    module: ModuleFacts,
    releases: frozenset[str],
    reach: Reach,
    seen: set[ast.AST],
) -> None:
    owner = owner_of(function)
    stack: list[ast.AST] = [root]
    while stack:
        node = stack.pop()
        place = place_of(node, owner, scope, module)
        if place is not None:
            reach.touched.add(place)
        for closed in _closed(node, releases):
            if (place := place_of(closed, owner, scope, module)) is not None:
                reach.closed.add(place)
        found: ast.AST | None = None
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not scope.is_local(node.id):
            found = scope.definition(node.id)
        elif isinstance(node, ast.Attribute) and owner is not None and _is_own(node):
            found = module.project.method_node(owner, node.attr)
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
            _enter(found, module, releases, reach, seen)
        stack.extend(children(node))


def place_of(node: ast.AST, owner: ast.ClassDef | None, scope: Scope, module: ModuleFacts) -> Place | None:
    """Give the place that an expression means: a global, an attribute of the class, what a function of the module gives."""
    match node:
        case ast.Name(id=name) if scope.find(name) is module.scope and name in module.scope.bindings.variables:
            return "name", name
        case ast.Name(id=name) if name in scope.bindings.outside:
            return "name", name
        case ast.Attribute(attr=attr) if owner is not None and _is_own(node):
            return "attribute", f"{owner.name}.{attr}"
        case ast.Call(func=ast.Name(id=name)) if scope.definition(name) is not None:
            return "result", name
        case ast.Await(value=value):
            return place_of(value, owner, scope, module)
        case _:
            return None


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def _closed(node: ast.AST, releases: frozenset[str]) -> Iterator[ast.expr]:
    """Yield what a node closes: by a release method, by a with."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in releases:
            yield value
        case ast.AsyncWith(items=items) | ast.With(items=items):
            for item in items:
                yield item.context_expr
        case ast.Call(args=arguments) if terminal(node) in ("aclosing", "enter_async_context", "push_async_callback"):
            for argument in arguments:
                yield argument.value if isinstance(argument, ast.Attribute) and argument.attr in releases else argument
        case _:
            pass
