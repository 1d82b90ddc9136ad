"""The fix of a factory fixture: an ExitStack around it, which what its functions make enters."""

import ast
from collections.abc import Sequence

from leaklint.analysis.facts import Facts, Obligation, names_in
from leaklint.analysis.fixture_plan import annotation_of, returns_of
from leaklint.analysis.fixtures import Fixture
from leaklint.analysis.names import Function, terminal, walk
from leaklint.analysis.way import stack_opener, way_of
from leaklint.model.fix import Around, Fix, Replace, Several, Single, ToYield


def plan_factory(fixture: Fixture, outer: Facts, left: Sequence[Obligation], functions: Sequence[Function]) -> Fix | None:
    """Give the fix of a fixture whose functions leave open what they return."""
    body = fixture.node.body
    first = _first(body, functions)
    last = body[-1]
    is_async = fixture.is_async
    returns = returns_of(fixture)
    is_ended = isinstance(last, ast.Return) and returns == [last] and not fixture.yields
    is_yielded = not returns and len(fixture.yields) == 1 and any(_yields(one) for one in body)
    opener = stack_opener(outer.scope, is_async)
    if first is None or opener is None or not (is_ended or is_yielded):
        return None
    name = _stack_name(fixture)
    found = [entered(one, name, is_async) for one in left]
    if any(one is None for one in found):
        return None
    span = outer.source.span
    edits: list[Single] = [Around(span(first), span(last), f"{opener[0]}() as {name}", is_async)]
    edits += [one[0] for one in found if one is not None]
    imports = [*opener[1], *(more for one in found if one is not None for more in one[1])]
    if is_ended:
        edits.append(ToYield(span(last)))
        annotation = annotation_of(fixture, outer)
        if annotation is not None:
            edits.append(annotation[0])
            imports += annotation[1]
    return Fix(Several(tuple(dict.fromkeys(edits))), imports=tuple(dict.fromkeys(imports)))


def _first(body: list[ast.stmt], functions: Sequence[Function]) -> ast.stmt | None:
    """Give the first statement of the body in which one of the functions stands."""
    lines = [one.node.lineno for one in functions]
    for statement in body:
        start = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
        if any(start <= line <= (statement.end_lineno or 0) for line in lines):
            return statement
    return None


def _yields(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield)


def entered(one: Obligation, stack: str, is_async: bool) -> tuple[Replace, tuple[str, ...]] | None:
    """Give the edit by which what is acquired enters the stack."""
    facts, way = one.facts, way_of(one, None)
    if way is None or way.opener is None or one.site.element is not None:
        return None
    awaited = _awaited(one)
    span = facts.source.span(awaited or one.node)
    text = facts.source.segment(span)
    if "\n" in text and not text.endswith(")"):
        return None
    inner = f"{way.opener.wrapper}({text})" if way.opener.wrapper else text
    if not way.opener.is_async:
        return Replace(span, f"{stack}.enter_context({inner})"), way.imports
    if not is_async or not facts.is_async:
        return None
    return Replace(span, f"await {stack}.enter_async_context({inner})"), way.imports


def _awaited(one: Obligation) -> ast.Await | None:
    for node in walk(one.statement):
        if isinstance(node, ast.Await) and node.value is one.node:
            return node
    return None


def _stack_name(fixture: Fixture) -> str:
    taken = names_in(fixture.node) | {terminal(one) for one in fixture.node.decorator_list}
    return next(name for name in ("stack", "exit_stack", "resources", "stack_") if name not in taken)
