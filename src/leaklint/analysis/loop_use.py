"""What a body does with the event loop that it makes: runs it, installs it for others, hands it to a thread."""

import ast

from leaklint.analysis.asking import loopless_handlers
from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.loops import LoopCall, is_on_loop
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.ops import Call, Op
from leaklint.analysis.running import asks_loop, expects_error


def runs(obligation: Obligation) -> list[Call]:
    """Give the calls that run the loop, in the order of the text."""
    running = obligation.facts.solution.record.running
    return [op for op in obligation.history.uses if isinstance(op, Call) and op in running and op.receiver is not None]


def is_installed_for_others(obligation: Obligation) -> bool:
    """Say whether a loop is made the current one for whoever asks for it, so that nobody here may close it.

    That is so where nothing here runs it, and where it is made because there was none (`except RuntimeError:`).
    """
    if not installations(obligation):
        return False
    return not runs(obligation) or asks_current(obligation.facts) or asks_loop(obligation.facts.solution)


def is_covered(op: Op, obligation: Obligation) -> bool:
    """Say whether a `finally` that closes the loop covers an operation: that a step of it may fail is another matter."""
    closing = {release.statement for release in obligation.history.releases}
    for block in obligation.facts.around(op.statement):
        if isinstance(block, ast.Try) and any(one in closing for final in block.finalbody for one in walk(final)):
            return True
    return False


def installations(obligation: Obligation) -> list[Call]:
    """Give the calls that make the loop the current one."""
    return [op for op in obligation.history.uses if isinstance(op, Call) and _is_installation(op)]


def asks_current(facts: Facts) -> bool:
    """Say whether a body asks for the current loop as well."""
    return any(summary.needs_loop for summary in facts.solution.record.loop_calls.values())


def _is_installation(op: Call) -> bool:
    name = op.reference or op.method or ""
    return name.rpartition(".")[2] == "set_event_loop"


def is_without_loop(call: LoopCall, module: ModuleFacts) -> bool:
    """Say whether no loop can be running where a call stands, and nothing is ready for its failure.

    That is sure of a module's own body, of a plain unittest's set-up, and where the loop that the call gives is run
    afterwards. A base or a fixture that nobody knows may have made a loop the current one.
    """
    facts = call.facts
    if is_on_loop(facts, module) or facts.is_expected(call.op.line) or _is_prepared(call) or _is_tried(call):
        return False
    function = facts.function
    if function is None:
        return True
    if function.owner is not None and not _is_plain_class(function.owner, module):
        return False
    return facts.is_setup or _is_run(call) or _is_run_by_class(call, module)


def _is_plain_class(owner: ast.ClassDef, module: ModuleFacts) -> bool:
    """Say whether all bases of a class are known, and none can have installed a loop."""
    return module.project.described(owner).is_closed and not any(
        _installs(node) for _, one in module.project.lineage(owner) for node in one.body
    )


def _installs(node: ast.stmt) -> bool:
    return any(isinstance(one, ast.Call) and terminal(one) == "set_event_loop" for one in walk(node))


def _is_prepared(call: LoopCall) -> bool:
    """Say whether a loop was made the current one before, or a handler expects that there is none."""
    for block in call.facts.solution.setting.graph.blocks:
        if call.op in block.ops and expects_error(block.frame):
            return True
        for op in block.ops:
            if isinstance(op, Call) and op.line <= call.op.line and (_is_installation(op) or _is_policy(op)):
                return True
    function = call.facts.function
    return function is not None and function.outer is not None and any(map(_installs, function.outer.node.body))


def _is_tried(call: LoopCall) -> bool:
    """Say whether a try around nothing but the call has a handler for its failure."""
    return any(
        isinstance(one, ast.Try) and call.op.statement in one.body and bool(loopless_handlers(one))
        for one in call.facts.around(call.op.statement)
    )


def _is_policy(op: Call) -> bool:
    """Say whether a call installs a policy of one's own, which may make a loop for whoever asks."""
    name = op.reference or op.method or ""
    is_own = not any(terminal(one) == "DefaultEventLoopPolicy" or isinstance(one, ast.Constant) for one in op.node.args)
    return name.rpartition(".")[2] == "set_event_loop_policy" and is_own


def _is_run(call: LoopCall) -> bool:
    """Say whether the body runs the loop that the call gives."""
    names = {name for name in call.op.bound_to if name is not None}
    attributes = {
        target.attr
        for target in (call.op.statement.targets if isinstance(call.op.statement, ast.Assign) else ())
        if isinstance(target, ast.Attribute)
    }
    for op in call.facts.solution.record.running:
        receiver = op.node.func.value if isinstance(op.node.func, ast.Attribute) else None
        if receiver is call.node or (isinstance(receiver, ast.Name) and receiver.id in names):
            return True
        if isinstance(receiver, ast.Attribute) and receiver.attr in attributes:
            return True
    return False


def _is_run_by_class(call: LoopCall, module: ModuleFacts) -> bool:
    """Say whether the loop is kept in an attribute that a plain method of the class runs."""
    owner = call.facts.function.owner if call.facts.function else None
    statement = call.op.statement
    if owner is None or not isinstance(statement, ast.Assign) or statement.value is not call.node:
        return False
    attributes = {target.attr for target in statement.targets if isinstance(target, ast.Attribute)}
    for method in owner.body if attributes else ():
        if isinstance(method, ast.FunctionDef):
            for node in walk(method):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Attribute(attr=attr), attr="run_until_complete" | "run_forever")
                    ):
                        if attr in attributes:
                            return True
    return False
