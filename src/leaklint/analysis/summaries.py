"""Summaries of the functions and classes of one module, computed when first asked for, over the modules that it imports.

A function is analysed with a site for each parameter; what has become of the site at the exit is what the function does
to its argument. Where a decorator hides the function, or it is very long, nothing is known.
"""

import ast
from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import Protocol

from leaklint.analysis import bodies, constructors
from leaklint.analysis.assigned_functions import assigned_function
from leaklint.analysis.attribute_types import type_of_attribute, type_of_global
from leaklint.analysis.callee import is_standard
from leaklint.analysis.fields import fields
from leaklint.analysis.files import conftests
from leaklint.analysis.hierarchy import describe
from leaklint.analysis.keeping import filled, find_kept, length
from leaklint.analysis.lookup import callee_of, class_named, look_up, name_behind
from leaklint.analysis.names import (
    Definition,
    Function,
    FunctionNode,
    Scope,
    function_scope,
    functions,
    module_scope,
    terminal,
)
from leaklint.analysis.openers import Openers
from leaklint.analysis.owners import Owned, Owner
from leaklint.analysis.ownership import Solution
from leaklint.analysis.passing import passed_to, passing_calls, releases_parameter
from leaklint.analysis.pending import Pending
from leaklint.analysis.registering import returns_given, returns_registering
from leaklint.analysis.runners import Runners
from leaklint.analysis.setting import FunctionSummary, Given, Kind, Setting
from leaklint.analysis.solving import lowered, solved
from leaklint.analysis.summary import is_abstract, is_static, parameters_of, summary_of
from leaklint.analysis.tested import tested_names
from leaklint.analysis.values import Instance, own_type
from leaklint.analysis.vocabulary import Vocabulary
from leaklint.catalogue import Catalogue
from leaklint.model.data import replace
from leaklint.model.resource import Effect, Summary
from leaklint.model.source import Source

LONGEST = 120  # lines of another module's function that is summarised: factories and helpers are short
ROUNDS = 4  # after which a function that leads to itself is taken as it is found
DIVERGING = FunctionSummary(diverges=True, rest=Effect.BORROWS)
LAZY = FunctionSummary(rest=Effect.BORROWS)  # of a generator, whose call returns at once


class Modules(Protocol):
    """The modules of a project, as one of them asks for the others."""

    catalogue: Catalogue
    openers: Openers
    runners: Runners
    pending: Pending

    def project(self, path: str) -> "ModuleProject | None":
        """Give the summaries of the module in a file."""
        ...


