"""Statements that bind or delete names to operations. It knows no control flow."""

import ast
from abc import abstractmethod

from leaklint.analysis import ops
from leaklint.analysis.closures import closure, held_by
from leaklint.analysis.lower_expression import Expressions
from leaklint.analysis.names import terminal, walk

# decorators that give the function itself, or one like it, and call nothing
UNDECORATING = frozenset(
    [
        "wraps",
        "contextmanager",
        "asynccontextmanager",
        "fixture",
        "staticmethod",
        "classmethod",
        "property",
        "setter",
        "cached_property",
        "lru_cache",
        "cache",
        "overload",
        "override",
        "abstractmethod",
        "coroutine",
        "patch",
    ]
)


class Bindings(Expressions):
    """The part of the lowering that knows assignments, deletions and nested definitions."""

    body: list[ast.stmt]

    @abstractmethod
    def suite(self, body: list[ast.stmt]) -> None:
        """Lower statements in order."""

    @abstractmethod
    def flag(self, name: str, node: ast.expr) -> bool:
        """Lower the assignment of a condition to a name that is tested later."""

    def lower_simple(self, node: ast.stmt) -> None:
        """Lower an assignment, a deletion, a nested definition; imports and the like do nothing."""
        match node:
            case ast.Assign(targets=targets, value=value):
                self._assign_all(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign_all([target], value)
            case ast.AugAssign(target=target, value=value):
                source = self.operand(value)
                if isinstance(target, ast.Name) and self.is_variable(target.id):
                    self.emit(ops.Put(node, node.lineno, self.renamed(target.id), source))
                    if isinstance(value, ast.Constant):  # `count += 1`: what tests have told of it is void
                        self.note_change(self.renamed(target.id))
                elif source is not None:
                    self.emit(ops.Escape(node, node.lineno, source))
                if isinstance(target, ast.Attribute | ast.Subscript):
                    self._use_of(target.value)
            case ast.Delete(targets=targets):
                for deleted in targets:
                    self._delete(deleted)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                for decorator in node.decorator_list:
                    self.operand(decorator)
                self._define(node)
                self._decorate(node)
            case _:
                pass

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        held: list[ast.Assign] = []
        if self.scope.outer is not None:
            held = held_by(node, self.body) if isinstance(node, ast.ClassDef) else []
            names = frozenset(one.value.id for one in held if isinstance(one.value, ast.Name))
            self.emit(ops.Evaluate(node, node.lineno, node.name, closure(node, self.scope, names)))
        if isinstance(node, ast.ClassDef):
            self.suite([one for one in node.body if one not in held])  # its names are not ours: what they hold escapes
        else:
            self._default(node)

    def _default(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Evaluate the defaults of a function that are calls: what they make is the function's from then on."""
        for default in (*node.args.defaults, *node.args.kw_defaults):
            source = self.operand(default) if isinstance(default, ast.Call) else None
            if source is not None:
                self.emit(ops.Escape(node, node.lineno, source))

    def _decorate(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """Call the decorators of a nested function with it: `@self.addCleanup`, `@app.on_event("shutdown")`."""
        if self.scope.outer is None or isinstance(node, ast.ClassDef):
            return
        for decorator in node.decorator_list:
            if terminal(decorator) not in UNDECORATING:
                name = ast.copy_location(ast.Name(node.name, ast.Load()), decorator)
                self.operand(ast.copy_location(ast.Call(decorator, [name], []), decorator))

    def _assign_all(self, targets: list[ast.expr], value: ast.expr) -> None:
        first = targets[0]
        if len(targets) == 1 and isinstance(first, ast.Name) and self.is_variable(first.id) and self.flag(first.id, value):
            return
        if len(targets) == 1 and self._assign_each(first, value):
            return
        source = self.operand(value, bound_to=_names_bound_by(targets))
        for target in targets:
            self.assign(target, source, is_last=target is targets[-1])

    def _assign_each(self, target: ast.expr, value: ast.expr) -> bool:
        """Bind the targets of a tuple to the values of another, a starred one to the rest; say whether they fit."""
        if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple):
            return False
        targets, values = target.elts, value.elts
        stars = [index for index, one in enumerate(targets) if isinstance(one, ast.Starred)]
        excess = len(values) - len(targets)
        if any(isinstance(one, ast.Starred) for one in values) or len(stars) > 1 or (excess < -1 if stars else excess != 0):
            return False
        sources = [self.keep(self.operand(one), self.statement) for one in values]
        if stars:
            start, line = stars[0], targets[stars[0]].lineno
            rest = self.temporary()
            self.emit(ops.Collect(self.statement, line, rest, tuple(sources[start : start + excess + 1])))
            sources[start : start + excess + 1] = [rest]
        for one, source in zip(targets, sources, strict=True):
            self.assign(one, source)
        return True

    def assign(self, target: ast.expr, source: ops.Operand, is_last: bool = True) -> None:
        """Bind a target to an operand, for the last time unless told otherwise."""
        line = target.lineno
        match target:
            case ast.Name(id=name):
                if self.is_variable(name):
                    ends = is_last and source is not None and source.startswith("%")
                    self.emit(ops.Alias(self.statement, line, self.renamed(name), source, ends))
                elif source is not None:
                    self.emit(ops.Escape(self.statement, line, source))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                star = next((index for index, one in enumerate(elements) if isinstance(one, ast.Starred)), len(elements))
                for index, element in enumerate(elements):
                    self.element(element, source, index if index <= star else index - len(elements))
                if source is not None and source.startswith("%") and is_last:
                    self.emit(ops.Delete(self.statement, line, source, False))
            case ast.Starred(value=value):
                self.assign(value, source)
            case ast.Attribute(value=base, attr=attr):
                receiver = self.operand(base)
                self.note_change(f".{attr}")
                if source is not None or receiver is not None:
                    is_own = isinstance(base, ast.Name) and base.id in ("self", "cls")
                    self.emit(ops.Escape(self.statement, line, source, attr, receiver, is_own))
            case ast.Subscript(value=base, slice=index):
                container, key = self.operand(base), self.operand(index)
                if key is not None and container is not None:  # `self.peers[sock] = address` keeps it, too
                    self.emit(ops.Put(self.statement, line, container, key))
                if source is None and container is not None:
                    self.emit(ops.Use(self.statement, line, (container,)))
                elif source is not None and container is not None:
                    self.emit(ops.Put(self.statement, line, container, source))
                elif source is not None:
                    self.emit(ops.Escape(self.statement, line, source))
            case _:
                pass

    def element(self, target: ast.expr, source: ops.Operand, index: int | None = None) -> None:
        """Bind a target to an element of an operand."""
        if isinstance(target, ast.Starred):
            target, index = target.value, None
        dest = None
        if source is not None:
            dest = self.temporary()
            self.emit(ops.Element(self.statement, target.lineno, dest, source, index))
        self.assign(target, dest)

    def bind_pattern(self, pattern: ast.pattern, source: ops.Operand) -> None:
        """Bind the names of a pattern that matches an operand."""
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if name is not None:
                    self.emit(ops.Alias(self.statement, pattern.lineno, name, source))
                if inner is not None:
                    self.bind_pattern(inner, source)
            case ast.MatchSequence(patterns=patterns) if not any(isinstance(one, ast.MatchStar) for one in patterns):
                for index, one in enumerate(patterns):
                    dest = self.temporary() if source is not None else None
                    if source is not None and dest is not None:
                        self.emit(ops.Element(self.statement, one.lineno, dest, source, index))
                    self.bind_pattern(one, dest)
            case ast.MatchValue() | ast.MatchSingleton():
                pass
            case _:
                names = [one.name for one in walk(pattern) if isinstance(one, ast.MatchAs | ast.MatchStar) and one.name]
                if names and source is not None:
                    self.emit(ops.Escape(self.statement, pattern.lineno, source))  # a part has a name now: who knows which
                for name in names:
                    self.emit(ops.Alias(self.statement, pattern.lineno, name, None))

    def _delete(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name) if self.is_variable(name):
                self.emit(ops.Delete(self.statement, target.lineno, self.renamed(name), True))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self._delete(element)
            case ast.Attribute(value=base) | ast.Subscript(value=base):
                self._use_of(base)
            case _:
                pass

    def _use_of(self, node: ast.expr) -> None:
        source = self.operand(node)
        if source is not None:
            self.emit(ops.Use(self.statement, node.lineno, (source,)))


def _names_bound_by(targets: list[ast.expr]) -> tuple[str | None, ...]:
    """Give the name that an assignment binds, or the one for each element that it unpacks."""
    match targets:
        case [ast.Name(id=name)]:
            return (name,)
        case [ast.Tuple(elts=elements) | ast.List(elts=elements)]:
            return tuple(one.id if isinstance(one, ast.Name) else None for one in elements)
        case _:
            return ()
