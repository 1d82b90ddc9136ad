"""Summaries of the functions and classes of one module, computed when first asked for.

A function is analysed with a site for each parameter; what has become of the site at the exit is what the function does
to its argument. While a summary is being computed, or where a decorator hides the function, nothing is known.
"""

import ast
from dataclasses import replace

from leaklint.analysis import bodies
from leaklint.analysis.closures import RELEASING
from leaklint.analysis.lower import lower, tested_names
from leaklint.analysis.names import (
    Definition,
    Function,
    FunctionNode,
    Scope,
    children,
    function_scope,
    functions,
    terminal,
)
from leaklint.analysis.ops import Call, Escape, Literal
from leaklint.analysis.ownership import Solution, solve_ownership
from leaklint.analysis.record import History
from leaklint.analysis.setting import DEFAULT, Acquired, Body, FunctionSummary, Given, Kind, ParameterEffect, Setting
from leaklint.analysis.store import Place
from leaklint.analysis.values import (
    MOVED,
    NONE,
    RELEASED,
    Constant,
    Elements,
    Instance,
    Site,
    Value,
    Values,
    View,
    is_open,
)
from leaklint.catalogue import Catalogue
from leaklint.model.resource import Effect, Resource, With

UNTYPED = Resource("", releases=RELEASING, sync_with=With.RELEASES, async_with=With.RELEASES)


