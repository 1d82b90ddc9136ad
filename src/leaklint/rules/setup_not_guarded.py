"""A set-up can raise after it has opened something that only its teardown releases.

Why: a teardown counts only once its set-up has come to its end; what was opened before the line that fails stays open.

Bad:
    import unittest
    class Copy(unittest.TestCase):
        def setUp(self):
            self.source = open("a")  # LKR910
            self.target = open("b")
        def tearDown(self):
            self.source.close()
            self.target.close()

Good:
    import unittest
    class Copy(unittest.TestCase):
        def setUp(self):
            self.source = self.enterContext(open("a"))
            self.target = self.enterContext(open("b"))

Fix: the releases at the end of the teardown are registered at once: `addCleanup`, `enterContext` from Python 3.11. What the
set-up itself releases is opened in a with.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import is_real
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.setup_plan import is_local
from leaklint.analysis.setups import MODULE_WIDE
from leaklint.analysis.teardown_plan import plan_registered
from leaklint.model.data import replace
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, cure_in_setup, opening, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what the teardown releases and a failing set-up does not."""
    seen: set[tuple[ast.expr, int | None]] = set()
    for run in module.setups:
        for one in run.obligations:
            setup, key = run.setup_of(one), (one.node, one.site.element)
            if setup is None or key in seen or one.is_open_at_return or not one.is_open_at_raise or not is_real(one):
                continue
            lines = run.lines_of(setup)
            begun = {one.statement, *(op.statement for op in one.history.openings)}
            steps = [op for op in one.raising if op.line in lines and op.statement not in begun]
            registered = run.registration_of(setup, one) if steps else None
            steps = [op for op in steps if registered is None or op.line <= registered]
            if steps and setup.node.name not in MODULE_WIDE:
                seen.add(key)
                advice = cure(one) if is_local(one, setup) else cure_in_setup(one, setup)
                text = f"{subject(one)} stays open when line {steps[0].line} raises; {advice}"
                trace = (Step(one.line, "acquired here"), Step(steps[0].line, "an exception here leaves it open"))
                fix = plan_registered(one, setup, run, module.target)
                yield replace(opening(one, rule.code, text, trace, fix), acquisitions=())


rule = Rule("LKR910", "setup-not-guarded", "a set-up can raise before its teardown counts", "addCleanup, enterContext", check)
