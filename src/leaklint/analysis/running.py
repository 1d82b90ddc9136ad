"""Which calls of a body run an event loop. It knows what the solution noted, not where the body itself runs."""

import ast
from functools import cache

from leaklint.analysis.callee import words
from leaklint.analysis.graph import Frame, successors
from leaklint.analysis.names import FunctionNode, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.ownership import Solution


def running_calls(solution: Solution) -> list[Call]:
    """Give the calls that run a loop, in the order of the text; those that expect a RuntimeError know what they do."""
    running = solution.record.running
    if not running:
        return []
    found = {op: block.frame for block in solution.setting.graph.blocks for op in block.ops if isinstance(op, Call)}
    graph = solution.setting.graph
    elsewhere = graph.expected + graph.loopless
    return sorted(
        (
            op
            for op in running
            if not expects_error(found[op])
            and not any(first <= op.line <= last for first, last in elsewhere)
            and not _is_of_no_loop(op, solution)
        ),
        key=lambda op: (op.line, op.node.col_offset),
    )


def _is_of_no_loop(op: Call, solution: Solution) -> bool:
    """Say whether a call is awaited, so that it is no loop's, or is the run_forever of something that is not called a loop."""
    record = solution.record
    if op not in record.loop_calls:
        return op.is_awaited
    function = op.node.func
    if not record.loop_calls[op].name.startswith("*.") or not isinstance(function, ast.Attribute):
        return False
    return (op.is_awaited or op.method == "run_forever") and not is_loop_name(terminal(function.value))


@cache
def is_loop_name(name: str) -> bool:
    """Say whether a name says that it holds an event loop: `loop`, `_loop`, `event_loop`."""
    return words(name)[-1:] == ["loop"]


def runs_loop(solution: Solution) -> bool:
    """Say whether a body runs a loop; one that asks whether a loop is running knows what it does."""
    return not asks_loop(solution) and bool(running_calls(solution))


def runs_loop_always(solution: Solution) -> bool:
    """Say whether every way through a body runs a loop: what an object is made of may decide that none is."""
    running = set(running_calls(solution))
    if not running or asks_loop(solution):
        return False
    graph = solution.setting.graph
    waiting, seen = [graph.entry], {graph.entry}
    while waiting:
        block = waiting.pop()
        if block is graph.returned:
            return False
        for one in () if not running.isdisjoint(block.ops) else successors(block):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return True


def chooses_async(node: FunctionNode) -> bool:
    """Say whether a flag called async decides what a function does: it may give what is to be awaited, and run nothing."""
    tests = [one.test for one in walk(node) if isinstance(one, ast.If | ast.IfExp)]
    return any(
        "async" in words(terminal(one)) for test in tests for one in walk(test) if isinstance(one, ast.Name | ast.Attribute)
    )


def asks_loop(solution: Solution) -> bool:
    """Say whether a body asks whether a loop is running, or allows loops within loops."""
    return solution.record.is_asking


def expects_error(frame: Frame | None) -> bool:
    """Say whether a RuntimeError in a frame is caught by name."""
    while frame is not None:
        if any(handler.types is not None and "RuntimeError" in handler.types for handler in frame.handlers):
            return True
        frame = frame.outer
    return False
