"""A release is called where it should be registered: `addCleanup(x.close())` closes now and registers None.

Why: the resource is closed before the test starts, and calling None fails at the end (or is silently left out).

Bad:
    import unittest
    class Report(unittest.TestCase):
        def setUp(self):
            self.file = open("report.txt")
            self.addCleanup(self.file.close())  # LKR306

Good:
    import unittest
    class Report(unittest.TestCase):
        def setUp(self):
            self.file = open("report.txt")
            self.addCleanup(self.file.close)

Fix: the parentheses go.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Obligation
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.registrations import registrations
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix, Replace
from leaklint.model.source import Source
from leaklint.rules.rule import Rule

PASSING = ("addCleanup", "addClassCleanup", "addModuleCleanup")  # hand the further arguments to what they call


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the releases among the arguments of calls that register one."""
    source = module.source
    found = list(registrations(source, module.functions))
    known = {op: one for one in _obligations(module) for op in one.releasing_calls} if found else {}
    for call, released in found:
        one = known.get(released)
        name = source.segment(source.span(released.func))
        text = f"`{ast.unparse(released)}` is called here and its result registered; register `{name}` itself"
        fix = Fix(_edit(call, released, source))
        spans = (source.span(one.node),) if one is not None else ()
        yield Finding(rule.code, source.span(call), text, (), fix, spans)


def _edit(call: ast.Call, released: ast.Call, source: Source) -> Replace:
    """Drop the `()`; what the release is given goes along with it where the registering call passes it on."""
    code, name = source.segment(source.span(released)), source.segment(source.span(released.func))
    if not released.args:
        return Replace(source.span(released), name)
    is_alone = len(call.args) == 1 and not call.keywords and "\n" not in code
    if terminal(call) not in PASSING or not is_alone:
        return Replace(source.span(released), f"lambda: {code}")
    given = [source.segment(source.span(one)) for one in released.args]
    given += [f"{one.arg}={source.segment(source.span(one.value))}" for one in released.keywords if one.arg]
    return Replace(source.span(call), f"{source.segment(source.span(call.func))}({', '.join([name, *given])})")


def _obligations(module: ModuleFacts) -> Iterator[Obligation]:
    yield from module.obligations
    for run in module.setups:
        yield from run.obligations


rule = Rule("LKR306", "cleanup-called-not-registered", "the release is called, and None registered", "drop ()", check)
