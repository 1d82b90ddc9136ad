"""Statements to a control-flow graph. It knows Python's control flow, and no library.

`finally` suites and the exits of `with` are lowered once for every way out: normal, exception, return, break, continue.
Expressions are lowered in `lower_expression`, conditions in `lower_condition`, assignments in `lower_binding`.
"""

import ast
from collections.abc import Callable
from functools import cached_property

from leaklint.analysis import ops
from leaklint.analysis.asking import loopless_handlers
from leaklint.analysis.expectations import is_expecting
from leaklint.analysis.graph import Block, Branch, Frame, Graph, Handler, Jump, Kind, Reraise, Stop, Thrown
from leaklint.analysis.lower_binding import Bindings
from leaklint.analysis.lower_condition import Conditions, asserted_by, conditions_that_count, is_irrefutable, is_never_empty
from leaklint.analysis.names import Scope, terminal
from leaklint.analysis.ops import Comparison, Test
from leaklint.analysis.tested import tested_names
from leaklint.model.data import dataclass, field

LEAVES = frozenset(("sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit", "os.execv", "os.execvp", "os.execve"))


@dataclass(eq=False, slots=True)
class Loop:
    """A loop being lowered: where `continue` and `break` lead."""

    outer: "Context | None"
    again: Block
    after: Block


@dataclass(eq=False, slots=True)
class Final:
    """A `finally` suite or the exit of a `with`, to be emitted again for each way out."""

    outer: "Context | None"
    frame: Frame  # the frame outside
    emit: Callable[[], None]
    copies: dict[Block, Block] = field(default_factory=dict)


Context = Loop | Final


def lower(
    body: list[ast.stmt],
    scope: Scope,
    yield_kind: Kind | None,
    *,
    is_driven: bool = False,
    are_loops_full: bool = False,
) -> Graph:
    """Build the graph of a body; `yield_kind` says what a `yield` in it may raise; where it `is_driven`, it awaits.

    With `are_loops_full` every `for` runs at least once.
    """
    lowerer = Lowerer(scope, yield_kind, body, is_driven, are_loops_full)
    entry = lowerer.current
    assert entry is not None
    lowerer.suite(body)
    return lowerer.graph(entry, frozenset(scope.bindings.variables))


