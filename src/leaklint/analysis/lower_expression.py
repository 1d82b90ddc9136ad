"""Expressions to operations. What nobody can follow vanishes: its operand is None."""

import ast
from abc import ABC, abstractmethod

from leaklint.analysis import ops
from leaklint.analysis.builder import Builder
from leaklint.analysis.closures import closure
from leaklint.analysis.graph import Block, Kind, Thrown
from leaklint.analysis.names import children, walk
from leaklint.analysis.ops import Test
from leaklint.analysis.quiet import QUIET, QUIET_METHODS, is_logging
from leaklint.analysis.stand_ins import called_by_partial, mapped
from leaklint.analysis.values import FALSE, NONE, TRUE, Constant, Value, reference

CONSTANTS = {None: NONE, True: TRUE, False: FALSE}


class Expressions(Builder, ABC):
    """The part of the lowering that knows expressions; the others give it conditions, loops and bindings."""

    @abstractmethod
    def branch(self, node: ast.expr, then: Block, otherwise: Block) -> None:
        """End the current block by a condition."""

    @abstractmethod
    def iterate(self, source: ops.Operand, body: Block, again: Block, done: Block, node: ast.expr) -> None:
        """Lower the head of a loop."""

    @abstractmethod
    def assign(self, target: ast.expr, source: ops.Operand, is_last: bool = True) -> None:
        """Bind a target to an operand, for the last time unless told otherwise."""

    @abstractmethod
    def element(self, target: ast.expr, source: ops.Operand, index: int | None = None) -> None:
        """Bind a target to an element of an operand."""

    # --- values -------------------------------------------------------------------------------------------------------

    def dropped(self, node: ast.expr) -> None:
        """Lower an expression whose value is dropped."""
        call = self.awaited(node) or node
        if isinstance(call, ast.Call):
            self._call(call, is_awaited=call is not node, is_dropped=True)
        else:
            self.operand(node)

    def awaited(self, node: ast.expr) -> ast.expr | None:
        """Give what an expression awaits: by `await`, or by a yield to what drives the generator as a coroutine."""
        match node:
            case ast.Await(value=value):
                return value
            case ast.Yield(value=ast.List() | ast.Tuple() | ast.Dict()):
                return None  # tornado awaits each: what they give is not what stands there
            case ast.Yield(value=ast.expr() as value) | ast.YieldFrom(value=value) if self.is_driven:
                return value
            case _:
                return None

    def operand(self, node: ast.expr, bound_to: tuple[str | None, ...] = ()) -> ops.Operand:
        """Lower an expression and give the operand of its value."""
        awaited = self.awaited(node)
        if awaited is not None:
            return self._await(awaited, node.lineno, bound_to)
        match node:
            case ast.Name(id=name):
                return self._name(name, node)
            case ast.Constant(value=value):
                return self._value(Constant(value), node) if value is None or isinstance(value, int) else None
            case ast.Call():
                generator = mapped(node, self.scope)
                return self._comprehension(generator) if generator is not None else self._call(node, bound_to=bound_to)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._element(node)
            case ast.NamedExpr(target=target, value=value):
                source = self.operand(value, bound_to=(target.id,))
                self.assign(target, source)
                return self.renamed(target.id) if self.is_variable(target.id) else source
            case ast.BoolOp():
                return self._bool(node)
            case ast.IfExp():
                return self._conditional(node)
            case ast.BinOp():
                return self._binary(node)
            case ast.Lambda():
                return self._value(closure(node, self.scope), node) if self.scope.outer is not None else None
            case ast.Starred(value=value):
                return self._spread(self.operand(value), node)
            case ast.Yield() | ast.YieldFrom():
                return self._yield(node)
            case ast.Tuple(elts=elements):
                starred = any(isinstance(one, ast.Starred) for one in elements)
                return self._collection(node, elements, is_tuple=not starred)
            case ast.List(elts=elements) | ast.Set(elts=elements):
                return self._collection(node, elements)
            case ast.Dict(keys=keys, values=values):
                return self._collection(node, [*values, *(key for key in keys if key is not None)])
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
                return self._value(Constant(-value), node)
            case _:
                return self._uses(node)

    def _element(self, node: ast.Subscript) -> ops.Operand:
        source = self.operand(node.value)
        index = node.slice
        self.operand(index)
        if source is None:
            return None
        number = index.value if isinstance(index, ast.Constant) and isinstance(index.value, int) else None
        dest = self.temporary()
        is_key = not isinstance(index, ast.Slice | ast.Tuple) and not _is_ellipsis(index)
        self.emit(ops.Element(self.statement, node.lineno, dest, source, number, is_key))
        return dest

    def _name(self, name: str, node: ast.expr) -> ops.Operand:
        if self.is_variable(name):
            return self.renamed(name)
        if name in self.scope.bindings.definitions and self.scope.outer is not None:
            return name  # a nested function: the store knows its closure
        dotted = self.scope.dotted(node)
        if dotted is None and self._is_of_outer(name):
            return name
        if dotted is not None and not dotted.startswith("builtins."):
            return self._value(reference(dotted), node)
        if dotted is not None and dotted in ("builtins.open",):
            return self._value(reference(dotted), node)
        if dotted is None and isinstance(self.scope.definition(name), ast.FunctionDef | ast.AsyncFunctionDef):
            return self._value(reference(f":{name}"), node)  # a function of this module
        return None

    def _is_of_outer(self, name: str) -> bool:
        """Say whether a function around binds a name by a call, or as its object: what that is may be known."""
        outer = self.scope.outer
        if outer is None or outer.outer is None:
            return False
        return isinstance(outer.bindings.values.get(name), ast.Call) or (name == "self" and self.scope.find(name) is not None)

    def _value(self, value: Value, node: ast.expr) -> str:
        if isinstance(value, Constant) and (value.value is None or isinstance(value.value, bool)):
            value = CONSTANTS[value.value]
        dest = self.temporary()
        self.emit(ops.Evaluate(self.statement, node.lineno, dest, value))
        return dest

    def _attribute(self, node: ast.Attribute) -> ops.Operand:
        dotted = self.scope.dotted(node)
        if dotted is not None:
            return self._value(reference(dotted), node)
        source = self.operand(node.value)
        if source is None:
            return None
        dest = self.temporary()
        self.emit(ops.Load(self.statement, node.lineno, dest, source, node.attr))
        return dest

    def _spread(self, source: ops.Operand, node: ast.expr) -> ops.Operand:
        """Give what any element of an operand is: `[first, *others]`."""
        if source is None:
            return None
        dest = self.temporary()
        self.emit(ops.Element(self.statement, node.lineno, dest, source))
        return dest

    def _uses(self, node: ast.AST) -> ops.Operand:
        """Lower what is below a node nobody follows, in the order of the text."""
        sources = []
        for child in children(node):
            if isinstance(child, ast.expr):
                source = self.operand(child)
                if source is not None:
                    sources.append(source)
            else:
                self._uses(child)
        if sources:
            self.emit(ops.Use(self.statement, self._line(node), tuple(sources)))
        return None

    def _line(self, node: ast.AST) -> int:
        return node.lineno if isinstance(node, ast.expr) else self.statement.lineno

    def _binary(self, node: ast.BinOp) -> ops.Operand:
        operands: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):  # a chain of a thousand strings must not recurse a thousand times
            operands.append(left.right)
            left = left.left
        operands.append(left)
        sources = [source for one in reversed(operands) if (source := self.operand(one)) is not None]
        is_path = isinstance(node.op, ast.Div) and _is_text(node.right)
        if not (sources or is_path):
            return None
        dest = self.temporary()
        self.emit(ops.Use(self.statement, node.lineno, tuple(sources), dest, is_path))
        return dest

    def _bool(self, node: ast.BoolOp) -> ops.Operand:
        dest, after = self.temporary(), self.new_block()
        for value in node.values[:-1]:
            short, rest = self.new_block(), self.new_block()
            source = self.operand(value)
            test = Test(source) if source is not None else None
            is_and = isinstance(node.op, ast.And)
            self.decide(test, rest if is_and else short, short if is_and else rest, value.lineno)
            self.current = short
            self.emit(ops.Alias(self.statement, value.lineno, dest, source))
            self.jump(after)
            self.current = rest
        self.emit(ops.Alias(self.statement, node.lineno, dest, self.operand(node.values[-1])))
        self.jump(after)
        self.current = after
        return dest

    def _conditional(self, node: ast.IfExp) -> ops.Operand:
        dest, after = self.temporary(), self.new_block()
        then, otherwise = self.new_block(), self.new_block()
        self.branch(node.test, then, otherwise)
        for block, value in ((then, node.body), (otherwise, node.orelse)):
            self.current = block
            self.emit(ops.Alias(self.statement, value.lineno, dest, self.operand(value)))
            self.jump(after)
        self.current = after
        return dest

    def _await(self, node: ast.expr, line: int, bound_to: tuple[str | None, ...]) -> ops.Operand:
        if isinstance(node, ast.Call):
            return self._call(node, is_awaited=True, bound_to=bound_to)
        source = self.operand(node)
        self.emit(ops.Use(self.statement, line, (source,) if source else ()), Thrown.IMPLICIT)
        return source

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> ops.Operand:
        source = self.operand(node.value) if node.value is not None else None
        if isinstance(node, ast.YieldFrom):
            dest = self.temporary()
            if source is not None:
                self.emit(ops.Element(self.statement, node.lineno, dest, source))
                source = dest
        self.emit(ops.Yield(self.statement, node.lineno, source), self.yield_kind)
        return None

    def _collection(self, node: ast.expr, elements: list[ast.expr], is_tuple: bool = False) -> ops.Operand:
        sources = tuple(self.operand(one) for one in elements)
        if elements and not any(sources):
            return None
        dest = self.temporary()
        self.emit(ops.Collect(self.statement, node.lineno, dest, sources, is_tuple))
        return dest

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> ops.Operand:
        dest = self.temporary()
        self.emit(ops.Collect(self.statement, node.lineno, dest, ()))
        saved = dict(self.renames)
        after = self.new_block()
        self._generators(node, 0, dest, after)
        self.current = after
        self.renames = saved
        return dest

    def _generators(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, index: int, dest: str, done: Block
    ) -> None:
        if index == len(node.generators):
            elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            for element in elements:
                source = self.operand(element)
                if source is not None:
                    self.emit(ops.Put(self.statement, element.lineno, dest, source))
            return self.jump(done)
        generator = node.generators[index]
        source = self.operand(generator.iter)
        if isinstance(node, ast.GeneratorExp) and source is not None and index == 0:
            self.emit(ops.Put(self.statement, node.lineno, dest, source, True))  # it reads from the source later
        for one in walk(generator.target):
            if isinstance(one, ast.Name):
                self.renames[one.id] = f"{one.id}:{node.lineno}:{node.col_offset}"
        body, again = self.new_block(), self.new_block()
        self.iterate(source, body, again, done, generator.iter)
        self.current = body
        self.element(generator.target, source)
        for condition in generator.ifs:
            then = self.new_block()
            self.branch(condition, then, again)
            self.current = then
        return self._generators(node, index + 1, dest, again)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call(
        self, node: ast.Call, is_awaited: bool = False, is_dropped: bool = False, bound_to: tuple[str | None, ...] = ()
    ) -> ops.Operand:
        meant = called_by_partial(node, self.scope) or node
        reference, callee, receiver, method = self._called(meant.func)
        arguments = tuple(self._arguments(meant))
        dest = self.temporary()
        call = ops.Call(
            self.statement,
            node.lineno,
            dest,
            node,
            arguments,
            reference,
            callee,
            receiver,
            method,
            is_dropped,
            is_awaited,
            bound_to,
        )
        self.emit(call, None if self._is_lazy(call) else _thrown(call))
        return dest

    def _called(self, function: ast.expr) -> tuple[str | None, ops.Operand, ops.Operand, str | None]:
        """Say what is called: a dotted name, the operand of a callee, or the operand of a receiver and its method."""
        dotted = self.scope.dotted(function)
        if dotted is not None:
            return dotted, None, None, None
        match function:
            case ast.Attribute(value=value, attr=method):
                receiver = self.operand(value)
                if isinstance(value, ast.Name) and value.id not in ("self", "cls"):
                    self.note_change(f"{value.id}()")
                return None, None, receiver, method
            case ast.Name(id=name) if not self.is_variable(name) and self.scope.definition(name):
                is_nested = name in self.scope.bindings.definitions and self.scope.outer is not None
                return f":{name}", name if is_nested else None, None, None  # a function or class of this module
            case _:
                return None, self.operand(function), None, None

    def _is_lazy(self, call: ops.Call) -> bool:
        """Say whether a call only makes a coroutine, or an async generator, of a function of the module."""
        if call.is_awaited or call.reference is None or not call.reference.startswith(":"):
            return False
        found = self.scope.definition(call.reference[1:])
        return isinstance(found, ast.AsyncFunctionDef) and not found.decorator_list

    def _arguments(self, node: ast.Call) -> list[ops.Argument]:
        found = []
        for one in node.args:
            found.append(self._argument(one, None, isinstance(one, ast.Starred)))
        for keyword in node.keywords:
            found.append(self._argument(keyword.value, keyword.arg, keyword.arg is None))
        return found

    def _argument(self, node: ast.expr, keyword: str | None, is_star: bool) -> ops.Argument:
        if isinstance(node, ast.Constant):
            value = node.value
            literal = value if value is None or isinstance(value, bool | int | str) else ops.NOT_LITERAL
            return ops.Argument(None, keyword, literal, None, is_star)
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
                return ops.Argument(None, keyword, -number, None, is_star)
            case _:
                pass
        reference = self.scope.dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
        source = self.operand(node.value if isinstance(node, ast.Starred) else node)
        return ops.Argument(source, keyword, ops.NOT_LITERAL, reference, is_star)


def _thrown(call: ops.Call) -> Kind | None:
    """Give the kind of exception that a call is taken to raise, None where it is not taken to."""
    if call.reference in QUIET or (call.method in QUIET_METHODS and not call.is_awaited) or _is_on_literal(call.node.func):
        return None
    if call.reference == "builtins.getattr" and len(call.arguments) > 2:
        return None
    if call.reference is not None and is_logging(call.reference):
        return None
    is_assertion = call.method is not None and call.method.startswith("assert") and not call.is_awaited
    return "AssertionError" if is_assertion else Thrown.IMPLICIT


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_on_literal(function: ast.expr) -> bool:
    """Say whether a call is of a method of a literal (`", ".join(names)`)."""
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Constant)


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
