"""A fixture hands out a function that opens resources, and nobody keeps track of them.

Why: the tests call it as often as they like; what it has opened is still open when the fixture is over.

Bad:
    import httpx, pytest
    @pytest.fixture
    def make_client():
        def make(url):
            return httpx.Client(base_url=url)  # LKR307
        return make

Good:
    import contextlib

    import httpx, pytest
    @pytest.fixture
    def make_client():
        with contextlib.ExitStack() as stack:
            def make(url):
                return stack.enter_context(httpx.Client(base_url=url))
            yield make

Fix: an ExitStack (AsyncExitStack) around the fixture, which the factory's results enter.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.factories import factories, forgetting_lists, is_only_listed, partials
from leaklint.analysis.factory_plan import plan_factory
from leaklint.analysis.facts import Obligation, is_real
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import walk
from leaklint.model.finding import Finding, Step
from leaklint.rules.rule import Rule
from leaklint.rules.wording import opening, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what the functions return that a fixture hands out."""
    entered = _entered_results(module)
    for fixture in module.fixtures:
        if fixture.node.name in entered:
            continue  # who asks for it enters what it gives
        made = [one for one in factories(fixture, module.functions) if module.is_worth(one)]
        lists = forgetting_lists(fixture) if made else frozenset()
        left = [one for function in made for one in module.facts(function).obligations if _is_left(one, lists)]
        if left:
            fix = plan_factory(fixture, module.facts(fixture.function), left, made)
            for one in left:
                keyword = "AsyncExitStack" if fixture.is_async else "ExitStack"
                text = f"`{fixture.node.name}` hands out a function that opens {subject(one)}, and nobody releases it"
                cure = f"; enter it into a `contextlib.{keyword}` of the fixture"
                yield opening(one, rule.code, text + cure, (Step(one.line, "acquired here"),), fix)
        for call in partials(fixture):
            opened = _opened_by(call, module)
            if opened is not None:
                span = module.source.span(call)
                text = f"`{fixture.node.name}` hands out a function that opens {opened}, and nobody releases it"
                yield Finding(
                    rule.code, span, f"{text}; enter it into a `contextlib.ExitStack` of the fixture", (), None, (span,)
                )


def _entered_results(module: ModuleFacts) -> set[str]:
    """Give the names whose results the tests of the module enter: `async with await make(url) as client:`."""
    if not module.fixtures:
        return set()
    nodes = (node for node in walk(module.source.tree) if isinstance(node, ast.With | ast.AsyncWith))
    values = (one.context_expr for node in nodes for one in node.items)
    calls = (one.value if isinstance(one, ast.Await) else one for one in values)
    return {one.func.id for one in calls if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}


def _opened_by(call: ast.Call, module: ModuleFacts) -> str | None:
    """Name what calling a `functools.partial` opens."""
    if module.scope.dotted(call.func) != "functools.partial" or not call.args:
        return None
    dotted = module.scope.dotted(call.args[0])
    summary = module.project.catalogue.summary(dotted) if dotted is not None else None
    kind = summary.acquires[0] if summary is not None and summary.acquires else None
    resource = module.project.catalogue.resource(kind) if kind else None
    return (resource.label or resource.name) if resource is not None and not resource.silent else None


def _is_left(one: Obligation, lists: frozenset[str]) -> bool:
    history = one.history
    is_open = bool(history.returns_open) or bool(history.returns and is_only_listed(history.moves, lists))
    return is_open and is_real(one) and not one.is_misreleased


rule = Rule("LKR307", "factory-fixture-without-release", "a fixture hands out what opens and forgets", "ExitStack", check)
