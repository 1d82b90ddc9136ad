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
from leaklint.analysis.registrations import registrations
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix, Replace
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the releases among the arguments of calls that register one."""
    known = {op: one for one in _obligations(module) for op in one.releasing_calls}
    source = module.source
    for call, released in registrations(source, module.functions):
        one = known.get(released)
        code, name = source.segment(source.span(released)), source.segment(source.span(released.func))
        text = f"`{ast.unparse(released)}` is called here and its result registered; register `{name}` itself"
        fix = Fix(Replace(source.span(released), f"lambda: {code}" if released.args else name))
        spans = (source.span(one.node),) if one is not None else ()
        yield Finding(rule.code, source.span(call), text, (), fix, spans)


def _obligations(module: ModuleFacts) -> Iterator[Obligation]:
    yield from module.obligations
    for run in module.setups:
        yield from run.obligations


rule = Rule("LKR306", "cleanup-called-not-registered", "the release is called, and None registered", "drop ()", check)
