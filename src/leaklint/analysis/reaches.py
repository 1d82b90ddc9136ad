"""What a run of an event loop reaches: globals, attributes and cached functions of one module, which it touches or closes.

Reach is read from names, through the first-party functions that a coroutine calls, over modules. Who calls them otherwise is
not asked.
"""

import ast
import os
import re
from collections.abc import Iterator

from leaklint.analysis.loops import own_nodes, owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, Scope, children, function_scope, terminal
from leaklint.analysis.runs import MAKING, Run, is_repeated
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.workspace import Workspace
from leaklint.model.data import dataclass, field

Place = tuple[str, str]  # ("name", global) · ("attribute", "Class.attribute") · ("result", function)
RUNNING = re.compile(r"\b(?:asyncio|uvloop|anyio|trio)\.run\s*\(|\bimport\b[^\n]*\brun\b")
TESTING = re.compile(r"(?:^|[/\\])(?:tests?|testing)(?:[/\\])|(?:^|[/\\])(?:test_[^/\\]*|[^/\\]*_test|conftest)\.py$")


@dataclass(eq=False, slots=True)
class Reach:
    """What a piece of code touches, and what of that it closes."""

    touched: set[Place] = field(default_factory=set)
    closed: set[Place] = field(default_factory=set)


@dataclass(frozen=True, eq=False, slots=True)
class ForeignRun:
    """A run in a module that imports the one that is linted: where it stands, and whether it is made many times."""

    project: ModuleProject
    function: Function | None
    node: ast.Call
    is_repeated: bool

    @property
    def label(self) -> str:
        """How a message names it."""
        return f"line {self.node.lineno} of {os.path.basename(self.project.path)}"


@dataclass(frozen=True, eq=False, slots=True)
class _Walk:
    """A walk through code that looks for the places of one module."""

    home: ModuleProject
    workspace: Workspace
    releases: frozenset[str]
    reach: Reach
    seen: set[ast.AST]


def reach_of(run: Run, module: ModuleFacts, releases: frozenset[str]) -> Reach:
    """Give what a run touches and closes, through the functions that its coroutine calls."""
    walk = _Walk(module.project, module.workspace, releases, Reach(), set())
    _follow(run.node, run.facts.function, run.facts.scope, module.project, walk)
    return walk.reach


def reach_of_function(function: Function, module: ModuleFacts, releases: frozenset[str]) -> Reach:
    """Give what a function touches and closes, through what it calls."""
    walk = _Walk(module.project, module.workspace, releases, Reach(), set())
    _enter(function.node, module.project, walk)
    return walk.reach


def reach_of_foreign(run: ForeignRun, module: ModuleFacts, releases: frozenset[str]) -> Reach:
    """Give what a run of another module touches and closes here."""
    walk = _Walk(module.project, module.workspace, releases, Reach(), set())
    scope = function_scope(run.function, run.project.scope) if run.function is not None else run.project.scope
    _follow(run.node, run.function, scope, run.project, walk)
    return walk.reach


def foreign_runs(module: ModuleFacts) -> Iterator[ForeignRun]:
    """Yield the runs, each on a loop of its own, in the modules that import this one; those of tests are left out."""
    path = module.project.path
    for one in module.workspace.users.of(path, "", RUNNING):
        user = module.workspace.project(one) if one != path and not TESTING.search(one) else None
        if user is None:
            continue
        places: list[tuple[list[ast.stmt], Function | None]] = [(user.source.tree.body, None)]
        places += [(function.node.body, function) for function in user.functions if isinstance(function.node, ast.FunctionDef)]
        for body, function in places:
            scope = function_scope(function, user.scope) if function is not None else user.scope
            for node, _ in own_nodes(body):
                if isinstance(node, ast.Call) and node.args and scope.dotted(node.func) in MAKING:
                    yield ForeignRun(user, function, node, is_repeated(node, body))


def is_closed_by_users(place: Place, module: ModuleFacts, releases: frozenset[str]) -> bool:
    """Say whether another module closes it by name somewhere: a shutdown handler, perhaps."""
    closing = re.compile(rf"\b{re.escape(place[1])}(?:\(\))?\.(?:{'|'.join(map(re.escape, sorted(releases)))})\b")
    path = module.project.path
    return any(one != path for one in module.workspace.users.of(path, place[1], closing))