class ModuleProject:
    """Summaries over one module; `path` is absolute."""

    def __init__(self, source: Source, path: str, modules: Modules) -> None:
        self.source = source
        self.path = path
        self.scope = module_scope(source.tree)
        self.catalogue = modules.catalogue
        self.vocabulary = Vocabulary(source.text, path, self.scope, self.catalogue, modules.openers, modules.runners)
        self._modules = modules
        self._pending = modules.pending
        self._known: dict[Hashable, FunctionSummary | None] = {}
        self._tested: dict[FunctionNode, frozenset[str]] = {}
        self._described: dict[ast.ClassDef, Owner] = {}
        self._owners: dict[ast.ClassDef, Owner] = {}
        self._kept: dict[FunctionNode, list[Owned]] = {}
        self.is_linted = False
        self._solutions: dict[FunctionNode, Solution] = {}
        self._found: dict[str, tuple[ModuleProject, str] | str | None] = {}  # a text is a name that is not first-party
        self._assignments: dict[str, FunctionNode | None] = {}
        self._attribute_types: dict[tuple[str, str], str | None] = {}

    @cached_property
    def functions(self) -> list[Function]:
        """Every function of the module, in the order of the text."""
        return list(functions(self.source.tree))

    @cached_property
    def _by_node(self) -> dict[FunctionNode, Function]:
        return {one.node: one for one in self.functions}

    def _function(self, node: FunctionNode) -> Function:
        """Give the function of a node, which may be of a tree that was let go since, and is the same text."""
        found = self._by_node.get(node)
        if found is None:
            place = (node.lineno, node.col_offset, node.name)
            same = (one for one in self.functions if (one.node.lineno, one.node.col_offset, one.node.name) == place)
            found = next(same, Function(node))
        return found

    def has_fixture(self, name: str) -> bool:
        """Say whether the module, or a conftest.py that holds for it, defines a function of this name, as texts tell."""
        outlines = [self._modules.openers.outline(path) for path in [self.path, *conftests(self.path)]]
        return any(one is not None and one.definitions(name) for one in outlines)

    # --- names --------------------------------------------------------------------------------------------------------

    def is_assigned(self, name: str) -> bool:
        """Say whether a name of the module is assigned what may acquire when it is called."""
        return self._assigned(name) is not None

    def _assigned(self, name: str) -> FunctionNode | None:
        """Give the function that a name of the module is assigned, where it may acquire."""
        if name not in self._assignments:
            made = assigned_function(name, self.scope)
            self._assignments[name] = made if made is not None and name in self.vocabulary.words else None
        return self._assignments[name]

    def find(self, dotted: str) -> "tuple[ModuleProject, str] | None":
        """Give the module, and the name in it (`function`, `Class`, `Class.method`), that a dotted name leads to."""
        found = self._behind(dotted)
        return None if isinstance(found, str) else found

    def external(self, dotted: str) -> str:
        """Give the dotted name behind a first-party re-export of something else; the name itself where there is none."""
        found = self._behind(dotted)
        return found if isinstance(found, str) else dotted

    def _behind(self, dotted: str) -> "tuple[ModuleProject, str] | str | None":
        if dotted not in self._found:
            self._found[dotted] = None  # re-exports may go in circles
            self._found[dotted] = look_up(dotted, self, self._modules)
        return self._found[dotted]

    def inside(self, dotted: str) -> "tuple[ModuleProject, str] | None":
        """Give the module and the name of a first-party class, be it catalogued: a library from inside."""
        found = name_behind(dotted, self.path, self._modules)
        is_class = found is not None and isinstance(found[0].scope.definition(found[1]), ast.ClassDef)
        return found if is_class else None

    def imported_type(self, dotted: str) -> str | None:
        """Name the type of what another module binds a name to, once and by a call; None where nobody knows."""
        found = name_behind(dotted, self.path, self._modules) if not is_standard(dotted) else None
        return found[0].global_type(found[1]) if found is not None else None

    def class_attribute(self, class_name: str, attribute: str) -> "tuple[ModuleProject, ast.expr] | None":
        """Give the class that a class names in its body under an attribute, as its module names it."""
        node = self.scope.definition(class_name)
        return class_named(self.lineage(node), attribute) if isinstance(node, ast.ClassDef) else None

    def attribute_type(self, type_name: str, attribute: str) -> str | None:
        """Name the one type that an attribute of objects of a first-party type has; None where nobody knows."""
        key = (type_name, attribute)
        if key not in self._attribute_types:
            found = self.class_at(type_name)
            node = found[0].scope.definition(found[1]) if found is not None else None
            family = found[0].lineage(node) if found is not None and isinstance(node, ast.ClassDef) else []
            self._attribute_types[key] = type_of_attribute(family, attribute)
        return self._attribute_types[key]

    def global_type(self, name: str) -> str | None:
        """Name the type of what the module binds a name to, once and by a call; None where nobody knows."""
        if ("", name) not in self._attribute_types:
            self._attribute_types["", name] = type_of_global(name, self)
        return self._attribute_types["", name]

    def type_named(self, node: ast.expr) -> str | None:
        """Name the type of the first-party class that an expression names."""
        found = self.class_of(node)
        return own_type(found[0].path, found[1].name) if found is not None else None

    def scope_of(self, node: FunctionNode) -> Scope:
        """Give the scope of a function of the module."""
        return function_scope(self._function(node), self.scope)

    def lets_go(self, class_name: str, attribute: str) -> bool:
        """Say whether a method of a class may release what an attribute holds, or hand it to somebody who may."""
        node = self.scope.definition(class_name)
        owner = self.described(node) if isinstance(node, ast.ClassDef) else None
        return owner is None or not owner.is_closed or constructors.is_handed_on(owner, {attribute})

    def class_at(self, type_name: str) -> "tuple[ModuleProject, str] | None":
        """Give the module and the name of the class behind the type of a value."""
        path, colon, name = type_name.rpartition(":")
        if not colon:
            return None if self.catalogue.resource(type_name) else self.find(type_name)
        project = self.at(path)
        return (project, name) if project is not None else None

    def at(self, path: str) -> "ModuleProject | None":
        """Give the module in a file; None where it cannot be parsed."""
        return self if path == self.path else self._modules.project(path)

    # --- classes ------------------------------------------------------------------------------------------------------

    def class_of(self, node: ast.expr) -> "tuple[ModuleProject, ast.ClassDef] | None":
        """Give the first-party class that an expression names, and its module."""
        local = self.scope.definition(node.id) if isinstance(node, ast.Name) else None
        if isinstance(local, ast.ClassDef):
            return self, local
        dotted = self.scope.dotted(node)
        found = self.find(dotted) if dotted is not None else None
        definition = found[0].scope.definition(found[1]) if found is not None else None
        return (found[0], definition) if found is not None and isinstance(definition, ast.ClassDef) else None

    def described(self, node: ast.ClassDef) -> Owner:
        """Describe a class of the module, without what it opens."""
        if node not in self._described:
            self._described[node] = Owner(node, self.path, [(self.path, node)], is_closed=False)  # bases in a circle
            self._described[node] = describe(node, self)
        return self._described[node]

    def owner(self, node: ast.ClassDef) -> Owner:
        """Describe a class of the module, with what it opens and keeps."""
        known = self._owners.get(node) or self._pending.guessed_owner(node)
        if known is not None:
            return known
        if self._pending.is_begun(node) or self._pending.is_too_deep():
            return self.described(node)
        self._pending.begin(node)
        owner = filled(self.described(node), self)
        rests = self._pending.end()
        if rests:
            self._pending.guess_owner(node, owner, rests)
        else:
            self._owners[node] = owner
        return owner

    def bases(self, node: ast.ClassDef) -> list[Owner]:
        """Describe the first-party classes that a class names as its bases."""
        found = [self.class_of(one.value if isinstance(one, ast.Subscript) else one) for one in node.bases]
        return [one[0].owner(one[1]) for one in found if one is not None]

    def kept_by(self, node: FunctionNode, name: str) -> list[Owned]:
        """Give what a method acquires and stores in attributes of its object."""
        if node in self._kept:
            return self._kept[node]
        key = ("kept", node)
        if self._pending.is_begun(key):
            return []
        self._pending.begin(key)
        found = find_kept(self._function(node), name, self)
        if not self._pending.end():
            self._kept[node] = found
        return found

    def _constructor(self, node: ast.ClassDef, given: Given) -> FunctionSummary | None:
        """Summarise a constructor: what it acquires, takes over or only stores."""
        owner = self.owner(node)
        if owner.base is not None:
            return FunctionSummary(acquires=(owner.base,))
        own = owner.resource
        init = owner.methods.get("__init__")
        if init is None:
            return constructors.inherited(owner, given)
        project = self.at(init[0])
        if project is None or not owner.is_closed or constructors.is_built_by_new(owner):
            return None if own is None else FunctionSummary(acquires=(own,))
        given = project.telling(init[1], given, constructors.flags(owner).values())
        key = ("constructor", node, given)
        if key not in self._known:
            if self._pending.is_begun(key):
                return None
            self._pending.begin(key)
            summary = constructors.written(owner, project.solve(project._function(init[1]), given), given)
            if self._pending.end():
                return summary
            self._known[key] = summary
        return self._known[key]

    # --- functions ----------------------------------------------------------------------------------------------------

    def parameters(self, name: str, scope: Scope) -> tuple[str, ...]:
        """Give the names of the parameters of what a name of the module means."""
        found = scope.definition(name) or self._assigned(name)
        if isinstance(found, ast.ClassDef):
            init = self.described(found).methods.get("__init__")
            return parameters_of(init[1])[1:] if init else tuple(name for name, _ in fields(found))
        return parameters_of(found) if found is not None else ()

    def function(self, name: str, scope: Scope, given: Given) -> FunctionSummary | None:
        """Summarise what a name of the module means, for what is known of its arguments; None where nobody knows."""
        found = scope.definition(name) or self._assigned(name)
        if isinstance(found, ast.ClassDef):
            return self._constructor(found, given)
        return self._summarise(found, given) if found is not None else None

    def method(self, class_name: str, name: str, given: Given) -> FunctionSummary | None:
        """Summarise a method of a class of the module, inherited ones included."""
        found = self._method(class_name, name)
        if found is None:
            return None
        project, node = found
        summary = project._summarise(node, given)
        if summary is not None and is_static(node):
            return replace(summary, parameters=("", *summary.parameters))
        return summary

    def method_parameters(self, class_name: str, name: str) -> tuple[str, ...]:
        """Give the names of a method's parameters, without the receiver."""
        found = self._method(class_name, name)
        if found is None:
            return ()
        return parameters_of(found[1]) if is_static(found[1]) else parameters_of(found[1])[1:]

    def is_unbound(self, class_name: str, name: str) -> bool:
        """Say whether a method of a class of the module is called on the class: a class method or a static one."""
        found = self._method(class_name, name)
        decorators = found[1].decorator_list if found is not None else []
        return any(terminal(one) in ("classmethod", "staticmethod") for one in decorators)

    def has_releasing(self, name: str) -> bool:
        """Say whether a function or method of the module with this name releases one of its parameters, as its text tells."""
        return any(releases_parameter(one.node) for one in self.functions if one.node.name == name)

    def method_node(self, node: ast.ClassDef, name: str) -> FunctionNode | None:
        """Give a method of a class of the module, inherited ones included."""
        found = self.described(node).methods.get(name)
        return found[1] if found is not None else None

    def lineage(self, node: ast.ClassDef) -> "list[tuple[ModuleProject, ast.ClassDef]]":
        """Give a class of the module and its first-party bases, nearest first, each with its module."""
        found = [(self.at(path), one) for path, one in self.described(node).family]
        return [(project, one) for project, one in found if project is not None]

    def _method(self, class_name: str, name: str) -> "tuple[ModuleProject, FunctionNode] | None":
        node = self.scope.definition(class_name)
        if not isinstance(node, ast.ClassDef):
            return None
        owner = self.described(node)
        if name not in owner.methods:
            return None
        path, found = owner.methods[name]
        project = self.at(path)
        return (project, found) if project is not None else None

    def telling(self, node: FunctionNode, given: Given, others: Iterable[str] = ()) -> Given:
        """Leave out the literals for which no condition asks, in a function or in what it passes them on to.

        `others` are parameters for which one asks elsewhere.
        """
        if not given:
            return given
        asked = self._asked(node).union(others)
        return tuple(pair for pair in given if pair[0] in asked or isinstance(pair[1], Kind | Instance))

    def _asked(self, node: FunctionNode) -> frozenset[str]:
        if node not in self._tested:
            self._tested[node] = tested_names(node.body)  # while it is looked into: functions may call each other
            for call in passing_calls(node, self.vocabulary.words):
                callee = callee_of(call.func, self)
                if callee is not None:
                    names = parameters_of(callee[1])[callee[1].name == "__init__" :]
                    self._tested[node] |= passed_to(call, node, names, callee[0]._asked(callee[1]))
                elif (known := self._catalogued(call, node)) is not None:
                    self._tested[node] |= passed_to(call, node, known.parameters, known.deciding)
        return self._tested[node]

    def _catalogued(self, call: ast.Call, node: FunctionNode) -> Summary | None:
        """Give what the catalogue says of a callee within a function, of any type's method where the receiver is unknown."""
        dotted = self.scope_of(node).dotted(call.func)
        return self.catalogue.summary(dotted) if dotted is not None else self.catalogue.any_method(terminal(call))

    def _summarise(self, node: Definition, given: Given) -> FunctionSummary | None:
        if isinstance(node, ast.ClassDef):
            return None
        key = (node, self.telling(node, given))
        if key in self._known:
            return self._known[key]
        pending = self._pending
        guessed = pending.guessed_summary(key)
        if guessed is not None:
            return guessed[0]
        if pending.is_begun(key):
            return pending.assumed.get(key, DIVERGING)
        if pending.is_too_deep() or length(node) > LONGEST:
            return None
        pending.begin(key)
        summary = self._settled(key, self._function(node), key[1])
        rests = pending.end()
        if rests:
            pending.guess_summary(key, summary, rests)
        else:
            self._known[key] = summary
        return summary

    def _settled(self, key: Hashable, function: Function, given: Given) -> FunctionSummary | None:
        """Summarise a function; where it leads to itself, until what is assumed of it is what is found.

        At first nothing is known of it: the other paths decide.
        """
        pending = self._pending
        if function_scope(function, self.scope).bindings.yields:
            pending.assumed[key] = LAZY
        for _ in range(ROUNDS):
            summary = self._compute(function, given)
            if not pending.is_circle() or summary == pending.assumed.get(key, DIVERGING):
                break
            pending.assumed[key] = summary
            pending.begin_anew()
        pending.assumed.pop(key, None)
        return summary

    def _compute(self, function: Function, given: Given) -> FunctionSummary | None:
        names = bodies.decorators(function)
        is_cached = bool(names & bodies.CACHES)
        hiding = names - bodies.TRANSPARENT - bodies.CACHES - bodies.MANAGERS - bodies.DRIVERS
        if is_abstract(function.node) or not all(
            self._is_registering(one) for one in function.node.decorator_list if terminal(one) in hiding
        ):
            return None
        solution = self.solve(function, given)
        summary = summary_of(solution, function)
        return replace(summary, acquires=(), elements=(), yields=(), yielded_elements=()) if is_cached else summary

    def _is_registering(self, decorator: ast.expr) -> bool:
        """Say whether a decorator is a function of the project that gives back what it decorates."""
        is_call = isinstance(decorator, ast.Call)
        found = callee_of(decorator.func if isinstance(decorator, ast.Call) else decorator, self)
        return found is not None and (returns_registering(found[1]) if is_call else returns_given(found[1]))

    def lowered(self, function: Function) -> Setting:
        """Lower a function of the module."""
        return lowered(function, self, self.catalogue)

    def solved(self, function: Function, setting: Setting | None = None) -> Solution:
        """Solve a function with nothing known of its arguments."""
        if function.node not in self._solutions:
            solution = solved(function, setting or self.lowered(function))
            if not self.is_linted or self._pending.consulted:
                return solution  # not asked for again, or resting on something unfinished
            self._solutions[function.node] = solution
        return self._solutions[function.node]

    def solved_with_full_loops(self, function: Function) -> Solution:
        """Solve a function as if every `for` ran at least once."""
        return solved(function, lowered(function, self, self.catalogue, are_loops_full=True))

    def forget(self) -> None:
        """Let go of the graphs of a module that has been linted."""
        self.is_linted = False
        self._solutions.clear()

    def solve(self, function: Function, given: Given) -> Solution:
        """Solve a function with a site for each parameter, and what is known of its arguments."""
        return solved(function, self.lowered(function), given)