class ModuleProject:
    """Summaries over one module."""

    def __init__(self, tree: ast.Module, scope: Scope, catalogue: Catalogue) -> None:
        self.scope = scope
        self.catalogue = catalogue
        self._tree = tree
        self._functions: dict[FunctionNode, Function] | None = None
        self._known: dict[tuple[ast.AST, Given], FunctionSummary | None] = {}
        self._tested: dict[ast.AST, frozenset[str]] = {}
        self._constructors: dict[ast.ClassDef, FunctionSummary | None] = {}
        self._resources: dict[ast.ClassDef, Acquired | None] = {}

    def parameters(self, name: str, scope: Scope) -> tuple[str, ...]:
        """Give the names of the parameters of what a name of the module means."""
        found = scope.definition(name)
        return _parameters(found) if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) else ()

    def function(self, name: str, scope: Scope, given: Given) -> FunctionSummary | None:
        """Summarise what a name of the module means, for what is known of its arguments."""
        found = scope.definition(name)
        if isinstance(found, ast.ClassDef):
            return self._constructor(found)
        return self._summarise(found, given) if found is not None else None

    def method(self, class_name: str, name: str, given: Given) -> FunctionSummary | None:
        """Summarise a method of a class of the module, inherited ones of the module included."""
        owner = self.scope.definition(class_name)
        found = self._method(owner, name) if isinstance(owner, ast.ClassDef) else None
        if found is None:
            return None
        summary = self._summarise(found, given)
        if summary is not None and any(terminal(one) == "staticmethod" for one in found.decorator_list):
            return replace(summary, parameters=("", *summary.parameters))
        return summary

    def method_parameters(self, class_name: str, name: str) -> tuple[str, ...]:
        """Give the names of a method's parameters, without the receiver."""
        owner = self.scope.definition(class_name)
        found = self._method(owner, name) if isinstance(owner, ast.ClassDef) else None
        if found is None:
            return ()
        is_static = any(terminal(one) == "staticmethod" for one in found.decorator_list)
        return _parameters(found) if is_static else _parameters(found)[1:]

    def resource_of(self, name: str, scope: Scope) -> Acquired | None:
        """Give the resource that a class of the module is by inheritance."""
        found = scope.definition(name)
        return self._resource_of(found, ()) if isinstance(found, ast.ClassDef) else None

    # --- classes ------------------------------------------------------------------------------------------------------

    def _resource_of(self, node: ast.ClassDef, seen: tuple[ast.ClassDef, ...]) -> Acquired | None:
        if node in seen:
            return None
        if node not in self._resources:
            self._resources[node] = self._inherited_resource(node, (*seen, node))
        return self._resources[node]

    def _inherited_resource(self, node: ast.ClassDef, seen: tuple[ast.ClassDef, ...]) -> Acquired | None:
        if not _calls_base_init(node) or _is_fake(node):
            return None
        for base in node.bases:
            local = self.scope.definition(base.id) if isinstance(base, ast.Name) else None
            if isinstance(local, ast.ClassDef):
                found = self._resource_of(local, seen)
                if found is not None:
                    return replace(found, label=node.name)
                continue
            dotted = self.scope.dotted(base)
            summary = self.catalogue.summary(dotted) if dotted else None
            if summary is not None and summary.acquires and summary.acquires[0] == summary.name:
                resource = self.catalogue.resource(summary.name)
                if resource is not None and not resource.silent and not _releases_itself(node, resource):
                    return Acquired(resource, 1, node.name)
        return None

    def _method(self, owner: ast.ClassDef, name: str, depth: int = 0) -> FunctionNode | None:
        for statement in owner.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                return statement
        for base in owner.bases if depth < 8 else ():
            local = self.scope.definition(base.id) if isinstance(base, ast.Name) else None
            if isinstance(local, ast.ClassDef) and (found := self._method(local, name, depth + 1)) is not None:
                return found
        return None

    def _constructor(self, node: ast.ClassDef) -> FunctionSummary | None:
        """Summarise a constructor: what the class stores and never releases stays the caller's."""
        if node not in self._constructors:
            self._constructors[node] = None
            self._constructors[node] = self._summarise_constructor(node)
        return self._constructors[node]

    def _summarise_constructor(self, node: ast.ClassDef) -> FunctionSummary | None:
        family = self._family(node)
        init = self._method(node, "__init__")
        if family is None or init is None or node.decorator_list:
            return None
        solution = self._solve(self._function(init), ())
        if solution is None:
            return None
        summary = _summary(solution, self._function(init), Body.PLAIN)
        effects = dict(summary.effects)
        wraps: set[str] = set()
        for site, history in solution.record.histories.items():
            if site.parameter is not None and effects.get(site.parameter) == ParameterEffect(Effect.TAKES):
                attributes = _stored_in(history)
                if attributes and not any(_is_handed_on(one, attribute) for one in family for attribute in attributes):
                    effects[site.parameter] = ParameterEffect(Effect.BORROWS)
                    wraps.add(site.parameter)
        return FunctionSummary(summary.parameters[1:], effects, wraps=frozenset(wraps))

    def _family(self, node: ast.ClassDef, depth: int = 0) -> list[ast.ClassDef] | None:
        """Give a class and all its bases, None where one stands elsewhere."""
        found = [node]
        for base in node.bases:
            local = self.scope.definition(base.id) if isinstance(base, ast.Name) else None
            if isinstance(base, ast.Name) and base.id == "object" and local is None:
                continue
            if not isinstance(local, ast.ClassDef) or depth > 8:
                return None
            above = self._family(local, depth + 1)
            if above is None:
                return None
            found += above
        return found

    # --- functions ----------------------------------------------------------------------------------------------------

    def _function(self, node: FunctionNode) -> Function:
        if self._functions is None:
            self._functions = {one.node: one for one in functions(self._tree)}
        return self._functions.get(node) or Function(node)

    def _summarise(self, node: Definition, given: Given) -> FunctionSummary | None:
        if isinstance(node, ast.ClassDef):
            return None
        if node not in self._tested:
            self._tested[node] = tested_names(node.body)
        tested = self._tested[node]
        given = tuple(pair for pair in given if pair[0] in tested or isinstance(pair[1], Kind))
        key = (node, given)
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._compute(self._function(node), given)
        return self._known[key]

    def _compute(self, function: Function, given: Given) -> FunctionSummary | None:
        names = bodies.decorators(function)
        is_cached = bool(names & bodies.CACHES)
        if names - bodies.TRANSPARENT - bodies.CACHES - bodies.MANAGERS or _is_abstract(function.node):
            return None
        solution = self._solve(function, given)
        if solution is None:
            return None
        summary = _summary(solution, function, solution.setting.body)
        return replace(summary, acquires=(), elements=()) if is_cached else summary

    def _solve(self, function: Function, given: Given) -> Solution | None:
        scope = function_scope(function, self.scope)
        body = bodies.kind_of(function, scope.bindings.yields)
        graph = lower(function.node.body, scope, bodies.yield_kind(body))
        setting = Setting(self.catalogue, self, scope, graph, body, {})
        env = bodies.starting_names(function, scope, self.catalogue)
        sites: dict[Site, frozenset[int]] = {}
        known = dict(given)
        defaults = _defaults(function.node)
        for name, argument in scope.bindings.parameters.items():
            what = known.get(name, DEFAULT)
            if isinstance(what, Kind):
                resource = self.catalogue.resource(what.resource) or UNTYPED
                site = Site(_name(argument), None, resource, what.open_mask, what.label, parameter=name)
                env[name], sites[site] = frozenset((site,)), frozenset((what.open_mask,))
                continue
            literal = defaults.get(name, DEFAULT) if what == DEFAULT and name in known else what
            if literal != DEFAULT:
                env[name] = frozenset((NONE if literal is None else Constant(literal),))
                continue
            stood = _parameter_site(argument, name, env, self.catalogue)
            if stood is not None:
                env[name] = frozenset((stood,))
                sites[stood] = frozenset((1,))
        return solve_ownership(setting, env, sites)


