"""A loop is run anew for each item.

Why: every `asyncio.run` makes a loop and closes it; nothing runs at the same time, and no client can be kept.

Bad:
    import asyncio
    async def fetch(url): ...
    def fetch_all(urls):
        return [asyncio.run(fetch(url)) for url in urls]  # LKR905

Good:
    import asyncio
    async def fetch(url): ...
    async def fetch_each(urls):
        return await asyncio.gather(*map(fetch, urls))
    def fetch_all(urls):
        return asyncio.run(fetch_each(urls))

Fix: none by default; unsafe: one asyncio.Runner around the loop.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import LoopCall, loop_calls, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import walk
from leaklint.analysis.runner_fixes import one_runner_for_items
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix
from leaklint.rules.rule import Rule

MAKING = ("asyncio.run", "uvloop.run", "anyio.run", "trio.run")  # they make a loop each time


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report runs inside loops and comprehensions, and runs that are mapped over items."""
    for call in loop_calls(module):
        if call.summary.name in MAKING and not call.facts.is_async and _is_repeated(call):
            yield _finding(call.node, module, one_runner_for_items(call, module))
    if "map" in module.source.text:
        for facts in module.loop_bodies:
            for node, _ in own_nodes(facts.body):
                if isinstance(node, ast.Call) and (mapped := _mapped_run(node, facts)) is not None:
                    yield _finding(mapped, module)


def _finding(node: ast.expr, module: ModuleFacts, fix: Fix | None = None) -> Finding:
    text = "a loop is made and closed for each item; run one coroutine over all of them, or use one asyncio.Runner"
    return Finding(rule.code, module.source.span(node), text, (), fix)


def _is_repeated(call: LoopCall) -> bool:
    for node, around in own_nodes(call.facts.body):
        if node is call.node:
            return any(_repeats(one, node, around) for one in around)
    return False


def _repeats(one: ast.AST, node: ast.AST, around: tuple[ast.AST, ...]) -> bool:
    """Say whether a node around a call evaluates it once for each item."""
    inside = around[around.index(one) + 1] if one is not around[-1] else node
    match one:
        case ast.For(body=body):
            return inside in body and not _leaves(body, inside)
        case ast.While(body=body):
            return inside in body and not _leaves(body, inside)
        case ast.ListComp(generators=generators) | ast.SetComp(generators=generators) | ast.GeneratorExp(generators=generators):
            return inside not in generators[:1]
        case ast.DictComp(generators=generators):
            return inside not in generators[:1]
        case _:
            return False


def _leaves(body: list[ast.stmt], statement: ast.AST) -> bool:
    """Say whether a loop ends with its first round: the run is returned, or a break follows (an attempt, not an item)."""
    if isinstance(statement, ast.Return):
        return True
    inner = [one for one in walk(statement) if isinstance(one, ast.Return | ast.Break)]
    following = body[body.index(statement) + 1 :] if isinstance(statement, ast.stmt) and statement in body else []
    return bool(inner) or any(isinstance(one, ast.Break | ast.Return) for one in following)


def _mapped_run(node: ast.Call, facts: Facts) -> ast.expr | None:
    """Give the run that the builtin `map` makes of each item."""
    if facts.scope.dotted(node.func) != "builtins.map" or not node.args:
        return None
    match node.args[0]:
        case ast.Lambda(body=ast.Call(func=function) as call) if facts.scope.dotted(function) in MAKING:
            return call
        case ast.Name() | ast.Attribute() as function if facts.scope.dotted(function) in MAKING:
            return function
        case _:
            return None


rule = Rule("LKR905", "run-per-item", "asyncio.run in a loop", "none by default", check)
