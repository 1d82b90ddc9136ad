"""Unsafe fixes that let one loop serve where several did; None where none is clear."""

import ast

from leaklint.analysis.crossings import Crossing
from leaklint.analysis.facts import Facts, Suite, names_in
from leaklint.analysis.loop_fixes import UNSAFE, text_of
from leaklint.analysis.loops import FUTURES, LoopCall, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.runs import REPEATED, Run
from leaklint.analysis.versions import RUNNER
from leaklint.model.fix import Around, Fix, Remove, Replace, Several


def one_runner(crossing: Crossing, module: ModuleFacts) -> Fix | None:
    """Put one asyncio.Runner around the runs of one suite that use a resource, and close it on that loop."""
    one, runs = crossing.obligation, crossing.runs
    if not runs or module.target < RUNNER or one.site.resource.loop_bound != "first-use" or not one.history.names:
        return None
    facts, name = one.facts, one.history.names[0]
    if any(run.facts is not facts or not _is_plain(run.node, facts) for run in runs):
        return None
    methods = one.site.resource.async_releases
    closing = [run for run in runs if _closes(run, name, methods)]
    others = [run for run in runs if run not in closing]
    found = _siblings(others, facts)
    going = {statement for run in closing if (statement := _statement_of(run.node, facts)) is not None}
    kept = {op.statement for op in one.history.releases if isinstance(op, Call)} - going
    if found is None or kept or len(going) != len(closing) or not going <= set(found[0]):
        return None
    if not all(isinstance(statement, ast.Expr) for statement in going):
        return None
    method = one.site.resource.first_release if one.site.resource.first_release in methods else min(methods)
    runner = _new_name(facts)
    final = f"{runner}.run({name}.{method}())"
    return _enclosed(found, [run.node for run in others], runner, others[0].node.func, facts, (final,), going)


def one_runner_for_items(call: LoopCall, module: ModuleFacts) -> Fix | None:
    """Put one asyncio.Runner around the loop that runs a new event loop for each item."""
    facts = call.facts
    if module.target < RUNNER or not _is_plain(call.node, facts) or call.summary.name != "asyncio.run":
        return None
    statement = _outermost_loop(call.node, facts)
    place = facts.places.get(statement) if statement is not None else None
    if place is None or statement is None:
        return None
    return _enclosed((place[0], place[1], place[1]), [call.node], _new_name(facts), call.node.func, facts, (), set())


def one_runner_for_current(call: LoopCall, module: ModuleFacts) -> Fix | None:
    """Put one asyncio.Runner around the runs of one suite on the current loop that a body asks for once."""
    facts, made = call.facts, call.op.statement
    if module.target < RUNNER or facts.is_async or facts.function is None:
        return None
    match made:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is call.node:
            pass
        case _:
            return None
    runs, going = _runs_on(name, facts)
    mentions = [one for one in walk(ast.Module(facts.body, [])) if isinstance(one, ast.Name) and one.id == name]
    place = _place_of([_outermost_loop(one, facts) or _statement_of(one, facts) for one in runs], facts)
    if len(runs) < 2 or place is None or len(mentions) != len(runs) + len(going) + 1:
        return None
    if facts.places.get(made, (None,))[0] is not place[0] or not going <= set(place[0]):
        return None
    return _enclosed(place, runs, _new_name(facts), call.node.func, facts, (), going | {made})


def _runs_on(name: str, facts: Facts) -> tuple[list[ast.Call], set[ast.stmt]]:
    """Give the calls that run one coroutine on the loop of that name, and the statements that close it."""
    runs: list[ast.Call] = []
    going: set[ast.stmt] = set()
    for one, around in own_nodes(facts.body):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="run_until_complete"), args=[ast.Call() as given]):
                if found == name and terminal(given) not in FUTURES:
                    runs.append(one)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="close")) if found == name:
                if around and isinstance(around[-1], ast.Expr):
                    going.add(around[-1])
            case _:
                pass
    return runs, going


def _outermost_loop(node: ast.Call, facts: Facts) -> ast.stmt | None:
    """Give the statement that repeats a call: the outermost loop around it, or the one with the comprehension."""
    for one, around in own_nodes(facts.body):
        if one is node:
            loop = next((index for index, block in enumerate(around) if isinstance(block, REPEATED)), None)
            statements = [block for block in around[: (loop or 0) + 1] if isinstance(block, ast.stmt)]
            return statements[-1] if loop is not None and statements else None
    return None


def _is_plain(node: ast.Call, facts: Facts) -> bool:
    return isinstance(node.func, ast.Attribute) and facts.scope.dotted(node.func) == "asyncio.run" and not node.keywords


def _closes(run: Run, name: str, methods: frozenset[str]) -> bool:
    match run.coroutine:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr=attr)):
            return found == name and attr in methods
        case _:
            return False


def _statement_of(node: ast.expr, facts: Facts) -> ast.stmt | None:
    for one, around in own_nodes(facts.body):
        if one is node:
            return next(block for block in reversed(around) if isinstance(block, ast.stmt))
    return None


def _siblings(runs: list[Run], facts: Facts) -> tuple[Suite, int, int] | None:
    """Give the one suite in which the runs stand, and the indices of the first and last statement with one."""
    return _place_of([(_outermost_loop if run.is_repeated else _statement_of)(run.node, facts) for run in runs], facts)


def _place_of(statements: list[ast.stmt | None], facts: Facts) -> tuple[Suite, int, int] | None:
    places = []
    for statement in statements:
        place = facts.places.get(statement) if statement is not None else None
        if place is None:
            return None
        places.append(place)
    if not places or any(suite is not places[0][0] for suite, _, _ in places):
        return None
    indices = [index for _, index, _ in places]
    return places[0][0], min(indices), max(indices)


def _enclosed(
    place: tuple[Suite, int, int],
    runs: list[ast.Call],
    runner: str,
    function: ast.expr,
    facts: Facts,
    final: tuple[str, ...],
    going: set[ast.stmt],
) -> Fix | None:
    suite, first, last = place
    span = facts.source.span
    if not isinstance(function, ast.Attribute) or suite[first] in going or suite[last] in going:
        return None
    replaces = [Replace(span(run.func), f"{runner}.run") for run in runs]
    removed = [Remove(place) for place in sorted(span(one) for one in going)]
    opener = f"{text_of(function.value, facts)}.Runner() as {runner}"
    around = Around(span(suite[first]), span(suite[last]), opener, final=final)
    return Fix(Several((around, *replaces, *removed)), UNSAFE)


def _new_name(facts: Facts) -> str:
    taken = names_in(facts.function.node if facts.function else facts.source.tree)
    return next(name for name in ("runner", "runner2", "loop_runner", "loop_runner2") if name not in taken)
