"""How what a class holds in an attribute is released: by which calls, one by one or in a loop, and whether it may be None.

It speaks only of what is sure: an attribute that may hold what the class did not open, or that may not exist, has a
reason instead.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from leaklint.analysis.evaluation import path_to
from leaklint.analysis.facts import Obligation
from leaklint.analysis.names import FunctionNode, receiver_of, terminal, walk
from leaklint.analysis.overwrites import assignments
from leaklint.analysis.owners import BUILDERS, Owner
from leaklint.analysis.way import MODULES
from leaklint.model.data import dataclass
from leaklint.model.resource import Resource

ENTERS = {"__exit__": "__enter__", "__aexit__": "__aenter__"}
LISTS = frozenset(("list", "tuple", "set", "deque"))
DICTS = frozenset(("dict", "OrderedDict", "defaultdict"))
FILLING = frozenset(("append", "appendleft", "add", "insert", "extend", "update", "setdefault", "extendleft"))
EMPTYING = frozenset(("clear", "pop", "popitem", "popleft", "remove", "discard"))
DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass(frozen=True, slots=True)
class Step:
    """One call that releases: of a method, or of a dotted function that takes the resource."""

    name: str
    is_async: bool = False
    is_function: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """One attribute. `elements` is what follows it in a loop over a container (`.values()`), None where it is none."""

    attribute: str
    steps: tuple[Step, ...]
    variable: str  # how one element of a container is called
    elements: str | None = None
    is_optional: bool = False  # it may be None

    @property
    def is_async(self) -> bool:
        """Say whether releasing it takes an await."""
        return any(one.is_async for one in self.steps)


@dataclass(frozen=True, slots=True)
class _Binding:
    """An assignment to an attribute."""

    method: FunctionNode
    statement: ast.stmt
    value: ast.expr


def held(owner: Owner, attribute: str, obligations: Iterable[Obligation], entered: str | None = None) -> Held | str:
    """Describe an attribute, or say why its release cannot be written; `entered` is a method that runs before it, too."""
    nodes = [node for _, node in owner.family]
    found = [one for one in obligations if attribute in one.attributes and one.facts.owner and one.facts.owner.node in nodes]
    steps = {release_steps(one.site.resource) for one in found}
    release = steps.pop() if len(steps) == 1 else None
    if release is None:
        return f"no one call releases `self.{attribute}`"
    bindings = list(_bindings(owner, attribute))
    stores = {op.statement for one in found for name, op in one.history.fields.items() if name == attribute}
    has_default, is_none = _default(owner, attribute)
    if _is_bound_otherwise(owner, attribute, bindings) or (has_default and not is_none):
        return f"`self.{attribute}` may hold what the class did not open"
    if not (is_none or _is_set(owner, attribute, entered)):
        return f"`self.{attribute}` may not exist when it is released"
    is_contained = any(attribute in one.history.contained for one in found)
    elements = _elements(bindings, found, owner, attribute, stores) if is_contained else None
    is_plain = all(_is_acquired(one, found, stores) or is_nothing(one.value) for one in bindings)
    if (is_contained and elements is None) or (not is_contained and not is_plain):
        return f"`self.{attribute}` may hold what the class did not open"
    is_optional = is_none or any(_may_be_none(one.value) for one in bindings)
    return Held(attribute, release, found[0].site.resource.variable, elements, is_optional)


def release_steps(resource: Resource) -> tuple[Step, ...] | None:
    """Give the calls that release a resource, None where a call alone does not."""
    first = resource.first_release
    if resource.is_loop or resource.parts or resource.only_in_fixtures:
        return None
    if resource.releases:
        name = first if first in resource.releases else min(resource.releases)
        assert name is not None
        return (Step(name), Step(resource.waits, is_async=True)) if resource.waits else (Step(name),)
    if resource.async_releases:
        name = first if first in resource.async_releases else min(resource.async_releases)
        assert name is not None
        return (Step(name, is_async=True),)
    if first in resource.release_functions and first is not None and first.partition(".")[0] in MODULES:
        return (Step(first, is_function=True),)
    return None


def entering(owner: Owner, names: Collection[str]) -> str | None:
    """Give the entering method that opens all of these attributes, if one does."""
    for name in ENTERS.values():
        reached = owner.reached([name]).calls if name in owner.methods else set()
        if {one.attribute for one in owner.owned if one.method in reached} >= set(names):
            return name
    return None


def is_nothing(value: ast.expr) -> bool:
    """Say whether an expression is None."""
    return isinstance(value, ast.Constant) and value.value is None


def _may_be_none(value: ast.expr) -> bool:
    return is_nothing(value) or (isinstance(value, ast.IfExp) and (is_nothing(value.body) or is_nothing(value.orelse)))


# --- bindings -----------------------------------------------------------------------------------------------------------


def _bindings(owner: Owner, attribute: str) -> Iterator[_Binding]:
    for _, _, method in owner.lines:
        for statement in walk(method):
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                for target, value in assignments(statement):
                    if _is_attribute(target, attribute, method):
                        yield _Binding(method, statement, value)


def _is_attribute(node: ast.AST, attribute: str, method: FunctionNode) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == attribute
        and isinstance(node.value, ast.Name)
        and node.value.id == receiver_of(method)
    )


def _is_bound_otherwise(owner: Owner, attribute: str, known: Sequence[_Binding]) -> bool:
    """Say whether anything but an assignment binds or deletes an attribute."""
    found = 0
    for _, _, method in owner.lines:
        for node in walk(method):
            if _is_attribute(node, attribute, method) and isinstance(node, ast.Attribute):
                found += not isinstance(node.ctx, ast.Load)
    return found != len(known)


def _default(owner: Owner, attribute: str) -> tuple[bool, bool]:
    """Say whether a class of the family gives an attribute a value of its own, and whether all of these are None."""
    values: list[ast.expr] = []
    for _, node in owner.family:
        for statement in node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == attribute:
                    values.append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == attribute:
                    values.append(value)
                case _:
                    pass
    return bool(values), bool(values) and all(_is_none_default(one) for one in values)


def _is_none_default(value: ast.expr) -> bool:
    match value:
        case ast.Call(keywords=keywords) if terminal(value) == "field":
            return any(one.arg == "default" and is_nothing(one.value) for one in keywords)
        case _:
            return is_nothing(value)


def _is_set(owner: Owner, attribute: str, entered: str | None) -> bool:
    """Say whether an attribute exists, whatever way the constructor (or a method that runs before the release) takes."""
    starts = [owner.methods[name][1] for name in (*BUILDERS, entered) if name in owner.methods]
    return any(_sets(one.body, attribute, one, owner, {one}) for one in starts)


def _sets(suite: Sequence[ast.stmt], attribute: str, method: FunctionNode, owner: Owner, seen: set[FunctionNode]) -> bool:
    for one in suite:
        match one:
            case ast.Assign() | ast.AnnAssign():
                if any(_is_attribute(node, attribute, method) and _is_stored(node) for node in walk(one)):
                    return True
            case ast.If(body=body, orelse=[_, *_] as orelse):
                if _sets(body, attribute, method, owner, seen) and _sets(orelse, attribute, method, owner, seen):
                    return True
            case ast.With(body=body) | ast.AsyncWith(body=body) | ast.Try(body=body, handlers=[]):
                if _sets(body, attribute, method, owner, seen):
                    return True
            case ast.Expr(value=ast.Call() as call) | ast.Expr(value=ast.Await(value=ast.Call() as call)):
                called = _called(call, method, owner)
                if called is not None and called not in seen:
                    seen.add(called)
                    if _sets(called.body, attribute, called, owner, seen):
                        return True
            case _:
                pass
        if isinstance(one, ast.Return):
            return False
    return False


def empties(statement: ast.stmt, attributes: Collection[str], method: FunctionNode, owner: Owner) -> bool:
    """Say whether a statement of a method, or what it calls of the object, lets go of one of the attributes."""
    for node in walk(statement):
        if any(_is_attribute(node, name, method) and not _is_loaded(node) for name in attributes):
            return True
        if isinstance(node, ast.Call):
            bound = node.func.value if isinstance(node.func, ast.Attribute) else node
            if terminal(node) in EMPTYING and any(_is_attribute(bound, name, method) for name in attributes):
                return True
            called = _called(node, method, owner)
            if called is not None and called is not method:
                inner = owner.reached([called.name]).nodes
                if any(empties(one, attributes, other, owner) for other in inner - {method} for one in other.body):
                    return True
    return False


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _is_loaded(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)


def _called(call: ast.Call, method: FunctionNode, owner: Owner) -> FunctionNode | None:
    """Give the method of the family that a call on the object, or on super(), leads to."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=name), attr=called) if name == receiver_of(method):
            return owner.methods[called][1] if called in owner.methods else None
        case ast.Attribute(value=ast.Call() as inner, attr=called) if terminal(inner) == "super":
            above = [node for _, name, node in owner.lines if name == called]
            later = above[above.index(method) + 1 :] if method in above else []
            return later[0] if later else None
        case _:
            return None