def _parameter_site(argument: ast.arg, name: str, env: dict[Place, Values], catalogue: Catalogue) -> Site | None:
    resource = UNTYPED
    for value in env.get(name, ()):
        if isinstance(value, Instance):
            if value.type_name.startswith(":"):
                return None  # self: its methods must stay known
            found = catalogue.resource(value.type_name)
            if found is None or found.silent:
                return (
                    None if catalogue.method(value.type_name, "open") else Site(_name(argument), None, UNTYPED, parameter=name)
                )
            resource = found
    return Site(_name(argument), None, resource, parameter=name)


def _name(argument: ast.arg) -> ast.expr:
    return ast.copy_location(ast.Name(argument.arg, ast.Load()), argument)


def _parameters(node: FunctionNode) -> tuple[str, ...]:
    arguments = node.args
    return tuple(one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])


def _defaults(node: FunctionNode) -> dict[str, Literal]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = list(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found: dict[str, Literal] = {}
    for argument, value in pairs:
        if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool | int | str)):
            found[argument.arg] = value.value
    return found


def _summary(solution: Solution, function: Function, body: Body) -> FunctionSummary:
    record, returned = solution.record, solution.setting.returned
    effects: dict[str, ParameterEffect] = {}
    for site, history in record.histories.items():
        if site.parameter is not None:
            effects[site.parameter] = _effect(history, body)
    untouched = [name for name in solution.setting.scope.bindings.parameters if name not in effects]
    effects |= {name: ParameterEffect(Effect.BORROWS) for name in untouched}
    passes = {value.parameter for value in returned if isinstance(value, Site) and value.parameter}
    wraps = {value.site.parameter for value in returned if isinstance(value, View) and value.site.parameter}
    if body is Body.GENERATOR:
        wraps |= {name for name, one in effects.items() if one.effect is Effect.BORROWS}
    return FunctionSummary(
        _parameters(function.node),
        effects,
        acquires=() if body in (Body.GENERATOR, Body.CONTEXT_MANAGER) else tuple(_acquired(solution)),
        elements=() if body in (Body.GENERATOR, Body.CONTEXT_MANAGER) else _acquired_elements(solution),
        passes=frozenset(passes),
        wraps=frozenset(wraps),
        returns=frozenset(v.type_name for v in returned if isinstance(v, Instance) and not v.type_name.startswith(":")),
        returns_none=NONE in returned,
    )


