"""Async generators that hold something at a yield, and the loops that abandon them.

A generator that a driver advances (asynccontextmanager, a fixture, Depends, cleanup_ctx) is closed by it. Which ones are
driven is seen from decorators, from being named without being called, and from what they yield.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import own_nodes, owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, Scope, children, function_scope, terminal, walk
from leaklint.analysis.prefilter import WORD_ENDS, lines_with
from leaklint.analysis.receivers import class_behind
from leaklint.analysis.setups import is_setup
from leaklint.model.data import dataclass

Blocks = ast.AsyncWith | ast.With | ast.Try
LEAVING = (ast.Break, ast.Return)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """An `async for` that may stop before its generator is exhausted: the loop, the generator's call, where it stops."""

    facts: Facts
    loop: ast.AsyncFor
    call: ast.Call
    leaving: ast.stmt


def abandoned(module: ModuleFacts) -> Iterator[Abandoned]:
    """Yield the loops over first-party generators, with something to release, that a break or return leaves."""
    for function in module.functions_with("async for"):
        for node, _ in own_nodes(function.node.body):
            if not isinstance(node, ast.AsyncFor) or (leaving := _leaving(node.body)) is None:
                continue
            scope = function_scope(function, module.scope)
            call = _generator_call(node.iter, function, scope, module)
            if call is not None and not _is_closed(node.iter, function):
                yield Abandoned(module.facts(function), node, call, leaving)


def _leaving(body: list[ast.stmt]) -> ast.stmt | None:
    """Give the first statement that leaves a loop early: a return, or a break of its own."""
    stack: list[tuple[ast.AST, bool]] = [(one, True) for one in reversed(body)]
    while stack:
        node, is_own = stack.pop()
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break) and is_own):
            return node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            inner = is_own and not isinstance(node, ast.For | ast.AsyncFor | ast.While)
            stack.extend((child, inner) for child in reversed(children(node)))
    return None


def _generator_call(node: ast.expr, function: Function, scope: Scope, module: ModuleFacts) -> ast.Call | None:
    """Give the call of a first-party generator that has something to release, also through a name bound to it."""
    if isinstance(node, ast.Name) and scope.bindings.variables.get(node.id) == 1:
        value = scope.bindings.values.get(node.id)
        return _generator_call(value, function, scope, module) if isinstance(value, ast.Call) else None
    if not isinstance(node, ast.Call):
        return None
    found = _definition(node.func, function, scope, module)
    if not isinstance(found, ast.AsyncFunctionDef) or found.decorator_list:
        return None
    return node if any(around for _, around in yields(found)) else None


def _definition(node: ast.expr, function: Function, scope: Scope, module: ModuleFacts) -> FunctionNode | None:
    """Give the first-party function, or method of a known class, that an expression certainly means."""
    local = scope.definition(node.id) if isinstance(node, ast.Name) else None
    if local is not None:
        return local if not isinstance(local, ast.ClassDef) else None
    dotted = scope.dotted(node)
    found = module.project.find(dotted) if dotted is not None else None
    if found is not None:
        definition = found[0].scope.definition(found[1])
        return definition if not isinstance(definition, ast.ClassDef) else None
    if not isinstance(node, ast.Attribute):
        return None
    if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
        owner = owner_of(function)
        return module.project.method_node(owner, node.attr) if owner is not None else None
    behind = class_behind(node.value, function, scope, module)
    return behind[0].method_node(behind[1], node.attr) if behind is not None else None


def _is_closed(node: ast.expr, function: Function) -> bool:
    """Say whether the body closes the generator that a name holds, or hands it to aclosing."""
    if not isinstance(node, ast.Name):
        return False
    for one, around in own_nodes(function.node.body):
        if isinstance(one, ast.Name) and one.id == node.id and around:
            parent = around[-1]
            if isinstance(parent, ast.Attribute) and parent.attr == "aclose":
                return True
            if isinstance(parent, ast.Call) and one in parent.args:
                return True
    return False


