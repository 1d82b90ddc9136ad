"""A fixture returns an open resource, or an owner of one.

Why: after `return` the fixture is over, so nobody releases it; the warning then blames whichever test runs.

Bad:
    import httpx, pytest
    @pytest.fixture
    def client():
        return httpx.Client()  # LKR301

Good:
    import httpx, pytest
    @pytest.fixture
    def client():
        with httpx.Client() as client:
            yield client

Fix: `with` (`async with`, `contextlib.closing`) and `yield`; the annotation becomes Iterator or AsyncIterator.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import Obligation, is_real
from leaklint.analysis.fixture_plan import plan_returned
from leaklint.analysis.modules import ModuleFacts
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure_in_fixture, opening, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what a fixture without a yield hands out open."""
    for fixture in module.fixtures:
        if fixture.is_generator:
            continue
        found = module.fixture_obligations(fixture)
        left = [one for one in found if is_real(one) and not one.is_misreleased and _is_handed_out(one)]
        fix = plan_returned(fixture, left) if left else None
        for one in left:
            text = f"the fixture returns {subject(one)} open, and nobody releases it; {cure_in_fixture(one)}"
            yield opening(one, rule.code, text, (Step(one.line, "acquired here"), *_returns(one)), fix)


def _is_handed_out(one: Obligation) -> bool:
    return bool(one.history.returns_open) or (
        one.is_open_at_return and any(name.startswith("self.") for name in one.history.names)
    )


def _returns(one: Obligation) -> tuple[Step, ...]:
    return tuple(Step(op.line, "returned here") for op in list(one.history.returns_open)[:1])


rule = Rule("LKR301", "fixture-returns-open", "a fixture returns an open resource", "with and yield", check)
