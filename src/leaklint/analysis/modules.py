"""Which bodies of a module are worth a graph, and the facts of each; the classes that own.

A module is searched as text for the words that can acquire; only the functions on whose lines such a word stands are
lowered.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from leaklint.analysis.drops import Drop, drops, filled
from leaklint.analysis.facts import Facts, Obligation, is_judged, is_reportable, is_test_class
from leaklint.analysis.fixtures import Fixture, fixture_of, stores_on_test
from leaklint.analysis.kin import classes_of, held_by, possible_classes
from leaklint.analysis.lower import lower
from leaklint.analysis.names import Function, Scope, lambdas
from leaklint.analysis.owners import Owned, Owner
from leaklint.analysis.ownership import Solution, solve_ownership
from leaklint.analysis.prefilter import is_suspect, is_testing, lines_with, may_evict, may_probe
from leaklint.analysis.probing import Probe, probes
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.setups import Run, fixture_run, is_setup, runs
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.workspace import Workspace
from leaklint.model.source import Source


@dataclass(eq=False)
class ModuleFacts:
    """What is known of one module: the facts of its bodies, each solved when first asked for."""

    source: Source
    project: ModuleProject
    workspace: Workspace
    functions: list[Function]  # lambdas on lines that can acquire included
    target: tuple[int, int] = sys.version_info[:2]  # the oldest Python that the module must run on
    _facts: dict[Function, Facts] = field(default_factory=dict)
    _runs: dict[Fixture, Run] = field(default_factory=dict)

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
                if not owner.is_released(name) and is_judged(owner, name, self.source) and not owner.is_ended(name):
                    yield one, name, owner

    @cached_property
    def owners(self) -> list[Owner]:
        """The classes of the module that own something."""
        found = [self.project.owner(one) for one in self.classes if self.project.may_acquire(one)]
        return [one for one in found if one.owned]

    @property
    def classes(self) -> list[ast.ClassDef]:
        """The classes that the module defines at its top."""
        return classes_of(self.scope)

    @property
    def dropped(self) -> Iterator[tuple[Drop, Owned]]:
        """What classes throw out of their containers, where these hold resources that would be released."""
        for owner in self.owners:
            contained = {one.attribute: one for one in owner.owned if one.is_contained and owner.is_released(one.attribute)}
            for drop in drops(owner) if contained and owner.is_closed and not is_test_class(owner) else ():
                if drop.attribute in contained:
                    yield drop, contained[drop.attribute]
        if may_evict(self.source.text):
            yield from self._dropped_by_containers()

    def _dropped_by_containers(self) -> Iterator[tuple[Drop, Owned]]:
        """What classes evict that somebody else has put into them."""
        for node in self.classes:
            owner = self.project.described(node)
            evictions = [one for one in drops(owner) if one.is_eviction]
            if any(one.attribute in filled(owner) for one in evictions):
                held = next(held_by((self.project, node), self.workspace), None)
                yield from ((one, held) for one in evictions if held is not None)

    @property
    def vain(self) -> Iterator[tuple[Probe, Owner, Owner]]:
        """The release methods that ask an attribute for a method which no class of it has, with a class that owns something."""
        for node in self.classes if may_probe(self.source.text) else ():
            for probe in probes(node):
                kin = possible_classes(self.project, node, probe.attribute, self.workspace)
                owning = next((one for one in kin if one.owned), None)
                if owning is not None and not any(one.methods.keys() & {*probe.asked, "__getattr__"} for one in kin):
                    yield probe, self.project.described(node), owning

    @cached_property
    def fixtures(self) -> list[Fixture]:
        """The fixtures of the module, in the order of the text."""
        return [found for one in self.functions if (found := fixture_of(one, self.scope)) is not None]

    @cached_property
    def setups(self) -> list[Run]:
        """The set-ups of the module's test classes, and its own, each with its teardown."""
        return list(runs(self.project))

    def fixture_obligations(self, fixture: Fixture) -> Sequence[Obligation]:
        """Give the acquisitions of a fixture: what it keeps in attributes of the test's object is followed too."""
        if not self.project.may_acquire(fixture.node):
            return ()
        if not stores_on_test(fixture):
            return self.facts(fixture.function).obligations
        if fixture not in self._runs:
            self._runs[fixture] = fixture_run(fixture.function, self.project)
        return [one for one in self._runs[fixture].obligations if one.facts.function is fixture.function]

    def is_worth(self, function: Function) -> bool:
        """Say whether a word that can acquire stands in a function."""
        return self.project.may_acquire(function.node)

    def facts(self, function: Function) -> Facts:
        """Give the facts of any function of the module, also of one that acquires nothing."""
        return self._facts.get(function) or self._solved(function, self.project.lowered(function))

    def _solved(self, function: Function, setting: Setting) -> Facts:
        if function not in self._facts:
            solution = self.project.solved(function, setting)
            self._facts[function] = _facts(self, function, solution)
        return self._facts[function]


def facts_of(source: Source, workspace: Workspace, target: tuple[int, int] = sys.version_info[:2]) -> ModuleFacts | None:
    """Give the facts of a module, None where nothing in it can acquire and no rule of fixtures has anything to say."""
    project = workspace.adopt(source)
    if not project.lines and not is_testing(source.text):
        return ModuleFacts(source, project, workspace, [], target) if is_suspect(source.text) else None
    everything = list(project.functions)
    lambda_lines = project.lines & lines_with({"lambda"}, source.text, "")
    if lambda_lines:
        everything += lambdas(source.tree, lambda_lines, everything)
    return ModuleFacts(source, project, workspace, everything, target)


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
    is_testing_setup = function is not None and is_setup(function)
    facts = Facts(module.source, module.project, function, is_testing_setup, solution)
    for site, history in solution.record.histories.items():
        if site.parameter is None and site.statement is not None:
            facts.obligations.append(Obligation(facts, site, history))
    facts.obligations.sort(key=lambda one: (one.node.lineno, one.node.col_offset, one.site.element or 0))
    return facts
