"""A resource is released on one path and left open on another: an early return, a branch, an exception handled here.

Why: the leak shows only on the path that tests rarely take.

Bad:
    def total(path):
        file = open(path)  # LKR102
        if not file.readline():
            return 0
        count = len(file.readlines())
        file.close()
        return count

Good:
    def total(path):
        with open(path) as file:
            if not file.readline():
                return 0
            count = len(file.readlines())
        return count

Fix: `with` (`async with`, `contextlib.closing`) up to the last use; the releases that it makes needless go.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import is_reportable
from leaklint.analysis.leak_plan import plan_leak
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, finding, path_to_return, rebinding, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what one path settles and another leaves open or loses."""
    for one in module.obligations:
        if not is_reportable(one) or one.is_entered_in_place or not one.is_released_or_handed_on:
            continue
        if one.is_rebound:
            text = f"{subject(one)} is still open when {rebinding(next(iter(one.history.rebinds)))}; {cure(one)}"
            yield finding(one, rule.code, text, plan_leak(one))
        elif one.is_open_at_return and not one.is_left_by_empty_loop:
            where, trace = path_to_return(one)
            yield finding(one, rule.code, f"{subject(one)} stays open when {where}; {cure(one)}", plan_leak(one), trace)


rule = Rule("LKR102", "released-on-some-paths", "some normal path ends with it open though another releases it", "with", check)
