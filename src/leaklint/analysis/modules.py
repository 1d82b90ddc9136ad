"""Which bodies of a module are worth a graph, and the facts of each.

A module is searched as text for the words that can acquire; only the functions on whose lines such a word stands are
lowered. Functions that return a resource add their own names to the words.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from leaklint.analysis import bodies
from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.graph import Graph
from leaklint.analysis.lower import lower
from leaklint.analysis.names import (
    Bindings,
    Function,
    Scope,
    function_scope,
    functions,
    lambdas,
    module_scope,
    suites,
    terminal,
)
from leaklint.analysis.ops import Call, Evaluate
from leaklint.analysis.ownership import solve_ownership
from leaklint.analysis.prefilter import imported_roots, lines_with
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.values import Reference
from leaklint.catalogue import Catalogue
from leaklint.model.source import Source

ROUNDS = 4  # factories of factories of factories


@dataclass(eq=False)
class ModuleFacts:
    """What is known of one module: the facts of its bodies, each solved when first asked for.

    `words` are the names that can acquire, `lines` (1-based) those on which one stands.
    """

    source: Source
    scope: Scope
    project: ModuleProject
    functions: list[Function]
    words: frozenset[str]
    lines: set[int]
    _facts: dict[Function, Facts] = field(default_factory=dict)

    @cached_property
    def bodies(self) -> list[Facts]:
        """The facts of every body in which something may be acquired."""
        found = list(_module_facts(self))
        for function in self.functions:
            if _has_line(function.node, self.lines):
                graph, setting = _lowered(self, function)
                if _may_acquire(graph, self.words, self.project.catalogue):
                    found.append(self._solved(function, setting))
        return found

    @property
    def obligations(self) -> Iterator[Obligation]:
        """The acquisitions of all bodies."""
        for facts in self.bodies:
            yield from facts.obligations

    def facts(self, function: Function) -> Facts:
        """Give the facts of any function of the module, also of one that acquires nothing."""
        return self._facts.get(function) or self._solved(function, _lowered(self, function)[1])

    def _solved(self, function: Function, setting: Setting) -> Facts:
        if function not in self._facts:
            env = bodies.starting_names(function, setting.scope, self.project.catalogue)
            self._facts[function] = _solve(self, function, setting, env)
        return self._facts[function]


def facts_of(source: Source, catalogue: Catalogue) -> ModuleFacts | None:
    """Give the facts of a module, None where nothing in it can acquire."""
    words = catalogue.words(imported_roots(source.text))
    lines = lines_with(words, source.text)
    if not lines:
        return None
    scope = module_scope(source.tree)
    renamed = _renamed(scope.bindings, words)
    everything = list(functions(source.tree))
    lines |= lines_with(renamed, source.text)
    project = ModuleProject(source.tree, scope, catalogue)
    known = words | renamed
    for _ in range(ROUNDS):
        found = _openers(everything, lines, scope, project, known) - known
        if not found:
            break
        known |= found
        lines |= lines_with(found, source.text)
    lambda_lines = lines & lines_with({"lambda"}, source.text, "")
    if lambda_lines:
        everything += lambdas(source.tree, lambda_lines, everything)
    return ModuleFacts(source, scope, project, everything, known, lines)


def _renamed(bindings: Bindings, words: frozenset[str]) -> set[str]:
    """Give the local names of imported things that can acquire (`from shelve import open as o`)."""
    return {name for name, dotted in bindings.imports.items() if dotted.rpartition(".")[2] in words and name not in words}


def _openers(
    everything: list[Function], lines: set[int], scope: Scope, project: ModuleProject, words: frozenset[str]
) -> set[str]:
    """Give the names of the functions that return a resource, and of the classes that are one."""
    found = set()
    for function in everything:
        if function.node.name not in found and _has_line(function.node, lines) and _may_return_resource(function, lines, words):
            summary = None
            if function.owner is not None:
                summary = project.method(function.owner.name, function.node.name, ())
            elif function.outer is None:
                summary = project.function(function.node.name, scope, ())
            if summary is not None and (summary.acquires or summary.elements):
                found.add(function.node.name)
    for name, definition in scope.bindings.definitions.items():
        if isinstance(definition, ast.ClassDef) and definition.bases and project.resource_of(name, scope) is not None:
            found.add(name)
    return found


def _may_return_resource(function: Function, lines: set[int], words: frozenset[str] | set[str]) -> bool:
    """Say whether a function returns what a line that can acquire has bound, or such a call itself.

    It is asked before the function is summarised, which costs a thousand times more.
    """
    opened: set[str] = set()
    returned: list[ast.expr] = []
    waiting: list[ast.stmt] = list(function.node.body)
    while waiting:
        statement = waiting.pop()
        match statement:
            case ast.Return(value=ast.expr() as value):
                returned.append(value)
            case ast.Assign(targets=targets) if _has_line(statement, lines):
                opened.update(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)) if _has_line(statement, lines):
                opened.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
            case _:
                waiting.extend(one for suite in suites(statement) for one in suite)
    return any(_may_be_resource(value, opened, words) for value in returned)


def _may_be_resource(node: ast.expr, opened: set[str], words: frozenset[str] | set[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in opened
        case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
            return _may_be_resource(value, opened, words)
        case ast.Tuple(elts=values) | ast.BoolOp(values=values):
            return any(_may_be_resource(value, opened, words) for value in values)
        case ast.IfExp(body=body, orelse=orelse):
            return _may_be_resource(body, opened, words) or _may_be_resource(orelse, opened, words)
        case ast.Call(args=arguments):
            is_opener = terminal(node) in words
            return is_opener or any(_may_be_resource(argument, opened, words) for argument in arguments)
        case _:
            return False


def _has_line(node: ast.stmt, lines: set[int]) -> bool:
    return not lines.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _may_acquire(graph: Graph, words: set[str] | frozenset[str], catalogue: Catalogue) -> bool:
    """Say whether any call of a graph can acquire something: most of what the text promises is prose or another's method."""
    for block in graph.blocks:
        for op in block.ops:
            match op:
                case Call(reference=str(name)) if name.startswith(":"):
                    if name[1:] in words:
                        return True
                case Call(reference=str(name)):
                    if name.rpartition(".")[2] in words and catalogue.summary(name) is not None:
                        return True
                case Call(method=str(method)):
                    if method in words:
                        return True
                case Evaluate(value=Reference(name=name)) if name.rpartition(".")[2] in words:
                    return True
                case _:
                    pass
    return False


