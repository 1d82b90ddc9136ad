"""Which bodies of a module are worth a graph, and the facts of each; the classes that own.

A module is searched as text for the words that can acquire; only the functions on whose lines such a word stands are
lowered.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from leaklint.analysis import bodies
from leaklint.analysis.facts import Facts, Obligation, is_judged, is_reportable
from leaklint.analysis.lower import lower
from leaklint.analysis.names import Function, Scope, lambdas
from leaklint.analysis.owners import Owner
from leaklint.analysis.ownership import Solution, solve_ownership
from leaklint.analysis.prefilter import lines_with
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.workspace import Workspace
from leaklint.model.source import Source


@dataclass(eq=False)
class ModuleFacts:
    """What is known of one module: the facts of its bodies, each solved when first asked for."""

    source: Source
    project: ModuleProject
    functions: list[Function]  # lambdas on lines that can acquire included
    _facts: dict[Function, Facts] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """The names of the module."""
        return self.project.scope

    @cached_property
    def bodies(self) -> list[Facts]:
        """The facts of every body in which something may be acquired."""
        found = list(_module_facts(self))
        for function in self.functions:
            if self.project.may_acquire(function.node):
                setting = self.project.lowered(function)
                if self.project.acquires_in(setting.graph):
                    found.append(self._solved(function, setting))
        return found

    @property
    def obligations(self) -> Iterator[Obligation]:
        """The acquisitions of all bodies."""
        for facts in self.bodies:
            yield from facts.obligations

    @property
    def kept(self) -> Iterator[tuple[Obligation, str, Owner]]:
        """The acquisitions that a class keeps in an attribute which none of its release methods reaches."""
        for one in self.obligations:
            owner = one.facts.owner if one.attributes and not one.facts.is_setup else None
            if owner is not None and is_reportable(one):
                name = one.attributes[0]
                if not owner.is_released(name) and is_judged(owner, name, self.source):
                    yield one, name, owner

    @cached_property
    def owners(self) -> list[Owner]:
        """The classes of the module that own something."""
        found = []
        for definition in self.scope.bindings.definitions.values():
            if isinstance(definition, ast.ClassDef) and self.project.may_acquire(definition):
                owner = self.project.owner(definition)
                if owner.owned:
                    found.append(owner)
        return found

    def facts(self, function: Function) -> Facts:
        """Give the facts of any function of the module, also of one that acquires nothing."""
        return self._facts.get(function) or self._solved(function, self.project.lowered(function))

    def _solved(self, function: Function, setting: Setting) -> Facts:
        if function not in self._facts:
            solution = self.project.solved(function, setting)
            self._facts[function] = _facts(self, function, solution)
        return self._facts[function]


def facts_of(source: Source, workspace: Workspace) -> ModuleFacts | None:
    """Give the facts of a module, None where nothing in it can acquire."""
    project = workspace.adopt(source)
    if not project.lines:
        return None
    everything = list(project.functions)
    lambda_lines = project.lines & lines_with({"lambda"}, source.text, "")
    if lambda_lines:
        everything += lambdas(source.tree, lambda_lines, everything)
    return ModuleFacts(source, project, everything)


def _module_facts(module: ModuleFacts) -> Iterator[Facts]:
    source, lines, project = module.source, module.project.lines, module.project
    idle = {number for number in lines if source.lines[number - 1].lstrip().startswith(("import ", "from ", "def ", "class "))}
    for function in module.functions:
        if function.outer is None:
            idle.update(range(function.node.lineno, (function.node.end_lineno or 0) + 1))
    if lines <= idle:
        return
    graph = lower(source.tree.body, module.scope, None)
    if project.acquires_in(graph):
        setting = Setting(project.catalogue, project, module.scope, graph, Body.MODULE, {})
        yield _facts(module, None, solve_ownership(setting, {}, {}))


def _facts(module: ModuleFacts, function: Function | None, solution: Solution) -> Facts:
    is_setup = function is not None and bodies.is_setup(function)
    facts = Facts(module.source, module.project, function, is_setup, solution)
    for site, history in solution.record.histories.items():
        if site.parameter is None and site.statement is not None:
            facts.obligations.append(Obligation(facts, site, history))
    facts.obligations.sort(key=lambda one: (one.node.lineno, one.node.col_offset, one.site.element or 0))
    return facts
