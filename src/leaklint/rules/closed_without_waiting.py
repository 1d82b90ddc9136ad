"""A stream or server is closed, and nobody waits until it is.

Why: `close()` only begins; what is buffered may be lost, and the transport may outlive the loop.

Bad:
    import asyncio
    async def first_line(host):
        reader, writer = await asyncio.open_connection(host, 80)
        try:
            return await reader.readline()
        finally:
            writer.close()  # LKR908

Good:
    import asyncio
    async def first_line(host):
        reader, writer = await asyncio.open_connection(host, 80)
        try:
            return await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()

Fix: await `wait_closed()` after the close.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.async_release import name_of
from leaklint.analysis.facts import Facts
from leaklint.analysis.kinds import Kind, kind_of_known
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.ops import Call
from leaklint.analysis.prefilter import lines_with
from leaklint.analysis.reach import is_release_statement
from leaklint.analysis.values import Site
from leaklint.analysis.versions import is_reached_from
from leaklint.model.finding import Finding
from leaklint.model.fix import FinallyBlock, Fix
from leaklint.rules.rule import Rule

WAITING = (3, 7)  # the Python that brought wait_closed to streams
TYPES = ("StreamWriter", "open_connection", "open_unix_connection", "start_server", "start_unix_server", "create_server")


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the closes, in coroutines, after which nothing is awaited."""
    if not any(name in module.source.text for name in TYPES):
        return
    for facts in module.facts_on(lines_with({"close"}, module.source.text)):
        if facts.is_async:
            seen: set[object] = set()
            for op, known in facts.solution.record.receivers.items():
                kind = kind_of_known(known, facts)
                if kind is not None and _is_close(op, kind) and op.node not in seen and not _is_awaited(op, kind, facts):
                    seen.add(op.node)
                    if is_reached_from(WAITING, op.statement, facts, module):
                        yield _finding(op, kind, module)


def _is_close(op: Call, kind: Kind) -> bool:
    return kind.resource.waits is not None and op.method in kind.resource.releases and is_release_statement(op)


def _is_awaited(op: Call, kind: Kind, facts: Facts) -> bool:
    """Say whether the body waits for the same thing somewhere."""
    receivers = facts.solution.record.receivers
    sites = {one for one in receivers[op] if isinstance(one, Site)}
    for block in facts.solution.setting.graph.blocks:
        for given in block.ops:
            if isinstance(given, Call) and given.is_awaited and given.line >= op.line and _is_given(_receiver(op), given):
                return True  # a function of its own that waits
    for one, known in receivers.items():
        if one.method == kind.resource.waits and (sites & known or _receiver(one) == _receiver(op)):
            return True
    return False


def _is_given(name: str, op: Call) -> bool:
    return any(isinstance(one, ast.Name | ast.Attribute) and name_of(one) == name for one in op.node.args)


def _receiver(op: Call) -> str:
    return name_of(op.node.func).rpartition(".")[0]


def _finding(op: Call, kind: Kind, module: ModuleFacts) -> Finding:
    name = _receiver(op)
    span = module.source.span(op.statement)
    wait = f"await {name}.{kind.resource.waits}()"
    fix = Fix(FinallyBlock(span, span, (wait,))) if name.isidentifier() else None
    text = f"`{name}` is closed, but nothing waits for it; `{wait}` after it"
    return Finding(rule.code, module.source.span(op.node), text, (), fix)


rule = Rule("LKR908", "closed-without-waiting", "closed, and no wait_closed() after it", "await wait_closed()", check)
