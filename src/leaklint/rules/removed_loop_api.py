"""Event-loop policies, `uvloop.install()`, `nest_asyncio` and the `event_loop` fixture: what goes, or is gone.

Why: policies are deprecated in Python 3.14 and go in 3.16; nest_asyncio breaks on 3.14; pytest-asyncio 1.0 has no `event_loop`.

Bad:
    import asyncio
    import uvloop
    async def main(): ...
    uvloop.install()  # LKR909
    asyncio.run(main())

Good:
    import asyncio
    import uvloop
    async def main(): ...
    uvloop.run(main())

Fix: `uvloop.run` for the `asyncio.run` that follows; unsafe: without the `event_loop` fixture.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.event_loop_fixes import drop_override, without_event_loop
from leaklint.analysis.loop_fixes import drop_removed, run_by_uvloop
from leaklint.analysis.loops import loop_calls
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, terminal
from leaklint.analysis.pytest_settings import settings_for
from leaklint.analysis.versions import is_probed, is_reached_from, parsed
from leaklint.model.finding import Finding
from leaklint.model.resource import Summary
from leaklint.rules.rule import Rule

FIXTURE = "event_loop"
OTHERS = ("aiomisc",)  # libraries whose pytest plugins have a fixture of that name
FIXTURES = frozenset(("fixture", "async_fixture", "yield_fixture"))


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the calls of what is removed, the fixture and the tests that ask for it; once a line."""
    lines: set[int] = set()
    calls = list(loop_calls(module))
    for call in calls:
        removed = call.summary.removed
        if removed is None or call.node.lineno in lines:
            continue
        statement, facts = call.op.statement, call.facts
        if is_reached_from(parsed(removed), statement, facts, module, call.node) and not is_probed(statement, facts):
            lines.add(call.node.lineno)
            text = f"`{ast.unparse(call.node.func)}()` {_when(removed, module)}; {_cure(call.summary, removed, module)}"
            fix = run_by_uvloop(call, calls) or drop_removed(call)
            yield Finding(rule.code, module.source.span(call.node), text, (), fix)
    if FIXTURE in module.source.text and not _is_of_another(module):
        for function in module.functions:
            found = _fixture(function, module)
            if found is not None:
                yield found


def _when(removed: str, module: ModuleFacts) -> str:
    return f"is gone since Python {removed}" if module.target >= parsed(removed) else f"does not work from Python {removed} on"


def _cure(summary: Summary, removed: str, module: ModuleFacts) -> str:
    """Say what takes its place on every Python that the module must run on; else, that it needs a test of the version."""
    instead = summary.instead or ""
    known = module.project.catalogue.resource(instead.partition("(")[0])
    if known is not None and known.since is not None and module.target < parsed(known.since):
        major, minor = parsed(removed)
        return f"use {instead} from Python {known.since} on, and this only `if sys.version_info < ({major}, {minor})`"
    return f"use {instead}"


def _is_of_another(module: ModuleFacts) -> bool:
    """Say whether a module, or a conftest above it, names a library whose plugin has the fixture, too."""
    texts = [module.source.text, *settings_for(module.source.path).conftests]
    return any(name in text for name in OTHERS for text in texts)


def _fixture(function: Function, module: ModuleFacts) -> Finding | None:
    node = function.node
    is_fixture = any(terminal(one) in FIXTURES for one in node.decorator_list)
    is_override = is_fixture and node.name == FIXTURE and isinstance(node, ast.FunctionDef)  # an async one would need itself
    if is_override:
        text = "pytest-asyncio 1.0 has no `event_loop` fixture to override; use `loop_scope` or `loop_factory`"
    elif (is_fixture or node.name.startswith("test")) and any(one.arg == FIXTURE for one in node.args.args):
        if module.project.has_fixture(FIXTURE):
            return None  # its own, which is told so where it stands
        text = "pytest-asyncio 1.0 has no `event_loop` fixture; make the test async, or ask for the running loop"
    else:
        return None
    fix = drop_override(function, module) if is_override else without_event_loop(function, is_fixture, module)
    line = module.source.lines[node.lineno - 1]
    span = module.source.span(node)
    return Finding(rule.code, type(span)(node.lineno, span.column, node.lineno, len(line)), text, (), fix)


rule = Rule("LKR909", "removed-loop-api", "policies, uvloop.install, nest_asyncio, the event_loop fixture", "uvloop.run", check)
