"""A container of an object throws out a resource that nobody releases: an eviction, `clear()`, `del`.

Why: the object's own release method reaches only what is still in the container.

Bad:
    class Pool:
        def __init__(self):
            self.files = {}
        def file(self, path):
            if len(self.files) > 8:
                self.files.popitem()  # LKR405
            return self.files.setdefault(path, open(path))
        def close(self):
            for file in self.files.values():
                file.close()

Good:
    class Pool:
        def __init__(self):
            self.files = {}
        def file(self, path):
            if len(self.files) > 8:
                self.files.popitem()[1].close()
            return self.files.setdefault(path, open(path))
        def close(self):
            for file in self.files.values():
                file.close()

Fix: none; release what is thrown out, or hand it to whoever put it in.
"""

from collections.abc import Iterator

from leaklint.analysis.drops import Drop
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.owners import Owned
from leaklint.model.finding import Finding
from leaklint.model.source import Source
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the statements that throw a resource out of a container that its owner would release."""
    for drop, owned in module.dropped:
        yield _finding(drop, owned, module.source)


def _finding(drop: Drop, owned: Owned, source: Source) -> Finding:
    text = f"what `self.{drop.attribute}` drops here ({owned.label}) is never released; release it, or return it"
    return Finding(rule.code, source.span(drop.node), text)


rule = Rule("LKR405", "cache-drops-resource", "a container drops a value that is a resource", "none", check)
