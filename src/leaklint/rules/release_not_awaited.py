"""The release is a coroutine, and nobody awaits it.

Why: calling it only makes the coroutine; without `await` nothing is closed, and Python says "was never awaited".

Bad:
    import httpx
    async def fetch(url):
        client = httpx.AsyncClient()
        try:
            return await client.get(url)
        finally:
            client.aclose()  # LKR204

Good:
    import httpx
    async def fetch(url):
        client = httpx.AsyncClient()
        try:
            return await client.get(url)
        finally:
            await client.aclose()

Fix: `await`, in a coroutine; a tearDown that only releases becomes asyncTearDown.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.async_release import Release, is_coroutine, name_of, releases
from leaklint.analysis.loop_fixes import await_release
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal, walk
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule

TASKS = frozenset(("create_task", "ensure_future", "run_coroutine_threadsafe"))


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report release coroutines that are dropped, registered as plain callbacks, or left to a task by a finaliser."""
    for one in releases(module):
        if is_coroutine(one, module) and not one.facts.is_expected(one.op.line):
            reason = _reason(one)
            if reason is not None:
                spans = (*(one.kind.acquisitions if one.kind else ()), *map(module.source.span, _tasks(one)))
                text = f"`{name_of(one.receiver)}.{one.method}()` {reason}; {_cure(one)}"
                yield Finding(rule.code, module.source.span(one.node), text, (), await_release(one, module), spans)


def _reason(one: Release) -> str | None:
    """Say why nobody drives the coroutine, None where somebody may."""
    if one.is_registered:
        return "is a coroutine, which a plain callback does not await"
    if one.is_wrapped:
        return None if one.is_driven else "is a coroutine, which contextlib.closing does not await"
    if one.op.is_awaited:
        return None
    if one.op.is_dropped:
        return "is a coroutine that is not awaited"
    function = one.facts.function
    if function is not None and function.node.name == "__del__" and _tasks(one):
        return "is left to a task that `__del__` starts and nobody awaits"
    return None


def _tasks(one: Release) -> list[ast.Call]:
    """Give the calls of the statement that make a task."""
    return [node for node in walk(one.op.statement) if isinstance(node, ast.Call) and terminal(node) in TASKS]


def _cure(one: Release) -> str:
    function = one.facts.function
    if one.is_wrapped:
        return "use `async with`, or contextlib.aclosing where it has an aclose()"
    if one.is_registered:
        return "register it where it is awaited (`push_async_callback`, `addAsyncCleanup`)"
    if one.facts.is_async:
        return "await it"
    if function is not None and function.node.name == "__del__":
        return "offer an `aclose()` that awaits it, or `async with`"
    return "await it in a coroutine"


rule = Rule("LKR204", "release-not-awaited", "the release is a coroutine and is not awaited", "await", check)