def _effect(history: History, body: Body) -> ParameterEffect:
    statuses = history.statuses
    if not statuses or MOVED in statuses:
        return ParameterEffect(Effect.TAKES)
    if statuses == {RELEASED}:
        methods = frozenset(op.method or "__exit__" if isinstance(op, Call) else "__exit__" for op in history.releases)
        is_deferred = body in (Body.GENERATOR, Body.CONTEXT_MANAGER)
        return ParameterEffect(Effect.TAKES) if is_deferred else ParameterEffect(Effect.RELEASES, methods)
    if all(is_open(status) for status in statuses):
        return ParameterEffect(Effect.BORROWS)
    return ParameterEffect(Effect.TAKES)


def _acquired(solution: Solution) -> list[Acquired]:
    found = [one for value in solution.setting.returned if (one := _fresh(value, solution)) is not None]
    return sorted(found, key=lambda one: one.label)[:1]


def _acquired_elements(solution: Solution) -> tuple[Acquired | None, ...]:
    """Give what each element of the one tuple that is returned is; empty where nothing in it is a resource."""
    tuples = [value for value in solution.setting.returned if isinstance(value, Elements)]
    if len(tuples) != 1:
        return ()
    found = tuple(
        next((one for value in element if (one := _fresh(value, solution)) is not None), None) for element in tuples[0].values
    )
    return found if any(found) else ()


def _fresh(value: Value, solution: Solution) -> Acquired | None:
    """Give the resource that a returned value is, where the caller alone has it from now on."""
    if not isinstance(value, Site) or value.parameter is not None:
        return None
    history = solution.record.of(value)
    if not history.returns or history.moves or history.releases:
        return None
    return Acquired(value.resource, value.open_mask, value.label)


def _is_abstract(node: FunctionNode) -> bool:
    """Say whether a body says nothing: a docstring, `...`, `pass`, `raise NotImplementedError`."""
    for statement in node.body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Raise(exc=ast.expr() as raised) if terminal(raised) == "NotImplementedError":
                continue
            case _:
                return False
    return True


def _calls_base_init(node: ast.ClassDef) -> bool:
    """Say whether constructing a subclass constructs the base: a fake that does not call it holds nothing."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in ("__init__", "__new__"):
            return any(isinstance(one, ast.Attribute) and one.attr in ("__init__", "__new__") for one in ast.walk(statement))
    return True


def _releases_itself(node: ast.ClassDef, resource: Resource) -> bool:
    """Say whether a subclass's constructor releases what it has opened."""
    init = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    calls = [one.func for statement in init for one in ast.walk(statement) if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in resource.releases for one in calls)


def _is_fake(node: ast.ClassDef) -> bool:
    """Say whether a subclass replaces what opens: a test's double of a connection."""
    if any(isinstance(one, ast.FunctionDef) and one.name in ("connect", "_create_connection") for one in node.body):
        return True
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Attribute) and one.attr in ("sock", "_create_connection") and isinstance(one.ctx, ast.Store):
            return True
        stack.extend(children(one))
    return False


def _stored_in(history: History) -> set[str]:
    """Give the attributes of self in which a parameter ends; empty where it goes elsewhere too."""
    attributes: set[str] = set()
    for op in history.moves:
        if not isinstance(op, Escape) or op.attribute is None or not op.is_own:
            return set()
        attributes.add(op.attribute)
    return attributes


def _is_handed_on(node: ast.ClassDef, attribute: str) -> bool:
    """Say whether a class may release an attribute, or hand it to somebody who may."""
    stack: list[tuple[ast.AST, ast.AST | None]] = [(node, None)]
    while stack:
        one, parent = stack.pop()
        is_it = isinstance(one, ast.Attribute) and one.attr == attribute and isinstance(one.ctx, ast.Load)
        if is_it and not (isinstance(parent, ast.Attribute) and parent.attr not in RELEASING):
            return True
        stack.extend((child, one) for child in children(one))
    return False
