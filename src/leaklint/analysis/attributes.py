"""What a method does with the attributes of its own object, read from the syntax: which it may release, whom it calls.

The reading is generous: whatever hands an attribute on, iterates it or binds it to a name may release it. So "this release
method does not reach that attribute" is said only where the method does nothing with it that could.
"""

import ast
import itertools
from collections.abc import Iterator

from leaklint.analysis.callbacks import is_callback
from leaklint.analysis.callee import is_adding, is_closing
from leaklint.analysis.ending import is_property
from leaklint.analysis.names import FunctionNode, children, receiver_of, terminal, walk
from leaklint.analysis.release_words import RELEASE_METHODS, RELEASING
from leaklint.analysis.retention import retained
from leaklint.model.data import dataclass, field

ADDING = frozenset(("add", "append", "appendleft", "push", "put", "insert", "setdefault"))
READING = frozenset(("len", "print", "isinstance", "hasattr", "repr", "str", "bool", "id", "type", "callable", "iter"))
CHEAP = frozenset(("values", "items", "keys", "pop", "popitem", "popleft", "get", "copy", "__iter__", "queue"))
REGISTERING = frozenset(
    [
        "finalize",
        "callback",
        "push_async_callback",
        "addCleanup",
        "addClassCleanup",
        "addfinalizer",
        "enter_context",
        "enter_async_context",
        "push_async_exit",
    ]
)
MODULES = ("os", "shutil", "socket")  # whose functions release what they are given
STATES = ("clos", "open", "run", "start", "alive", "connect", "stop", "finish", "done", "shut")


@dataclass(slots=True)
class Reach:
    """What a method may release, which methods of its object it calls, through super or not.

    `guarded` is what it releases under a flag alone: the attribute, the flag, and what the flag has to be; the flag is
    empty where a condition asks more than whether it is set.
    """

    released: set[str] = field(default_factory=set)
    guarded: set[tuple[str, str, bool]] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    calls_super: set[str] = field(default_factory=set)
    reaches_all: bool = False
    called_on: dict[str, set[str]] = field(default_factory=dict)  # attribute -> methods called on it
    registered: set[str] = field(default_factory=set)  # whose release method is handed on, uncalled
    finalized: set[str] = field(default_factory=set)  # what the end of the object releases: `finalize(self, shut, self.x)`
    loads: set[str] = field(default_factory=set)
    callbacks: set[str] = field(default_factory=set)  # of the loads, those that others are given to call it one day
    handed: set[str] = field(default_factory=set)  # what may be released otherwise than by a method called on it here
    hands_itself: bool = False  # to something that keeps it: `pool.add(self)`
    nodes: set[FunctionNode] = field(default_factory=set)  # where several methods are read together: these


