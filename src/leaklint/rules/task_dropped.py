"""A task is started and nobody keeps, awaits or cancels it.

Why: the loop holds tasks weakly, so it may vanish half done; and what it raises is never seen.

Bad:
    import asyncio
    async def work(): ...
    async def main():
        asyncio.create_task(work())  # LKR208

Good:
    import asyncio
    async def work(): ...
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(work())

Fix: none; whether to await it, to keep it or to cancel it is for the program to say.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.tasks import dropped_tasks
from leaklint.analysis.versions import RUNNER
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the tasks whose only name, if they have one, is never read for them."""
    for one in dropped_tasks(module):
        span = module.source.span(one.node)
        name = f"task `{one.name}` is" if one.name else "the task is"
        cure = "await it, keep it, or use a TaskGroup" if module.target >= RUNNER else "await it, or keep it"
        text = f"{name} neither kept, awaited nor cancelled; {cure}"
        yield Finding(rule.code, span, text, (), None, (span,))


rule = Rule("LKR208", "task-dropped", "a task that nobody keeps, awaits or cancels", "none", check)
