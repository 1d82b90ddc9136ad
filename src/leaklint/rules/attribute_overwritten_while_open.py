"""A method gives an attribute a new value without releasing the open resource that it holds.

Why: `reset` and `reopen` look as if they cleaned up; each call leaks the old resource.

Bad:
    class Log:
        def __init__(self, path):
            self.file = open(path)
        def reopen(self, path):
            self.file = open(path)  # LKR403
        def close(self):
            self.file.close()

Good:
    class Log:
        def __init__(self, path):
            self.file = open(path)
        def reopen(self, path):
            self.file.close()
            self.file = open(path)
        def close(self):
            self.file.close()

Fix: the release of the old one stands before the assignment.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import is_test_class
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.order_plan import plan_overwrite
from leaklint.analysis.overwrites import Overwrite, overwrites
from leaklint.analysis.owners import Owner
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import fixed


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the assignments that drop what an attribute has held since the object was made."""
    for owner in module.owners:
        if owner.is_closed and not is_test_class(owner):
            yield from (_finding(one, owner, module) for one in overwrites(owner))


def _finding(one: Overwrite, owner: Owner, module: ModuleFacts) -> Finding:
    name = f"`self.{one.owned.attribute}` ({one.owned.label})"
    text = f"{name} is still open when `{one.method.name}` gives it a new value; release the old one first"
    return fixed(rule.code, module.source.span(one.target), text, plan_overwrite(one, owner, module))


rule = Rule(
    "LKR403", "attribute-overwritten-while-open", "an attribute gets a new value while it is open", "release before", check
)