@retained
def reach_of(node: FunctionNode) -> Reach:
    """Read a method."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    reach = Reach()
    if arguments:
        _visit(node, [], arguments[0].arg, reach)
        reach.released.update(ended(node))
    return reach


@retained
def ended(node: FunctionNode) -> dict[str, int]:
    """Give the attributes that a method plainly releases (`self.x.close()`, `x = self.x; x.close()`), and the last line."""
    own, behind = receiver_of(node), behind_names(node)
    found: dict[str, int] = {}
    for one in walk(node):
        for subject in _subjects(one, own):
            names = own_attributes(subject, own) | (behind.get(subject.id, set()) if isinstance(subject, ast.Name) else set())
            found.update((name, max(subject.lineno, found.get(name, 0))) for name in names)
    return found


def behind_names(node: FunctionNode) -> dict[str, set[str]]:
    """Give the attributes that the names of a method may stand for."""
    own = receiver_of(node)
    behind: dict[str, set[str]] = {}
    for one in walk(node):
        match one:
            case ast.Assign(targets=targets, value=value):
                sources = targets
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                sources = [target]
            case ast.comprehension(target=target, iter=value) | ast.NamedExpr(target=target, value=value):
                sources = [target]
            case _:
                continue
        attributes = own_attributes(value, own)
        for name in [name.id for source in sources for name in walk(source) if isinstance(name, ast.Name)]:
            behind.setdefault(name, set()).update(attributes)
    return behind


def _subjects(node: ast.AST, own: str) -> Iterator[ast.expr]:
    """Yield what a piece of code releases: an object by its own method, or what a function is given for it."""
    match node:
        case ast.withitem(context_expr=ast.Attribute(value=ast.Name(id=name)) as entered) if name == own:
            yield entered
        case ast.Call(func=function, args=arguments):
            if isinstance(function, ast.Attribute) and _is_release(function.attr, function.value, own):
                yield function.value
            if len(arguments) == 1 and is_closing(terminal(function)):  # `os.close(self.fd)`, `self.pool.dispose(self.engine)`
                yield arguments[0]
        case _:
            pass


def gives_attribute(node: FunctionNode, attribute: str) -> bool:
    """Say whether a method is a property that returns an attribute."""
    if not is_property(node):
        return False
    own = receiver_of(node)
    values = [one.value for one in walk(node) if isinstance(one, ast.Return) and one.value is not None]
    return any(attribute in own_attributes(value, own) for value in values)


def _is_release(method: str, subject: ast.expr, own: str) -> bool:
    """Say whether a method releases what it is called on, also in a way that is private to its library (`_async_close`).

    What is called on a module, or on the object itself, is no method of an attribute.
    """
    if isinstance(subject, ast.Name) and (subject.id in MODULES or subject.id == own):
        return False
    return method in RELEASING or (method.startswith("_") and is_closing(method))


def ended_at_once(node: FunctionNode, attribute: str, line: int) -> bool:
    """Say whether a method releases an attribute after a line, whatever way it takes from there."""
    own = receiver_of(node)
    for statement in node.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        call = call.value if isinstance(call, ast.Await) else call
        if not isinstance(call, ast.Call) or statement.lineno <= line:
            continue
        is_method = isinstance(call.func, ast.Attribute) and call.func.attr in RELEASING
        subject = call.func.value if is_method and isinstance(call.func, ast.Attribute) and not call.args else None
        if is_closing(terminal(call.func)) and len(call.args) == 1:
            subject = call.args[0]  # os.close(self.fd)
        if isinstance(subject, ast.Attribute) and own_attributes(subject, own) == {attribute}:
            return True
    return False


def handed_to(node: FunctionNode, attribute: str, is_number: bool) -> Iterator[str | None]:
    """Yield the other attributes in which a method keeps what an attribute holds; None for a place that is not the object's.

    What is only a number (a file descriptor) is also kept by the object that is made of it: `SyncFile(path, fd=self.fd)`.
    """
    own = receiver_of(node)
    for one in walk(node):
        place: ast.expr
        match one:
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as place], value=value):
                is_wrapper = is_number and isinstance(value, ast.Call) and (terminal(value)[:1].isupper() or _opens(value))
                is_many = is_wrapper or isinstance(value, ast.List | ast.Tuple | ast.Set | ast.Dict)
                held = list(children(value)) if is_many else [value]
                held += [one.value for one in held if isinstance(one, ast.keyword)]
            case ast.Call(func=ast.Attribute(value=place, attr=method), args=[_, *_] as given) if _fills(place, method):
                held = [*given]
            case ast.Call(func=ast.Attribute(attr="__init__"), args=given, keywords=keywords):  # the base may own it
                place, held = one.func, [*given, *(keyword.value for keyword in keywords)]
            case _:
                continue
        if any(_is_own(each, attribute, own) for each in held):
            yield next(iter(own_attributes(place, own)), None)


def _fills(place: ast.expr, method: str) -> bool:
    """Say whether a method puts what it is given into a container, or a registry of the object that is no selector."""
    is_registry = isinstance(place, ast.Attribute) and not any(word in place.attr.lower() for word in ("sel", "poll", "loop"))
    return method in ADDING or (method == "register" and is_registry)


def _opens(node: ast.Call) -> bool:
    return terminal(node) in ("open", "fdopen")


def _is_own(node: ast.AST, attribute: str, own: str) -> bool:
    return (
        isinstance(node, ast.Attribute) and node.attr == attribute and isinstance(node.value, ast.Name) and node.value.id == own
    )


def own_attributes(node: ast.AST, own: str) -> set[str]:
    """Give the attributes of the object that an expression mentions."""
    return {
        one.attr
        for one in walk(node)
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == own
    }


@retained
def stores(node: FunctionNode) -> bool:
    """Say whether a method may store something in its object: in an attribute, or in a container that one holds."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    stack: list[ast.AST] = [node] if arguments else []
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == arguments[0].arg:
            return True
        stack.extend(children(one))
    return False


def _visit(node: ast.AST, path: list[ast.AST], own: str, reach: Reach) -> None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == own:
        _note(node, path, reach)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call) and terminal(node.value) == "super":
        reach.calls_super.add(node.attr)
    elif isinstance(node, ast.Call):
        _note_call(node, own, reach)
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == own:
        reach.hands_itself |= any(isinstance(target, ast.Subscript) for target in node.targets)  # `channels[fd] = self`
    path.append(node)
    for child in children(node):
        _visit(child, path, own, reach)
    path.pop()


def _note_call(node: ast.Call, own: str, reach: Reach) -> None:
    function = node.func
    name = terminal(function)
    if isinstance(function, ast.Attribute):
        is_own = any(isinstance(one, ast.Name) and one.id == own for one in node.args)
        reach.hands_itself |= is_own and is_adding(name) and name != "__init__"
        if isinstance(function.value, ast.Name) and function.value.id == own:
            reach.calls.add(name)
        elif node.args and isinstance(node.args[0], ast.Name) and node.args[0].id == own:
            reach.calls_super.add(name)  # Base.close(self)
    elif name in ("getattr", "vars", "setattr") and node.args:
        first = node.args[0]
        is_own = isinstance(first, ast.Name) and first.id == own
        is_literal = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        reach.reaches_all |= is_own and not is_literal


