"""How findings speak: the resource and its name, the path that leaks, the cure."""

import ast

from leaklint.analysis.extent import way_of
from leaklint.analysis.facts import Obligation
from leaklint.analysis.names import Function
from leaklint.analysis.ops import Call, Op, Yield
from leaklint.analysis.trace import describe_path, path_to, return_line
from leaklint.analysis.values import is_patcher
from leaklint.model.finding import Finding, Step
from leaklint.model.fix import Fix, Opener
from leaklint.model.span import Span


def finding(obligation: Obligation, code: str, text: str, fix: Fix | None, trace: tuple[Step, ...] = ()) -> Finding:
    """Make a finding at the acquisition."""
    span = obligation.facts.source.span(obligation.node)
    return Finding(code, span, text, trace, fix, (span,))


def planned(obligation: Obligation, code: str, text: str, plan: Fix | str) -> Finding:
    """Make a finding at the acquisition, with its fix or the reason why there is none."""
    span = obligation.facts.source.span(obligation.node)
    return fixed(code, span, text, plan, (span,))


def fixed(code: str, span: Span, text: str, plan: Fix | str, acquisitions: tuple[Span, ...] = ()) -> Finding:
    """Make a finding with its fix or the reason why there is none."""
    if isinstance(plan, str):
        return Finding(code, span, text, acquisitions=acquisitions, unfixable=plan)
    return Finding(code, span, text, fix=plan, acquisitions=acquisitions)


def opening(obligation: Obligation, code: str, text: str, trace: tuple[Step, ...], fix: Fix | None = None) -> Finding:
    """Make a finding at the acquisition; a patcher is acquired where it is started."""
    source = obligation.facts.source
    starts = (
        [op for op in obligation.history.openings if isinstance(op, Call)] if obligation.site.resource.only_in_fixtures else []
    )
    span = source.span(starts[0].node if starts else obligation.node)
    return Finding(code, span, text, trace, fix, (source.span(obligation.node),))


def cure_in_fixture(obligation: Obligation) -> str:
    """Say what to do in a fixture."""
    way = way_of(obligation, name_of(obligation))
    if way is None:
        return "release it after the `yield`"
    is_handed_out = bool(obligation.history.yields or obligation.history.returns)
    if way.opener is None:
        releasing = "release it with " + "; ".join(f"`{line}`" for line in way.lines)
        return f"`yield` it and {releasing}" if is_handed_out else f"{releasing} after the `yield`"
    block = _block(way.opener)
    return f"`yield` it inside {block}" if is_handed_out else f"open it in {block} around the `yield`"


CLEANUPS = {"setUp": "self.addCleanup", "asyncSetUp": "self.addAsyncCleanup", "setUpClass": "cls.addClassCleanup"}
TEARDOWNS = {
    "setup_method": "teardown_method",
    "setup_class": "teardown_class",
    "setup_module": "teardown_module",
    "setup": "teardown",
    "setUpTestData": "tearDownClass",
}


def cure_in_setup(obligation: Obligation, setup: Function) -> str:
    """Say what to do in a set-up."""
    name = setup.node.name
    resource = obligation.site.resource
    method = resource.first_release or "close"
    if name in TEARDOWNS:
        return f"release it in `{TEARDOWNS[name]}`"
    register = "unittest.addModuleCleanup" if name == "setUpModule" else CLEANUPS.get(name, "self.addCleanup")
    kept = name_of(obligation)
    if kept is None and is_patcher(resource):  # who keeps only what its start gave stops all of them
        return f"register its release: `{register}(mock.patch.stopall)`"
    if kept is None:
        return f"give it a name, and register its release with `{register}`"
    if method in resource.release_functions:
        return f"register its release: `{register}({method}, {kept})`"
    return f"register its release: `{register}({kept}.{method})`"


def subject(obligation: Obligation) -> str:
    """Name the resource: `conn` (sqlite3.Connection)."""
    label = obligation.site.label
    name = name_of(obligation)
    return f"`{name}` ({label})" if name else f"{label} from `{_callee(obligation.node)}`"


def name_of(obligation: Obligation) -> str | None:
    """Give the name that the text has for the resource."""
    names = obligation.history.names
    first = next((one for one in names if one in _targets(obligation.statement)), names[0] if names else None)
    kept = next((one for one in names if one.startswith("self.")), first)
    return kept.partition("'")[0].partition(":")[0] if kept else None  # `:` tells where the name of an inner scope is bound


def _targets(statement: ast.stmt) -> list[str]:
    """Give the names that an assignment binds: a loop over what holds the resource may bind other ones before."""
    return [one.id for one in statement.targets if isinstance(one, ast.Name)] if isinstance(statement, ast.Assign) else []


def cure(obligation: Obligation) -> str:
    """Say what to do: the with that the type has, or the release to call."""
    name = obligation.history.names[0] if obligation.history.names else None
    if obligation.history.is_contained and (name is None or ":" in name):  # a comprehension's variable is gone by then
        return "release each on every path"
    way = way_of(obligation, name)
    if way is None or way.opener is None:
        lines = "; ".join(f"`{line}`" for line in way.lines) if way else "it"
        return f"release it with {lines} in a `finally`" if way else "release it on every path"
    return f"open it in {_block(way.opener)}"


def _block(opener: Opener) -> str:
    """Name the block that releases what it opens: "a `with contextlib.closing(...)` block"."""
    keyword = "an `async with" if opener.is_async else "a `with"
    return f"{keyword} {opener.wrapper}(...)` block" if opener.wrapper else f"{keyword}` block"


def path_to_return(obligation: Obligation) -> tuple[str, tuple[Step, ...]]:
    """Say where the body is left normally with the resource open, and by which path."""
    solution = obligation.facts.solution
    path = path_to(solution.setting.graph.returned, obligation.site, solution)
    line = return_line(path)
    where = f"line {line} returns" if line else "the function ends" if obligation.facts.function else "the module ends"
    return where, (*describe_path(path, obligation.site), Step(line or _end_line(obligation), "left open here"))


def path_to_raise(obligation: Obligation, op: Op) -> tuple[str, tuple[Step, ...]]:
    """Say which operation may raise while the resource is open."""
    where = f"the generator is left at line {op.line}" if isinstance(op, Yield) else f"line {op.line} raises"
    return where, (Step(obligation.line, "acquired here"), Step(op.line, "an exception here leaves it open"))


def _end_line(obligation: Obligation) -> int:
    body = obligation.facts.body
    return body[-1].end_lineno or body[-1].lineno


def _callee(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        text = ast.unparse(node.func)
        return f"{text}(...)" if len(text) <= 40 else f"...{text[-37:]}(...)"
    return "this expression"


def rebinding(op: Op) -> str:
    """Say how a name lets go of what it held."""
    if isinstance(op, Call):
        return f"the next round of the loop opens another one at line {op.line}"
    statement = op.statement
    if isinstance(statement, ast.Delete):
        return f"line {op.line} deletes the name"
    return f"line {op.line} binds the name anew"
