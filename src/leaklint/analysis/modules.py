"""Which bodies of a module are worth a graph, and the facts of each; the classes that own.

A module is searched as text for the words that can acquire; only the functions on whose lines such a word stands are
lowered.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from leaklint.analysis.attributes import own_attributes
from leaklint.analysis.drops import Drop, drops, evictions, filled, has_line
from leaklint.analysis.facts import (
    Facts,
    Obligation,
    closer,
    ends_with_maker,
    is_judged,
    is_made_for_caller,
    is_reportable,
    is_test_class,
)
from leaklint.analysis.fields import fields
from leaklint.analysis.fixtures import Fixture, fixture_of, stores_on_test
from leaklint.analysis.graph import Graph
from leaklint.analysis.kin import classes_of, held_by, possible_classes
from leaklint.analysis.lower import lower
from leaklint.analysis.names import Function, Scope, lambdas, terminal, walk
from leaklint.analysis.opening import opened_in
from leaklint.analysis.owners import Owned, Owner
from leaklint.analysis.ownership import Solution, solve_ownership
from leaklint.analysis.partial_release import left_open
from leaklint.analysis.prefilter import (
    WORD_ENDS,
    evicting_lines,
    has_generators,
    imported_roots,
    is_suspect,
    is_testing,
    lines_with,
    loop_lines,
    may_evict,
    may_probe,
    release_lines,
    releasing_methods,
)
from leaklint.analysis.probing import Probe, probes
from leaklint.analysis.release_words import RELEASE_METHODS
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.setups import Run, fixture_run, is_setup, runs
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.transports import is_left_to_protocol
from leaklint.analysis.workspace import Workspace
from leaklint.model.data import dataclass, field
from leaklint.model.resource import Effect, Summary
from leaklint.model.source import Source


@dataclass(eq=False)
class ModuleFacts:
    """What is known of one module: the facts of its bodies, each solved when first asked for."""

    source: Source
    project: ModuleProject
    workspace: Workspace
    functions: list[Function]  # lambdas on lines that can acquire included
    words_of_loops: set[int]  # the lines (1-based) on which a word of event loops stands
    target: tuple[int, int] = sys.version_info[:2]  # the oldest Python that the module must run on
    _facts: dict[Function | None, Facts] = field(default_factory=dict)
    _runs: dict[Fixture, Run] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """The names of the module."""
        return self.project.scope

    @cached_property
    def bodies(self) -> list[Facts]:
        """The facts of every body in which something may be acquired."""
        found = [self.own_facts] if _may_module_acquire(self) else []
        vocabulary = self.project.vocabulary
        for function in self.functions:
            if vocabulary.may_acquire(function.node):
                setting = self.project.lowered(function)
                if vocabulary.acquires_in(setting.graph) or vocabulary.is_default_of(function.node):
                    found.append(self._solved(function, setting))
        return found

    @property
    def own_facts(self) -> Facts:
        """The facts of the module's own body."""
        if None not in self._facts:
            setting = Setting(self.project.catalogue, self.project, self.scope, self.graph, Body.MODULE, {})
            self._facts[None] = _facts(self, None, solve_ownership(setting, {}, {}))
        return self._facts[None]

    @cached_property
    def graph(self) -> Graph:
        """The graph of the module's own body."""
        return lower(self.source.tree.body, self.scope, None)

    @cached_property
    def loop_bodies(self) -> list[Facts]:
        """The facts of every body on whose lines a word of event loops stands, or a function that runs one."""
        lines = self.words_of_loops | self.project.vocabulary.running_lines
        found = [self.own_facts] if _is_of_module(self, lines) else []
        return found + [self.facts(function) for function in self.functions if has_line(function.node, lines)]

    def facts_on(self, lines: set[int]) -> list[Facts]:
        """Give the facts of the bodies on whose lines one of these is."""
        found = [self.facts(one) for one in self.functions_on(lines)]
        return [self.own_facts, *found] if _is_of_module(self, lines) else found

    def functions_on(self, lines: set[int]) -> list[Function]:
        """Give the functions on whose lines one of these is."""
        return [one for one in self.functions if has_line(one.node, lines)] if lines else []

    def functions_with(self, word: str) -> list[Function]:
        """Give the coroutines on whose lines a word stands."""
        found = self.functions_on(lines_with({word}, self.source.text, WORD_ENDS))
        return [one for one in found if isinstance(one.node, ast.AsyncFunctionDef)]

    @cached_property
    def release_bodies(self) -> list[Facts]:
        """The facts of the bodies in which something is acquired, or a method stands that may release by a coroutine."""
        found = {facts.function: facts for facts in self.bodies}
        for function in self.functions:
            if function not in found and has_line(function.node, self.release_lines):
                found[function] = self.facts(function)
        if None not in found and _is_of_module(self, self.release_lines):
            found[None] = self.own_facts
        return list(found.values())

    @cached_property
    def async_releases(self) -> frozenset[str]:
        """The names of methods that may release by a coroutine, and of those that are mistaken for them."""
        return releasing_methods(self.project.catalogue, imported_roots(self.source.text))

    @cached_property
    def release_lines(self) -> set[int]:
        """The lines on which a method may release by a coroutine, and nothing is awaited."""
        return release_lines(self.source.text, self.async_releases)

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
            if owner is not None and is_reportable(one) and not one.history.enters:
                name = one.attributes[0]
                if self._is_never_opened(one, owner) or any(closer(each).search(self.source.text) for each in one.site.fields):
                    continue  # or what holds it in turn is told to release it: `record.directory.cleanup()`
                if not is_judged(owner, name, self.source) or any(_is_settled(each, owner, one) for each in one.attributes):
                    continue
                if ends_with_maker(one, owner) or self._is_released_below(owner, name) or self._is_taken(owner, name):
                    continue
                if not (self._is_released_by_users(owner, name) or self._is_reaped(one) or is_made_for_caller(one, name)):
                    yield one, name, owner

    def _is_never_opened(self, one: Obligation, owner: Owner) -> bool:
        """Say whether no method of a class opens what it keeps, and what holds nothing before."""
        methods = [node for _, _, node in owner.lines]
        opening = frozenset() if one.history.openings else one.site.resource.opened_by
        is_catalogued = one.site.own_type is None
        return bool(opening) and not all(opened_in(methods, name, opening, is_catalogued) for name in one.attributes)

    def _is_taken(self, owner: Owner, attribute: str) -> bool:
        """Say whether a method gives what an attribute holds to something catalogued that takes it over (`connector=`)."""
        for _, _, method in owner.lines:
            for call in (node for node in walk(method) if isinstance(node, ast.Call)):
                if self._is_adopted(call, attribute):
                    return True
                if any(own_attributes(one, "self") == {attribute} for one in call.args) and self._takes_all(call):
                    return True
                given = [one.arg for one in call.keywords if own_attributes(one.value, "self") == {attribute}]
                summary = self._catalogued(call) if given else None
                effects = summary.effects if summary is not None else {}
                if any(effects.get(name or "") in (Effect.TAKES, Effect.ADOPTS) for name in given):
                    return True
        return False

    def _takes_all(self, call: ast.Call) -> bool:
        """Say whether a method, whatever its receiver is, takes over what it is given: `logger.addHandler(self.handler)`."""
        summary = self.project.catalogue.any_method(terminal(call)) if isinstance(call.func, ast.Attribute) else None
        return summary is not None and summary.effects.get("*") is Effect.TAKES

    def _catalogued(self, call: ast.Call) -> Summary | None:
        """Give what the catalogue says of a callee, or of a method that event loops have."""
        dotted = self.scope.dotted(call.func)
        if dotted is not None:
            return self.project.catalogue.summary(dotted)
        return self.project.catalogue.method("asyncio.AbstractEventLoop", terminal(call))

    def _is_adopted(self, call: ast.Call, attribute: str) -> bool:
        """Say whether a call gives what an attribute holds to a first-party object that releases it."""
        found = self.project.class_of(call.func)
        summary = found[0].function(found[1].name, found[0].scope, ()) if found is not None else None
        if summary is None or not summary.adopts:
            return False
        given = [*zip(summary.parameters, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
        return any(
            name in summary.adopts and isinstance(one, ast.Attribute) and own_attributes(one, "self") == {attribute}
            for name, one in given
        )

    def _is_released_below(self, owner: Owner, attribute: str) -> bool:
        """Say whether the module derives classes from an owner, all of which release the attribute if they mention it."""
        below = [self.project.described(one) for one in self.classes if one is not owner.node and one.bases]
        family = [one for one in below if any(node is owner.node for _, node in one.family)]
        derived = [one for one in family if own_attributes(one.node, "self") & {attribute}] or family
        return bool(derived) and all(one.is_released(attribute) for one in derived)

    def _is_reaped(self, one: Obligation) -> bool:
        """Say whether it is a process that the module waits for by its number."""
        return "process" in one.site.resource.parts and "waitpid(" in self.source.text

    def _is_released_by_users(self, owner: Owner, attribute: str) -> bool:
        """Say whether another module, which knows the class, releases an attribute of an instance."""
        users = self.workspace.users.of(self.project.path, owner.node.name, closer(attribute))
        return any(path != self.project.path for path in users)

    @property
    def neglected_fields(self) -> Iterator[tuple[Owner, str, str, ast.stmt]]:
        """The fields of dataclasses whose factory, named third, acquires what no release method of the class reaches."""
        text = self.source.text
        owners = [self.project.owner(one) for one in self.classes] if "factory=" in text or "Factory(" in text else []
        for owner in owners:
            for name, one in fields(owner.node) if owner.neglected else ():
                is_left = name in owner.neglected and not owner.is_ended(name) and not self._is_released_below(owner, name)
                if is_left and is_judged(owner, name, self.source):
                    yield owner, name, owner.neglected[name].lstrip(":"), one

    @cached_property
    def owners(self) -> list[Owner]:
        """The classes of the module that own something."""
        found = [self.project.owner(one) for one in self.classes if self.project.vocabulary.may_acquire(one)]
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
        lines = evicting_lines(self.source.text)
        for node in self.classes:
            owner = self.project.described(node) if has_line(node, lines) else None
            found = list(evictions(owner, lines)) if owner is not None else []
            if owner is not None and any(one.attribute in filled(owner) for one in found):
                held = next(held_by((self.project, node), self.workspace), None)
                yield from ((one, held) for one in found if held is not None)

    @property
    def vain(self) -> Iterator[tuple[Probe, Owner, Owner]]:
        """The release methods that ask an attribute for a method which no class of it has, with a class that owns something."""
        for node in self.classes if may_probe(self.source.text) else ():
            for probe in probes(node, RELEASE_METHODS | self.project.catalogue.release_methods):
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
        if not self.project.vocabulary.may_acquire(fixture.node):
            return ()
        from leaklint.analysis.fixture_users import is_left_to_users  # only here: few modules need it

        found: Iterable[Obligation]
        if stores_on_test(fixture):
            if fixture not in self._runs:
                self._runs[fixture] = fixture_run(fixture.function, self.project)
            found = (one for one in self._runs[fixture].obligations if one.facts.function is fixture.function)
        else:
            found = self.facts(fixture.function).obligations
        return [one for one in found if not is_left_to_users(fixture, one, self.fixtures, self.source)]

    def is_worth(self, function: Function) -> bool:
        """Say whether a word that can acquire stands in a function."""
        return self.project.vocabulary.may_acquire(function.node)

    def facts(self, function: Function) -> Facts:
        """Give the facts of any function of the module, also of one that acquires nothing."""
        return self._facts.get(function) or self._solved(function, self.project.lowered(function))

    def let_go(self) -> None:
        """Forget the obligations, which lead back to the facts that list them: then nothing waits for a collection."""
        for one in self._facts.values():
            one.obligations.clear()

    def _solved(self, function: Function, setting: Setting) -> Facts:
        if function not in self._facts:
            solution = self.project.solved(function, setting)
            self._facts[function] = _facts(self, function, solution)
        return self._facts[function]


def facts_of(source: Source, workspace: Workspace, target: tuple[int, int] = sys.version_info[:2]) -> ModuleFacts | None:
    """Give the facts of a module, None where nothing in it can acquire, or concerns event loops or fixtures."""
    project = workspace.adopt(source)
    source = project.source  # where another module has asked for this one before, it has a tree already: there is but one
    text, roots = source.text, imported_roots(source.text)
    about_loops = loop_lines(text, workspace.catalogue, roots)
    is_about_loops = about_loops or has_generators(text) or "event_loop" in text or project.vocabulary.running_lines
    if not project.vocabulary.lines and not is_about_loops and not is_testing(text):
        return ModuleFacts(source, project, workspace, [], set(), target) if is_suspect(text) else None
    imports, loop_words = project.scope.bindings.imports, workspace.catalogue.loop_words(roots)
    about_loops |= lines_with({name for name, dotted in imports.items() if dotted.rpartition(".")[2] in loop_words}, text)
    everything = list(project.functions)
    lambda_lines = project.vocabulary.lines & lines_with({"lambda"}, text, WORD_ENDS)
    if lambda_lines:
        everything += lambdas(source.tree, lambda_lines, everything)
    return ModuleFacts(source, project, workspace, everything, about_loops, target)


def _is_settled(attribute: str, owner: Owner, one: Obligation) -> bool:
    """Say whether the class releases an attribute, or hands it on."""
    is_number = one.site.resource.is_virtual
    if not one.history.names and left_open(one.site, owner, attribute) is not None:
        return False
    return owner.is_released(attribute) or owner.is_ended(attribute) or owner.is_handed_on(attribute, is_number)


def _may_module_acquire(module: ModuleFacts) -> bool:
    return _is_of_module(module, module.project.vocabulary.lines) and module.project.vocabulary.acquires_in(module.graph)


def _is_of_module(module: ModuleFacts, lines: set[int]) -> bool:
    """Say whether one of the lines is the module's own: no function's, no import, no head of a definition."""
    source = module.source
    idle = {number for number in lines if source.lines[number - 1].lstrip().startswith(("import ", "from ", "class "))}
    for function in module.functions:
        if function.outer is None:
            node = function.node
            made = {one.lineno for one in (*node.args.defaults, *node.args.kw_defaults) if isinstance(one, ast.Call)}
            idle.update(set(range(node.lineno, (node.end_lineno or 0) + 1)) - made)
    return not lines <= idle


def _facts(module: ModuleFacts, function: Function | None, solution: Solution) -> Facts:
    is_testing_setup = function is not None and is_setup(function)
    facts = Facts(module.source, module.project, function, is_testing_setup, solution)
    for site, history in solution.record.histories.items():
        if site.parameter is None and site.statement is not None and not is_left_to_protocol(site, history):
            facts.obligations.append(Obligation(facts, site, history))
    facts.obligations.sort(key=lambda one: (one.node.lineno, one.node.col_offset, one.site.element or 0, one.site.label))
    return facts
