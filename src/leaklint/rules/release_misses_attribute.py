"""A class has a release method, which does not reach one of the attributes that the class opens.

Why: whoever closes the object believes that all is closed.

Bad:
    class Pair:
        def __init__(self, left, right):
            self.left = open(left)
            self.right = open(right)  # LKR402
        def close(self):
            self.left.close()

Good:
    class Pair:
        def __init__(self, left, right):
            self.left = open(left)
            self.right = open(right)
        def close(self):
            try:
                self.left.close()
            finally:
                self.right.close()

Fix: unsafe; the call goes into the release method, and runs though what stands there fails.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.owner_plan import plan_missing_call
from leaklint.analysis.partial_release import left_open
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import planned


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what a method stores in an attribute that no release method of the class reaches."""
    kept = list(module.kept)
    for one, name, owner in kept:
        if owner.release_methods() and not owner.is_released_in_del(name):
            method = owner.release_methods()[0]
            left = left_open(one.site, owner, name)
            missed = f"not released by `{owner.node.name}.{method}`; release it there"
            if left is not None:
                missed = f"released only in part by `{owner.node.name}.{method}`: its {left} stay open; close them too"
            text = f"`self.{name}` ({one.site.label}) is {missed}"
            names = dict.fromkeys(other for _, other, node in kept if node is owner)
            yield planned(one, rule.code, text, plan_missing_call(owner, list(names), module))
    for owner, name, label, field in module.neglected_fields:
        if owner.release_methods():
            method = owner.release_methods()[0]
            text = f"`self.{name}` ({label}) is not released by `{owner.node.name}.{method}`; release it there"
            yield Finding(rule.code, module.source.span(field), text, unfixable="a factory opens it")


rule = Rule(
    "LKR402",
    "release-misses-attribute",
    "the release method does not reach an attribute that the class opens",
    "unsafe: add the call",
    check,
)
