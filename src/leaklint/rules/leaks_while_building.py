"""A later step of a constructor or a factory may raise; what is open by then is nobody's.

Why: an object whose constructor raises never reaches anybody who could close it. This is advice.

Bad:
    class Pair:
        def __init__(self, left, right):
            self.left = open(left)  # LKR903
            self.right = open(right)
        def close(self):
            try:
                self.left.close()
            finally:
                self.right.close()

Good:
    class Pair:
        def __init__(self, left, right):
            self.left = open(left)
            try:
                self.right = open(right)
            except BaseException:
                self.left.close()
                raise
        def close(self):
            try:
                self.left.close()
            finally:
                self.right.close()

Fix: unsafe; the later steps go into a try, whose `except BaseException` releases and raises again.
"""

from collections.abc import Iterator

from leaklint.analysis.building import failing_step
from leaklint.analysis.facts import is_reportable
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import fixed, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what a step of a constructor or factory leaves open when it raises."""
    for one in module.obligations:
        step = failing_step(one) if is_reportable(one) else None
        if step is not None:
            from leaklint.analysis.order_plan import plan_building  # only here: there is seldom such a step

            kept = f"`self.{one.attributes[0]}` ({one.site.label})" if one.attributes else subject(one)
            text = f"{kept} stays open when line {step.line} raises; release it there"
            yield fixed(rule.code, one.facts.source.span(one.node), text, plan_building(one, step))


rule = Rule("LKR903", "leaks-while-building", "a later step of a constructor or factory raises", "unsafe: try/except", check)