class Lowerer(Conditions, Bindings):
    """The part of the lowering that knows control flow; with the other three it is whole."""

    def __init__(
        self,
        scope: Scope,
        yield_kind: Kind | None,
        body: list[ast.stmt],
        is_driven: bool = False,
        are_loops_full: bool = False,
    ) -> None:
        super().__init__(scope, yield_kind, is_driven)
        self.are_loops_full = are_loops_full
        self.context: Context | None = None
        self.body = body
        self.expected: list[tuple[int, int]] = []
        self.loopless: list[tuple[int, int]] = []

    def graph(self, entry: Block, bound: frozenset[str]) -> Graph:
        """Give the graph that is built; `bound` are its variables."""
        self.jump(self.returned)
        repeated = {name for name, count in self.tests.items() if name[0] != "%" and (count > 1 or name in bound)}
        kills: dict[str, set[str]] = {}
        for opaque, names in self.mentions.items():
            for name in names:
                kills.setdefault(name, set()).add(opaque)
        self.emit_changes(kills)
        listed = frozenset(self.listed)
        return Graph(
            entry, self.returned, self.raised, self.blocks, frozenset(repeated), listed, kills, self.expected, self.loopless
        )

    @cached_property
    def tested(self) -> frozenset[str]:
        """The plain names that conditions of the body mention; few bodies ask."""
        return tested_names(self.body)

    def suite(self, body: list[ast.stmt]) -> None:
        """Lower statements in order; what follows a jump is dead and left out."""
        for statement in body:
            if self.current is None:
                return
            self.statement = statement
            self.lower_statement(statement)

    def lower_statement(self, node: ast.stmt) -> None:
        """Lower one statement."""
        match node:
            case ast.If():
                self._if(node)
            case ast.For() | ast.AsyncFor():
                self._for(node)
            case ast.While():
                self._while(node)
            case ast.With() | ast.AsyncWith():
                self._with(node, 0)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self._match(node)
            case ast.Return():
                self._return(node)
            case ast.Raise():
                self._raise(node)
            case ast.Assert():
                self._assert(node)
            case ast.Break() | ast.Continue():
                self._leave_loop(node)
            case ast.Expr():
                self._expression_statement(node)
            case _:
                self.lower_simple(node)

    def _expression_statement(self, node: ast.Expr) -> None:
        asserted = asserted_by(node.value)
        if asserted is not None:
            return self._assert_that(node, *asserted)
        self.dropped(node.value)
        call = self.awaited(node.value) or node.value
        if isinstance(call, ast.Call):
            if self.scope.dotted(call.func) in LEAVES and self.current is not None:
                self.current.end = Stop()
                self.current = None
            elif self.does_not_return(call):
                self.emit(ops.Raise(node, node.lineno, False), "AssertionError")
                self.die()
        return None

    def does_not_return(self, call: ast.Call) -> bool:
        """Say whether a call ends a test (`pytest.skip()`, `self.fail()`)."""
        name = self.scope.dotted(call.func)
        if name is not None:
            return name in ("pytest.skip", "pytest.fail", "pytest.xfail", "pytest.exit")
        return (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in ("skipTest", "fail")
            and terminal(call.func.value) == "self"
        )

    def _if(self, node: ast.If) -> None:
        after = self.new_block()
        while True:
            then, otherwise = self.new_block(), self.new_block()
            self.statement = node
            self.branch(node.test, then, otherwise)
            self.current = then
            self.suite(node.body)
            self.jump(after)
            self.current = otherwise
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                node = node.orelse[0]
                continue
            self.suite(node.orelse)
            self.jump(after)
            self.current = after
            return

    def _while(self, node: ast.While) -> None:
        head, body, orelse, after = self.new_block(), self.new_block(), self.new_block(), self.new_block()
        self.jump(head)
        self.current = head
        self.counting.update(conditions_that_count(node.test))
        self.branch(node.test, body, orelse)
        self.context = Loop(self.context, head, after)
        self.current = body
        self.suite(node.body)
        self.jump(head)
        self.context = self.context.outer
        self.current = orelse
        self.suite(node.orelse)
        self.jump(after)
        self.current = after

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.operand(node.iter)
        body, again, orelse, after = self.new_block(), self.new_block(), self.new_block(), self.new_block()
        self.iterate(source, body, again, orelse, node.iter)
        self.context = Loop(self.context, again, after)
        self.current = body
        self.element(node.target, source)
        self.suite(node.body)
        self.jump(again)
        self.context = self.context.outer
        self.current = orelse
        self.suite(node.orelse)
        self.jump(after)
        self.current = after

    def iterate(self, source: ops.Operand, body: Block, again: Block, done: Block, node: ast.expr) -> None:
        """Lower the head of a loop twice: a container that holds something is not left before its first element."""
        line, is_full = node.lineno, self.are_loops_full or is_never_empty(node, self.scope)
        if source is not None:
            self.emit(ops.Iterate(self.statement, line, source, True), Thrown.IMPLICIT)
        if self.current is not None:
            first = Test(source, Comparison.NOT_EMPTY) if source is not None else None
            self.current.end = Jump(body) if is_full else Branch(first, body, done, line)
        self.current = again
        if source is not None:
            self.emit(ops.Iterate(self.statement, line, source, False), Thrown.IMPLICIT)
        self.current.end = Branch(None, body, done, line)

    def _return(self, node: ast.Return) -> None:
        source = self.operand(node.value) if node.value is not None else None
        self.emit(ops.Return(node, node.lineno, source))
        self.jump(self._way_out(self.context, None, self.returned))

    def _leave_loop(self, node: ast.Break | ast.Continue) -> None:
        loop = self.context
        while isinstance(loop, Final):
            loop = loop.outer
        if loop is None:
            return self.die()
        target = loop.after if isinstance(node, ast.Break) else loop.again
        return self.jump(self._way_out(self.context, loop, target))

    def _way_out(self, context: Context | None, stop: Context | None, target: Block) -> Block:
        """Give the block that leads to the target through every `finally` and `with` between a context and `stop`."""
        while isinstance(context, Loop) and context is not stop:
            context = context.outer
        if context is stop or context is None or isinstance(context, Loop):
            return target
        if target not in context.copies:
            context.copies[target] = block = self.new_block(context.frame)
            saved = self.frame, self.context, self.current, self.statement
            self.frame, self.context, self.current = context.frame, context.outer, block
            context.emit()
            self.jump(self._way_out(context.outer, stop, target))
            self.frame, self.context, self.current, self.statement = saved
        return context.copies[target]

    def _raise(self, node: ast.Raise) -> None:
        if node.exc is not None:
            self.operand(node.exc)
        kind: Kind = Thrown.IMPLICIT if node.exc is None else terminal(node.exc)
        self.emit(ops.Raise(node, node.lineno, node.exc is not None), kind)
        self.die()

    def _assert(self, node: ast.Assert) -> None:
        self._assert_that(node, node.test, node.msg)

    def _assert_that(self, node: ast.stmt, test: ast.expr, message: ast.expr | None) -> None:
        holds, fails = self.new_block(), self.new_block()
        self.branch(test, holds, fails)
        self.current = fails
        if message is not None:
            self.operand(message)
        self.emit(ops.Raise(node, node.lineno, False), "AssertionError")
        self.die()
        self.current = holds

    # --- with, try and match ------------------------------------------------------------------------------------------

    def _with(self, node: ast.With | ast.AsyncWith, index: int) -> None:
        if index == len(node.items):
            return self.suite(node.body)
        item, is_async = node.items[index], isinstance(node, ast.AsyncWith)
        if is_expecting(item.context_expr):
            self.expected.append((node.lineno, node.end_lineno or node.lineno))
        source = self.keep(self.operand(item.context_expr), node)
        caught, after = self.new_block(), self.new_block()
        frame = Frame(self.frame, None, final=caught, is_guarded=self.frame.is_guarded)
        dest = self.temporary()
        self.emit(ops.Enter(node, item.context_expr.lineno, dest, source, is_async))
        line = item.context_expr.lineno

        def leave() -> None:
            self.emit(ops.Exit(node, line, source, is_async))

        self.context = Final(self.context, self.frame, leave)
        outer, self.frame = self.frame, frame
        if self.current is not None:
            self._begin()
        if item.optional_vars is not None:
            self.assign(item.optional_vars, dest)
        self._with(node, index + 1)
        self.context, self.frame = self.context.outer, outer
        self._finish(frame, caught, after, leave, source)
        return None

    def _begin(self) -> None:
        """Go on in a new block of the current frame."""
        block = self.new_block()
        self.jump(block)
        self.current = block

    def _finish(self, frame: Frame, caught: Block, after: Block, emit: Callable[[], None], source: str | None) -> None:
        """Emit what a `finally` or the end of a `with` does, on the normal way and on the exceptional one."""
        if self.current is not None:
            self._begin()
            emit()
            self.jump(after)
        self.current = caught
        emit()
        if self.current is not None:
            self.current.end = Reraise(frozenset(frame.kinds), source, after)
            for kind in frame.kinds:
                self.frame.route(kind)
        self.current = after

    def _is_to_fail(self, body: list[ast.stmt]) -> bool:
        """Say whether statements end a test as failed: what stands before them is meant to raise."""
        match body[-1:]:
            case [ast.Expr(value=ast.Call() as call)]:
                return terminal(call) == "fail" and self.does_not_return(call)
            case [ast.Raise(exc=ast.expr() as raised)]:
                return terminal(raised) == "AssertionError"
            case [ast.Assert(test=ast.Constant(value=value))]:
                return not value
            case _:
                return False

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        if node.handlers and (self._is_to_fail(node.body) or self._is_to_fail(node.orelse)):
            self.expected.append((node.body[0].lineno, node.body[-1].end_lineno or node.lineno))
        self.loopless += [(one.lineno, one.end_lineno or one.lineno) for one in loopless_handlers(node)]
        outer, after = self.frame, self.new_block()
        caught = self.new_block() if node.finalbody else None
        around = Frame(outer, None, final=caught, is_guarded=outer.is_guarded) if caught else outer

        def finish() -> None:
            self.suite(node.finalbody)

        if caught:
            self.context = Final(self.context, outer, finish)
        handlers = tuple(Handler(self._types(one.type), self.new_block(around)) for one in node.handlers)
        self.frame = Frame(around, None, handlers, is_guarded=True) if handlers else around
        self._begin()
        self.suite(node.body)
        self.frame = around
        if self.current is not None:
            self._begin()
            self.suite(node.orelse)
        self._handle(node, handlers, around)
        self.frame = outer
        if caught is None:
            self.jump(after)
            self.current = after
            return
        assert self.context is not None
        self.context = self.context.outer
        self._finish(around, caught, after, finish, None)

    def _handle(self, node: ast.Try | ast.TryStar, handlers: tuple[Handler, ...], frame: Frame) -> None:
        """Lower the handlers of a try, and join what comes out of them with what came through it."""
        joined = self.new_block(frame)
        self.jump(joined)
        for handler, clause in zip(handlers, node.handlers, strict=True):
            self.current = handler.block
            if clause.name:
                self.emit(ops.Delete(node, clause.lineno, clause.name, False))
            self.suite(clause.body)
            self.jump(joined)
        self.current = joined

    def _types(self, node: ast.expr | None) -> frozenset[str] | None:
        if node is None:
            return None
        if isinstance(node, ast.Tuple):
            return frozenset(terminal(one) for one in node.elts)
        return frozenset((terminal(node),))

    def _match(self, node: ast.Match) -> None:
        subject = self.operand(node.subject)
        after = self.new_block()
        for case in node.cases:
            self.statement = node
            body, rest = self.new_block(), self.new_block()
            is_default = case.guard is None and is_irrefutable(case.pattern, node.subject)
            if self.current is not None:
                line = case.pattern.lineno
                self.current.end = Jump(body) if is_default else Branch(self.pattern_test(node.subject, case), body, rest, line)
            self.current = body
            self.bind_pattern(case.pattern, subject)
            if case.guard is not None:
                guarded = self.new_block()
                self.branch(case.guard, guarded, rest)
                self.current = guarded
            self.suite(case.body)
            self.jump(after)
            self.current = rest
            if is_default:
                break
        self.jump(after)
        self.current = after
