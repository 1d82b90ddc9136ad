"""The classes of a project and their bases: what a class inherits, from which module, and whether all of that is known."""

import ast
from collections.abc import Iterator
from typing import Protocol

from leaklint.analysis.attributes import Reach
from leaklint.analysis.callee import is_standard
from leaklint.analysis.names import Definition, FunctionNode, Scope, children, terminal, walk
from leaklint.analysis.owners import Owner, methods_of
from leaklint.analysis.release_words import RELEASE_METHODS
from leaklint.analysis.retention import retained
from leaklint.analysis.setting import Acquired
from leaklint.analysis.values import own_type
from leaklint.catalogue import Catalogue
from leaklint.model.data import replace
from leaklint.model.resource import Resource

BARE = frozenset(("builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"))  # without a constructor of their own
MEMORY = frozenset(("BytesIO", "StringIO"))


class Classes(Protocol):
    """The classes of one module."""

    path: str
    scope: Scope
    catalogue: Catalogue

    def external(self, dotted: str) -> str:
        """Give the dotted name behind a first-party re-export of something that is not first-party; else the name itself."""
        ...

    def class_of(self, node: ast.expr) -> "tuple[Classes, ast.ClassDef] | None":
        """Give the first-party class that an expression names, and its module."""
        ...

    def described(self, node: ast.ClassDef) -> Owner:
        """Describe a class of the module, without what it opens."""
        ...


def describe(node: ast.ClassDef, classes: Classes) -> Owner:
    """Describe a class of a module: its line of bases, its methods, the resource that it inherits from."""
    family: list[tuple[str, ast.ClassDef]] = [(classes.path, node)]
    is_closed, is_derived, is_rooted = True, False, True
    base: Acquired | None = None
    for expression in node.bases:
        value = expression.value if isinstance(expression, ast.Subscript) else expression
        found = classes.class_of(value)
        if found is not None:
            above = found[0].described(found[1])
            family += above.family
            is_closed &= above.is_closed
            is_rooted &= above.is_rooted
            is_derived |= above.is_derived
            base = base or above.base
            continue
        dotted = classes.scope.dotted(value)
        dotted = classes.external(dotted) if dotted is not None else None
        base = base or (catalogued(dotted, classes.catalogue) if dotted is not None else None)
        is_derived |= base is not None
        is_rooted &= dotted in BARE
        is_closed &= base is not None or (dotted is not None and is_standard(dotted))
    family = list(dict.fromkeys(reversed(family)))[::-1]  # as Python looks names up: what two bases share comes after both
    vocabulary = RELEASE_METHODS | classes.catalogue.release_methods
    owner = Owner(node, classes.path, family, is_closed, is_derived, is_rooted, vocabulary)
    for path, method in _methods(family):
        owner.methods.setdefault(method.name, (path, method))
        owner.lines.append((path, method.name, method))
    if base is not None and _opens_base(node, base.resource):
        own = owner.vocabulary & owner.methods.keys() - base.resource.releases
        more = frozenset(name for name in own if _releases_base(owner.reached([name]), base.resource))
        resource = replace(base.resource, releases=base.resource.releases | more) if more else base.resource
        owner.base = replace(base, resource=resource, label=node.name, own_type=own_type(classes.path, node.name))
    return owner


def _releases_base(found: Reach, resource: Resource) -> bool:
    """Say whether a method of a subclass releases what the base is: by its release, or part by part (`self.socket.close()`)."""
    if resource.releases & found.calls:
        return True
    called = {f"{attribute}.{method}" for attribute, methods in found.called_on.items() for method in methods}
    parts = {part for method, part in resource.part_releases.items() if method in called | found.calls}
    return bool(parts) and parts >= set(resource.needs or resource.parts)


def memory_type(node: Definition | None, scope: Scope, catalogue: Catalogue) -> str | None:
    """Give the type of file in memory that a class is by inheritance (`class Upload(io.BytesIO)`)."""
    for base in node.bases if isinstance(node, ast.ClassDef) else ():
        dotted = scope.dotted(base) if terminal(base).endswith("IO") else None
        resource = catalogue.resource(dotted) if dotted is not None else None
        if resource is not None and resource.silent:
            return resource.name
    return None


def may_return_memory(node: Definition | None, scope: Scope) -> bool:
    """Say whether a function may return a file in memory, which it alone can tell: `return raw if as_is else BytesIO(raw)`."""
    if not isinstance(node, ast.FunctionDef):
        return False
    imported = scope.module.bindings.imports.values()
    return any(one.partition(".")[0] == "io" for one in imported) and _names_memory(node)


@retained
def _names_memory(node: ast.FunctionDef) -> bool:
    values = [one.value for one in walk(node) if isinstance(one, ast.Return | ast.Assign) and one.value is not None]
    return any(isinstance(one, ast.Call) and terminal(one) in MEMORY for value in values for one in walk(value))


def _methods(family: list[tuple[str, ast.ClassDef]]) -> Iterator[tuple[str, FunctionNode]]:
    for path, node in family:
        for method in methods_of(node):
            yield path, method


def catalogued(dotted: str, catalogue: Catalogue) -> Acquired | None:
    """Give the resource that a catalogued class is, None where constructing it acquires nothing."""
    summary = catalogue.summary(dotted)
    if summary is None or not summary.acquires or summary.acquires[0] != summary.name:
        return None
    resource = catalogue.resource(summary.name)
    return Acquired(resource, 1, "") if resource is not None and not resource.silent else None


def _opens_base(node: ast.ClassDef, resource: Resource) -> bool:
    """Say whether constructing a subclass opens what the base is: no fake, not released at once, nor by its `__del__`."""
    is_released = _releases_itself(node, resource, "__init__") or _releases_itself(node, resource, "__del__")
    return _calls_base_init(node) and not _is_fake(node) and not is_released


def _calls_base_init(node: ast.ClassDef) -> bool:
    """Say whether constructing a subclass constructs the base: a fake that does not call it holds nothing."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in ("__init__", "__new__"):
            return any(isinstance(one, ast.Attribute) and one.attr in ("__init__", "__new__") for one in walk(statement))
    return True


def _releases_itself(node: ast.ClassDef, resource: Resource, method: str) -> bool:
    """Say whether a method of a subclass releases what its constructor has opened."""
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == method]
    calls = [one.func for statement in methods for one in walk(statement) if isinstance(one, ast.Call)]
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