def yields(node: ast.AsyncFunctionDef) -> list[tuple[ast.Yield, tuple[Blocks, ...]]]:
    """Give the yields of a generator, each with the blocks around it that have something to do when it is closed."""
    found = []
    for one, around in own_nodes(node.body):
        if isinstance(one, ast.Yield):
            path = (*around, one)
            blocks = [block for block, inner in pairwise(path) if isinstance(block, Blocks) and _holds(block, inner)]
            found.append((one, tuple(blocks)))
    return found


def _holds(block: Blocks, inner: ast.AST) -> bool:
    match block:
        case ast.AsyncWith(body=body) | ast.With(body=body):
            return inner in body and not _is_harmless(block)
        case ast.Try(finalbody=finalbody):
            return bool(finalbody) and inner not in finalbody


def _is_harmless(block: ast.AsyncWith | ast.With) -> bool:
    """Say whether a with releases nothing (`suppress`)."""
    return all(terminal(item.context_expr) in ("suppress", "catch_warnings", "nullcontext") for item in block.items)


@dataclass(frozen=True, slots=True)
class HeldYield:
    """A yield of data inside an `async with` of a generator that nobody drives."""

    function: Function
    node: ast.Yield
    block: ast.AsyncWith


def held_yields(module: ModuleFacts) -> Iterator[HeldYield]:
    """Yield, for every such generator, its first yield inside an `async with`."""
    for function in module.functions_with("yield"):
        node = function.node
        if not isinstance(node, ast.AsyncFunctionDef) or node.decorator_list or is_setup(function):
            continue
        if _is_sent_to(node):
            continue
        for one, blocks in yields(node):
            scope = function_scope(function, module.scope)
            held = [block for block in blocks if isinstance(block, ast.AsyncWith) and not _is_passing_on(block, scope, module)]
            if held and not _is_drivers(one, function, held, module):
                if not _is_driven(function, module):
                    yield HeldYield(function, one, held[-1])
                break


def _is_passing_on(block: ast.AsyncWith, scope: Scope, module: ModuleFacts) -> bool:
    """Say whether a with only closes another generator in time, so that who closes this one closes that: `aclosing(stream)`."""
    for item in block.items:
        match item.context_expr:
            case ast.Call(func=closing, args=[given]) if terminal(closing).lstrip("_") == "aclosing":
                value = scope.bindings.values.get(given.id) if isinstance(given, ast.Name) else given
                dotted = scope.dotted(value.func) if isinstance(value, ast.Call) else None
                if dotted is not None and module.project.catalogue.resource(dotted) is not None:
                    return False
            case _:
                return False
    return True


def _is_sent_to(node: ast.AsyncFunctionDef) -> bool:
    """Say whether a generator waits for an answer to what it yields, so that somebody drives it by `asend`."""
    return any(isinstance(one, ast.Yield) and not isinstance(around[-1], ast.Expr) for one, around in own_nodes(node.body))


def _is_drivers(node: ast.Yield, function: Function, held: list[ast.AsyncWith], module: ModuleFacts) -> bool:
    """Say whether a yield is a driver's: bare, of what a with binds, or of one thing made of that, once."""
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return True
    targets = {name.id for name in _targets(function.node)}
    match node.value:
        case ast.Name(id=name):
            return name in targets or (not _is_repeated(node, function) and _is_made_of(name, targets, function, module))
        case ast.Call() | ast.Tuple() | ast.Dict() as value if not _is_repeated(node, function):
            return _mentions(value, targets) and not _has_await(value) and _is_made(value)
        case _:
            return False


def _targets(node: ast.AST) -> Iterator[ast.Name]:
    for one in walk(node):
        if isinstance(one, ast.withitem) and one.optional_vars is not None:
            yield from (name for name in walk(one.optional_vars) if isinstance(name, ast.Name))


def _is_repeated(node: ast.Yield, function: Function) -> bool:
    """Say whether a yield stands in a loop, or is one of several."""
    found = [(one, around) for one, around in own_nodes(function.node.body) if isinstance(one, ast.Yield)]
    if len(found) != 1:
        return True
    return any(isinstance(block, ast.For | ast.AsyncFor | ast.While) for block in found[0][1])


