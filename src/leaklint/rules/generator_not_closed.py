"""An async generator that holds something is abandoned, or yields data while it holds something.

Why: a `for` that leaves an async generator does not close it; its `finally` runs when the garbage collector comes by, in
another task, perhaps after the loop has ended.

Bad:
    import contextlib
    async def lines(path):
        file = await open_it(path)
        try:
            while line := await file.readline():
                yield line
        finally:
            await file.aclose()
    async def first(path):
        async for line in lines(path):  # LKR209
            return line

Good:
    import contextlib
    async def lines(path):
        file = await open_it(path)
        try:
            while line := await file.readline():
                yield line
        finally:
            await file.aclose()
    async def first(path):
        async with contextlib.aclosing(lines(path)) as generator:
            async for line in generator:
                return line

Fix: `contextlib.aclosing` around the generator that a loop abandons.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.generators import Abandoned, abandoned, held_yields
from leaklint.analysis.loop_fixes import close_generator
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the loops that abandon a generator, and the yields of data inside an `async with`."""
    for one in abandoned(module):
        yield _of_loop(one, module)
    for held in held_yields(module):
        text = (
            f"`{held.function.node.name}` yields inside `async with`: who stops early leaves that open; "
            "let the caller enter it, or make this a context manager"
        )
        yield Finding(rule.code, module.source.span(held.node), text)


def _of_loop(one: Abandoned, module: ModuleFacts) -> Finding:
    what = "returns" if isinstance(one.leaving, ast.Return) else "breaks"
    name = ast.unparse(one.call.func)
    text = (
        f"line {one.leaving.lineno} {what} out of `{name}()`, which is then not closed; use `contextlib.aclosing({name}(...))`"
    )
    trace = (Step(one.loop.lineno, "iterated here"), Step(one.leaving.lineno, f"{what} here"))
    line = module.source.lines[one.loop.lineno - 1]
    span = module.source.span(one.loop)
    return Finding(rule.code, type(span)(span.line, span.column, span.line, len(line)), text, trace, close_generator(one))


rule = Rule(
    "LKR209", "generator-not-closed", "an async generator is abandoned, or yields data inside async with", "aclosing", check
)
