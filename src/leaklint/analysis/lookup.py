"""What a name leads to over the modules of a project, through imports, re-exports and stars.

What a module makes under another name at run time (`globals()`, `__getattr__`), it does not see.
"""

import ast
from collections.abc import Sequence
from typing import Protocol, Self, TypeVar

from leaklint.analysis.callee import is_class_name, is_standard
from leaklint.analysis.files import module_name
from leaklint.analysis.names import FunctionNode, Scope, terminal
from leaklint.analysis.openers import BEHIND, Openers
from leaklint.analysis.owners import Owner
from leaklint.catalogue import Catalogue


class Module(Protocol):
    """One module, as names lead to it."""

    path: str
    scope: Scope
    catalogue: Catalogue

    def find(self, dotted: str) -> tuple[Self, str] | None:
        """Give the module, and the name in it, that a dotted name leads to."""
        ...

    def external(self, dotted: str) -> str:
        """Give the dotted name behind a first-party re-export of something else; the name itself where there is none."""
        ...

    def described(self, node: ast.ClassDef) -> Owner:
        """Describe a class of the module, without what it opens."""
        ...

    def is_assigned(self, name: str) -> bool:
        """Say whether a name of the module is assigned what may acquire when it is called."""
        ...

    def at(self, path: str) -> Self | None:
        """Give the module in a file."""
        ...


M = TypeVar("M", bound=Module)
Found = TypeVar("Found", bound=Module, covariant=True)


class Modules(Protocol[Found]):
    """The modules of a project."""

    @property
    def openers(self) -> Openers:
        """The outlines, which lead from names to files."""
        ...

    def project(self, path: str) -> Found | None:
        """Give the module in a file (an absolute path); None where it cannot be parsed."""
        ...


def look_up(dotted: str, importer: M, modules: Modules[M]) -> tuple[M, str] | str | None:
    """Give the module and the name in it that a dotted name leads to, or the name of what it is that is not first-party."""
    if is_standard(dotted):
        return None
    place = modules.openers.find(dotted, importer.path)
    project = modules.project(place[0]) if place is not None and 1 <= len(place[1]) <= 2 else None
    if place is None or project is None:
        return None
    public = ".".join([module_name(place[0]), *place[1]])
    if dotted != public and importer.catalogue.summary(public) is not None:  # a catalogued library, seen from inside
        return public
    name, rest = place[1][0], place[1][1:]
    bindings = project.scope.bindings
    if name in bindings.definitions or project.is_assigned(name):
        return project, ".".join(place[1])
    if name in bindings.imports:
        behind = bindings.imports[name]
        target = ".".join([behind, *rest])
        return project.find(target) or (project.external(target) if not behind.startswith(".") else None)
    starred = (project.find(".".join([_joined(one, name), *rest])) for one in bindings.stars)
    return next((found for found in starred if found is not None), None)


def _joined(module: str, name: str) -> str:
    return f"{module}{name}" if module.endswith(".") else f"{module}.{name}"


def name_behind(dotted: str, importer: str, modules: Modules[M]) -> tuple[M, str] | None:
    """Give the first-party module that binds what a dotted name leads to, and the name there, be it catalogued from outside."""
    for _ in range(BEHIND):
        place = modules.openers.find(dotted, importer)
        project = modules.project(place[0]) if place is not None and len(place[1]) == 1 else None
        if place is None or project is None:
            return None
        name = place[1][0]
        if name not in project.scope.bindings.imports:
            return project, name
        dotted, importer = project.scope.bindings.imports[name], place[0]
    return None


def callee_of(func: ast.expr, project: M) -> tuple[M, FunctionNode] | None:
    """Give the first-party function that a call calls, a constructor for a class, and its module."""
    definition = project.scope.definition(func.id) if isinstance(func, ast.Name) else None
    if definition is None:
        dotted = project.scope.dotted(func)
        found = project.find(dotted) if dotted is not None else None
        if found is None:
            return None
        project, definition = found[0], found[0].scope.definition(found[1])
    if isinstance(definition, ast.ClassDef):
        init = project.described(definition).methods.get("__init__")
        above = project.at(init[0]) if init is not None else None
        return (above, init[1]) if init is not None and above is not None else None
    return (project, definition) if definition is not None else None


def class_named(family: Sequence[tuple[M, ast.ClassDef]], attribute: str) -> tuple[M, ast.expr] | None:
    """Give the class that one of a line of classes names in its body under an attribute, as its module names it."""
    for project, one in family:
        for statement in one.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.Name() | ast.Attribute() as value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.Name() | ast.Attribute() as value)
                ) if name == attribute and _is_class(value, project):
                    return project, value
    return None


def _is_class(node: ast.expr, project: Module) -> bool:
    """Say whether a name is that of a class, by how it is written, or as the catalogue knows (`ftplib.FTP`)."""
    dotted = project.scope.dotted(node)
    return is_class_name(terminal(node)) or (dotted is not None and project.catalogue.summary(dotted) is not None)
