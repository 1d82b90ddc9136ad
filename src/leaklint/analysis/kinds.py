"""What kind of resource an expression is: by the values of the dataflow, by what a class's methods assign to the attribute,
by what the module binds to the global name. It refuses to choose where these disagree."""

import ast
from collections.abc import Collection

from leaklint.analysis import bodies
from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Scope, children
from leaklint.analysis.record import Known
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.values import Site
from leaklint.model.data import dataclass, replace
from leaklint.model.resource import Resource
from leaklint.model.span import Span


@dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """A kind of resource, how messages call it, and the acquisitions that gave it, where they stand in the module."""

    resource: Resource
    label: str
    acquisitions: tuple[Span, ...] = ()
    own_type: str | None = None  # the first-party class that it is


def kind_of_known(known: Collection[Known], facts: Facts) -> Kind | None:
    """Give the one kind that values are."""
    found: dict[str, Kind] = {}
    spans: list[Span] = []
    own = {value.own_type for value in known if isinstance(value, Site)}
    for value in sorted(known, key=lambda one: one.label if isinstance(one, Site) else one.type_name):
        if isinstance(value, Site):
            if not value.resource.name:
                return None
            found[value.resource.name] = Kind(value.resource, value.label or value.resource.name, (), value.own_type)
            if value.parameter is None and value.statement is not None:
                spans.append(facts.source.span(value.node))
        elif value.type_name not in own:  # the object of a class that is a resource stands beside its site
            resource = facts.solution.setting.catalogue.resource(value.type_name)
            if resource is None:
                return None
            found[resource.name] = Kind(resource, value.type_name)
    one = next(iter(found.values()), None)
    return replace(one, acquisitions=tuple(sorted(spans))) if one is not None and len(found) == 1 else None


def kind_of(node: ast.expr, facts: Facts, module: ModuleFacts) -> Kind | None:
    """Give the kind of an attribute of `self`, of a global name or of an annotated parameter."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr) if (owner := owner_of(facts.function)) is not None:
            return attribute_kind(owner, attr, module)
        case ast.Name(id=name) if facts.scope.find(name) is module.scope:
            return global_kind(name, module)
        case ast.Name(id=name) if (annotation := facts.scope.bindings.annotations.get(name)) is not None:
            return _of_type(bodies.annotated(annotation, facts.scope), module.project)
        case ast.Call() | ast.Await():
            return kind_of_value(node, facts.scope, module)
        case _:
            return None


def global_kind(name: str, module: ModuleFacts) -> Kind | None:
    """Give the kind of what a module or its functions bind to a global name."""
    values = [value for scope in (module.scope,) if (value := scope.bindings.values.get(name)) is not None]
    for function in module.functions:
        if any(isinstance(one, ast.Global) and name in one.names for one in function.node.body):
            values += [value for target, value, _ in _assignments(function.node) if value and _is_name(target, name)]
    return _agreed([kind_of_value(value, module.scope, module) for value in values if not _is_none(value)])


def attribute_kind(owner: ast.ClassDef, name: str, module: ModuleFacts) -> Kind | None:
    """Give the kind of an attribute of the instances of a class."""
    found: list[Kind | None] = []
    for project, node in module.project.lineage(owner):
        for target, value, annotation in _assignments(node):
            if not _is_own(target, name):
                continue
            if value is not None and not _is_none(value):
                kind = kind_of_value(value, project.scope, module, project)
                found.append(kind or _of_parameter(value, node, project) or _of_annotation(annotation, project))
            elif annotation is not None:
                found.append(_of_annotation(annotation, project))
        if found:
            break
    return _agreed(found)


def kind_of_value(
    node: ast.expr | None, scope: Scope, module: ModuleFacts, project: ModuleProject | None = None
) -> Kind | None:
    """Give the kind of resource that evaluating an expression acquires or gives; `project` is the module it stands in."""
    project = project or module.project
    match node:
        case ast.Await(value=value):
            return kind_of_value(value, scope, module, project)
        case ast.BoolOp(values=values):
            return _agreed([kind_of_value(value, scope, module, project) for value in values], is_any=True)
        case ast.IfExp(body=body, orelse=orelse):
            return _agreed([kind_of_value(one, scope, module, project) for one in (body, orelse)], is_any=True)
        case ast.Call(func=function):
            spans = (module.source.span(node),) if project is module.project else ()
            dotted = scope.dotted(function)
            if dotted is not None and project.catalogue.summary(dotted) is not None:
                return _of_call(dotted, spans, project)
            found = project.class_of(function)
            acquired = found[0].owner(found[1]).resource if found is not None else None
            return Kind(acquired.resource, acquired.label, spans, acquired.own_type) if acquired is not None else None
        case _:
            return None


def _of_call(dotted: str, spans: tuple[Span, ...], project: ModuleProject) -> Kind | None:
    summary = project.catalogue.summary(dotted)
    if summary is None or summary.is_tuple:
        return None
    if summary.acquires and summary.acquires[0] is not None:
        resource = project.catalogue.resource(summary.acquires[0])
        return Kind(resource, resource.label or resource.name, spans) if resource is not None else None
    return _of_type(summary.returns, project)


def _of_type(name: str | None, project: ModuleProject) -> Kind | None:
    resource = project.catalogue.resource(name) if name is not None else None
    return Kind(resource, resource.label or resource.name) if resource is not None else None


def _of_annotation(annotation: ast.expr | None, project: ModuleProject) -> Kind | None:
    return _of_type(bodies.annotated(annotation, project.scope), project)


def _of_parameter(value: ast.expr, owner: ast.ClassDef, project: ModuleProject) -> Kind | None:
    """Give the kind of an annotated parameter that a method stores."""
    if not isinstance(value, ast.Name):
        return None
    for statement in owner.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.lineno <= value.lineno <= (
            statement.end_lineno or 0
        ):
            for argument in [*statement.args.posonlyargs, *statement.args.args, *statement.args.kwonlyargs]:
                if argument.arg == value.id:
                    return _of_annotation(argument.annotation, project)
    return None


def _agreed(kinds: list[Kind | None], is_any: bool = False) -> Kind | None:
    """Give the kind on which all agree; with `is_any`, on which all agree that know."""
    known = [kind for kind in kinds if kind is not None]
    if not known or (len(known) < len(kinds) and not is_any) or len({kind.resource.name for kind in known}) > 1:
        return None
    return replace(known[0], acquisitions=tuple(span for kind in known for span in kind.acquisitions))


def _assignments(node: ast.AST) -> list[tuple[ast.expr, ast.expr | None, ast.expr | None]]:
    """Give target, value and annotation of every assignment below a node."""
    found: list[tuple[ast.expr, ast.expr | None, ast.expr | None]] = []
    stack: list[ast.AST] = [node]
    while stack:
        match one := stack.pop():
            case ast.Assign(targets=targets, value=value):
                found += [(target, value, None) for target in targets]
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                found.append((target, value, annotation))
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                found.append((target, value, None))
            case _:
                pass
        if not isinstance(one, ast.expr):
            stack.extend(children(one))
    return found


def _is_own(target: ast.expr, name: str) -> bool:
    match target:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
            return attr == name
        case ast.Name(id=own):
            return own == name  # in a class body
        case _:
            return False


def _is_name(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
