"""A set-up opens a resource, or starts a patcher, and there is no teardown at all.

Why: the runner keeps every test case alive until the end, with everything that it has opened.

Bad:
    import unittest
    class Report(unittest.TestCase):
        def setUp(self):
            self.file = open("report.txt")  # LKR304

Good:
    import unittest
    class Report(unittest.TestCase):
        def setUp(self):
            self.file = self.enterContext(open("report.txt"))

Fix: `addCleanup` and kin, `enterContext` from Python 3.11; in pytest's classes the matching teardown.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.setup_plan import plan_setup
from leaklint.analysis.setups import left_open
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure_in_setup, opening, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what is open after the tests of a class that has no matching teardown."""
    found = list(left_open(module.setups, module.source.text))
    for setup, one, run in found:
        if not run.has_counterpart(setup):
            siblings = [other for start, other, _ in found if start is setup]
            fix = plan_setup(one, setup, run, siblings, module.target)
            maker = one.facts.function.node.name if one.facts.function is not None else setup.node.name
            where = f"`{setup.node.name}`" if maker == setup.node.name else f"`{maker}`, which `{setup.node.name}` calls,"
            text = f"{subject(one)} is opened in {where} and never released; {cure_in_setup(one, setup)}"
            yield opening(one, rule.code, text, (Step(one.line, "acquired here"),), fix)


rule = Rule("LKR304", "setup-without-teardown", "a set-up opens it and nothing releases it", "addCleanup, enterContext", check)
