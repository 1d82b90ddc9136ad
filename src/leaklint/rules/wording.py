"""How findings speak: the resource and its name, the path that leaks, the cure."""

import ast

from leaklint.analysis.extent import way_of
from leaklint.analysis.facts import Obligation
from leaklint.analysis.ops import Call, Op, Yield
from leaklint.analysis.trace import describe_path, path_to, return_line
from leaklint.model.finding import Finding, Step
from leaklint.model.fix import Fix


def finding(obligation: Obligation, code: str, text: str, fix: Fix | None, trace: tuple[Step, ...] = ()) -> Finding:
    """Make a finding at the acquisition."""
    span = obligation.facts.source.span(obligation.node)
    return Finding(code, span, text, trace, fix, (span,))


def subject(obligation: Obligation) -> str:
    """Name the resource: `conn` (sqlite3.Connection)."""
    label = obligation.site.label
    name = obligation.history.names[0] if obligation.history.names else None
    return f"`{name}` ({label})" if name else f"{label} from `{_callee(obligation.node)}`"


def cure(obligation: Obligation) -> str:
    """Say what to do: the with that the type has, or the release to call."""
    name = obligation.history.names[0] if obligation.history.names else None
    if name is None and obligation.history.is_contained:
        return "release each on every path"
    way = way_of(obligation, name)
    if way is None or way.opener is None:
        lines = "; ".join(f"`{line}`" for line in way.lines) if way else "it"
        return f"release it with {lines} in a `finally`" if way else "release it on every path"
    keyword = "async with" if way.opener.is_async else "with"
    if way.opener.wrapper:
        return f"open it in a `{keyword} {way.opener.wrapper}(...)` block"
    return f"open it in a `{keyword}` block"


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
