"""A resource is bound to a name that no path releases, hands on or enters.

Why: the object stays open until the garbage collector happens to run; its ResourceWarning then blames other code.

Bad:
    def first_line(path):
        file = open(path)  # LKR101
        return file.readline()

Good:
    def first_line(path):
        with open(path) as file:
            return file.readline()

Fix: `with` (`async with`, `contextlib.closing`) up to the last use; try/finally where the type has no `with`.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import is_reportable
from leaklint.analysis.leak_plan import plan_leak
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, finding, path_to_return, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what has a name, is open where the body ends, and is nobody's."""
    for one in module.obligations:
        if not is_reportable(one) or not one.is_named or one.is_entered_in_place or one.is_rebound:
            continue
        if one.is_open_at_return and not one.is_released_or_handed_on:
            _, trace = path_to_return(one)
            yield finding(one, rule.code, f"{subject(one)} is never released; {cure(one)}", plan_leak(one), trace)


rule = Rule("LKR101", "never-released", "bound to a name that no path releases, hands on or enters", "with, try/finally", check)
