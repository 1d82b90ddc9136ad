"""What the methods of a class acquire and keep in its attributes, and what the defaults of its fields acquire."""

import ast
from collections.abc import Iterator
from typing import Protocol

from leaklint.analysis.attributes import stores
from leaklint.analysis.fields import default_factories
from leaklint.analysis.names import Function, FunctionNode, Scope, terminal
from leaklint.analysis.opening import opened_in
from leaklint.analysis.owners import Owned, Owner, owned_by
from leaklint.analysis.ownership import Solution
from leaklint.analysis.setting import FunctionSummary, Given, Setting
from leaklint.analysis.vocabulary import Vocabulary
from leaklint.catalogue import Catalogue
from leaklint.model.data import replace

LONGEST = 360  # lines of a method that is looked into


class Classes(Protocol):
    """One module, as what its classes keep is asked for."""

    path: str
    scope: Scope
    catalogue: Catalogue
    vocabulary: Vocabulary

    def at(self, path: str) -> "Classes | None":
        """Give the module in a file."""
        ...

    def kept_by(self, node: FunctionNode, name: str) -> list[Owned]:
        """Give what a method acquires and stores in attributes of its object."""
        ...

    def find(self, dotted: str) -> "tuple[Classes, str] | None":
        """Give the module, and the name in it, that a dotted name leads to."""
        ...

    def function(self, name: str, scope: Scope, given: Given) -> FunctionSummary | None:
        """Summarise what a name of the module means."""
        ...

    def lowered(self, function: Function) -> Setting:
        """Lower a function of the module."""
        ...

    def solved(self, function: Function, setting: Setting) -> Solution:
        """Solve a function with nothing known of its arguments."""
        ...


def filled(described: Owner, classes: Classes) -> Owner:
    """Add to a class what its methods acquire and keep."""
    owner = replace(described, owned=[], defaults={}, neglected={})
    for path, name, node in owner.lines:
        project = classes.at(path)
        if project is not None:
            owner.owned += project.kept_by(node, name)
    owner.owned = [each for one in owner.owned for each in _as_opened(one, owner)]
    for attribute, factory in default_factories(owner.node, classes.scope).items():
        if _acquires(factory, classes):
            is_reached = owner.is_released(attribute)
            (owner.defaults if is_reached else owner.neglected)[attribute] = factory
    return owner


def _as_opened(one: Owned, owner: Owner) -> Iterator[Owned]:
    """Give what a class keeps with the methods that open it; nothing where none does."""
    if not one.opened_by:
        yield one
        return
    methods = opened_in([node for _, _, node in owner.lines], one.attribute, one.opened_by, one.is_catalogued)
    is_sure = not one.is_catalogued or "*" not in one.opened_by
    if methods:
        yield replace(one, opened_in=methods if is_sure else frozenset())


def _acquires(factory: str, classes: Classes) -> bool:
    """Say whether calling what a name means, without arguments, acquires something that is open at once."""
    if factory.startswith(":"):
        found = classes.function(factory[1:], classes.scope, ())
    else:
        summary = classes.catalogue.summary(factory)
        if summary is not None:
            return bool(summary.acquires)
        behind = classes.find(factory)
        found = behind[0].function(behind[1], behind[0].scope, ()) if behind is not None else None
    return found is not None and any(not one.resource.opened_by for one in found.acquires)


def find_kept(method: Function, name: str, classes: Classes) -> list[Owned]:
    """Find what a method of a class acquires and stores in attributes of its object."""
    node = method.node
    decorators = {terminal(one) for one in node.decorator_list}
    is_cached = "cached_property" in decorators
    if "classmethod" in decorators or not classes.vocabulary.may_acquire(node) or length(node) > LONGEST:
        return []
    if not is_cached and not stores(node):
        return []
    setting = classes.lowered(method)
    if not classes.vocabulary.acquires_in(setting.graph):
        return []
    found: dict[tuple[str, int], Owned] = {}
    # of several on one line the last stays: in an order that no address decides
    for site, history in sorted(
        classes.solved(method, setting).record.histories.items(), key=lambda one: one[0].label, reverse=True
    ):
        names = [name] if is_cached and history.returns and not history.moves else list(history.fields)
        if site.parameter is None and not site.resource.only_in_fixtures and not history.is_ended:
            for one in owned_by(site, history, names, classes.path, name):
                found[one.attribute, one.line] = one
    return list(found.values())


def length(node: FunctionNode) -> int:
    """Give the lines of a function, its docstring left out."""
    match node.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as docstring:
            start = docstring.end_lineno or docstring.lineno
        case _:
            start = node.lineno
    return (node.end_lineno or node.lineno) - start