def _is_made_of(name: str, targets: set[str], function: Function, module: ModuleFacts) -> bool:
    """Say whether a name holds an object that is made of what a with binds (`Repository(session)`)."""
    value = function_scope(function, module.scope).bindings.values.get(name)
    return isinstance(value, ast.Call) and not isinstance(value, ast.Await) and _is_made(value) and _mentions(value, targets)


def _is_made(value: ast.expr) -> bool:
    name = terminal(value) if isinstance(value, ast.Call) else ""
    return not isinstance(value, ast.Call) or name.lstrip("_")[:1].isupper()


def _mentions(value: ast.expr, names: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in names for one in walk(value))


def _has_await(value: ast.expr) -> bool:
    return any(isinstance(one, ast.Await) for one in walk(value))


def _is_driven(function: Function, module: ModuleFacts) -> bool:
    """Say whether the project names a generator without calling it, so that somebody advances it, or the module closes all."""
    calls: list[bool] = []
    for node, around in _mentions_of(function, module):
        parent = around[-1] if around else None
        if not (isinstance(parent, ast.Call) and parent.func is node):
            return True
        if not _is_another_method(node, function):
            calls.append(_is_closed_call(around, module))
    return (bool(calls) and all(calls)) or _is_named_elsewhere(function, module)


def _is_another_method(node: ast.AST, function: Function) -> bool:
    """Say whether a call within a generator method is of the same method of something else, that it holds."""
    if function.owner is None or not isinstance(node, ast.Attribute):
        return False
    is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    return not is_own and any(one is node for one in walk(function.node))


def _is_closed_call(around: tuple[ast.AST, ...], module: ModuleFacts) -> bool:
    """Say whether what a call gives is closed: by aclosing, at once or by the name that it gets, or by its aclose()."""
    above = around[-2] if len(around) > 1 else None
    match above:
        case ast.Call():
            return terminal(above) == "aclosing"
        case ast.Assign(targets=[ast.Name(id=name)]):
            closing = rf"\baclosing\(\s*{name}\s*\)|\b{name}\.aclose\(\)"
            return re.search(closing, module.source.text) is not None
        case _:
            return False


def _is_named_elsewhere(function: Function, module: ModuleFacts) -> bool:
    """Say whether another module of the project names a generator without calling it (`Depends(pages)`)."""
    name, own = function.node.name, module.project.path
    handed = re.compile(rf"[(\[,=:]\s*(?:\w+\.)*{name}\s*[])}},\n]")
    for path in module.workspace.users.of(own, name, handed) if function.owner is None else ():
        user = module.workspace.project(path) if path != own else None
        if user is not None:
            called = {id(one.func) for one in walk(user.source.tree) if isinstance(one, ast.Call)}
            if any(_is_mention(one, name, user.scope) and id(one) not in called for one in walk(user.source.tree)):
                return True
    return False


def _is_mention(node: ast.AST, name: str, user: Scope) -> bool:
    """Say whether a node of another module may mean what a name of this one does: it comes from an import."""
    match node:
        case ast.Name(id=found, ctx=ast.Load()):
            return found == name and name in user.bindings.imports
        case ast.Attribute(attr=found, ctx=ast.Load()):
            return found == name and user.dotted(node) is not None
        case _:
            return False


def _mentions_of(function: Function, module: ModuleFacts) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Yield where the module names a function of it, each with the nodes around."""
    name = function.node.name
    lines = lines_with({name}, module.source.text, WORD_ENDS)
    bodies_on = [(one.node.body, function_scope(one, module.scope)) for one in module.functions_on(lines)]
    heads: list[ast.stmt] = [ast.Expr(one) for each in module.functions for one in _head(each.node)]
    for body, scope in [(module.source.tree.body, module.scope), (heads, module.scope), *bodies_on]:
        for node, around in own_nodes(body, into_lambdas=True):
            match node:
                case ast.Name(id=found, ctx=ast.Load()) if function.owner is None:
                    if found == name and not (scope is not module.scope and scope.is_local(name)):
                        yield node, around
                case ast.Attribute(attr=found, ctx=ast.Load()) if function.owner is not None and found == name:
                    yield node, around
                case _:
                    pass


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = node.args
    return [*node.decorator_list, *arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