# --- values -------------------------------------------------------------------------------------------------------------


def _is_acquired(binding: _Binding, found: Sequence[Obligation], stores: set[ast.stmt]) -> bool:
    """Say whether an assignment binds what the class acquires, or None, and nothing else."""
    value = binding.value
    if binding.statement not in stores:
        return False
    if isinstance(value, ast.IfExp):
        branches = [one for one in (value.body, value.orelse) if not is_nothing(one)]
        value = branches[0] if len(branches) == 1 else value
    value = value.value if isinstance(value, ast.Await) else value
    if isinstance(value, ast.Name):
        return _is_bound_once(value.id, binding.method)
    return any(one.node is value for one in found)


def _is_bound_once(name: str, method: FunctionNode) -> bool:
    """Say whether a name of a method is no parameter, and bound in one place."""
    parameters = {one.arg for one in walk(method) if isinstance(one, ast.arg)}
    bound = [one for one in walk(method) if isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store)]
    return name not in parameters and len(bound) == 1


def _elements(
    bindings: Sequence[_Binding], found: Sequence[Obligation], owner: Owner, attribute: str, stores: set[ast.stmt]
) -> str | None:
    """Give what follows an attribute in a loop over what it contains; None where that is not sure to be what is opened."""
    kinds = {_container(one.value) for one in bindings}
    if len(kinds) != 1 or any(not _is_element(one) for one in found):
        return None
    for _, _, method in owner.lines:
        for statement in walk(method):
            if isinstance(statement, ast.stmt) and _fills(statement, attribute, method) and statement not in stores:
                return None
    return kinds.pop()


