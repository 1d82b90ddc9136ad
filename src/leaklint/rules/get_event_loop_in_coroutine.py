"""A coroutine asks for the current loop by `get_event_loop()`.

Why: `get_running_loop()` says what is meant, and fails at once where it is called outside a loop by mistake.

Bad:
    import asyncio
    async def elapsed():
        loop = asyncio.get_event_loop()  # LKR907
        return loop.time()

Good:
    import asyncio
    async def elapsed():
        loop = asyncio.get_running_loop()
        return loop.time()

Fix: `get_running_loop`.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import LoopCall, loop_calls
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix, Replace
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the calls of get_event_loop that coroutines make themselves."""
    for call in loop_calls(module):
        if call.summary.needs_loop is not None and call.facts.is_async:
            text = f"`{ast.unparse(call.node.func)}()` in a coroutine; use `asyncio.get_running_loop()`"
            yield Finding(rule.code, module.source.span(call.node), text, (), _fix(call, call.facts))


def _fix(call: LoopCall, facts: Facts) -> Fix | None:
    """Name `get_running_loop` through the same module as before."""
    function = call.node.func
    if isinstance(function, ast.Attribute) and facts.scope.dotted(function.value) == "asyncio":
        text = f"{facts.source.segment(facts.source.span(function.value))}.get_running_loop"
        return Fix(Replace(facts.source.span(function), text))
    return None


rule = Rule("LKR907", "get-event-loop-in-coroutine", "get_event_loop() in a coroutine", "get_running_loop", check)
