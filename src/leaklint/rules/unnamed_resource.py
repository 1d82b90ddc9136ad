"""A resource is made inside an expression and never gets a name, so nobody can ever release it.

Why: `open(path).read()` closes the file only when the garbage collector comes by.

Bad:
    def load(path):
        return open(path).read()  # LKR104

Good:
    def load(path):
        with open(path) as file:
            return file.read()

Fix: bind it in a `with` around the statement.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import is_reportable
from leaklint.analysis.leak_plan import plan_leak
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.outliving import is_left_for_ever
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure, finding, path_to_return, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what is open at the end, or in a body without one, and never had a name."""
    for one in module.obligations:
        if not is_reportable(one) or one.is_named or one.is_entered_in_place or one.is_released_or_handed_on:
            continue
        if one.is_open_at_return or is_left_for_ever(one.history, one.facts.solution):
            trace = path_to_return(one)[1] if one.is_open_at_return else ()
            yield finding(
                one, rule.code, f"{subject(one)} has no name, so nobody can release it; {cure(one)}", plan_leak(one), trace
            )


rule = Rule("LKR104", "unnamed-resource", "made inside an expression, so nobody can ever release it", "with", check)