def _container(value: ast.expr) -> str | None:
    match value:
        case ast.Dict() | ast.DictComp():
            return ".values()"
        case ast.List() | ast.ListComp() | ast.Tuple() | ast.Set() | ast.SetComp():
            return ""
        case ast.Call(args=[], keywords=[]):
            name = terminal(value)
            return "" if name in LISTS else ".values()" if name in DICTS else None
        case _:
            return None


def _is_element(one: Obligation) -> bool:
    """Say whether an acquisition is itself the element of a container, and no part of one."""
    path = path_to(one.statement, one.node)
    above = [node for node in path[:-1] if not isinstance(node, ast.Await)] if path else []
    if not above:
        return False
    around = [node for node in above if isinstance(node, DISPLAYS)]
    if isinstance(above[-1], ast.Call):
        return terminal(above[-1]) in FILLING and not around
    return len(around) <= 1 and isinstance(above[-1], (*DISPLAYS, ast.Assign, ast.AnnAssign, ast.NamedExpr))


def _fills(statement: ast.stmt, attribute: str, method: FunctionNode) -> bool:
    """Say whether a statement puts something into the container that an attribute holds."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=container, attr=name))) if name in FILLING:
            return _is_attribute(container, attribute, method)
        case ast.Assign(targets=targets):
            return any(isinstance(one, ast.Subscript) and _is_attribute(one.value, attribute, method) for one in targets)
        case ast.AugAssign(target=target):
            return _is_attribute(target, attribute, method)
        case _:
            return False
