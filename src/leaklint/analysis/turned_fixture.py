"""A plain fixture that hands out what only a coroutine can release, and what it takes to make it asynchronous.

Its scope becomes the tests' own where that is narrower: on another loop than the tests' it could not release either.
"""

import ast
from collections.abc import Sequence

from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.fixtures import SCOPES, Fixture
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.pytest_settings import settings_for
from leaklint.model.data import dataclass
from leaklint.model.fix import Replace, Single, Turn
from leaklint.model.resource import Resource, With

RUNNING = frozenset(("run", "run_until_complete", "run_forever", "get_event_loop", "new_event_loop"))
ITERATORS = {"Iterator": "AsyncIterator", "Generator": "AsyncGenerator", "Iterable": "AsyncIterable"}


@dataclass(frozen=True, slots=True)
class TurnedFixture:
    """The edits that make a fixture asynchronous, and what they need imported."""

    edits: tuple[Single, ...]
    imports: tuple[str, ...] = ()


def plan_turn(fixture: Fixture, left: Sequence[Obligation]) -> TurnedFixture | None:
    """Say how a plain fixture of pytest becomes asynchronous; None where that is not wanted, or not possible."""
    facts, node, decorator = left[0].facts, fixture.node, fixture.decorator
    if fixture.is_async or fixture.library != "pytest" or not any(_is_async_only(one.site.resource) for one in left):
        return None
    if any(isinstance(one, ast.Call) and terminal(one) in RUNNING for one in walk(node)):
        return None  # it runs a loop of its own
    keywords = _keywords(fixture, facts)
    settings = settings_for(facts.source.path)
    is_driven = settings.mode == "auto" or settings.is_driven_in(facts.source.text)
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if keywords is None or (not is_driven and facts.scope.dotted(called) != "pytest.fixture"):
        return None
    span = facts.source.span
    edits: list[Single] = [Turn(span(node), True)]
    bound = facts.module.dotted(ast.Name("pytest_asyncio", ast.Load()))
    if bound not in (None, "pytest_asyncio"):
        return None
    name = facts.source.segment(span(called)) if is_driven else "pytest_asyncio.fixture"
    text = f"{name}({', '.join(keywords)})" if keywords else name
    if text != facts.source.segment(span(decorator)):
        edits.append(Replace(span(decorator), text))
    return TurnedFixture(tuple(edits), () if is_driven or bound else ("pytest_asyncio",))


def _is_async_only(resource: Resource) -> bool:
    return bool(resource.async_releases) and not resource.releases and resource.sync_with is not With.RELEASES


def _keywords(fixture: Fixture, facts: Facts) -> list[str] | None:
    """Give the arguments of the decorator, without a scope that is wider than the loop of the tests; None if unreadable."""
    decorator = fixture.decorator
    if not isinstance(decorator, ast.Call):
        return []
    text, settings = facts.source.text, settings_for(facts.source.path)
    if decorator.args or fixture.scope not in SCOPES:
        return None
    scopes = [SCOPES.index(one) for one in settings.test_scopes(text) if one in SCOPES]
    is_wider = SCOPES.index(fixture.scope) > max(scopes) and not settings.has_own_loop(text)
    kept = [one for one in decorator.keywords if not (is_wider and one.arg == "scope")]
    return [facts.source.segment(facts.source.span(one)) for one in kept]


def turned_annotation(fixture: Fixture, facts: Facts) -> list[Single]:
    """Give the edits of the annotation of a plain generator that is asynchronous now."""
    node = fixture.node.returns
    if not isinstance(node, ast.Subscript) or terminal(node.value) not in ITERATORS:
        return []
    elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    name = ITERATORS[terminal(node.value)]
    given = facts.source.segment(facts.source.span(elements[0]))
    owner = node.value
    if not isinstance(owner, ast.Attribute):
        return []
    module = facts.source.segment(facts.source.span(owner.value))
    sent = ", None" if name == "AsyncGenerator" else ""
    return [Replace(facts.source.span(node), f"{module}.{name}[{given}{sent}]")]
