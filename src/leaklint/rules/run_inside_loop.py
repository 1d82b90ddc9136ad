"""A loop is run, or closed, where a loop is running already: in a coroutine, or in a function that one calls.

Why: it raises RuntimeError, and the coroutine that was to run is never awaited.

Bad:
    import asyncio
    async def fetch(): ...
    async def main():
        return asyncio.run(fetch())  # LKR201

Good:
    import asyncio
    async def fetch(): ...
    async def main():
        return await fetch()

Fix: `await`, where the call itself runs one coroutine.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.loop_fixes import await_run, drop_statement
from leaklint.analysis.loops import allows_nesting, is_meant_to_fail, is_on_loop
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Call
from leaklint.analysis.receivers import running_methods
from leaklint.analysis.running import running_calls
from leaklint.analysis.values import Instance
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix
from leaklint.rules.rule import Rule

OWN_LOOPS = ("asyncio.running_loop", "asyncio.current_loop")


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the calls that run or close a loop, in whatever depth, in what runs on one."""
    found = list(_runs_inside(module))
    if found and not allows_nesting(module):  # which is asked last: it reads who imports what, all over the project
        yield from found


def _runs_inside(module: ModuleFacts) -> Iterator[Finding]:
    for facts in module.loop_bodies:
        if is_on_loop(facts, module) and not is_meant_to_fail(facts):
            seen: set[ast.Call] = set()
            for op in [*running_calls(facts.solution), *running_methods(facts, module), *_closings(facts)]:
                if op.node not in seen:
                    seen.add(op.node)
                    yield Finding(rule.code, module.source.span(op.node), _text(op, facts), (), _fix(op, facts))


def _closings(facts: Facts) -> list[Call]:
    """Give the calls that close the loop that is running."""
    receivers = facts.solution.record.receivers
    return [
        op
        for op, known in receivers.items()
        if op.method == "close" and all(isinstance(one, Instance) and one.type_name in OWN_LOOPS for one in known)
    ]


def _fix(op: Call, facts: Facts) -> Fix | None:
    if op.method == "close":
        return drop_statement(op, facts)
    return await_run(op, facts.solution.record.loop_calls.get(op), facts)


def _text(op: Call, facts: Facts) -> str:
    name = ast.unparse(op.node.func)
    if op.method == "close":
        return f"`{name}()` closes the loop that is running; leave that to who runs it"
    summary = facts.solution.record.loop_calls.get(op)
    if summary is None:
        return f"`{name}()` runs an event loop, and one is running here; await its coroutine, or call it by asyncio.to_thread"
    return f"`{terminal(op.node)}` cannot run a loop where one is running; await the coroutine"


rule = Rule("LKR201", "run-inside-loop", "a loop is run or closed where one is running already", "await", check)
