"""A fixture releases a resource, but a step before that can raise, and then it does not.

Why: the code after `yield` runs only up to the first line that fails; a finalizer not yet registered never runs.

Bad:
    import httpx, pytest
    @pytest.fixture
    def client(server):
        client = httpx.Client()  # LKR303
        yield client
        server.reset()
        client.close()

Good:
    import httpx, pytest
    @pytest.fixture
    def client(server):
        with httpx.Client() as client:
            yield client
            server.reset()

Fix: `with`, try/finally; a finalizer is registered at once.
"""

from collections.abc import Iterator

from leaklint.analysis.facts import Obligation, is_real
from leaklint.analysis.fixture_plan import plan_teardown
from leaklint.analysis.fixtures import Fixture
from leaklint.analysis.lower_sequence import REGISTERING
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Call, Op, Raise
from leaklint.analysis.registrations import RELEASES
from leaklint.analysis.teardown_guards import asked_before_release
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import cure_in_fixture, opening, subject

ENDING = RELEASES - {"unlink", "uninstall"} | {"wait", "join", "cancel", "communicate", "wait_closed", "stopall", "undo"}

LOOP_ENDING = frozenset(("shutdown_asyncgens", "shutdown_default_executor"))


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what a failing step of a fixture leaves open."""
    for fixture in module.fixtures:
        for one in module.fixture_obligations(fixture):
            if one.is_open_at_return or one.history.returns_open or not one.is_open_at_raise or not is_real(one):
                continue
            steps = _failing_steps(one, fixture)
            if steps and not one.is_misreleased:
                text = f"{subject(one)} stays open when line {steps[0].line} raises; {cure_in_fixture(one)}"
                trace = (Step(one.line, "acquired here"), Step(steps[0].line, "an exception here leaves it open"))
                yield opening(one, rule.code, text, trace, plan_teardown(fixture, one))


def _failing_steps(one: Obligation, fixture: Fixture) -> list[Op]:
    """Give the steps of the teardown, or those before a finalizer is registered, that may raise."""
    history = one.history
    graph = one.facts.solution.setting.graph
    caught = {op for block in graph.blocks if block.frame.is_guarded for op in block.ops}
    asking = {test.lineno for test in asked_before_release(one)}
    steps = [op for op in one.raising if op not in caught and not _is_release(op) and op.line not in asking]
    if any(isinstance(op, Call) and op.method in REGISTERING for op in history.moves):
        return [op for op in steps if op.statement is not one.statement]
    if not fixture.is_generator or not history.crosses or not (history.releases or history.moves):
        return []
    last = max(op.line for op in history.crosses)
    if _is_emptied(one):
        return [op for op in steps if isinstance(op, Raise)]
    return [op for op in steps if op.line > last or isinstance(op, Raise)]


def _is_emptied(one: Obligation) -> bool:
    """Say whether a directory is removed by what needs it empty: the steps before empty it."""
    names = {terminal(call) for call in one.releasing_calls}
    return one.site.resource.only_in_fixtures and bool(names) and names <= {"rmdir", "removedirs"}


def _is_release(op: Op) -> bool:
    """Say whether a step releases something itself: that this may fail is advice (LKR902)."""
    if isinstance(op, Call) and op.method == "run_until_complete" and len(op.node.args) == 1:
        return terminal(op.node.args[0]) in LOOP_ENDING  # a part of the release of the loop
    return isinstance(op, Call) and op.method is not None and op.method in ENDING | LOOP_ENDING


rule = Rule(
    "LKR303", "teardown-not-guaranteed", "an earlier teardown step, or one before addfinalizer, can raise", "with", check
)
