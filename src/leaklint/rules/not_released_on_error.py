"""A resource is released on every normal path, but a statement in between can raise.

Why: the one run that fails is the one that leaks. In a context manager the `yield` raises what its body raises.

Bad:
    def save(path, text):
        file = open(path, "w")  # LKR103
        file.write(text)
        file.close()

Good:
    def save(path, text):
        with open(path, "w") as file:
            file.write(text)

Fix: `with` (`async with`, `contextlib.closing`) in the place of the release.
"""

from collections.abc import Iterator

from leaklint.analysis.extent import plan
from leaklint.analysis.facts import is_reportable
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.ops import Op
from leaklint.analysis.setting import Body
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, finding, path_to_raise, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what only an exception leaves open."""
    for one in module.obligations:
        if one.facts.solution.setting.body is Body.FIXTURE or not is_reportable(one):
            continue
        if one.is_entered_in_place or one.is_rebound or one.is_open_at_return:
            continue
        if not one.is_open_at_raise or not one.is_released_or_handed_on:
            continue
        raising: list[Op] = list(one.raising)
        if one.is_handed_on:  # a factory: that a step of it may fail is advice, that it raises itself is not
            raising = one.explicit_raises
        if raising:
            where, trace = path_to_raise(one, raising[0])
            text = f"{subject(one)} stays open when {where}; {cure(one)}"
            yield finding(one, rule.code, text, plan(one), trace)


rule = Rule("LKR103", "not-released-on-error", "a statement between acquire and release can raise", "with", check)
