"""An attribute is released only in `__del__`.

Why: `__del__` runs when the garbage collector comes by, perhaps never, and its errors vanish. This is advice.

Bad:
    class Reader:
        def __init__(self, path):
            self.file = open(path)  # LKR904
        def __del__(self):
            self.file.close()

Good:
    class Reader:
        def __init__(self, path):
            self.file = open(path)
        def close(self):
            self.file.close()

Fix: none yet; add a release method and call it from `__del__`.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import finding


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what only `__del__` releases."""
    for one, name, owner in module.kept:
        if owner.is_released_in_del(name):
            text = f"`self.{name}` ({one.site.label}) is released only in `__del__`; add a release method"
            yield finding(one, rule.code, text, None)


rule = Rule("LKR904", "released-only-in-del", "an attribute is released only in `__del__`", "none", check)
