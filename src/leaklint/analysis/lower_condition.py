"""Conditions to branches. What nobody understands but may be tested again is a test with a name of its own."""

import ast
from abc import abstractmethod
from collections.abc import Iterator

from leaklint.analysis import ops
from leaklint.analysis.callee import is_class_name
from leaklint.analysis.graph import Block
from leaklint.analysis.lower_expression import Expressions
from leaklint.analysis.names import Scope, terminal, walk
from leaklint.analysis.ops import Comparison, Test
from leaklint.analysis.values import FALSE, TRUE

ENDED = frozenset(("closed", "_closed", "is_closed"))  # they tell by True that a resource is released
STATES = ENDED | {"is_closing", "poll", "returncode", "sock"}
KINDS: dict[type[ast.cmpop], Comparison] = {
    ast.Is: Comparison.EQUALS,
    ast.IsNot: Comparison.EQUALS,
    ast.Eq: Comparison.EQUALS,
    ast.NotEq: Comparison.EQUALS,
    ast.Gt: Comparison.GREATER,
    ast.GtE: Comparison.AT_LEAST,
    ast.Lt: Comparison.LESS,
    ast.LtE: Comparison.AT_MOST,
}
ASSERTIONS: dict[str, ast.cmpop | ast.unaryop | None] = {
    "assertTrue": None,
    "assertFalse": ast.Not(),
    "assertIsNone": ast.Is(),
    "assertIsNotNone": ast.IsNot(),
}
UNFLIPPED: dict[type[ast.cmpop], ast.cmpop] = {ast.IsNot: ast.Is(), ast.NotEq: ast.Eq(), ast.NotIn: ast.In()}