def _lowered(module: ModuleFacts, function: Function) -> tuple[Graph, Setting]:
    scope = function_scope(function, module.scope)
    body = bodies.kind_of(function, scope.bindings.yields)
    graph = lower(function.node.body, scope, bodies.yield_kind(body))
    return graph, Setting(module.project.catalogue, module.project, scope, graph, body, {})


def _module_facts(module: ModuleFacts) -> Iterator[Facts]:
    source, lines = module.source, module.lines
    idle = {number for number in lines if source.lines[number - 1].lstrip().startswith(("import ", "from ", "def ", "class "))}
    for function in module.functions:
        if function.outer is None:
            idle.update(range(function.node.lineno, (function.node.end_lineno or 0) + 1))
    if lines <= idle:
        return
    graph = lower(source.tree.body, module.scope, None)
    if _may_acquire(graph, module.words, module.project.catalogue):
        setting = Setting(module.project.catalogue, module.project, module.scope, graph, Body.MODULE, {})
        yield _solve(module, None, setting, {})


def _solve(module: ModuleFacts, function: Function | None, setting: Setting, env: bodies.Names) -> Facts:
    solution = solve_ownership(setting, env, {})
    is_setup = function is not None and bodies.is_setup(function)
    facts = Facts(module.source, module.scope, function, is_setup, solution)
    for site, history in solution.record.histories.items():
        if site.parameter is None and site.statement is not None:
            facts.obligations.append(Obligation(facts, site, history))
    facts.obligations.sort(key=lambda one: (one.node.lineno, one.node.col_offset, one.site.element or 0))
    return facts
