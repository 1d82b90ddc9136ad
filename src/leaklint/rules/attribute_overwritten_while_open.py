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

Fix: none yet; release the old one first.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import is_test_class
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.overwrites import Overwrite, overwrites
from leaklint.model.finding import Finding
from leaklint.model.source import Source
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the assignments that drop what an attribute has held since the object was made."""
    for owner in module.owners:
        if owner.is_closed and not is_test_class(owner):
            yield from (_finding(one, module.source) for one in overwrites(owner))


def _finding(one: Overwrite, source: Source) -> Finding:
    name = f"`self.{one.owned.attribute}` ({one.owned.label})"
    text = f"{name} is still open when `{one.method.name}` gives it a new value; release the old one first"
    return Finding(rule.code, source.span(one.target), text)


rule = Rule("LKR403", "attribute-overwritten-while-open", "an attribute gets a new value while it is open", "none", check)
