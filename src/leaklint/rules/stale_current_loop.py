"""A loop is made the current one, closed, and left installed.

Why: who asks for the current loop afterwards gets a closed one, and fails far from here.

Bad:
    import asyncio
    def fetch(coroutine):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)  # LKR906
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.close()

Good:
    import asyncio
    def fetch(coroutine):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.close()
            asyncio.set_event_loop(None)

Fix: `asyncio.set_event_loop(None)` after the close.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.loop_threads import is_thread_of_its_own
from leaklint.analysis.loop_use import installations
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.reach import is_release_statement
from leaklint.model.finding import Finding
from leaklint.model.fix import FinallyBlock, Fix
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report loops that a body installs and closes, and puts nothing in their place."""
    for one in module.obligations:
        if one.site.resource.is_loop and one.history.releases:
            calls = installations(one)
            is_left = bool(calls) and not _is_replaced(calls[0].node, one.facts)
            if is_left and not is_thread_of_its_own(one.facts.function, module):
                text = "the loop stays the current one after it is closed; `asyncio.set_event_loop(None)` after the close"
                yield Finding(rule.code, module.source.span(calls[0].node), text, (), _fix(one, calls[0]))


def _is_replaced(first: ast.Call, facts: Facts) -> bool:
    """Say whether the body installs another loop, or none, afterwards."""
    own = [one for statement in facts.body for one in walk(statement) if isinstance(one, ast.Call)]
    return any(terminal(one) == "set_event_loop" and one is not first and one.lineno > first.lineno for one in own)


def _fix(one: Obligation, installed: Call) -> Fix | None:
    """Add a line after each close of the loop, where there is one alone."""
    closing = {op.statement: None for op in one.history.releases if isinstance(op, Call) and is_release_statement(op)}
    if len(closing) != 1 or len({op.statement for op in one.history.releases}) != 1:
        return None
    span = one.facts.source.span(next(iter(closing)))
    function = one.facts.source.segment(one.facts.source.span(installed.node.func))
    return Fix(FinallyBlock(span, span, (f"{function}(None)",)))


rule = Rule("LKR906", "stale-current-loop", "a closed loop is left installed as the current one", "set_event_loop(None)", check)
