"""What a whole project makes of a class: its subclasses, and what the objects that hold one put into it.

Only files that import the class, or its module, and name it, are parsed.
"""

import ast
import re
from collections.abc import Iterator

from leaklint.analysis.drops import holding
from leaklint.analysis.names import Scope, terminal
from leaklint.analysis.owners import Owned, Owner
from leaklint.analysis.probing import declared
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.workspace import Workspace

Class = tuple[ModuleProject, ast.ClassDef]
MOST = 40  # subclasses; a base with more is a framework's


def classes_of(scope: Scope) -> list[ast.ClassDef]:
    """Give the classes that a module defines at its top."""
    return [one for one in scope.bindings.definitions.values() if isinstance(one, ast.ClassDef)]


def subclasses(base: Class, workspace: Workspace) -> list[Class] | None:
    """Give a class and all that inherit from it, directly or not; None where there are too many to tell."""
    found = [base]
    for project, node in found:
        found += [one for one in _direct(project, node, workspace) if one not in found]
        if len(found) > MOST:
            return None
    return found


def _direct(project: ModuleProject, node: ast.ClassDef, workspace: Workspace) -> Iterator[Class]:
    for user in _users(project, node.name, rf"\bclass\b[^:]*\b{node.name}\b", workspace):
        for one in classes_of(user.scope):
            bases = [base.value if isinstance(base, ast.Subscript) else base for base in one.bases]
            behind = [user.class_of(base) for base in bases]
            if any(found is not None and found[0].path == project.path and found[1].name == node.name for found in behind):
                yield user, one


def held_by(container: Class, workspace: Workspace) -> Iterator[Owned]:
    """Give the resources that objects of other classes keep in an object of a container class."""
    for user in _users(container[0], container[1].name, rf"\b{container[1].name}\s*\(", workspace):
        for node in classes_of(user.scope):
            if user.vocabulary.may_acquire(node):
                attributes = holding(node, user, container[0].path, container[1].name)
                yield from (one for one in (user.owner(node).owned if attributes else ()) if one.attribute in attributes)


def possible_classes(project: ModuleProject, node: ast.ClassDef, attribute: str, workspace: Workspace) -> list[Owner]:
    """Describe every class that an attribute is known to be of; empty where one of them is not first-party throughout."""
    found: dict[ast.ClassDef, Owner] = {}
    for expression in declared(node, attribute):
        named = project.class_of(expression)
        family = subclasses(named, workspace) if named is not None else None
        for user, one in family or ():
            found[one] = user.owner(one)
        if family is None or any(not one.is_closed or is_protocol(one.node) for one in found.values()):
            return []
    return list(found.values())


def is_protocol(node: ast.ClassDef) -> bool:
    """Say whether a class is a protocol, which others fulfil without naming it."""
    return any(terminal(one.value if isinstance(one, ast.Subscript) else one) == "Protocol" for one in node.bases)


def _users(project: ModuleProject, name: str, pattern: str, workspace: Workspace) -> Iterator[ModuleProject]:
    """Give the modules that may use a name, where the pattern is found in their text: only those are parsed."""
    for path in workspace.users.of(project.path, name, re.compile(pattern)):
        user = workspace.project(path) if path != project.path else project
        if user is not None:
            yield user
