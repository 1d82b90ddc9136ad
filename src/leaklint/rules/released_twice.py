"""A fixture or set-up registers a release and releases by itself as well.

Why: the second release finds a closed resource; where that is no error today, it is one as soon as the first changes.

Bad:
    import httpx, pytest
    @pytest.fixture
    def client(request):
        client = httpx.Client()
        request.addfinalizer(client.close)  # LKR912
        yield client
        client.close()

Good:
    import httpx, pytest
    @pytest.fixture
    def client(request):
        client = httpx.Client()
        request.addfinalizer(client.close)
        yield client

Fix: the release that would run last goes, or the registration.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import Obligation
from leaklint.analysis.lower_sequence import REGISTERING
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.ops import Call, Op
from leaklint.analysis.setups import Run
from leaklint.analysis.teardown_plan import plan_once
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the registrations of what is released anyway."""
    for one, run in _obligations(module):
        registered = [op for op in one.history.moves if isinstance(op, Call) and op.method in REGISTERING]
        releases: list[Op] = [op for op in one.history.releases if op not in registered]
        if registered and releases:
            source = one.facts.source
            text = f"{subject(one)} is released at line {releases[0].line} as well; drop one of the two"
            trace = (Step(one.line, "acquired here"), Step(releases[0].line, "released here too"))
            fix = plan_once(one, registered[0], run) if len(registered) == 1 else None
            yield Finding(rule.code, source.span(registered[0].node), text, trace, fix)


def _obligations(module: ModuleFacts) -> Iterator[tuple[Obligation, Run | None]]:
    for fixture in module.fixtures:
        yield from ((one, None) for one in module.fixture_obligations(fixture))
    for run in module.setups:
        yield from ((one, run) for one in run.obligations)


rule = Rule("LKR912", "released-twice", "a registered release and another one", "one release goes", check)
