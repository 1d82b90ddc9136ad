"""A name of a module holds an open resource for the life of the process. This is advice.

Why: it opens on import, in every process and test that imports the module, and nobody says when it ends.

Bad:
    LOG = open("run.log", "a")  # LKR901
    def note(text):
        LOG.write(text)

Good:
    def note(text):
        with open("run.log", "a") as log:
            log.write(text)

Fix: none by default; unsafe: a fixture in a test module, where only tests and fixtures use the name.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import Obligation, is_reportable
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.setting import Body
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix
from leaklint.rules.rule import Rule
from leaklint.rules.wording import finding, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what a module's own names hold open when its body ends."""
    for one in module.obligations:
        if one.facts.solution.setting.body is not Body.MODULE or not one.history.exit_names or one.is_released_or_handed_on:
            continue
        if is_reportable(one):
            text = f"{subject(one)} stays open as long as the process; open it where it is used, or release it at exit"
            yield finding(one, rule.code, text, _fix(one, module))


def _fix(one: Obligation, module: ModuleFacts) -> Fix | None:
    from leaklint.analysis.collected_plan import opened_by, plan_of_module  # only here: few modules need it

    opened = opened_by(one)
    return plan_of_module(opened, module) if opened is not None else None


rule = Rule("LKR901", "process-lifetime", "a module-level name holds it for the life of the process", "none by default", check)
