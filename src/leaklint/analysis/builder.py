"""A control-flow graph in the making: its blocks, and the names of its operands. It knows no syntax."""

import ast
from collections.abc import Container

from leaklint.analysis import ops
from leaklint.analysis.graph import Block, Branch, Frame, Jump, Kind, Stop
from leaklint.analysis.names import Scope
from leaklint.analysis.ops import Comparison, Test
from leaklint.analysis.values import OTHER


class Builder:
    """Builds one graph; `current` is the open block, None after a jump."""

    statement: ast.stmt

    def __init__(self, scope: Scope, yield_kind: Kind | None, is_driven: bool) -> None:
        self.scope = scope
        self.yield_kind = yield_kind
        self.is_driven = is_driven
        self.tests: dict[str, int] = {}
        self.listed: set[str] = set()  # the subjects of tests for several constants
        self.constants: dict[str, list[ops.Literal]] = {}  # by subject, those that tests compare it with
        self.counting: set[str] = set()  # the conditions of loops that count: `i < 5`
        self.mentions: dict[str, frozenset[str]] = {}
        self.renames: dict[str, str] = {}
        self._temporaries = 0
        self._changes: list[tuple[Block, int, ast.stmt, str]] = []  # with the number of operations before
        self.blocks: list[Block] = []
        outermost = Frame(None, None)
        self.frame = outermost
        self.returned = self.new_block()
        self.raised = self.new_block()
        self.returned.end = self.raised.end = Stop()
        outermost.raised = self.raised
        self.current: Block | None = self.new_block()

    # --- blocks -------------------------------------------------------------------------------------------------------

    def new_block(self, frame: Frame | None = None) -> Block:
        """Add an empty block, in the current frame unless another is given."""
        block = Block(len(self.blocks), frame or self.frame)
        self.blocks.append(block)
        return block

    def jump(self, target: Block) -> None:
        """End the current block, if one is open, with a jump."""
        if self.current is not None:
            self.current.end = Jump(target)
            self.current = None

    def emit(self, op: ops.Op, kind: Kind | None = None) -> None:
        """Append an operation that may raise the kind."""
        if self.current is None:
            self.current = self.new_block()  # unreachable, kept so that lowering goes on
        if len(self.current.ops) >= 48:
            block = self.new_block()
            self.jump(block)
            self.current = block
        self.current.ops.append(op)
        self.current.raises.append(kind)
        if kind is not None:
            self.frame.route(kind)

    def note_change(self, what: str) -> None:
        """Note that an attribute (`.name`) is assigned here, or a method of an object (`name()`) called.

        What tests have told of it is void from here on.
        """
        if self.current is not None:
            self._changes.append((self.current, len(self.current.ops), self.statement, what))

    def emit_changes(self, tested: Container[str]) -> None:
        """Write the changes of what conditions test into the blocks."""
        for block, index, statement, what in reversed(self._changes):
            if what in tested:
                block.ops.insert(index, ops.Evaluate(statement, statement.lineno, what, OTHER))
                block.raises.insert(index, None)

    def die(self) -> None:
        """End the current block, if one is open: nothing follows it."""
        if self.current is not None:
            self.current.end = Stop()
            self.current = None

    def decide(self, test: Test | None, then: Block, otherwise: Block, line: int) -> None:
        """End the current block by a test."""
        if test is not None and test.comparison is not Comparison.NOT_EMPTY:
            for name in (test.name, test.subject):
                if name is not None:
                    self.tests[name] = self.tests.get(name, 0) + 1
        if self.current is None:
            self.current = self.new_block()
        self.current.end = Branch(test, then, otherwise, line)
        self.current = None

    # --- names --------------------------------------------------------------------------------------------------------

    def temporary(self) -> str:
        """Give a new temporary."""
        self._temporaries += 1
        return f"%{self._temporaries}"

    def is_variable(self, name: str) -> bool:
        """Say whether a name is a variable of this function."""
        return name in self.renames or self.scope.is_local(name)

    def renamed(self, name: str) -> str:
        """Give the operand of a variable (a comprehension's variables have names of their own)."""
        return self.renames.get(name, name)

    def keep(self, source: ops.Operand, node: ast.stmt) -> ops.Operand:
        """Copy a variable to a temporary, so that a later binding of the name changes nothing."""
        if source is None or source.startswith("%"):
            return source
        dest = self.temporary()
        self.emit(ops.Alias(node, node.lineno, dest, source))
        return dest