class Conditions(Expressions):
    """The part of the lowering that knows conditions: what a branch tells of a name."""

    @property
    @abstractmethod
    def tested(self) -> frozenset[str]:
        """The plain names that conditions of the body mention."""

    def branch(self, node: ast.expr, then: Block, otherwise: Block) -> None:
        """End the current block by a condition."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.branch(operand, otherwise, then)
            case ast.BoolOp(op=op, values=values):
                for value in values[:-1]:
                    rest = self.new_block()
                    if isinstance(op, ast.And):
                        self.branch(value, rest, otherwise)
                    else:
                        self.branch(value, then, rest)
                    self.current = rest
                return self.branch(values[-1], then, otherwise)
            case ast.Constant(value=value):
                return self.jump(then if value else otherwise)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                test, flipped = self._comparison(left, op, right)
            case _:
                test, flipped = self._condition(node), False
        self.decide(test, otherwise if flipped else then, then if flipped else otherwise, node.lineno)
        return None

    def flag(self, name: str, node: ast.expr) -> bool:
        """Lower `name = condition` as a branch where the name is tested later, so that the correlation stays known."""
        is_condition = isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        is_condition |= isinstance(node, ast.Call) and terminal(node) in ("isinstance", "hasattr")
        is_condition |= terminal(node) in ENDED  # `done = loop.is_closed()`
        if not is_condition or name not in self.tested:
            return False
        then, otherwise, after = self.new_block(), self.new_block(), self.new_block()
        self.branch(node, then, otherwise)
        for block, value in ((then, TRUE), (otherwise, FALSE)):
            self.current = block
            self.emit(ops.Evaluate(self.statement, node.lineno, name, value))
            self.jump(after)
        self.current = after
        return True

    def _condition(self, node: ast.expr) -> Test | None:
        match node:
            case ast.Call(func=ast.Name(id="hasattr"), args=[ast.Name(id=name), ast.Constant(value=str(attribute))]):
                if self.is_variable(name):
                    return Test(self._named(node), Comparison.HAS, attribute, subject=self.renamed(name))
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name() | ast.NamedExpr() as checked, classes]):
                if (source := self.operand(checked)) is not None:
                    return Test(self._named(node), Comparison.INSTANCE, _names_of(classes), subject=source)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="startswith" | "endswith" as asked), args=[text]):
                if self.is_variable(name) and (texts := _strings_in(text)) is not None:
                    self.listed.add(self.renamed(name))
                    return Test(self._named(node), Comparison(asked), texts, self.renamed(name))
            case _:
                pass
        if (state := self._state(node)) is not None:
            return state
        source = self.operand(node)
        if _is_place(node) and _is_temporary(source):
            return Test(self._named(node), subject=source)
        if source is None or (isinstance(node, ast.Call) and _is_predicate(node)):
            return self._opaque(node)
        return Test(source)

    def _state(self, node: ast.expr) -> Test | None:
        """Give the test of an attribute, or of a method without arguments, which may tell that a resource is released."""
        called = node.func if isinstance(node, ast.Call) and not node.args and not node.keywords else node
        match called:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if self.is_variable(name) and attr in STATES:
                self.operand(node)
                return Test(self.renamed(name), Comparison.CLOSED, attr)
            case _:
                return None

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> tuple[Test | None, bool]:
        """Give the test of a comparison, and whether its outcome is the opposite one."""
        flipped = isinstance(op, ast.IsNot | ast.NotEq | ast.NotIn)
        is_none = isinstance(right, ast.Constant) and right.value is None
        if is_none and isinstance(op, ast.Is | ast.IsNot) and (state := self._state(left)) is not None:
            return state, not flipped
        if self.counting and (end := self._end_of_count(left, op, right)) is not None:
            return end, not isinstance(op, ast.Lt)
        source, literal = self.operand(left), literal_of(right)
        is_listing = isinstance(op, ast.In | ast.NotIn) and not isinstance(right, ast.Constant) and source is not None
        among = _strings_in(right) if is_listing else None
        if among is not None and source is not None:
            self.listed.add(source)
            answer = self._opaque(ast.Compare(left, [ast.In()], [right]))
            return (Test(answer.name, Comparison.AMONG, among, source) if answer is not None else None), flipped
        asked = ast.Compare(left, [UNFLIPPED.get(type(op), op)], [right])
        if literal is not ops.NOT_LITERAL:
            return self._with_constant(asked, source, literal), flipped
        other = self.operand(right)
        is_telling = isinstance(op, ast.Is | ast.IsNot) or (isinstance(op, ast.Eq | ast.NotEq) and self._is_earlier(right))
        if is_telling and source is not None and other is not None:
            return Test(self._named(asked), Comparison.SAME, other, source), flipped
        return self._opaque(asked), flipped

    def _with_constant(self, asked: ast.Compare, source: ops.Operand, literal: ops.Literal) -> Test | None:
        """Give the test of a comparison of an operand with a constant."""
        left, kind = asked.left, KINDS.get(type(asked.ops[0]))
        is_equality = kind is Comparison.EQUALS
        place = self._named(left) if is_equality and _is_place(left) and _is_temporary(source) else None
        if source is not None and is_equality and literal is None:
            return Test(place, Comparison.IS_NONE, subject=source) if place else Test(source, Comparison.IS_NONE)
        if source is not None and kind is not None and place is None and not isinstance(literal, str):
            if is_equality:
                self._note_constant(source, literal)
            return Test(source, kind, literal)
        opaque = self._opaque(asked)
        if opaque is None or not is_equality:
            return opaque
        subject = place or source or self._named(left)
        self._note_constant(subject, literal)
        return Test(opaque.name, Comparison.EQUALS, literal, subject)

    def _note_constant(self, subject: str, literal: ops.Literal) -> None:
        """Note that a test compares its subject with a constant: of several no two can hold, where one is asked for again."""
        known = self.constants.setdefault(subject, [])
        known.append(literal)
        if 1 < len(set(known)) < len(known):
            self.listed.add(subject)

    def _end_of_count(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Test | None:
        """Give the condition of a loop that counts for a test of whether the count is over: `i == 5` where `i < 5` went on."""
        asked = ast.Compare(left, [ast.Lt()], [right])
        if not isinstance(op, ast.Lt | ast.Eq | ast.GtE) or ast.unparse(asked) not in self.counting:
            return None
        source, literal, _ = self.operand(left), literal_of(right), self.operand(right)
        if source is None or not isinstance(literal, int):
            return self._opaque(asked)
        return Test(self._named(asked), Comparison.LESS, literal, source)

    def _is_earlier(self, node: ast.expr) -> bool:
        """Say whether a value is none that the body can have acquired: a parameter, a tuple."""
        bindings = self.scope.bindings
        is_given = isinstance(node, ast.Name) and node.id in bindings.parameters and node.id not in bindings.variables
        return is_given or isinstance(node, ast.Tuple | ast.List | ast.Dict)

    def _opaque(self, node: ast.expr) -> Test | None:
        """Give a test on an expression that nobody understands but that may be tested again."""
        names = False
        for one in walk(node):
            if isinstance(one, ast.Call) and not (_is_predicate(one) or _is_of_constants(one)):
                return None
            names |= isinstance(one, ast.Name)
        return Test(self._named(node)) if names else None

    def _named(self, node: ast.expr) -> str:
        """Name an opaque test by what it asks."""
        key = "?" + ast.unparse(node)
        named = {one.id for one in walk(node) if isinstance(one, ast.Name)}
        changing = {f".{one.attr}" for one in walk(node) if isinstance(one, ast.Attribute)}
        self.mentions[key] = frozenset(named | changing | ({f"{name}()" for name in named} if changing else set()))
        return key

    def pattern_test(self, subject: ast.expr, case: ast.match_case) -> Test | None:
        """Give the test that `case None` makes of a variable."""
        match subject, case.pattern, case.guard:
            case ast.Name(id=name), ast.MatchSingleton(value=None), None if self.is_variable(name):
                self.tests[name] = self.tests.get(name, 0) + 2
                return Test(self.renamed(name), Comparison.IS_NONE)
            case _:
                return None


def is_irrefutable(pattern: ast.pattern, subject: ast.expr) -> bool:
    """Say whether a pattern matches whatever the subject is: a name, or names for the elements of a tuple."""
    match pattern, subject:
        case ast.MatchAs(pattern=None), _:
            return True
        case ast.MatchSequence(patterns=patterns), ast.Tuple(elts=elements):
            is_plain = all(isinstance(one, ast.MatchAs) and one.pattern is None for one in patterns)
            return is_plain and len(patterns) == len(elements) and not any(isinstance(one, ast.Starred) for one in elements)
        case _:
            return False


def conditions_that_count(test: ast.expr) -> Iterator[str]:
    """Yield the conditions of a loop, in words, that end it once a variable has come to a number or another name's value."""
    for one in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
        match one:
            case ast.Compare(left=ast.Name(), ops=[ast.Lt()], comparators=[ast.Constant() | ast.Name()]):
                yield ast.unparse(one)
            case _:
                pass


