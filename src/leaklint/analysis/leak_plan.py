"""Which of the fixes of a leak is taken. It loads what few leaks need only for those."""

from leaklint.analysis.extent import plan
from leaklint.analysis.facts import Obligation
from leaklint.model.fix import Fix


def plan_leak(one: Obligation) -> Fix | None:
    """Give the fix of a leak: a with where one can stand, else what is less sure."""
    fix = plan(one)
    if fix is not None:
        return fix
    from leaklint.analysis.unsafe_plan import plan_without_with

    return plan_without_with(one)
