"""The path on which a resource leaks: from its acquisition to the way out that leaves it open."""

from itertools import pairwise

from leaklint.analysis.graph import Block, Branch, Jump
from leaklint.analysis.ops import Call, Op, Return
from leaklint.analysis.ownership import Solution
from leaklint.analysis.values import Site
from leaklint.model.finding import Step


def leading_to(target: Block, site: Site, solution: Solution) -> set[Block]:
    """Give the target and the blocks from which it is reached with the site open on every step."""
    before: dict[Block, list[Block]] = {}
    for block, reached in solution.record.of(site).carried.items():
        for after in reached:
            before.setdefault(after, []).append(block)
    found = {target}
    waiting = [target]
    while waiting:
        for block in before.get(waiting.pop(), ()):
            if block not in found:
                found.add(block)
                waiting.append(block)
    return found


def path_to(target: Block, site: Site, solution: Solution) -> list[Block]:
    """Give the shortest run of blocks from the acquisition to the target on which the site stays open."""
    start = next((block for block in solution.stores if any(_acquires(op, site) for op in block.ops)), None)
    if start is None:
        return []
    came: dict[Block, Block | None] = {start: None}
    waiting = [start]
    while waiting and target not in came:
        block = waiting.pop(0)
        for after in solution.record.of(site).carried.get(block, ()):
            if after not in came:
                came[after] = block
                waiting.append(after)
    path: list[Block] = []
    step: Block | None = target if target in came else None
    while step is not None:
        path.append(step)
        step = came[step]
    return path[::-1]


def _acquires(op: Op, site: Site) -> bool:
    return isinstance(op, Call) and op.node is site.node


def describe_path(path: list[Block], site: Site) -> tuple[Step, ...]:
    """Put the decisions of a path into words."""
    steps = [Step(site.node.lineno, "acquired here")]
    for block, after in pairwise(path):
        if isinstance(block.end, Branch) and block.end.then is not block.end.otherwise and block.end.line != steps[-1].line:
            is_then = after is block.end.then
            steps.append(Step(block.end.line, "the condition holds" if is_then else "the condition does not hold"))
    return tuple(steps)


def return_line(path: list[Block]) -> int | None:
    """Give the line of the `return` at which a path ends, None where it falls off the end of the body."""
    for block in reversed(path):
        for op in reversed(block.ops):
            if isinstance(op, Return):
                return op.line
        if not isinstance(block.end, Jump) and block.ops:
            return None
    return None
