"""`with` stands on something async, `async with` on something sync, or the release method is that of the other kind.

Why: the statement raises AttributeError or TypeError, and the resource stays open.

Bad:
    import httpx
    async def fetch(url):
        with httpx.AsyncClient() as client:  # LKR205
            return await client.get(url)

Good:
    import httpx
    async def fetch(url):
        async with httpx.AsyncClient() as client:
            return await client.get(url)

Fix: the right keyword, the right method.
"""

from collections.abc import Iterator

from leaklint.analysis.async_release import Release, is_of_other_kind, name_of, releases
from leaklint.analysis.loop_fixes import right_method, swap_with
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.protocols import Entrance, wrong_entrances
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report withs and release methods of the other kind."""
    for entrance in wrong_entrances(module):
        if not entrance.facts.is_expected(entrance.node.lineno):
            yield _of_with(entrance, module)
    for release in releases(module):
        if is_of_other_kind(release) and not release.facts.is_expected(release.op.line):
            yield _of_method(release, module)


def _of_with(one: Entrance, module: ModuleFacts) -> Finding:
    wrong, right = ("async with", "with") if one.is_async else ("with", "async with")
    shown = f"`{one.method}`" if one.method else f"`{wrong}`"
    text = f"{shown} on {one.label}, which has only `{right}`; use `{right}`"
    if right == "async with" and not one.facts.is_async:
        text += " in a coroutine"
    return Finding(rule.code, module.source.span(one.node), text, (), swap_with(one), one.acquisitions)


def _of_method(one: Release, module: ModuleFacts) -> Finding:
    assert one.kind is not None
    right = "await aclose()" if one.method == "close" else "close()"
    text = f"{one.kind.label} has no `{one.method}()`: `{name_of(one.receiver)}` stays open; use `{right}`"
    return Finding(rule.code, module.source.span(one.node), text, (), right_method(one), one.kind.acquisitions)


rule = Rule(
    "LKR205",
    "wrong-protocol",
    "`with` on something async, `async with` on something sync, or the other's release",
    "swap",
    check,
)
