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

        def __enter__(self):
            return self

        def __exit__(self, *exc_info):
            self.close()

        def __del__(self):
            self.close()

Fix: unsafe; it becomes `close`, which `__del__` and `__exit__` call.
"""

from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.owner_plan import plan_in_del
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import planned


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what only `__del__` releases."""
    for one, name, owner in module.kept:
        if owner.is_released_in_del(name):
            text = f"`self.{name}` ({one.site.label}) is released only in `__del__`; add a release method"
            yield planned(one, rule.code, text, plan_in_del(owner, module))


rule = Rule("LKR904", "released-only-in-del", "an attribute is released only in `__del__`", "unsafe: close", check)
