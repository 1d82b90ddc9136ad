"""A resource is used, returned or wrapped lazily after it was released or its `with` ended.

Why: the use raises, or the caller gets a closed object.

Bad:
    def reader(path):
        with open(path) as file:
            return file  # LKR106

Good:
    def reader(path):
        return open(path)

Fix: none; either the use comes earlier or the release later.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Obligation
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.ops import Call, Op, Return
from leaklint.model.finding import Finding, Step
from leaklint.model.span import Span
from leaklint.rules.rule import Rule
from leaklint.rules.wording import subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the uses that come after every path has released."""
    for one in module.obligations:
        if one.site.parameter is not None:
            continue
        lines: set[int] = set()
        for op, verdicts in one.history.late.items():
            if verdicts != {True} or op.line in lines or one.facts.is_expected(op.line):
                continue
            if not (_is_guarded(one, op) or _is_read_again(one, op) or _is_only_maker(one, op)):
                lines.add(op.line)
                yield _finding(one, op)


def _is_guarded(one: Obligation, op: Op) -> bool:
    """Say whether the use stands in a try with handlers: it may well be meant to fail."""
    graph = one.facts.solution.setting.graph
    return any(op in block.ops and block.frame.is_guarded for block in graph.blocks)


def _is_read_again(one: Obligation, op: Op) -> bool:
    """Say whether it was read to its end before, so that another reading, or its caller, finds what it needs."""
    drains = one.site.resource.drains
    before = (other.method for other in one.history.releases if isinstance(other, Call) and other.line < op.line)
    is_enough = isinstance(op, Return) or (isinstance(op, Call) and op.method in drains)
    return is_enough and any(method in drains for method in before)


def _is_only_maker(one: Obligation, op: Op) -> bool:
    """Say whether not this resource is returned, but something that it made: that is told of itself."""
    others = [other.node for other in one.facts.obligations if other is not one and op in other.history.late]
    made = [other.func.value for other in others if isinstance(other, ast.Call) and isinstance(other.func, ast.Attribute)]
    return isinstance(op, Return) and any(isinstance(by, ast.Name) and by.id in one.history.names for by in made)


def _finding(one: Obligation, op: Op) -> Finding:
    source = one.facts.source
    what = "is returned" if isinstance(op, Return) else "is used"
    text = f"{subject(one)} {what} after it was released; release it later, or use it earlier"
    line = source.lines[op.line - 1]
    column = len(line) - len(line.lstrip())
    trace = (Step(one.line, "acquired here"), Step(op.line, f"{what} here"))
    return Finding(rule.code, Span(op.line, column, op.line, len(line)), text, trace, None, (source.span(one.node),))


rule = Rule("LKR106", "used-after-release", "used, returned or wrapped lazily after it was released", "none", check)
