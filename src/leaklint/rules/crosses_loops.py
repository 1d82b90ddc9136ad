"""A resource that is bound to one event loop outlives it, or is used on a second one.

Why: its connections belong to the loop that made them. When that loop is closed they cannot be closed any more, and on another
loop they fail with "Event loop is closed".

Bad:
    import asyncio
    import httpx
    async def fetch(client, url):
        return await client.get(url)
    def fetch_twice(one, other):
        client = httpx.AsyncClient()  # LKR202
        asyncio.run(fetch(client, one))
        asyncio.run(fetch(client, other))

Good:
    import asyncio
    import httpx
    async def fetch_both(one, other):
        async with httpx.AsyncClient() as client:
            await client.get(one)
            await client.get(other)
    def fetch_twice(one, other):
        asyncio.run(fetch_both(one, other))

Fix: none by default; unsafe: one asyncio.Runner, where all runs stand in one suite.
"""

from collections.abc import Iterator

from leaklint.analysis.crossings import crossings
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.runner_fixes import one_runner
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import finding, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what is opened or used in one run and still open after it."""
    for one in crossings(module):
        text = f"{subject(one.obligation)} {one.reason}; open, use and close it in one coroutine"
        trace = (Step(one.obligation.line, "acquired here"), *(Step(line, "a loop runs here") for line in one.lines))
        yield finding(one.obligation, rule.code, text, one_runner(one, module), trace)


rule = Rule(
    "LKR202", "crosses-loops", "bound to one event loop, and outlives it or meets a second one", "none by default", check
)
