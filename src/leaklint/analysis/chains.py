"""Releases in a row: where the first one raises, those after it in the same suite are skipped."""

import ast
from collections.abc import Iterator, Mapping, Sequence

from leaklint.analysis.attributes import own_attributes
from leaklint.analysis.facts import Facts, Suite
from leaklint.analysis.names import FunctionNode, suites, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.owners import Owner
from leaklint.analysis.reach import is_release_statement
from leaklint.model.data import dataclass


@dataclass(frozen=True, slots=True)
class Chain:
    """A release whose failure skips another one. `statement` holds it; `skips` are its siblings up to the last release."""

    release: ast.stmt
    name: str
    skipped: str
    statement: ast.stmt
    skips: Sequence[ast.stmt]


Released = Mapping[ast.stmt, str]  # what a statement releases


def chains_of_class(owner: Owner) -> Iterator[Chain]:
    """Yield the chains in the release methods that a class itself defines, and in what they call."""
    methods: dict[str, frozenset[str]] = {}
    for owned in owner.owned:
        methods[owned.attribute] = methods.get(owned.attribute, frozenset()) | owned.releases | owned.functions
    called = owner.reached(owner.release_methods()).calls
    for statement in owner.node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name in called:
            found = {one: name for one in _statements(statement) if (name := _released(one, methods)) is not None}
            for one in _statements(statement):
                found.update(_released_in_loop(one, methods) if isinstance(one, ast.For | ast.AsyncFor) else ())
            yield from _chains(list(_suites(statement)), found)


def chains_of_body(facts: Facts) -> Iterator[Chain]:
    """Yield the chains of releases of locals that stand in a `finally`."""
    found: dict[ast.stmt, str] = {}
    for one in facts.obligations:
        for op in one.history.releases:
            if isinstance(op, Call) and is_release_statement(op) and one.history.names:
                found[op.statement] = one.history.names[0]
    finals = (
        [parent.finalbody for _, _, parent in facts.places.values() if isinstance(parent, ast.Try)] if len(found) > 1 else []
    )
    unique = {id(suite): suite for suite in finals if suite}
    yield from _chains(list(unique.values()), found)


def _chains(candidates: list[Suite], found: Released) -> Iterator[Chain]:
    for suite in candidates:
        for index, statement in enumerate(suite):
            first = next((one for one in _unprotected(statement) if one in found), None)
            if first is None:
                continue
            later = [
                (sibling, found[one])
                for sibling in suite[index + 1 :]
                for one in [sibling, *_statements(sibling)]
                if one in found and found[one] != found[first]
            ]
            if later:
                skips = suite[index + 1 : suite.index(later[-1][0]) + 1]
                yield Chain(first, found[first], later[0][1], statement, skips)


def _released(statement: ast.stmt, methods: Mapping[str, frozenset[str]]) -> str | None:
    """Give the attribute of self that a statement releases, if that is all it does."""
    match _called(statement):
        case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=attribute), attr=method)):
            return attribute if method in methods.get(attribute, ()) else None
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name), args=[ast.Attribute(attr=attribute) as given]):
            is_own = isinstance(given.value, ast.Name) and given.value.id == "self"
            return attribute if is_own and f"{module}.{name}" in methods.get(attribute, ()) else None
        case _:
            return None


def _released_in_loop(loop: ast.For | ast.AsyncFor, methods: Mapping[str, frozenset[str]]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what a loop over an attribute of self releases of it, element by element."""
    attributes = [one for one in own_attributes(loop.iter, "self") if one in methods]
    names = {one.id for one in walk(loop.target) if isinstance(one, ast.Name)}
    for statement in _statements(loop) if attributes else ():
        match _called(statement):
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if (
                name in names and method in methods[attributes[0]]
            ):
                yield statement, attributes[0]
            case _:
                pass


def _called(statement: ast.stmt) -> ast.expr | None:
    """Give the call that a statement is."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Await) else value


def _unprotected(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield a statement and those in it whose exceptions leave it."""
    yield statement
    is_quiet = isinstance(statement, ast.Try | ast.TryStar) and bool(statement.handlers)
    if isinstance(statement, ast.With | ast.AsyncWith):
        is_quiet = any(terminal(item.context_expr) == "suppress" for item in statement.items)
    if not is_quiet and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for suite in suites(statement):
            for inner in suite:
                yield from _unprotected(inner)


def _suites(node: FunctionNode) -> Iterator[Suite]:
    waiting = [node.body]
    while waiting:
        suite = waiting.pop()
        yield suite
        for statement in suite:
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                waiting.extend(suites(statement))


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    for suite in suites(node):
        for statement in suite:
            yield statement
            yield from _statements(statement)
