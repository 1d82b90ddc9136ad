"""Resources that are bound to one event loop and outlive it, or meet a second one.

A local is followed by its history; a global, an attribute and a cached result by what each run of the module reaches.
Where nothing is run, nothing is said: a client that lives as long as a server's one loop is right.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis import bodies
from leaklint.analysis.facts import Facts, Obligation, is_of_scope
from leaklint.analysis.loops import is_on_loop, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.ops import Call, Escape
from leaklint.analysis.reaches import (
    Place,
    Reach,
    foreign_runs,
    is_closed_by_users,
    reach_of,
    reach_of_foreign,
    reach_of_function,
)
from leaklint.analysis.runs import MAKING, Run, helper_runs, module_runs, runs_of
from leaklint.analysis.setting import Body
from leaklint.model.data import dataclass
from leaklint.model.resource import Effect


@dataclass(frozen=True, eq=False, slots=True)
class Crossing:
    """A resource that crosses loops: how, in words; the lines of the runs; and the runs that one loop could serve."""

    obligation: Obligation
    reason: str
    lines: tuple[int, ...] = ()
    runs: tuple[Run, ...] = ()


def crossings(module: ModuleFacts) -> Iterator[Crossing]:
    """Yield the acquisitions that cross loops, each once."""
    runs: list[Run] | None = None
    for one in module.obligations:
        if one.site.resource.loop_bound is None or one.facts.is_expected(one.line):
            continue
        runs = module_runs(module) if runs is None else runs
        found = _crossing(one, runs, module)
        if found is not None:
            yield found


def _crossing(one: Obligation, runs: list[Run], module: ModuleFacts) -> Crossing | None:
    if not is_on_loop(one.facts, module):
        own = runs_of(one.facts, module)
        helped = [run for run in helper_runs(one.facts, module) if run.node is not one.node]
        found = _of_fixture(one, own) or _of_local(one, [*own, *helped], module) or _of_closure(one, module)
        if found is not None and one.history.yields and one.facts.solution.setting.body is Body.FIXTURE:
            return found
        if found is not None and is_of_scope(one):
            return found
        if any(run.coroutine is one.node for run in runs) or one.site.is_pending:
            return None  # whoever drives it, drives it on his loop
        if found is None and _is_built_without_loop(one):
            return Crossing(one, "is built where no loop is running, and binds to one at once")
    place = _place(one)
    found = _of_place(one, place, runs, module) if place is not None and runs else None
    return found or (_of_users(one, place, module) if place is not None and place[0] != "attribute" else None)


# --- locals -------------------------------------------------------------------------------------------------------------


def _of_local(one: Obligation, runs: list[Run], module: ModuleFacts) -> Crossing | None:
    touching: list[Run] = []
    closing: list[Run] = []
    touched, closed = _nodes_touching(one), _nodes_closing(one)
    for run in runs:
        inside = {node for node in walk(run.node) if isinstance(node, ast.Call)}
        if run.coroutine is one.node or _is_coroutine_of(run, one):
            if run.loop is None:
                return Crossing(one, f"leaves the loop of line {run.line}, which is closed by then", (run.line,))
            return None
        inside |= {node for node in walk(run.coroutine) if isinstance(node, ast.Call)}
        if inside & touched:
            touching.append(run)
            is_closed = _is_passed_to_closer(run, one, module) if run.is_of_function else bool(inside & closed)
            if is_closed:
                closing.append(run)
    return _verdict(one, touching, closing) if not one.site.is_pending else None


def _of_fixture(one: Obligation, runs: list[Run]) -> Crossing | None:
    """What a plain fixture hands to its tests, and closes on a loop of its own, met their loops before."""
    if one.facts.solution.setting.body is not Body.FIXTURE or not one.history.yields:
        return None
    closing = _nodes_closing(one)
    for run in runs:
        inside = {node for node in [*walk(run.node), *walk(run.coroutine)] if isinstance(node, ast.Call)}
        if run.loop is None and inside & closing:
            return Crossing(one, f"is used on the loops of tests, and closed on that of line {run.line}", (run.line,))
    return None


def _is_coroutine_of(run: Run, one: Obligation) -> bool:
    return isinstance(run.coroutine, ast.Await) and run.coroutine.value is one.node


def _nodes_touching(one: Obligation) -> set[ast.Call]:
    history = one.history
    return {op.node for op in [*history.uses, *history.moves, *history.releases] if isinstance(op, Call)}


def _nodes_closing(one: Obligation) -> set[ast.Call]:
    """Give the calls that release it, or may: those that take it over."""
    return {op.node for op in [*one.history.moves, *one.history.releases] if isinstance(op, Call)}


def _verdict(one: Obligation, touching: list[Run], closing: list[Run]) -> Crossing | None:
    """Judge by the loops that touch a resource, and those that close it."""
    if not touching:
        return None
    lines = tuple(sorted({run.line for run in touching}))
    if one.site.resource.loop_bound == "construction" and not one.facts.is_async:
        return Crossing(one, f"is built before the loop of line {lines[0]} runs, and binds to one at once", lines)
    loops = {run.loop or str(run.line) for run in touching}
    if len(loops) > 1:
        reason = f"is used on the loop of line {lines[0]} and again on that of line {lines[-1]}"
        return Crossing(one, reason, lines, tuple(touching))
    if any(run.is_repeated for run in touching):
        return Crossing(one, f"is used on a new loop each time line {lines[0]} runs", lines, tuple(touching))
    is_released = bool(one.history.releases) and all(run.loop is not None for run in touching)
    if not closing and not is_released:  # whoever keeps the loop may close it there later
        return Crossing(one, f"is still open when the loop of line {lines[-1]} ends", lines, tuple(touching))
    return None


def _of_closure(one: Obligation, module: ModuleFacts) -> Crossing | None:
    """A function made here runs a loop for something that uses the resource: perhaps many times, in many threads."""
    names = set(one.history.names)
    function = one.facts.function
    if function is None or not names & one.facts.scope.bindings.captured:
        return None
    for node in walk(function.node):
        if not isinstance(node, ast.Lambda | ast.FunctionDef) or node is function.node:
            continue
        for call in walk(node):
            is_run = isinstance(call, ast.Call) and one.facts.scope.dotted(call.func) in MAKING and _mentions(call, names)
            if is_run and isinstance(call, ast.Call) and not _is_closed_by(call, one, module):
                return Crossing(one, f"is used on a new loop each time line {call.lineno} runs", (call.lineno,))
    return None


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in names for one in walk(node))


def _is_closed_by(call: ast.Call, one: Obligation, module: ModuleFacts) -> bool:
    """Say whether the coroutine of a run may close what is passed to it."""
    for inner in walk(call):
        if isinstance(inner, ast.Call) and inner is not call and _mentions(inner, set(one.history.names)):
            if isinstance(inner.func, ast.Attribute) and inner.func.attr in one.site.resource.async_releases:
                return True
            if not isinstance(inner.func, ast.Name):
                continue
            if _closes(inner.func.id, inner.args, one, module):
                return True
    return False


def _is_passed_to_closer(run: Run, one: Obligation, module: ModuleFacts) -> bool:
    """Say whether the function that a run calls (`anyio.run(main, client)`) may close what it is given."""
    return not isinstance(run.coroutine, ast.Name) or _closes(run.coroutine.id, run.node.args[1:], one, module)


def _closes(name: str, given: list[ast.expr], one: Obligation, module: ModuleFacts) -> bool:
    """Say whether a function may close the resource among its arguments; one that nobody knows may."""
    summary = module.project.function(name, one.facts.scope, ())
    if summary is None:
        return True
    return any(
        _mentions(argument, set(one.history.names)) and summary.effects[parameter].effect in (Effect.RELEASES, Effect.TAKES)
        for parameter, argument in zip(summary.parameters, given, strict=False)
    )


# --- built without a loop -----------------------------------------------------------------------------------------------


def _is_built_without_loop(one: Obligation) -> bool:
    """Say whether it is built where surely no loop runs: while a module is loaded, in a plain test or set-up."""
    if one.site.resource.loop_bound != "construction" or one.site.is_awaited:
        return False
    function = one.facts.function
    if function is None:  # what awaits at the top of a module is typed into a loop that runs (a notebook, `python -m asyncio`)
        return not any(isinstance(node, ast.Await) for node, _ in own_nodes(one.facts.body))
    return one.facts.is_setup or (function.node.name.startswith("test") and not one.facts.is_lambda)


# --- what outlives its function -----------------------------------------------------------------------------------------


def _place(one: Obligation) -> Place | None:
    """Give where a resource stays when the body that makes it ends: a global, an attribute, a cached result."""
    function = one.facts.function
    if function is None:
        return ("name", one.history.names[0]) if one.history.exit_names and one.history.names else None
    for op in one.history.moves:
        if isinstance(op, Escape):
            if op.attribute is not None and op.is_own and function.owner is not None:
                return "attribute", f"{function.owner.name}.{op.attribute}"
            name = _global(op.statement, one.facts)
            if name is not None:
                return "name", name
    if one.history.returns and bodies.decorators(function) & bodies.CACHES:
        return "result", function.node.name
    return None


def _global(statement: ast.stmt, facts: Facts) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) if name in facts.scope.bindings.outside:
            return name
        case _:
            return None


def _of_place(one: Obligation, place: Place, runs: list[Run], module: ModuleFacts) -> Crossing | None:
    releases = one.site.resource.async_releases | one.site.resource.releases
    if place[0] == "attribute":
        runs = [run for run in runs if _is_of_instance(run, one)]
    reaches = [(run, reach_of(run, module, releases | _ending(one, module))) for run in runs]
    touching = [run for run, reach in reaches if place in reach.touched]
    closing = [run for run, reach in reaches if place in reach.closed and place in reach.touched]
    if not touching or _is_closed_elsewhere(place, reaches, module, releases):
        return None
    if place[0] == "attribute" and len({run.loop for run in touching}) == 1 and touching[0].loop is not None:
        return None  # the class keeps its loop: whether it closes the attribute is the owner's affair
    if is_on_loop(one.facts, module) and all(run in closing for run in touching):
        return None  # each run makes its own, and closes it
    found = _verdict(one, touching, closing)
    if found is None and place[0] == "attribute" and not all(run in closing for run in touching):
        return Crossing(one, f"outlives the loop of line {touching[0].line}", (touching[0].line,))
    return found


def _is_of_instance(run: Run, one: Obligation) -> bool:
    """Say whether a run may meet the object of an acquisition: each test of a class has an object of its own."""
    made, met = one.facts.function, run.facts.function
    if made is None or met is None or made is met or made.owner is None:
        return True
    return not (made.node.name.startswith("test") and met.node.name.startswith("test"))


def _ending(one: Obligation, module: ModuleFacts) -> frozenset[str]:
    """Give the methods of a first-party class that lead to its own release: who runs one has it closed by then."""
    where = module.project.class_at(one.site.own_type) if one.site.own_type is not None else None
    node = where[0].scope.definition(where[1]) if where is not None else None
    if where is None or not isinstance(node, ast.ClassDef):
        return frozenset()
    owner = where[0].owner(node)
    closing = {*owner.release_methods()}
    return frozenset(name for name in owner.methods if owner.reached([name]).calls & closing)


def _of_users(one: Obligation, place: Place, module: ModuleFacts) -> Crossing | None:
    """Judge by the runs of the modules that import this one: those on several loops, which nobody there closes."""
    releases = one.site.resource.async_releases | one.site.resource.releases
    if is_closed_by_users(place, module, releases) or _is_closed_elsewhere(place, [], module, releases):
        return None
    touching = [run for run in foreign_runs(module) if place in reach_of_foreign(run, module, releases).touched]
    if touching and (len(touching) > 1 or touching[0].is_repeated):
        first, last = touching[0], touching[-1]
        again = f" and again on that of {last.label}" if first is not last else ", again and again"
        return Crossing(one, f"is used on the loop of {first.label}{again}")
    return None


def _is_closed_elsewhere(place: Place, reaches: list[tuple[Run, Reach]], module: ModuleFacts, releases: frozenset[str]) -> bool:
    """Say whether a coroutine closes it that no run reaches: a shutdown handler, which the server's loop runs."""
    reached: set[str] = set()
    for run, _ in reaches:
        reached |= {terminal(node) for node in walk(run.node) if isinstance(node, ast.Call)}
    for function in module.functions:
        if isinstance(function.node, ast.AsyncFunctionDef) and function.node.name not in reached:
            is_called = any(
                isinstance(node, ast.Call) and terminal(node) == function.node.name for node in walk(module.source.tree)
            )
            if not is_called and place in reach_of_function(function, module, releases).closed:
                return function.owner is None
    return False
