"""What a package offers that must be released: its public classes that own something, and the calls that give one open.

It asks the analysis of each module, and knows neither how entries are written nor where packages are.
"""

import ast
import os
from collections.abc import Iterable, Iterator, Mapping

from leaklint.analysis.files import shown_path
from leaklint.analysis.names import FunctionNode, terminal
from leaklint.analysis.owners import Owner
from leaklint.analysis.setting import Acquired, FunctionSummary
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.values import own_type
from leaklint.analysis.workspace import Workspace
from leaklint.model.data import dataclass, field
from leaklint.model.resource import Effect, Resource

Names = dict[str, list[str]]  # a class or function, as own_type() names it -> its public dotted names, the best first
ENDING = frozenset(("close", "aclose"))
MANY = 3  # parameters taken over: more are mostly settings of which nothing is known
ENTERED = frozenset(("__exit__", "__aexit__"))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A class to be listed. `owns` is None where it has a release and a with, and what it owns cannot be seen."""

    name: str
    aliases: tuple[str, ...]
    place: str
    resource: Resource
    owns: str | None = None
    base: str | None = None  # the catalogued resource that it inherits from
    parameters: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    wraps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opener:
    """A function or method to be listed: it gives a resource open."""

    name: str
    aliases: tuple[str, ...]
    kind: str
    parameters: tuple[str, ...]
    is_coroutine: bool


@dataclass(slots=True)
class Proposals:
    """All that a package offers, and the names in it that the catalogue has already."""

    classes: list[Proposal] = field(default_factory=list)
    openers: list[Opener] = field(default_factory=list)
    known: list[str] = field(default_factory=list)


def propose(modules: Mapping[str, str], workspace: Workspace) -> Proposals:
    """Look through the modules of a package: absolute paths with dotted names."""
    projects = [project for project in map(workspace.project, modules) if project is not None]
    names = _public(projects, modules, workspace)
    found = Proposals()
    for project in projects:
        for node in _definitions(project):
            public = names.get(own_type(project.path, node.name), [])
            if public and any(workspace.catalogue.resource(one) or workspace.catalogue.summary(one) for one in public):
                found.known.append(public[0])
            elif public and isinstance(node, ast.ClassDef):
                found.classes += _class(project, node, public)
    kinds = {one.name for one in found.classes if one.owns is not None}
    for project in projects:
        found.openers += _openers(project, names, kinds)
    return found


# --- names ------------------------------------------------------------------------------------------------------------


def _public(projects: Iterable[ModuleProject], modules: Mapping[str, str], workspace: Workspace) -> Names:
    """Give every public name of the classes and functions: where they are defined, and where a package exports them."""
    names: Names = {}
    for project in projects:
        module = modules[project.path]
        for node in _definitions(project):
            names.setdefault(own_type(project.path, node.name), []).append(f"{module}.{node.name}")
        if os.path.basename(project.path) == "__init__.py":
            for local, (other, name) in _exports(project, workspace):
                names.setdefault(own_type(other.path, name), []).append(f"{module}.{local}")
    for one in names.values():
        one.sort(key=_rank)
    return {key: list(dict.fromkeys(one)) for key, one in names.items() if not _is_private(one[0])}


def _definitions(project: ModuleProject) -> Iterator[ast.ClassDef | FunctionNode]:
    return (one for name, one in project.scope.bindings.definitions.items() if not name.startswith("_"))


def _exports(project: ModuleProject, workspace: Workspace) -> Iterator[tuple[str, tuple[ModuleProject, str]]]:
    bindings = project.scope.bindings
    for local, dotted in bindings.imports.items():
        found = project.find(dotted)
        if found is not None and "." not in found[1]:
            yield local, found
    for module in bindings.stars:
        place = workspace.openers.find(module, project.path)
        other = workspace.project(place[0]) if place is not None and not place[1] else None
        for node in _definitions(other) if other is not None else ():
            if other is not None:
                yield node.name, (other, node.name)


def _rank(name: str) -> tuple[bool, int, str]:
    return _is_private(name), name.count("."), name


def _is_private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


# --- classes ----------------------------------------------------------------------------------------------------------


def _class(project: ModuleProject, node: ast.ClassDef, public: list[str]) -> Iterator[Proposal]:
    owner = project.owner(node)
    own = owner.resource
    place = f"{shown_path(project.path)}:{node.lineno}"
    name, aliases = public[0], tuple(public[1:])
    if own is None:
        if owner.adopter is not None and ENDING & set(owner.methods) and ENTERED & set(owner.methods):
            yield Proposal(name, aliases, place, owner.adopter.resource)
        return
    if owner.base is not None:
        yield Proposal(name, aliases, place, own.resource, owns="", base=own.resource.name)
        return
    takes, wraps = _effects(project.function(node.name, project.scope, ()))
    named = project.parameters(node.name, project.scope)
    last = max((named.index(one) + 1 for one in (*takes, *wraps) if one in named), default=0)
    yield Proposal(name, aliases, place, own.resource, owns=_owned(owner), parameters=named[:last], takes=takes, wraps=wraps)


def _owned(owner: Owner) -> str:
    kept = owner.keeps()
    found = [f"{one.label} at {shown_path(one.path)}:{one.line}" for one in kept] or list(owner.defaults.values())
    return f"{found[0]}, and more" if len(found) > 1 else "".join(found)


def _effects(summary: FunctionSummary | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the parameters that a constructor takes over, and those that its result only uses."""
    if summary is None:
        return ("*",), ()
    taken = {name for name, one in summary.effects.items() if one.effect is Effect.TAKES}
    named = [name for name in summary.parameters if name]
    takes = tuple(name for name in named if name in taken | summary.adopts)
    wraps = tuple(name for name in named if name in summary.wraps - set(takes))
    return takes if len(takes) <= MANY else ("*",), wraps


