"""Several functions lowered into one graph, in the order in which a test runner calls them.

The attributes of `self` (for the set-up of a module, its globals) are variables here, so that what a set-up opens and a
teardown releases is one story: `self.file = open(p)` ... `self.file.close()`. Methods of the same object are lowered where
they are called. It knows no library, and of runners only which calls register a release for later.
"""

import ast
from collections.abc import Mapping, Sequence

from leaklint.analysis import ops
from leaklint.analysis.callee import is_closing
from leaklint.analysis.graph import Graph
from leaklint.analysis.lower import Lowerer
from leaklint.analysis.lower_condition import STATES
from leaklint.analysis.lower_expression import CONSTANTS
from leaklint.analysis.names import Bindings, Function, FunctionNode, Scope, children, function_scope, terminal, walk
from leaklint.analysis.ops import Comparison, Test
from leaklint.analysis.summary import defaults_of
from leaklint.analysis.tested import tested_names
from leaklint.analysis.values import Constant
from leaklint.model.data import dataclass, field

REGISTERING = frozenset(
    ("addCleanup", "addClassCleanup", "addAsyncCleanup", "addModuleCleanup", "addfinalizer", "callback", "push_async_callback")
)
QUIET_DECORATORS = frozenset(("classmethod", "override", "setUpClass", "skipIf", "skip", "skipUnless"))
DEEPEST = 6  # methods of methods of methods


@dataclass(frozen=True, slots=True)
class Stage:
    """What the functions of a sequence share: the class and its bases (nearest first), their methods, the globals they bind."""

    module: Scope
    classes: tuple[ast.ClassDef, ...] = ()
    methods: Mapping[str, Sequence[Function]] = field(default_factory=dict)
    globals: frozenset[str] = frozenset()
    prefix: str = "self."  # of the variables that stand for attributes; "" for the set-up of a module
    scopes: Mapping[FunctionNode, Scope] = field(default_factory=dict)  # of the modules in which other functions stand
    fixtures: frozenset[str] = frozenset()  # methods that nobody calls by their name: `self.client` is what one has stored

    def is_stored(self, attribute: str) -> bool:
        """Say whether an attribute of the object is something that is stored there, and no method."""
        return attribute not in self.methods or attribute in self.fixtures


@dataclass(frozen=True, slots=True)
class Later:
    """Something that was registered to be called when the test is over."""

    node: ast.Lambda | Function
    receiver: str | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class Sequenced:
    """The graph of a sequence, the names that its functions bind, and all functions that it runs."""

    graph: Graph
    bindings: Bindings
    functions: frozenset[FunctionNode]


def lower_sequence(before: Sequence[Function], after: Sequence[Function], stage: Stage) -> Sequenced:
    """Build the graph of functions that run before a test, and of those that run after it, whatever the test does.

    A fixture's own `yield` is the test; where there is none, it stands between the two.
    """
    bindings = Bindings()
    lowerer = SequenceLowerer(stage, bindings)
    entry = lowerer.current
    assert entry is not None
    for function in before:
        lowerer.inline(function, [], None)
    if before and not bindings.yields:
        node = before[-1].node
        lowerer.emit(ops.Yield(node, node.lineno, None), None)
    lowerer.run_later()
    for function in after:
        lowerer.inline(function, [], None)
    graph = lowerer.graph(entry, frozenset(bindings.variables) | lowerer.places)
    return Sequenced(graph, bindings, frozenset(lowerer.inlined))


