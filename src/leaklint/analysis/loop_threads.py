"""Event loops that run in a thread of their own, and who stops, joins and closes them.

It looks at the class that keeps such a loop, or at the body that made it: not at what others do to it from outside.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Obligation
from leaklint.analysis.loops import definition_of, own_nodes, owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, function_scope, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.model.data import dataclass

LAUNCHING = {"Thread": 1, "Timer": 1, "submit": 0, "start_new_thread": 0, "run_in_executor": 1}  # where the target stands
ENDING = frozenset(("Thread", "Timer", "start_new_thread"))  # the thread is over when its target is
HANDING = frozenset(("call_soon_threadsafe", "run_coroutine_threadsafe"))
WAITING = frozenset(("join", "is_running", "is_alive", "wait", "result", "shutdown", "__exit__"))
FunctionLike = FunctionNode | ast.Lambda


@dataclass(frozen=True, eq=False, slots=True)
class LoopThread:
    """A loop run by a thread: the class whose attribute, or the body whose name it is; and what the thread runs."""

    name: str
    owner: ast.ClassDef | None
    function: Function | None
    target: FunctionLike | None
    launch: ast.AST


@dataclass(frozen=True, eq=False, slots=True)
class Ending:
    """What becomes of such a loop. `wrong_stops` are calls of its stop() that run on another thread."""

    wrong_stops: tuple[ast.Call, ...]
    is_stopped: bool
    is_closed: bool
    is_joined: bool


def is_thread_of_its_own(function: Function | None, module: ModuleFacts) -> bool:
    """Say whether a function is all that a thread runs, so that what it made current goes with it."""
    if function is None or "Thread" not in module.source.text:
        return False
    if (
        function.owner is not None
        and function.node.name == "run"
        and any(terminal(base) == "Thread" for base in function.owner.bases)
    ):
        return True
    return any(
        terminal(launch) in ENDING and _definition(target, around, module) is function.node
        for launch, target, around in _launches(module)
    ) or _is_of_pool(function, module)


def _is_of_pool(function: Function, module: ModuleFacts) -> bool:
    """Say whether a function around hands it to a pool of threads that a `with` of its own ends."""
    around = function.outer
    if around is None or "Executor" not in module.source.text:
        return False
    pools = {
        item.optional_vars.id
        for block in walk(around.node)
        if isinstance(block, ast.With)
        for item in block.items
        if isinstance(item.optional_vars, ast.Name) and terminal(item.context_expr).endswith("Executor")
    }
    for one, _ in own_nodes(around.node.body):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=pool), attr="submit" | "map"), args=[target, *_]) if (
                pool in pools
            ):
                if _definition(target, around, module) is function.node:
                    return True
            case _:
                pass
    return False


def loop_threads(module: ModuleFacts) -> Iterator[LoopThread]:
    """Yield the loops that threads run, each once."""
    if "run_forever" not in module.source.text:
        return
    seen: set[tuple[str, ast.ClassDef | None, Function | None]] = set()
    for one in _launched(module):
        key = (one.name, one.owner, one.function if one.owner is None else None)
        if key not in seen:
            seen.add(key)
            yield one


def _launches(module: ModuleFacts) -> Iterator[tuple[ast.Call, ast.expr, Function | None]]:
    """Yield the calls that start a thread, each with the thread's target and the function in which it stands."""
    places: list[tuple[list[ast.stmt], Function | None]] = [(module.source.tree.body, None)]
    places += [(function.node.body, function) for function in module.functions]
    for body, function in places:
        for node, _ in own_nodes(body):
            if isinstance(node, ast.Call) and terminal(node) in LAUNCHING and (target := _target(node)) is not None:
                yield node, target, function


def _launched(module: ModuleFacts) -> Iterator[LoopThread]:
    for node, target, function in _launches(module):
        yield from _run_by(target, node, function, module)
    for function in module.functions:
        owner = function.owner
        if owner is not None and function.node.name == "run" and any(terminal(base) == "Thread" for base in owner.bases):
            yield from _run_in(function.node, None, function, module)


def _target(node: ast.Call) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg in ("target", "function"):
            return keyword.value
    index = LAUNCHING[terminal(node)]
    return node.args[index] if len(node.args) > index else None


def _run_by(target: ast.expr, launch: ast.Call, function: Function | None, module: ModuleFacts) -> Iterator[LoopThread]:
    """Yield the loops that a thread's target runs for ever."""
    if isinstance(target, ast.Attribute) and target.attr == "run_forever":
        found = _place(target.value, function, module)
        if found is not None:
            yield LoopThread(*found, None, launch)
    elif isinstance(target, ast.Lambda):
        yield from _run_in(target, launch, function, module)
    elif (node := _definition(target, function, module)) is not None:
        inner = next((one for one in module.functions if one.node is node), function)
        yield from _run_in(node, launch, inner, module, function)


def _definition(target: ast.expr, function: Function | None, module: ModuleFacts) -> FunctionNode | None:
    facts = module.facts(function) if function is not None else module.own_facts
    return definition_of(target, facts, module)


def _run_in(
    node: FunctionLike, launch: ast.Call | None, inner: Function | None, module: ModuleFacts, outer: Function | None = None
) -> Iterator[LoopThread]:
    """Yield the loops that a function runs for ever, as seen from where its thread is launched."""
    for one in walk(node):
        match one:
            case ast.Call(func=ast.Attribute(value=receiver, attr="run_forever")):
                passed = _passed(receiver, node, launch)
                place = _place(receiver, inner, module, outer) if passed is None else _place(passed, outer, module)
                if place is not None:
                    yield LoopThread(*place, node, launch or node)
            case _:
                pass


