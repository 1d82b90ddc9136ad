"""Which blocks are reached from a point on the stores that stand there: a way past a contradicting guard is none.

It runs a part of a solved graph once more, and notes nothing of it.
"""

from collections.abc import Iterator

from leaklint.analysis.dataflow import solve
from leaklint.analysis.graph import Block, ranked, successors
from leaklint.analysis.ownership import Solution, flow
from leaklint.analysis.setting import Setting
from leaklint.analysis.stores import Stores


def reached_after(block: Block, solution: Solution) -> dict[Block, Stores]:
    """Give the blocks that control reaches from the start of a block while nothing raises, and the stores there."""
    return _reached(block, solution.stores[block], solution.setting, is_normal=True)


def reached_from(target: Block, block: Block, stores: Stores, setting: Setting) -> dict[Block, Stores]:
    """Give the blocks that control reaches once an exception has led from one block, with these stores, to another."""
    arriving = [passed for one, passed in _silent(block, stores, setting) if one is target]
    return _reached(target, arriving[0], setting, is_normal=False) if arriving else {}


def normal(block: Block) -> list[Block]:
    """Give the blocks where control goes from a block while nothing raises."""
    raised = {target for kind in block.raises if kind is not None for target in block.frame.route(kind)}
    return [one for one in successors(block) if one not in raised]


def _reached(start: Block, stores: Stores, setting: Setting, is_normal: bool) -> dict[Block, Stores]:
    def step(block: Block, passed: Stores) -> Iterator[tuple[Block, Stores]]:
        after = normal(block) if is_normal else None
        return (pair for pair in _silent(block, passed, setting) if after is None or pair[0] in after)

    copies = Stores(setting.graph.guards, [one.copy() for one in stores.by_key.values()])
    return solve({start: copies}, ranked(setting.graph), step)


def _silent(block: Block, stores: Stores, setting: Setting) -> list[tuple[Block, Stores]]:
    """Run a block, and note nothing."""
    record, setting.record = setting.record, None
    try:
        return flow(block, list(stores.by_key.values()), setting, set())
    finally:
        setting.record = record
