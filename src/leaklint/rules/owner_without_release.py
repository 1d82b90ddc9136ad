"""A class keeps what it opened in an attribute, and has no method that releases it.

Why: nobody who uses the class can release the resource; every instance leaks it.

Bad:
    class Reader:
        def __init__(self, path):
            self.file = open(path)  # LKR401
        def read(self):
            return self.file.read()

Good:
    class Reader:
        def __init__(self, path):
            self.file = open(path)
        def read(self):
            return self.file.read()

        def close(self):
            self.file.close()

        def __enter__(self):
            return self

        def __exit__(self, *exc_info):
            self.close()

Fix: unsafe; `close`, `__enter__` and `__exit__` (`aclose` and kin, where a release is a coroutine) after the last method.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.owner_plan import plan_release_method
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import planned


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what a method stores in an attribute of a class that has no release method."""
    kept = list(module.kept)
    for one, name, owner in kept:
        if not owner.release_methods() and not owner.is_released_in_del(name):
            resource = one.site.resource
            method = "`aclose`" if not resource.releases and resource.async_releases else "`close`"
            text = f"`self.{name}` ({one.site.label}) is kept by `{owner.node.name}`, which has no release method; add {method}"
            names = dict.fromkeys(other for _, other, node in kept if node is owner)
            yield planned(one, rule.code, text, plan_release_method(owner, list(names), module))
    for owner, name, label, field in module.neglected_fields:
        if not owner.release_methods():
            text = f"`self.{name}` ({label}) is kept by `{owner.node.name}`, which has no release method; add one"
            yield Finding(rule.code, module.source.span(field), text, unfixable="a factory opens it")


rule = Rule(
    "LKR401", "owner-without-release", "a class keeps what it opened and has no release method", "unsafe: add it", check
)
