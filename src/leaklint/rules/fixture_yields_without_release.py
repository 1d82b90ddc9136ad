"""A fixture yields an open resource and never releases it.

Why: what follows the `yield` is the only place where a fixture can release; `del` and `reset()` release nothing.

Bad:
    import httpx, pytest
    @pytest.fixture
    def client():
        client = httpx.Client()  # LKR302
        yield client

Good:
    import httpx, pytest
    @pytest.fixture
    def client():
        with httpx.Client() as client:
            yield client

Fix: `with` (`async with`, `contextlib.closing`) around the `yield`.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import is_real
from leaklint.analysis.fixture_plan import plan_yielded
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.teardown_guards import asked_before_release
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure_in_fixture, opening, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what is open during the test and still open when the fixture is over."""
    for fixture in module.fixtures:
        if not fixture.is_generator:
            continue
        for one in module.fixture_obligations(fixture):
            is_left = one.is_open_at_return and bool(one.history.crosses or one.history.yields) and not one.is_removed_somewhere
            if is_left and is_real(one) and not one.is_misreleased and not asked_before_release(one):
                how = "not released on every path" if one.is_released_or_handed_on else "never released"
                text = f"{subject(one)} is {how} after the fixture's `yield`; {cure_in_fixture(one)}"
                yield opening(one, rule.code, text, (Step(one.line, "acquired here"),), plan_yielded(fixture, one))


rule = Rule("LKR302", "fixture-yields-without-release", "a fixture yields it and never releases it", "with and yield", check)
