"""Rewrites a module: one pass from the innermost suites outwards, then the imports that the new text needs."""

from bisect import bisect_left
from collections.abc import Sequence

import libcst as cst

from leaklint.model.fix import Fix
from leaklint.rewrite.extent import extent
from leaklint.rewrite.imports import is_late, with_imports
from leaklint.rewrite.layout import Run, as_line, block, is_reraise, pass_line, smalls, without_blank_start
from leaklint.rewrite.locate import Located, Positions, parse
from leaklint.rewrite.plan import Plan, bind, spans_of
from leaklint.rewrite.refusal import CannotRewrite
from leaklint.rewrite.remainder import Thinned
from leaklint.rewrite.suite import rearrange, thin

_CARRIERS = (
    cst.Module,
    cst.BaseSuite,
    cst.BaseCompoundStatement,
    cst.Else,
    cst.Finally,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.MatchCase,
)


def rewrite_module(text: str, fixes: Sequence[Fix]) -> str:
    """Give the text with all fixes carried out; raises CannotRewrite."""
    module, positions = parse(text)
    plan = bind(fixes, Located(module, positions, text, spans_of(fixes)), positions)
    suites = _Suites(plan)
    try:
        changed = module.visit(suites)
    except cst.CSTValidationError as error:
        raise CannotRewrite(f"libcst refuses the result: {error}") from None
    suites.check()
    _check_imports(module, positions, fixes)
    names = sorted({name for fix in fixes for name in fix.imports})
    return with_imports(changed, names).code


def _check_imports(module: cst.Module, positions: Positions, fixes: Sequence[Fix]) -> None:
    """Raise CannotRewrite where a fix at module level needs an import that stands below it."""
    ends = [positions[statement].end.line for statement in module.body]
    for fix in fixes:
        line = extent(fix.edit).line
        index = bisect_left(ends, line)
        for name in fix.imports:
            if is_late(module, name, index):
                raise CannotRewrite(f"`import {name}` stands below line {line}")


class _Suites(cst.CSTTransformer):
    """Rewrites every suite in which something changes, and leaves all else as the very same nodes."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._thinned = Thinned()
        self._done: set[object] = set()
        self._removed = 0

    def check(self) -> None:
        """Raise CannotRewrite unless every edit was carried out."""
        if len(self._done) != len(self._plan.tasks) or self._removed != len(self._plan.removed):
            raise CannotRewrite("a statement of the fix stands where the rewriter does not look")

    def on_visit(self, node: cst.CSTNode) -> bool:
        return isinstance(node, _CARRIERS) and self._plan.touches(node)

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        body, after = self._run(original_node.body, updated_node.body, None, is_top=True)
        return updated_node.with_changes(body=body, footer=(*after, *updated_node.footer))

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        if not self._plan.touches(original_node):
            return updated_node
        body, after = self._run(original_node.body, updated_node.body, original_node.indent)
        if _is_same(body, updated_node.body) and not after:
            return updated_node
        lines = (*after, *updated_node.footer)
        if not body:
            body, lines = (pass_line(without_blank_start(lines)),), ()
            suite = updated_node.with_changes(body=body, footer=())
            self._thinned.emptied.add(suite)
            return suite
        return self._noted(updated_node.with_changes(body=body, footer=lines))

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        if not self._plan.touches(original_node):
            return updated_node
        body, after = self._run((as_line(original_node),), (as_line(updated_node),), None)
        if not body:
            suite = block((), after, None, cst.TrailingWhitespace())
            self._thinned.emptied.add(suite)
            return suite
        only = body[0]
        if len(body) == 1 and isinstance(only, cst.SimpleStatementLine) and not after:
            return self._noted(updated_node.with_changes(body=only.body))
        return block(body, after, None, cst.TrailingWhitespace())

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> cst.If:
        """Make room for the block of an edit whose statement is an `elif`."""
        branch, changed = original_node.orelse, updated_node.orelse
        if not isinstance(branch, cst.If) or not isinstance(changed, cst.If) or not self._plan.starts_at(branch):
            return updated_node
        alone = changed.with_changes(leading_lines=())
        body, after = self._run((branch,), (alone,), None)
        otherwise = cst.Else(block(body, after, None, cst.TrailingWhitespace()), leading_lines=changed.leading_lines)
        return updated_node.with_changes(orelse=otherwise)

    def _run(
        self,
        old: Sequence[cst.BaseStatement],
        new: Sequence[cst.BaseStatement],
        indent: str | None,
        is_top: bool = False,
    ) -> Run:
        elements = thin(old, new, self._plan, self._thinned)
        self._removed += sum(origin in self._plan.removed for element in elements for origin in element.origins)
        return rearrange(elements, self._plan, indent, is_top, self._done)

    def _noted(self, suite: cst.IndentedBlock | cst.SimpleStatementSuite) -> cst.BaseSuite:
        """Note a suite that holds nothing but a bare raise any more."""
        if all(is_reraise(small) for small in smalls(suite)):
            self._thinned.reraising.add(suite)
        return suite


def _is_same(body: Sequence[cst.BaseStatement], other: Sequence[cst.BaseStatement]) -> bool:
    return len(body) == len(other) and all(one is two for one, two in zip(body, other, strict=True))