class SequenceLowerer(Lowerer):
    """Lowers one function after the other; `places` are the attributes met, as `self.name`."""

    def __init__(self, stage: Stage, bindings: Bindings) -> None:
        super().__init__(Scope(bindings, stage.module), None, [])
        self.places: set[str] = set()
        self.inlined: set[FunctionNode] = set()
        self._stage = stage
        self._bindings = bindings
        self._receiver: str | None = None
        self._result: str | None = None
        self._calls: list[FunctionNode] = []
        self._later: list[Later] = []

    # --- functions ----------------------------------------------------------------------------------------------------

    def inline(self, function: Function, arguments: list[ops.Argument], result: str | None) -> None:
        """Lower a function where it is called; what it returns goes to `result`."""
        if self.current is None:
            return
        scope = function_scope(function, self._stage.scopes.get(function.node, self._stage.module))
        after = self.new_block()
        saved = self.scope, self.context, self.renames, self.returned, self._receiver, self._result, self.statement_or_none()
        self.scope, self.context, self.returned, self._result = scope, None, after, result
        self.tested |= tested_names(function.node.body)
        parameters = list(scope.bindings.parameters)
        if function.owner is not None and function.is_method and parameters:
            self._receiver = parameters.pop(0)
        elif function.owner is None and function.outer is None:
            self._receiver = parameters[0] if parameters and not self._stage.prefix else None
        self.renames = self._renames_for(scope)
        self._calls.append(function.node)
        self.inlined.add(function.node)
        self._bind_parameters(function.node, parameters, arguments)
        self.suite(function.node.body)
        self.jump(after)
        self._calls.pop()
        self.current = after
        if _is_dynamic(function.node):
            self._let_go(function.node.lineno)
        after = self.current
        self.scope, self.context, self.renames, self.returned, self._receiver, self._result, statement = saved
        if statement is not None:
            self.statement = statement
        self.current = after

    def _bind_parameters(self, node: FunctionNode, parameters: list[str], arguments: list[ops.Argument]) -> None:
        """Give the parameters what they are given, or their literal defaults."""
        defaults = defaults_of(node)
        given: dict[str, ops.Argument] = {}
        for index, one in enumerate(arguments):
            name = one.keyword or (parameters[index] if index < len(parameters) else "")
            given[name] = one
        is_spread = any(one.is_star for one in arguments)
        for name in parameters:
            argument = given.get(name)
            if argument is not None and argument.operand is not None:
                self.emit(ops.Alias(node, node.lineno, self.renamed(name), argument.operand))
                continue
            literal = argument.literal if argument is not None else defaults.get(name, ops.NOT_LITERAL)
            if literal is not ops.NOT_LITERAL and not is_spread:
                value = CONSTANTS[literal] if literal is None or isinstance(literal, bool) else Constant(literal)
                self.emit(ops.Evaluate(node, node.lineno, self.renamed(name), value))
        named = frozenset(one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        for key, one in given.items():
            if one.operand is not None and (one.is_star or key not in named):  # `**kwargs`: whoever is given them may keep it
                self.emit(ops.Escape(self.statement, node.lineno, one.operand))

    def statement_or_none(self) -> ast.stmt | None:
        """Give the statement at hand, None before the first."""
        return getattr(self, "statement", None)

    def run_later(self) -> None:
        """Lower what was registered, the last first."""
        while self._later and self.current is not None:
            later = self._later.pop()
            saved = self.scope, self._receiver
            self.scope, self._receiver = later.scope, later.receiver
            if isinstance(later.node, Function):
                self.inline(later.node, [], None)
            else:
                self.operand(later.node.body)
            self.scope, self._receiver = saved

    def _renames_for(self, scope: Scope) -> dict[str, str]:
        """Note the names of a function, and give new ones to those that another function of the sequence has too."""
        own, known = scope.bindings, self._bindings
        names = {*own.variables, *own.parameters} - own.outside - {self._receiver}
        clashing = {name for name in names if known.binds(name) and name not in own.captured and name not in known.captured}
        for name in names - clashing:
            known.bind(name)
        known.definitions.update(own.definitions)
        known.yields |= own.yields
        known.captured |= own.captured
        return {name: f"{name}'{len(self.blocks)}" for name in clashing}

    def _return(self, node: ast.Return) -> None:
        source = self.operand(node.value) if node.value is not None else None
        if self._result is not None:
            self.emit(ops.Alias(node, node.lineno, self._result, source))
        elif source is not None:
            self.emit(ops.Return(node, node.lineno, source))
        self.jump(self._way_out(self.context, None, self.returned))

    # --- attributes ---------------------------------------------------------------------------------------------------

    def place(self, node: ast.expr) -> str | None:
        """Give the variable that stands for an attribute of the object under test, or for a global that a set-up binds."""
        found = None
        match node:
            case ast.Attribute(value=base, attr=attr) if self._is_own(base) and self._stage.is_stored(attr):
                found = f"{self._stage.prefix}{attr}"
            case ast.Name(id=name) if name in self._stage.globals and name not in self.scope.bindings.parameters:
                found = name
        if found is not None:
            self.places.add(found)
        return found

    def _is_own(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                return name == self._receiver or any(name == one.name for one in self._stage.classes)
            case ast.Attribute(value=ast.Name(id=name), attr="__class__"):
                return name == self._receiver
            case ast.Attribute(value=ast.Name(id="request"), attr="cls" | "instance"):
                return bool(self._stage.prefix)
            case ast.Call(func=ast.Name(id="type"), args=[ast.Name(id=name)]):
                return name == self._receiver
            case _:
                return False

    def operand(self, node: ast.expr, bound_to: tuple[str | None, ...] = ()) -> ops.Operand:
        """Lower an expression; an attribute of the object under test is a variable."""
        found = self.place(node)
        return found if found is not None else super().operand(node, bound_to)

    def assign(self, target: ast.expr, source: ops.Operand, is_last: bool = True) -> None:
        """Bind a target to an operand."""
        found = self.place(target)
        if found is None:
            super().assign(target, source, is_last)
            return
        ends = is_last and source is not None and source.startswith("%")
        self.emit(ops.Alias(self.statement, target.lineno, found, source, ends))

    def _delete(self, target: ast.expr) -> None:
        found = self.place(target)
        if found is None:
            super()._delete(target)
        else:
            self.emit(ops.Delete(self.statement, target.lineno, found, True))

    def _condition(self, node: ast.expr) -> Test | None:
        match node:
            case ast.Call(func=ast.Name(id="hasattr"), args=[base, ast.Constant(value=str(name))]) if self._is_own(base):
                found = self.place(ast.Attribute(base, name, ast.Load()))
                if found is not None:
                    return Test(found)
            case _:
                pass
        return super()._condition(node)

    def _state(self, node: ast.expr) -> Test | None:
        if self.place(node) is not None:
            return None  # `self.sock` is a variable here, no state of self
        called = node.func if isinstance(node, ast.Call) and not node.args and not node.keywords else node
        if isinstance(called, ast.Attribute) and called.attr in STATES:
            found = self.place(called.value)
            if found is not None:
                return Test(found, Comparison.CLOSED, called.attr)
        return super()._state(node)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call(
        self, node: ast.Call, is_awaited: bool = False, is_dropped: bool = False, bound_to: tuple[str | None, ...] = ()
    ) -> ops.Operand:
        if (read := self._read(node)) is not None:
            return read
        self._defer(node)
        function = self._own_method(node)
        if function is None or (isinstance(function.node, ast.AsyncFunctionDef) and not is_awaited):
            if self._may_release_all(node):
                self._let_go(node.lineno)
            return super()._call(node, is_awaited, is_dropped, bound_to)
        arguments = self._arguments(node)
        result = self.temporary()
        self.inline(function, arguments, result)
        return result

    def _read(self, node: ast.Call) -> ops.Operand:
        """Give the variable that `getattr(self, "name", None)` reads."""
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[base, ast.Constant(value=str(name)), *_]) if self._is_own(base):
                return self.place(ast.Attribute(base, name, ast.Load()))
            case _:
                return None

    def _defer(self, node: ast.Call) -> None:
        """Note what a call registers to be called after the test."""
        if terminal(node.func) not in REGISTERING:
            return
        for argument in node.args[:1]:
            match argument:
                case ast.Lambda():
                    self._later.append(Later(argument, self._receiver, self.scope))
                case ast.Name(id=name) if isinstance(found := self.scope.bindings.definitions.get(name), FunctionNode):
                    self._later.append(Later(Function(found, None, Function(self._calls[-1])), self._receiver, self.scope))
                case ast.Attribute(value=base, attr=attr) if self._is_own(base) and attr in self._stage.methods:
                    self._later.append(Later(self._stage.methods[attr][0], self._receiver, self.scope))
                case _:
                    pass

    def _own_method(self, node: ast.Call) -> Function | None:
        """Give the method of the object under test that a call means, where it is worth lowering."""
        if not isinstance(node.func, ast.Attribute) or len(self._calls) > DEEPEST:
            return None
        base, name = node.func.value, node.func.attr
        candidates = self._stage.methods.get(name, ())
        found: Function | None = None
        if isinstance(base, ast.Call) and terminal(base.func) == "super":
            found = self._after(candidates)
        elif isinstance(base, ast.Name) and any(base.id == one.name for one in self._stage.classes[1:]) and node.args:
            found = next((one for one in candidates if one.owner is not None and one.owner.name == base.id), None)
        elif self._is_own(base):
            found = candidates[0] if candidates else None
        if found is None or found.node in self._calls or not _is_plain(found):
            return None
        return found

    def _after(self, candidates: Sequence[Function]) -> Function | None:
        """Give the method that `super()` means inside the one at hand."""
        nodes = [one.node for one in candidates]
        at_hand = next((one for one in reversed(self._calls) if one in nodes), None)
        if at_hand is None:
            return candidates[1] if len(candidates) > 1 else candidates[0] if candidates else None
        index = nodes.index(at_hand)
        following = candidates[index + 1] if index + 1 < len(candidates) else None
        if following is not None and self._ends_at_framework(candidates[index].owner, following.owner):
            return None
        return following

    def _ends_at_framework(self, owner: ast.ClassDef | None, following: ast.ClassDef | None) -> bool:
        """Say whether unittest's TestCase, which calls no `super()`, stands between two classes in the order of methods."""
        if owner is None or following is None or not self._is_case(owner):
            return False
        return following not in self._ancestors(owner) and not any(map(self._is_case, self._ancestors(following)))

    def _ancestors(self, owner: ast.ClassDef) -> list[ast.ClassDef]:
        """Give a class and those it derives from, as far as they are first-party."""
        found = [owner]
        for one in found:  # grows meanwhile
            names = {terminal(base) for base in one.bases}
            found += [node for node in self._stage.classes if node.name in names and node not in found]
        return found

    def _is_case(self, owner: ast.ClassDef) -> bool:
        """Say whether a class derives directly from one of unittest's own."""
        methods = (one for several in self._stage.methods.values() for one in several if one.owner is owner)
        scope = next((self._stage.scopes.get(one.node, self._stage.module) for one in methods), self._stage.module)
        names = [scope.dotted(base) or "" for base in owner.bases]
        return any(name.startswith("unittest.") and name.endswith("TestCase") for name in names)

    def _may_release_all(self, node: ast.Call) -> bool:
        """Say whether a call may release attributes that it does not name."""
        return is_closing(terminal(node.func)) and any(self._is_own(one) for one in node.args)

    def _let_go(self, line: int) -> None:
        for place in sorted(self.places):
            self.emit(ops.Escape(self.statement, line, place))


def _is_dynamic(node: FunctionNode) -> bool:
    """Say whether a function reads attributes by names that it computes."""
    for one in walk(node):
        match one:
            case ast.Attribute(attr="__dict__") | ast.Call(func=ast.Name(id="vars"), args=[_]):
                return True
            case ast.Call(func=ast.Name(id="getattr"), args=[_, name, *_]) if not isinstance(name, ast.Constant):
                return True
            case _:
                pass
    return False


def _is_plain(function: Function) -> bool:
    """Say whether a method may be lowered where it is called: one that only returns something is better summarised."""
    node = function.node
    if any(terminal(one) not in QUIET_DECORATORS for one in node.decorator_list):
        return False
    returns = stores = False
    stack: list[ast.AST] = list(node.body)
    while stack:
        one = stack.pop()
        match one:
            case ast.Yield() | ast.YieldFrom():
                return False
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                returns = True
            case ast.Attribute(ctx=ast.Store()) | ast.Global():
                stores = True
            case _:
                pass
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(children(one))
    return stores or not returns