def _passed(receiver: ast.expr, node: FunctionLike, launch: ast.Call | None) -> ast.expr | None:
    """Give what a launch passes for the parameter that is run."""
    names = [one.arg for one in node.args.args]
    if not isinstance(receiver, ast.Name) or receiver.id not in names or launch is None:
        return None
    for keyword in launch.keywords:
        if keyword.arg == "args" and isinstance(keyword.value, ast.Tuple | ast.List):
            index = names.index(receiver.id)
            return keyword.value.elts[index] if index < len(keyword.value.elts) else None
    index = LAUNCHING[terminal(launch)] + 1 + names.index(receiver.id)
    return launch.args[index] if len(launch.args) > index else None


def _place(
    node: ast.expr, function: Function | None, module: ModuleFacts, outer: Function | None = None
) -> tuple[str, ast.ClassDef | None, Function | None] | None:
    """Say where a loop is kept: in an attribute of a class, in a name of a body."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
            owner = owner_of(function)
            return (attr, owner, function) if owner is not None else None
        case ast.Name(id=name):
            for one in (function, outer):
                if one is not None:
                    scope = function_scope(one, module.scope)
                    value = scope.bindings.values.get(name) if scope.is_local(name) else None
                    if isinstance(value, ast.Attribute) and (found := _place(value, one, module)) is not None:
                        return found
                    if scope.is_local(name):
                        return name, None, one
                    if one.outer is not None and (found := _place(node, one.outer, module)) is not None:
                        return found
            return (name, None, None) if name in module.scope.bindings.variables else None
        case _:
            return None


def is_kept_here(one: Obligation) -> bool:
    """Say whether nobody but its thread is given a local loop."""
    given = [op for op in one.history.moves if not isinstance(op, Call) or terminal(op.node) not in LAUNCHING.keys() | HANDING]
    return not given and not one.history.returns


def ending(thread: LoopThread, module: ModuleFacts) -> Ending:
    """Say what the class, or the body, does to end a loop that a thread runs."""
    roots: list[ast.AST] = [thread.target] if thread.target is not None else []
    if thread.owner is not None:
        roots += [node for _, node in module.project.lineage(thread.owner)]
    elif thread.function is not None:
        outermost = thread.function
        while outermost.outer is not None:
            outermost = outermost.outer
        roots.append(outermost.node)
    else:
        roots.append(module.source.tree)
    return _ending(thread, roots)


def _ending(thread: LoopThread, roots: list[ast.AST]) -> Ending:
    names = _aliases(thread.name, roots)
    handed = _handed(roots)
    wrong: dict[ast.Call, None] = {}
    is_stopped = is_closed = is_joined = False
    for root in roots:
        for node, around in _nodes(root):
            if not isinstance(node, ast.Attribute):
                continue
            is_joined |= node.attr in WAITING
            if terminal(node.value) not in names:
                continue
            parent = around[-1] if around else None
            is_called = isinstance(parent, ast.Call) and parent.func is node
            if node.attr == "stop":
                if not is_called or _is_on_loop(around, thread, handed):
                    is_stopped = True
                elif isinstance(parent, ast.Call):
                    wrong[parent] = None
            is_closed |= node.attr == "close"
            is_joined |= node.attr == "close" and thread.target in around  # the thread closes it itself
    return Ending(tuple(wrong), is_stopped, is_closed, is_joined)


def _aliases(name: str, roots: list[ast.AST]) -> set[str]:
    """Give the names that stand for the loop: its own, and those that are bound to it."""
    names = {name}
    for root in roots:
        for node in walk(root):
            match node:
                case ast.Assign(targets=targets, value=ast.Name() | ast.Attribute() as value):
                    ends = {terminal(value), *(terminal(one) for one in targets)}
                    if ends & names and all(isinstance(one, ast.Name | ast.Attribute) for one in targets):
                        names |= ends
                case _:
                    pass
    return names - {""}


def _handed(roots: list[ast.AST]) -> tuple[set[str], set[ast.AST]]:
    """Give the names of functions, and the lambdas, that are handed to the loop's own thread."""
    names: set[str] = set()
    nodes: set[ast.AST] = set()
    for root in roots:
        for node in walk(root):
            if isinstance(node, ast.Call) and terminal(node) in HANDING and node.args:
                first = node.args[0]
                nodes.add(first)
                names.add(terminal(first))
    return names - {"stop", ""}, nodes


def _is_on_loop(around: tuple[ast.AST, ...], thread: LoopThread, handed: tuple[set[str], set[ast.AST]]) -> bool:
    """Say whether what stands there runs in the loop's own thread: a coroutine, a callback, the thread's target."""
    names, nodes = handed
    for one in reversed(around):
        if isinstance(one, ast.AsyncFunctionDef) or one is thread.target or one in nodes:
            return True
        if isinstance(one, ast.FunctionDef):
            return one.name in names
        if isinstance(one, ast.Lambda):
            return False
    return False


def _nodes(root: ast.AST) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    stack: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(root, ())]
    while stack:
        node, around = stack.pop()
        yield node, around
        inside = (*around, node)
        stack.extend((child, inside) for child in ast.iter_child_nodes(node))
