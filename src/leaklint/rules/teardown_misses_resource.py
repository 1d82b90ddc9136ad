"""A teardown exists and forgets a resource that the set-up opened, or releases it only in part.

Why: `shutdown()` without `server_close()`, `kill()` without `wait()`, one end of a socketpair: what is left is still open.

Bad:
    import unittest
    class Copy(unittest.TestCase):
        def setUp(self):
            self.source = open("a")
            self.target = open("b")  # LKR305
        def tearDown(self):
            self.source.close()

Good:
    import unittest
    class Copy(unittest.TestCase):
        def setUp(self):
            self.source = open("a")
            self.target = self.enterContext(open("b"))
        def tearDown(self):
            self.source.close()

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
    """Report what is open after the teardown."""
    found = list(left_open(module.setups, module.source.text))
    for setup, one, run in found:
        if run.has_counterpart(setup):
            siblings = [other for start, other, _ in found if start is setup]
            fix = plan_setup(one, setup, run, siblings, module.target)
            how = "is released only in part or on some paths" if one.history.releases else "is not released"
            text = f"{subject(one)} {how} by the teardown of `{setup.node.name}`; {cure_in_setup(one, setup)}"
            yield opening(one, rule.code, text, (Step(one.line, "acquired here"),), fix)


rule = Rule("LKR305", "teardown-misses-resource", "the teardown forgets it, or releases it only in part", "addCleanup", check)
