"""Factory fixtures: the functions that a fixture hands to its tests."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from leaklint.analysis.fixtures import Fixture
from leaklint.analysis.names import LAMBDA, Function, children, terminal, walk
from leaklint.analysis.ops import Call, Op


def factories(fixture: Fixture, functions: Sequence[Function]) -> Iterator[Function]:
    """Yield the nested functions and lambdas that a fixture returns or yields, also inside a tuple, list or dict."""
    inner = [one for one in functions if one.outer is fixture.function]
    if not inner:
        return
    values = list(_handed_out(fixture))
    names = {one.id for value in values for one in _members(value) if isinstance(one, ast.Name)}
    named = {name: value for name, value in _assigned(fixture).items() if name in names}
    spots = {(one.lineno, one.col_offset) for value in [*values, *named.values()] for one in _members(value)}
    for function in inner:
        node = function.node
        is_lambda = node.name == LAMBDA
        if (not is_lambda and node.name in names) or (is_lambda and (node.lineno, node.col_offset) in spots):
            yield function


def forgetting_lists(fixture: Fixture) -> frozenset[str]:
    """Give the names of the lists of a fixture that its functions add to, and that nobody reads: at most they are cleared."""
    made = {name for name, value in _assigned(fixture).items() if isinstance(value, ast.List) and not value.elts}
    harmless: list[ast.AST] = []
    for node in walk(fixture.node) if made else ():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="append" | "clear")):
                harmless.append(name)
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name() as name]):
                harmless.append(name)
            case _:
                pass
    read = {
        one.id
        for one in (walk(fixture.node) if made else ())
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one not in harmless
    }
    return frozenset(made - read)


def is_only_listed(moves: Iterable[Op], lists: frozenset[str]) -> bool:
    """Say whether nothing but lists that nobody reads has taken something over."""
    calls = [one.node.func if isinstance(one, Call) and one.method == "append" else None for one in moves]
    kept = [one.value.id for one in calls if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)]
    return bool(kept) and len(kept) == len(calls) and lists.issuperset(kept)


def partials(fixture: Fixture) -> Iterator[ast.Call]:
    """Yield the calls, such as `partial(connect, path)`, whose result a fixture hands out."""
    for value in _handed_out(fixture):
        yield from (one for one in _members(value) if isinstance(one, ast.Call) and terminal(one) == "partial")


def _handed_out(fixture: Fixture) -> Iterator[ast.expr]:
    for one in fixture.yields:
        if one.value is not None:
            yield one.value
    stack: list[ast.AST] = list(fixture.node.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(children(node))


def _assigned(fixture: Fixture) -> dict[str, ast.expr]:
    """Give what plain assignments of a fixture bind."""
    found: dict[str, ast.expr] = {}
    stack: list[ast.AST] = list(fixture.node.body)
    while stack:
        node = stack.pop()
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                pass
            case _:
                stack.extend(children(node))
    return found


def _members(value: ast.expr) -> Iterator[ast.expr]:
    """Yield a value and what it holds, where it is a literal container."""
    yield value
    match value:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Dict(values=elements):
            for element in elements:
                yield from _members(element)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _members(body)
            yield from _members(orelse)
        case _:
            pass
