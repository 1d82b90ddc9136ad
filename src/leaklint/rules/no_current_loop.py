"""`asyncio.get_event_loop()` is asked for a loop where none is running.

Why: from Python 3.14 it raises RuntimeError there; before, it makes a loop that nobody closes.

Bad:
    import asyncio
    async def main(): ...
    if __name__ == "__main__":
        asyncio.get_event_loop().run_until_complete(main())  # LKR206

Good:
    import asyncio
    async def main(): ...
    if __name__ == "__main__":
        asyncio.run(main())

Fix: `asyncio.run` at a script's entry; elsewhere unsafe.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.loop_fixes import run_current
from leaklint.analysis.loop_use import is_without_loop
from leaklint.analysis.loops import loop_calls
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.runner_fixes import one_runner_for_current
from leaklint.analysis.versions import RUNNER, is_reached_from, parsed
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report where the current loop is asked for and none can be running."""
    for call in loop_calls(module):
        version = call.summary.needs_loop
        if version is None or not is_without_loop(call, module):
            continue
        if is_reached_from(parsed(version), call.op.statement, call.facts, module, call.node):
            raises = "raises" if module.target >= parsed(version) else f"raises from Python {version}"
            cure = "use `asyncio.run()` or a Runner" if module.target >= RUNNER else "use `asyncio.run()`"
            text = f"`{ast.unparse(call.node.func)}()` {raises} where no loop is running; {cure}"
            yield Finding(
                rule.code,
                module.source.span(call.node),
                text,
                (),
                run_current(call, module) or one_runner_for_current(call, module),
            )


rule = Rule("LKR206", "no-current-loop", "asyncio.get_event_loop() where no loop is running", "asyncio.run", check)
