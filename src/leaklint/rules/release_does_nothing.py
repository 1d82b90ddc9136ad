"""A release method asks its attribute for a method that no class of the attribute has, though one of them owns something.

Why: `with` and `close()` look right at every call, and nothing is ever released.

Bad:
    class Store:
        def __init__(self, path):
            self.file = open(path)
        def stop(self):
            self.file.close()
    class Session:
        def __init__(self, store: Store):
            self.store = store
        def close(self):  # LKR406
            if hasattr(self.store, "close"):
                self.store.close()

Good:
    class Store:
        def __init__(self, path):
            self.file = open(path)
        def stop(self):
            self.file.close()
    class Session:
        def __init__(self, store: Store):
            self.store = store
        def close(self):
            self.store.stop()

Fix: none; give the class that owns something the release method.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.model.span import Span
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the release methods that ask in vain."""
    for probe, owner, owning in module.vain:
        line = module.source.lines[probe.method.lineno - 1]
        span = Span(probe.method.lineno, len(line) - len(line.lstrip()), probe.method.lineno, len(line))
        asked = " or ".join(f"`{name}`" for name in sorted(probe.asked))
        method = f"`{owner.node.name}.{probe.method.name}`"
        text = (
            f"{method} releases `self.{probe.attribute}` only where it has {asked}, and no class of it has; "
            f"`{owning.node.name}` owns {owning.owned[0].label}"
        )
        yield Finding(rule.code, span, text)


rule = Rule("LKR406", "release-does-nothing", "a release method asks for a release that no class has", "none", check)
