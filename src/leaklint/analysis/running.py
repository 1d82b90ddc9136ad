"""Which calls of a body run an event loop. It knows what the solution noted, not where the body itself runs."""

from leaklint.analysis.graph import Frame
from leaklint.analysis.ops import Call
from leaklint.analysis.ownership import Solution


def running_calls(solution: Solution) -> list[Call]:
    """Give the calls that run a loop, in the order of the text; those that expect a RuntimeError know what they do."""
    running = solution.record.running
    if not running:
        return []
    found = {op: block.frame for block in solution.setting.graph.blocks for op in block.ops if isinstance(op, Call)}
    expected = solution.setting.graph.expected
    return sorted(
        (
            op
            for op in running
            if not expects_error(found[op]) and not any(first <= op.line <= last for first, last in expected)
        ),
        key=lambda op: (op.line, op.node.col_offset),
    )


def runs_loop(solution: Solution) -> bool:
    """Say whether a body runs a loop; one that asks whether a loop is running knows what it does."""
    return not asks_loop(solution) and bool(running_calls(solution))


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
