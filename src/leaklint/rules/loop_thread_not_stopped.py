"""A loop runs in a thread, and nobody stops it threadsafely, joins the thread and closes the loop.

Why: `loop.stop()` from another thread does not wake the loop, so it may run on; a daemon thread dies in the middle of things.

Bad:
    import asyncio
    import threading
    class Background:
        def __init__(self):
            self.loop = asyncio.new_event_loop()
            self.thread = threading.Thread(target=self.loop.run_forever)
            self.thread.start()
        def close(self):
            self.loop.stop()  # LKR207
            self.thread.join()
            self.loop.close()

Good:
    import asyncio
    import threading
    class Background:
        def __init__(self):
            self.loop = asyncio.new_event_loop()
            self.thread = threading.Thread(target=self.loop.run_forever)
            self.thread.start()
        def close(self):
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
            self.loop.close()

Fix: unsafe; `call_soon_threadsafe`, and a close after the join; a method for all of it where there is none.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.kinds import attribute_kind
from leaklint.analysis.loop_thread_fixes import end_loop, stop_threadsafe
from leaklint.analysis.loop_threads import Ending, LoopThread, ending, is_kept_here, loop_threads
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.model.span import Span
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report wrong stops on their own lines, else the loop that nobody ends."""
    for thread in loop_threads(module):
        spans = _acquisitions(thread, module)
        found = ending(thread, module)
        for call in found.wrong_stops:
            name = ast.unparse(call.func)
            receiver = name.removesuffix(".stop")
            text = f"`{name}()` from another thread does not wake the loop; use `{receiver}.call_soon_threadsafe({name})`"
            yield Finding(rule.code, module.source.span(call), text, (), stop_threadsafe(call, thread, found, module), spans)
        missing = _missing(found) if not found.wrong_stops else None
        if missing is not None and spans:
            text = f"the loop `{thread.name}` runs in a thread, and nobody {missing}"
            yield Finding(rule.code, spans[0], text, (), end_loop(thread, found, module), spans)


def _missing(found: Ending) -> str | None:
    if not found.is_stopped:
        return "stops it; `call_soon_threadsafe(loop.stop)`, join the thread, close the loop"
    if not found.is_closed:
        return "closes it; close it after the thread is joined"
    return None if found.is_joined else "joins the thread before the loop is closed"


def _acquisitions(thread: LoopThread, module: ModuleFacts) -> tuple[Span, ...]:
    """Give where the loop is made; nothing where it comes from outside, or is handed on."""
    if thread.owner is not None:
        kind = attribute_kind(thread.owner, thread.name, module)
        return kind.acquisitions if kind is not None and kind.resource.is_loop else ()
    facts = module.facts(thread.function) if thread.function is not None else module.own_facts
    for one in facts.obligations:
        if one.site.resource.is_loop and thread.name in one.history.names and is_kept_here(one):
            return (module.source.span(one.node),)
    return ()


rule = Rule(
    "LKR207", "loop-thread-not-stopped", "a loop in a thread that nobody stops, joins and closes", "none by default", check
)