def _enter(node: FunctionNode, project: ModuleProject, walk: _Walk) -> None:
    if node in walk.seen:
        return
    walk.seen.add(node)
    function = next((one for one in project.functions if one.node is node), None)
    if function is None:
        return
    scope = function_scope(function, project.scope)
    for statement in node.body:
        _follow(statement, function, scope, project, walk)


def _follow(root: ast.AST, function: Function | None, scope: Scope, project: ModuleProject, walk: _Walk) -> None:
    owner = owner_of(function)
    stack: list[ast.AST] = [root]
    while stack:
        node = stack.pop()
        place = _place_of(node, owner, scope, project, walk)
        if place is not None:
            walk.reach.touched.add(place)
        for closed in _closed(node, walk.releases):
            if (place := _place_of(closed, owner, scope, project, walk)) is not None:
                walk.reach.closed.add(place)
        found = _called(node, owner, scope, project)
        if found is not None:
            _enter(found[1], found[0], walk)
        stack.extend(children(node))


def _called(
    node: ast.AST, owner: ast.ClassDef | None, scope: Scope, project: ModuleProject
) -> tuple[ModuleProject, FunctionNode] | None:
    """Give the first-party function that an expression names, and its module."""
    found: object = None
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not scope.is_local(node.id):
        found = scope.definition(node.id)
    elif isinstance(node, ast.Attribute) and owner is not None and _is_own(node):
        found = project.method_node(owner, node.attr)
    if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        return project, found
    dotted = scope.dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
    elsewhere = project.find(dotted) if dotted is not None else None
    definition = elsewhere[0].scope.definition(elsewhere[1]) if elsewhere is not None else None
    if elsewhere is None or not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    return elsewhere[0], definition


def _place_of(node: ast.AST, owner: ast.ClassDef | None, scope: Scope, project: ModuleProject, walk: _Walk) -> Place | None:
    """Give the place of the linted module that an expression means."""
    if isinstance(node, ast.Await):
        return _place_of(node.value, owner, scope, project, walk)
    return _at_home(node, owner, scope, walk.home) if project is walk.home else _from_outside(node, scope, project, walk)


def _at_home(node: ast.AST, owner: ast.ClassDef | None, scope: Scope, home: ModuleProject) -> Place | None:
    """Give a global, an attribute of the class, what a function of the module gives."""
    match node:
        case ast.Name(id=name) if scope.find(name) is home.scope and name in home.scope.bindings.variables:
            return "name", name
        case ast.Name(id=name) if name in scope.bindings.outside:
            return "name", name
        case ast.Attribute(attr=attr) if owner is not None and _is_own(node):
            return "attribute", f"{owner.name}.{attr}"
        case ast.Call(func=ast.Name(id=name)) if scope.definition(name) is not None:
            return "result", name
        case _:
            return None


def _from_outside(node: ast.AST, scope: Scope, project: ModuleProject, walk: _Walk) -> Place | None:
    """Give a global, or what a function gives, of a module that an import leads to."""
    named = node.func if isinstance(node, ast.Call) else node
    dotted = scope.dotted(named) if isinstance(named, ast.Name | ast.Attribute) else None
    found = walk.workspace.openers.find(dotted, project.path) if dotted is not None else None
    if found is None or found[0] != walk.home.path or len(found[1]) != 1:
        return None
    return "result" if isinstance(node, ast.Call) else "name", found[1][0]


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def _closed(node: ast.AST, releases: frozenset[str]) -> Iterator[ast.expr]:
    """Yield what a node closes: by a release method, by a with."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in releases:
            yield value
        case ast.AsyncWith(items=items) | ast.With(items=items):
            for item in items:
                yield item.context_expr
        case ast.Call(args=arguments) if terminal(node) in ("aclosing", "enter_async_context", "push_async_callback"):
            for argument in arguments:
                yield argument.value if isinstance(argument, ast.Attribute) and argument.attr in releases else argument
        case _:
            pass
