"""What is said of event loops in a module: the calls that have to do with them, and which functions run on one.

It knows calls by their catalogued facts; where a receiver has no known type, one that is called a loop is one.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from leaklint.analysis.expectations import EXPECTING
from leaklint.analysis.facts import Facts
from leaklint.analysis.files import module_name
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, children, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.running import asks_loop, is_loop_name
from leaklint.model.data import dataclass
from leaklint.model.resource import Summary

LOOP = "asyncio.AbstractEventLoop"
NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# calls that give a future, no coroutine
FUTURES = frozenset(("gather", "ensure_future", "create_task", "create_future", "run_in_executor", "shield", "wrap_future"))
PROTOCOL_METHODS = frozenset(
    (
        "connection_made",
        "connection_lost",
        "data_received",
        "eof_received",
        "datagram_received",
        "error_received",
        "buffer_updated",
        "pause_writing",
        "resume_writing",
        "process_exited",
        "pipe_data_received",
        "pipe_connection_lost",
    )
)


NESTING = re.compile(
    r"^(?:nest_asyncio\.)?apply\(|^(?:try|if|with)\b.*\n(?:[ \t].*\n)*?[ \t]+nest_asyncio\.apply\(", re.MULTILINE
)


@dataclass(frozen=True, eq=False, slots=True)
class LoopCall:
    """One call, in the body of `facts`, of something that is about event loops."""

    facts: Facts
    op: Call
    summary: Summary

    @property
    def node(self) -> ast.Call:
        """The call in the text."""
        return self.op.node


@lru_cache(maxsize=1)  # of the module at hand: seven rules ask, some for every body
def loop_calls(module: ModuleFacts) -> tuple[LoopCall, ...]:
    """Give the calls of all bodies that are about event loops, each once."""
    return tuple(call for facts in module.loop_bodies for call in calls_of(facts))


def calls_of(facts: Facts) -> list[LoopCall]:
    """Give the calls of one body that are about event loops, each once, in the order of the text."""
    solution = facts.solution
    found: dict[ast.Call, LoopCall] = {}
    for block in solution.setting.graph.blocks:
        for op in block.ops:
            if isinstance(op, Call) and op.node not in found:
                summary = solution.record.loop_calls.get(op) or _by_name(op, facts)
                if summary is not None:
                    found[op.node] = LoopCall(facts, op, summary)
    return sorted(found.values(), key=lambda one: (one.node.lineno, one.node.col_offset))


def _by_name(op: Call, facts: Facts) -> Summary | None:
    """Give what a method does whose receiver is unknown and called a loop."""
    record = facts.solution.record
    if op.method is None or op in record.receivers or not isinstance(op.node.func, ast.Attribute):
        return None
    if not is_loop_name(terminal(op.node.func.value)):
        return None
    summary = facts.solution.setting.catalogue.method(LOOP, op.method)
    return summary if summary is not None and summary.is_about_loops else None


def is_on_loop(facts: Facts, module: ModuleFacts) -> bool:
    """Say whether a body runs while a loop is running: a coroutine, or a callback that a loop calls."""
    function = facts.function
    if function is None:
        return False
    if isinstance(function.node, ast.AsyncFunctionDef):
        return True
    return _is_of_protocol(function, module) or function.node in callbacks(module)


def _is_of_protocol(function: Function, module: ModuleFacts) -> bool:
    """Say whether a method is one that a transport calls on an asyncio protocol."""
    if function.owner is None or function.node.name not in PROTOCOL_METHODS:
        return False
    family = module.project.lineage(function.owner)
    bases = [project.scope.dotted(base) or "" for project, one in family for base in one.bases]
    return any(base.startswith("asyncio.") and base.endswith("Protocol") for base in bases)


def is_meant_to_fail(facts: Facts) -> bool:
    """Say whether a function around the body expects a RuntimeError: a test that loops do not nest."""
    function = facts.function.outer if facts.function is not None else None
    while function is not None:
        for node in walk(function.node):
            if isinstance(node, ast.Call) and terminal(node) in EXPECTING and any(map(_is_runtime_error, node.args)):
                return True
        function = function.outer
    return False


def _is_runtime_error(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "RuntimeError"


@lru_cache(maxsize=1)
def callbacks(module: ModuleFacts) -> frozenset[ast.AST]:
    """Give the functions of the module that are handed to a loop, which calls them."""
    found: set[ast.AST] = set()
    for call in loop_calls(module) if any(word in module.source.text for word in CALLBACK_WORDS) else ():
        for argument in arguments(call, call.summary.callbacks):
            node = definition_of(argument, call.facts, module)
            if node is not None:
                found.add(node)
    return frozenset(found)


CALLBACK_WORDS = ("call_soon", "call_later", "call_at", "add_done_callback", "add_signal_handler", "add_reader", "add_writer")


def arguments(call: LoopCall, parameters: frozenset[str]) -> list[ast.expr]:
    """Give the arguments of a call that are passed for one of the parameters; `*` stands for every unnamed one."""
    found = []
    names = call.summary.parameters
    for index, argument in enumerate(call.node.args):
        name = names[index] if index < len(names) else "*"
        if name in parameters and not isinstance(argument, ast.Starred):
            found.append(argument)
    return found + [one.value for one in call.node.keywords if one.arg in parameters]


def definition_of(node: ast.expr, facts: Facts, module: ModuleFacts) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Give the function of the module that a name, or a method of `self`, means."""
    match node:
        case ast.Name(id=name):
            found = facts.scope.definition(name)
            return found if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) else None
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr) if (owner := owner_of(facts.function)) is not None:
            return module.project.method_node(owner, attr)
        case _:
            return None


def is_coroutine(node: ast.expr, facts: Facts, module: ModuleFacts) -> bool:
    """Say whether an expression certainly gives a coroutine: a call of an async function."""
    if not isinstance(node, ast.Call):
        return False
    dotted = facts.scope.dotted(node.func)
    summary = module.project.catalogue.summary(dotted) if dotted is not None else None
    if summary is not None:
        return summary.is_coroutine
    found = definition_of(node.func, facts, module)
    return isinstance(found, ast.AsyncFunctionDef) and not found.decorator_list


def owner_of(function: Function | None) -> ast.ClassDef | None:
    """Give the class whose `self` a function sees."""
    while function is not None and function.owner is None:
        function = function.outer
    return function.owner if function else None


def allows_nesting(module: ModuleFacts) -> bool:
    """Say whether the module, or its package when it is imported, lets loops run within loops."""
    if "nest_asyncio" in module.source.text:
        return True
    path = module.project.path
    importers = module.workspace.users.of(path, "nest_asyncio", NESTING)
    return any(one != path and module_name(one).partition(".")[0] == module_name(path).partition(".")[0] for one in importers)


def is_asking(facts: Facts) -> bool:
    """Say whether a body asks whether a loop is running."""
    return asks_loop(facts.solution)


def own_nodes(body: list[ast.stmt], into_lambdas: bool = False) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Yield the nodes of a body in the order of the text, each with those around it, outermost first.

    What nested functions and classes hold is not the body's own, nor, unless asked for, what lambdas do.
    """
    closed = NESTED if into_lambdas else (*NESTED, ast.Lambda)
    stack: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(one, ()) for one in reversed(body)]
    while stack:
        node, around = stack.pop()
        yield node, around
        if not isinstance(node, closed):
            inside = (*around, node)
            stack.extend((child, inside) for child in reversed(children(node)))
