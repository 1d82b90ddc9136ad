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
from leaklint.analysis.loops import owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.reach import is_release_statement
from leaklint.model.finding import Finding
from leaklint.model.fix import FinallyBlock, Fix
from leaklint.rules.rule import Rule

TEARDOWNS = frozenset(("tearDown", "teardown_method", "tearDownClass", "asyncTearDown", "doCleanups"))


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report loops that a body installs and closes, and puts nothing in their place."""
    for one in module.obligations:
        if one.site.resource.is_loop and one.history.releases:
            calls = installations(one)
            is_left = bool(calls) and not _is_replaced(calls[0].node, one.facts) and not _is_at_end(one, module)
            if is_left and not is_thread_of_its_own(one.facts.function, module) and not _is_torn_down(one.facts, module):
                text = "the loop stays the current one after it is closed; `asyncio.set_event_loop(None)` after the close"
                yield Finding(rule.code, module.source.span(calls[0].node), text, (), _fix(one, calls[0]))


def _is_replaced(first: ast.Call, facts: Facts) -> bool:
    """Say whether the body installs another loop, or none, afterwards."""
    own = [one for statement in facts.body for one in walk(statement) if isinstance(one, ast.Call)]
    return any(terminal(one) == "set_event_loop" and one is not first and one.lineno > first.lineno for one in own)


def _is_at_end(one: Obligation, module: ModuleFacts) -> bool:
    """Say whether the loop is closed by the last statement of a script, or of its main function: nobody asks afterwards."""
    last = one.facts.body[-1]
    if not all(op.statement in walk(last) for op in one.history.releases):
        return False
    return one.facts.function is None or _is_main(one.facts.function, module)


def _is_main(function: Function, module: ModuleFacts) -> bool:
    """Say whether a function is called in one place, by the last statement of a script."""
    if function.owner is not None or function.outer is not None:
        return False
    last = module.source.tree.body[-1]
    last = last.body[-1] if isinstance(last, ast.If) else last
    mentions = [one for one in walk(module.source.tree) if isinstance(one, ast.Name) and one.id == function.node.name]
    return len(mentions) == 1 and isinstance(last, ast.Expr) and mentions[0] in walk(last)


def _is_torn_down(facts: Facts, module: ModuleFacts) -> bool:
    """Say whether another method of the test's class, or of its bases, installs another loop, or none."""
    owner = owner_of(facts.function)
    return owner is not None and any(
        isinstance(node, ast.Call) and terminal(node) == "set_event_loop"
        for _, one in module.project.lineage(owner)
        for method in one.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name in TEARDOWNS
        for node in walk(method)
    )


def _fix(one: Obligation, installed: Call) -> Fix | None:
    """Add a line after each close of the loop, where there is one alone."""
    closing = {op.statement: None for op in one.history.releases if isinstance(op, Call) and is_release_statement(op)}
    if len(closing) != 1 or len({op.statement for op in one.history.releases}) != 1:
        return None
    span = one.facts.source.span(next(iter(closing)))
    function = one.facts.source.segment(one.facts.source.span(installed.node.func))
    return Fix(FinallyBlock(span, span, (f"{function}(None)",)))


rule = Rule("LKR906", "stale-current-loop", "a closed loop is left installed as the current one", "set_event_loop(None)", check)
