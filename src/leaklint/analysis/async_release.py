"""Releases that are there and do not work: a coroutine that nobody drives, a method or a with of the other kind.

It knows the kinds of receivers; of an unknown one it knows only that `aclose` is a coroutine's name.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.kinds import Kind, kind_of, kind_of_known
from leaklint.analysis.loops import owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Call
from leaklint.analysis.receivers import class_of_receiver
from leaklint.model.data import dataclass

REGISTERING = frozenset(("addCleanup", "addClassCleanup", "addModuleCleanup", "addfinalizer", "callback"))
REGISTERS = frozenset(("atexit.register", "weakref.finalize", "unittest.addModuleCleanup"))
CLOSING = {"contextlib.closing": "close", "contextlib.aclosing": "aclose"}
OTHER = {"close": "aclose", "aclose": "close"}


@dataclass(frozen=True, eq=False, slots=True)
class Release:
    """A call of a release method, or the naming of one where it is registered. `kind` is None where nobody knows it."""

    facts: Facts
    op: Call
    node: ast.expr  # the call, or the method that is registered
    method: str
    kind: Kind | None
    is_first_party: bool = False  # the module defines a plain method of this name
    is_registered: bool = False
    is_driven: bool = False  # by aclosing
    is_wrapped: bool = False  # by closing or aclosing, which call the method

    @property
    def receiver(self) -> ast.expr:
        """The expression that is released."""
        if self.is_wrapped and isinstance(self.node, ast.Call):
            return self.node.args[0]
        attribute = self.node.func if isinstance(self.node, ast.Call) else self.node
        assert isinstance(attribute, ast.Attribute)
        return attribute.value


def releases(module: ModuleFacts) -> Iterator[Release]:
    """Yield the calls of methods that release, or seem to, each once."""
    for facts in module.release_bodies:
        seen: set[ast.AST] = set()
        for block in facts.solution.setting.graph.blocks:
            for op in block.ops if block in facts.solution.stores else ():  # a copy of a `finally` that nothing reaches
                if isinstance(op, Call) and op.node not in seen:
                    seen.add(op.node)
                    yield from _releases_of(op, facts, module)


def _releases_of(op: Call, facts: Facts, module: ModuleFacts) -> Iterator[Release]:
    function = op.node.func
    methods = module.async_releases | OTHER.keys()
    if op.method in methods and isinstance(function, ast.Attribute) and not op.node.args:
        is_own = op.method in plain_methods(module)
        yield Release(facts, op, op.node, op.method or "", _kind(op, function.value, facts, module), is_own)
    if op.reference in CLOSING and len(op.node.args) == 1:
        argument, method = op.node.args[0], CLOSING[op.reference]
        kind = kind_of(argument, facts, module) or _site_kind(argument, op, facts)
        if kind is not None:
            yield Release(facts, op, op.node, method, kind, is_driven=method == "aclose", is_wrapped=True)
    if (op.method not in REGISTERING and op.reference not in REGISTERS) or _is_registered_by_own(op, facts, module):
        return
    for argument in op.node.args:
        if isinstance(argument, ast.Attribute) and argument.attr in methods:
            kind = kind_of(argument.value, facts, module) or _site_kind(argument.value, op, facts)
            yield Release(facts, op, argument, argument.attr, kind, argument.attr in plain_methods(module), True)


def _is_registered_by_own(op: Call, facts: Facts, module: ModuleFacts) -> bool:
    """Say whether a class around has an `addCleanup` of its own, which may await what it is given."""
    owner = owner_of(facts.function)
    return op.method is not None and owner is not None and module.project.method_node(owner, op.method) is not None


def plain_methods(module: ModuleFacts) -> set[str]:
    """Give the names of methods that the module's classes define as plain ones."""
    return {one.node.name for one in module.functions if one.owner is not None and isinstance(one.node, ast.FunctionDef)}


def _kind(op: Call, receiver: ast.expr, facts: Facts, module: ModuleFacts) -> Kind | None:
    return kind_of_known(facts.solution.record.receivers.get(op, ()), facts) or kind_of(receiver, facts, module)


def _site_kind(node: ast.expr, op: Call, facts: Facts) -> Kind | None:
    """Give the kind of a local whose release method a call is handed."""
    if not isinstance(node, ast.Name):
        return None
    for one in facts.obligations:
        if node.id in one.history.names and one.line <= op.line:
            return Kind(one.site.resource, one.site.label, (facts.source.span(one.node),))
    return None


def is_coroutine(release: Release, module: ModuleFacts) -> bool:
    """Say whether the method gives a coroutine; an unknown one's `aclose` does where a coroutine calls it."""
    if release.kind is None:
        is_seen = release.method == "aclose" and release.facts.is_async and not release.is_first_party
        return is_seen and not _is_plain(release, module)
    resource = release.kind.resource
    return release.method in resource.async_releases and release.method not in resource.releases


def _is_plain(release: Release, module: ModuleFacts) -> bool:
    """Say whether the first-party class of what is released has a plain method of this name."""
    found = class_of_receiver(release.op.node, release.facts, module) if release.node is release.op.node else None
    return found is not None and isinstance(found[0].method_node(found[1], release.method), ast.FunctionDef)


def is_of_other_kind(release: Release) -> bool:
    """Say whether the resource has no such method, and the one of the other kind."""
    if release.kind is None or release.method not in OTHER:
        return False
    resource = release.kind.resource
    return (
        release.method not in resource.releases | resource.async_releases
        and OTHER[release.method] in resource.releases | resource.async_releases
    )


def name_of(node: ast.expr) -> str:
    """Name an expression in a message."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else terminal(node) or "it"