# --- functions and methods --------------------------------------------------------------------------------------------


def _openers(project: ModuleProject, names: Names, kinds: set[str]) -> Iterator[Opener]:
    """Give the public functions, and methods of public classes, that give open what is proposed or catalogued."""
    for node in _definitions(project):
        public = names.get(own_type(project.path, node.name), [])
        if not public or project.catalogue.summary(public[0]) is not None:
            continue
        if isinstance(node, ast.ClassDef):
            yield from _methods(project, node, public[0], names, kinds)
        elif not node.decorator_list and project.vocabulary.may_acquire(node):
            kind = _kind(project.function(node.name, project.scope, ()), names, kinds, project)
            if kind is not None:
                parameters = project.parameters(node.name, project.scope)
                is_coroutine = isinstance(node, ast.AsyncFunctionDef)
                yield Opener(public[0], tuple(public[1:]), kind, parameters, is_coroutine)


def _methods(project: ModuleProject, node: ast.ClassDef, name: str, names: Names, kinds: set[str]) -> Iterator[Opener]:
    for one in node.body:
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) or one.name.startswith("_"):
            continue
        is_plain = all(terminal(decorator) in ("classmethod", "staticmethod") for decorator in one.decorator_list)
        if is_plain and project.vocabulary.may_acquire(one):
            kind = _kind(project.method(node.name, one.name, ()), names, kinds, project)
            if kind is not None:
                parameters = project.method_parameters(node.name, one.name)
                yield Opener(f"{name}.{one.name}", (), kind, parameters, isinstance(one, ast.AsyncFunctionDef))


def _kind(summary: FunctionSummary | None, names: Names, kinds: set[str], project: ModuleProject) -> str | None:
    """Give the public name of what a call gives open, where it always does and nobody keeps it."""
    if summary is None or not summary.acquires or summary.passes or summary.returns_none:
        return None
    found = _name(summary.acquires[0], names)
    return found if found in kinds or project.catalogue.resource(found) is not None else None


def _name(acquired: Acquired, names: Names) -> str:
    public = names.get(acquired.own_type or "", [])
    return public[0] if public else acquired.resource.name