def is_never_empty(node: ast.expr, scope: Scope) -> bool:
    """Say whether what a loop goes through is written out, and is something: `(".pyc", ".pyo")`, `range(3)`."""
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return any(not isinstance(one, ast.Starred) for one in elements)
        case ast.Call(func=ast.Name(id="range") as called, args=[*numbers], keywords=[]) if len(numbers) < 3:
            ends = [one.value for one in numbers if isinstance(one, ast.Constant) and isinstance(one.value, int)]
            is_known = bool(ends) and len(ends) == len(numbers) and scope.dotted(called) == "builtins.range"
            return is_known and bool(range(*ends))
        case _:
            return False


def _is_place(node: ast.expr) -> bool:
    """Say whether an expression names a place: `self.log`, `options.output.path`, or a name that is no variable of the body."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_temporary(source: ops.Operand) -> bool:
    return source is None or source.startswith("%")


def _is_predicate(call: ast.Call) -> bool:
    """Say whether a call tells the same of the same arguments each time: `isfilelike(path)`, but no state of an object."""
    name = terminal(call)
    if name in ("isinstance", "hasattr", "callable", "len"):
        return True
    if name in ("startswith", "endswith") and call.args:  # `sys.platform.startswith("win")`
        return all(isinstance(one, ast.Constant) for one in call.args)
    return isinstance(call.func, ast.Name) and name.startswith(("is", "has")) and bool(call.args)


def _is_of_constants(call: ast.Call) -> bool:
    """Say whether a call makes a value of constants alone: `Version("2.1")`."""
    return is_class_name(terminal(call)) and bool(call.args) and all(isinstance(one, ast.Constant) for one in call.args)


def _names_of(classes: ast.expr) -> str:
    """Give the last segments of the names of classes, "" for each that has none."""
    match classes:
        case ast.Tuple(elts=elements):
            return ",".join(terminal(one) for one in elements)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return f"{_names_of(left)},{_names_of(right)}"
        case _:
            return terminal(classes)


def asserted_by(node: ast.expr) -> tuple[ast.expr, ast.expr | None] | None:
    """Give the condition that an assertion of unittest holds to be true, and its message."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name), args=[value, *rest], keywords=[]) if (
            name in ASSERTIONS and len(rest) < 2
        ):
            operator = ASSERTIONS[name]
            test = ast.UnaryOp(operator, value) if isinstance(operator, ast.Not) else value
            if isinstance(operator, ast.cmpop):
                test = ast.Compare(value, [operator], [ast.copy_location(ast.Constant(None), value)])
            return ast.copy_location(test, value), rest[0] if rest else None
        case _:
            return None


def literal_of(node: ast.expr) -> ops.Literal | ops.Absent:
    """Give the value of a literal None, bool, int or str, or NOT_LITERAL."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int) and not isinstance(value, bool) else ops.NOT_LITERAL
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | int | str)):
        return node.value
    return ops.NOT_LITERAL


def _strings_in(node: ast.expr) -> str | None:
    """Give a string, or the strings of a display of nothing else, joined by newlines."""
    elements = node.elts if isinstance(node, ast.Set | ast.Tuple | ast.List) else [node]
    found = [one.value for one in elements if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return "\n".join(found) if found and len(found) == len(elements) else None
