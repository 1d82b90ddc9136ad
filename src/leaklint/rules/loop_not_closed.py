"""An event loop or Runner is made and not closed on every path.

Why: a loop that is not closed keeps its selector and its self-pipe open, and never shuts its async generators down.

Bad:
    import asyncio
    async def fetch(): ...
    def main():
        loop = asyncio.new_event_loop()  # LKR203
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(fetch())

Good:
    import asyncio
    async def fetch(): ...
    def main():
        return asyncio.run(fetch())

Fix: `asyncio.run` where it runs one coroutine; else `with` for a Runner, try/finally for a loop.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.extent import plan
from leaklint.analysis.facts import Obligation, is_judged, is_of_scope
from leaklint.analysis.loop_fixes import run_instead
from leaklint.analysis.loop_threads import loop_threads
from leaklint.analysis.loop_use import is_covered, is_installed_for_others, runs
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.owners import Owner
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import finding, path_to_raise, path_to_return, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report loops of a scope that some way out leaves open."""
    for one in module.obligations:
        if not one.site.resource.is_loop or not is_of_scope(one) or is_installed_for_others(one):
            continue
        found = _leak(one)
        if found is not None:
            where, trace = found
            yield finding(one, rule.code, f"{subject(one)} {where}; {_cure(one)}", run_instead(one, module) or plan(one), trace)
        elif one.attributes and not one.facts.is_setup and (owner := one.facts.owner) is not None:
            name = one.attributes[0]
            if _is_never_closed(name, owner, module):
                text = f"{subject(one)} is kept in `self.{name}`, and no method of `{owner.node.name}` closes it"
                yield finding(one, rule.code, f"{text}; close it in one that ends the object", None)


def _is_never_closed(name: str, owner: Owner, module: ModuleFacts) -> bool:
    """Say whether no method of a class closes the loop that it keeps.

    One that a thread runs has a rule of its own; one that is made the current loop is others' as well.
    """
    if any(isinstance(one, ast.Call) and terminal(one) == "set_event_loop" for one in walk(owner.node)):
        return False
    if owner.is_released(name) or owner.is_ended(name) or not is_judged(owner, name, module.source):
        return False
    return not any(one.owner is owner.node and one.name == name for one in loop_threads(module))


def _leak(one: Obligation) -> tuple[str, tuple[Step, ...]] | None:
    """Say how a loop stays open, None where it does not."""
    is_settled = one.is_released_or_handed_on
    if one.is_rebound and not is_settled:
        return "is still open when its name is bound anew", ()
    if one.is_open_at_return:
        where, trace = path_to_return(one)
        return (f"is still open when {where}" if is_settled else "is never closed"), trace
    if one.facts.function is None and not is_settled and runs(one):
        return "is never closed", ()
    raising = [op for op in one.raising if not is_covered(op, one)]
    if one.is_open_at_raise and is_settled and not one.is_handed_on and raising:
        where, trace = path_to_raise(one, raising[0])
        return f"stays open when {where}", trace
    return None


def _cure(one: Obligation) -> str:
    if one.site.resource.name == "asyncio.Runner":
        return "enter it by `with`"
    return "use `asyncio.run()`, or close it in a `finally`"


rule = Rule(
    "LKR203", "loop-not-closed", "an event loop or Runner that is not closed on every path", "asyncio.run, finally", check
)