def _note(node: ast.Attribute, path: list[ast.AST], reach: Reach) -> None:
    name = node.attr
    if name == "__dict__":
        reach.reaches_all = True
    if isinstance(node.ctx, ast.Store):
        return
    if isinstance(node.ctx, ast.Load) and _may_release(node, path):
        reach.released.add(name)
        if _called_method(path) is None:
            reach.handed.add(name)
        reach.guarded.update((name, flag, is_set) for flag, is_set in _flags_above(name, path))
    reach.loads.add(name)
    if is_callback(path):
        reach.callbacks.add(name)
    if _is_registered(node, path):
        reach.registered.add(name)
        if isinstance(node.value, ast.Name) and _is_finalized(node.value.id, path):
            reach.finalized.add(name)
    method = _called_method(path)
    if method is not None:
        reach.called_on.setdefault(name, set()).add(method)


def _called_method(path: list[ast.AST]) -> str | None:
    """Give the method that is called on what stands at the end of a path."""
    match path[-2:]:
        case [ast.Call() as call, ast.Attribute(attr=method) as bound] if call.func is bound:
            return method
        case _:
            return None


def _is_registered(node: ast.AST, path: list[ast.AST]) -> bool:
    """Say whether a mention hands its release on, uncalled: `[self.x.close]`, `finalize(self, shut, self.x)`."""
    match path[-2:]:
        case [above, ast.Attribute(attr=method) as bound] if method in RELEASE_METHODS:
            if not isinstance(above, ast.Expr) and not (isinstance(above, ast.Call) and above.func is bound):
                return True
        case _:
            pass
    inner = node
    for one in reversed(path):
        if isinstance(one, ast.stmt):
            return False
        if isinstance(one, ast.Call) and inner is not one.func:
            names = [terminal(argument) for argument in one.args if not isinstance(argument, ast.Call)]
            if terminal(one) in REGISTERING or any(is_closing(name) for name in names):
                return True
        inner = one
    return False


def _is_finalized(own: str, path: list[ast.AST]) -> bool:
    """Say whether a mention stands among what `weakref.finalize` is given with the object itself."""
    calls = [one for one in path if isinstance(one, ast.Call) and terminal(one) == "finalize" and one.args]
    return any(isinstance(one.args[0], ast.Name) and one.args[0].id == own for one in calls)


def _may_release(node: ast.Attribute, path: list[ast.AST]) -> bool:
    parent = path[-1] if path else None
    above = path[-2] if len(path) > 1 else None
    match parent:
        case ast.Attribute(attr=method):
            if isinstance(above, ast.Call) and above.func is parent:
                is_used = len(path) < 3 or not isinstance(path[-3], ast.Expr)
                return method in RELEASING or (method in CHEAP and is_used)
            return method in RELEASING or _may_release(parent, path[:-1])
        case ast.Call():
            return node is not parent.func and terminal(parent) not in READING
        case (
            ast.Compare()
            | ast.If()
            | ast.While()
            | ast.UnaryOp()
            | ast.Delete()
            | ast.Expr()
            | ast.Assert()
            | ast.FormattedValue()
        ):
            return False
        case ast.BoolOp():
            return False
        case ast.Subscript():
            return node is parent.value and isinstance(parent.ctx, ast.Load)
        case _:
            return True


def _flags_above(name: str, path: list[ast.AST]) -> Iterator[tuple[str, bool]]:
    """Yield the flags under which a mention stands, and what they are there: attributes that are no state of being open."""
    for above, below in itertools.pairwise(path):
        if isinstance(above, ast.If):
            yield from _flags(above.test, name, not any(one is below for one in above.orelse))


def _flags(test: ast.expr, name: str, holds: bool) -> Iterator[tuple[str, bool]]:
    match test:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=flag):
            if _is_flag(flag, name):
                yield flag, holds
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _flags(operand, name, not holds)
        case ast.BoolOp(op=ast.And(), values=values) if holds:
            for value in values:
                yield from _flags(value, name, holds)
        case ast.Compare(left=left, comparators=others) if any(_is_named(one, name) for one in (left, *others)):
            return  # what the attribute itself holds: `self.fd == self.TAKEN`
        case _:
            for one in walk(test):
                match one:
                    case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=flag) if _is_flag(flag, name):
                        yield "", holds
                    case _:
                        pass


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name and terminal(node.value) in ("self", "cls")


def _is_flag(flag: str, name: str) -> bool:
    return flag != name and not any(word in flag.lower() for word in STATES)
