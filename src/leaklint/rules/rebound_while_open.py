"""The only name of an open resource is bound again, set to None or deleted, and no path releases it.

Why: `del` and `= None` release nothing; they only leave it to the garbage collector.

Bad:
    def read(path):
        file = open(path)  # LKR105
        text = file.read()
        del file
        return text

Good:
    def read(path):
        with open(path) as file:
            text = file.read()
        del file
        return text

Fix: `with` (`async with`, `contextlib.closing`) up to the last use.
"""

from collections.abc import Iterator

from leaklint.analysis.extent import plan
from leaklint.analysis.facts import is_reportable
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, finding, rebinding, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what loses its only name while it is open."""
    for one in module.obligations:
        if not is_reportable(one) or not one.is_rebound or one.is_released_or_handed_on or one.is_entered_in_place:
            continue
        op = next(iter(one.history.rebinds))
        trace = (Step(one.line, "acquired here"), Step(op.line, "its name is lost here"))
        yield finding(one, rule.code, f"{subject(one)} is still open when {rebinding(op)}; {cure(one)}", plan(one), trace)


rule = Rule(
    "LKR105",
    "rebound-while-open",
    "the only name is bound again, set to None or deleted while it is open",
    "with",
    check,
)
