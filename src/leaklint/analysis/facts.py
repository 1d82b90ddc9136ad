"""The facts that rules read: every acquisition of a body, and what becomes of it on each way out."""

import ast
import re
from functools import cached_property

from leaklint.analysis import bodies, staging
from leaklint.analysis.attributes import own_attributes
from leaklint.analysis.graph import Block
from leaklint.analysis.names import LAMBDA, Function, Scope, children, receiver_of, suites, terminal, walk
from leaklint.analysis.ops import Call, Op, Raise
from leaklint.analysis.outliving import is_kept_by_attribute, is_open_at_return, loops_that_hand_on
from leaklint.analysis.owners import Owner
from leaklint.analysis.ownership import Solution
from leaklint.analysis.record import History
from leaklint.analysis.setting import Body
from leaklint.analysis.staging import Stage
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.trace import leading_to
from leaklint.analysis.values import Site
from leaklint.model.data import dataclass, field
from leaklint.model.source import Source

Suite = list[ast.stmt]


@dataclass(frozen=True)
class Facts:
    """What is known of one body: a function's, or the module's (`function` is None)."""

    source: Source
    project: ModuleProject
    function: Function | None
    is_setup: bool
    solution: Solution
    obligations: list["Obligation"] = field(default_factory=list)

    @property
    def is_lambda(self) -> bool:
        """Say whether the body is a lambda's, which has no room for a with."""
        return self.function is not None and self.function.node.name == LAMBDA

    @property
    def body(self) -> Suite:
        """The statements of the body."""
        return self.function.node.body if self.function else self.source.tree.body

    @property
    def scope(self) -> Scope:
        """The names of the body."""
        return self.solution.setting.scope

    @property
    def is_async(self) -> bool:
        """Say whether the body may await."""
        return self.function is not None and isinstance(self.function.node, ast.AsyncFunctionDef)

    @property
    def is_test_case(self) -> bool:
        """Say whether the class around the body is unittest's TestCase, or derives from it directly."""
        bases = self.function.owner.bases if self.function and self.function.owner else []
        names = [self.module.dotted(one) for one in bases]
        return any(name in ("unittest.TestCase", "unittest.IsolatedAsyncioTestCase") for name in names)

    @cached_property
    def places(self) -> dict[ast.stmt, tuple[Suite, int, ast.stmt | None]]:
        """Where each statement stands: its suite, its index there (from 0), the compound statement around."""
        found: dict[ast.stmt, tuple[Suite, int, ast.stmt | None]] = {}
        waiting: list[tuple[Suite, ast.stmt | None]] = [(self.body, None)]
        while waiting:
            suite, parent = waiting.pop()
            for index, statement in enumerate(suite):
                found[statement] = (suite, index, parent)
                if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    waiting.extend((inner, statement) for inner in suites(statement))
        return found

    @property
    def module(self) -> Scope:
        """The names of the module."""
        return self.project.scope

    @property
    def owner(self) -> Owner | None:
        """The class around the body."""
        node = self.function.owner if self.function is not None else None
        return self.project.owner(node) if node is not None else None

    @cached_property
    def stage(self) -> Stage:
        """The pieces of code that decide what the names of the body stand for while it runs."""
        if self.function is not None:
            return staging.stage(self.function, self.module)
        return Stage([one for one in self.body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)])

    @cached_property
    def patched(self) -> frozenset[str]:
        """The names that mocks replace while the body runs: what they make is nothing to release."""
        nodes = self.stage.all if self.function else []
        return frozenset(name for node in nodes for name in staging.patched_names(node))

    @cached_property
    def patched_objects(self) -> frozenset[str]:
        """The names of the objects of which mocks replace a method: what that would have opened is nothing to release."""
        nodes = self.stage.all if self.function else []
        return frozenset(name for node in nodes for name in staging.patched_objects(node))

    @cached_property
    def is_staged(self) -> bool:
        """Say whether what opens is replaced, or whether leaks are the very subject: there is nothing to report."""
        is_replaced = staging.is_replaced(self.stage, self.scope, self.solution.setting.catalogue)
        return is_replaced or staging.is_about_leaks(self.function)

    def around(self, statement: ast.stmt) -> list[ast.stmt]:
        """Give the compound statements around a statement, innermost first."""
        found = []
        parent = self.places[statement][2] if statement in self.places else None
        while parent is not None:
            found.append(parent)
            parent = self.places[parent][2]
        return found

    def is_expected(self, line: int) -> bool:
        """Say whether a line stands in a block that is meant to raise or to warn of a leak."""
        return self.solution.setting.graph.is_expected(line)


@dataclass(frozen=True, eq=False)
class Obligation:
    """One acquisition, and what becomes of it."""

    facts: Facts
    site: Site
    history: History

    @property
    def node(self) -> ast.expr:
        """The expression that acquires."""
        return self.site.node

    @property
    def statement(self) -> ast.stmt:
        """The statement that acquires."""
        assert self.site.statement is not None
        return self.site.statement

    @property
    def line(self) -> int:
        """The line of the acquisition."""
        return self.node.lineno

    @cached_property
    def is_staged(self) -> bool:
        """Say whether a double opens here, or whether the acquisition is meant to fail or to leak."""
        facts = self.facts
        if facts.is_staged or terminal(self.node) in facts.patched:
            return True
        if facts.function is not None and staging.is_answered(self.site.resource.name, facts.module):
            return True
        if self.site.resource.ends_with_maker and staging.is_made_by_double(self.site.resource.name, facts.stage):
            return True
        if facts.patched and not facts.patched.isdisjoint(re.split(r"\W+", self.site.label.partition(", which owns ")[2])):
            return True  # what it owns is a double's
        if facts.patched & staging.OPENERS and (self.site.resource.opened_by or not _is_catalogued(self)):
            return True
        if self.site.own_type and self.site.resource.opened_by and not facts.patched_objects.isdisjoint(self.history.names):
            return True
        if staging.is_filled_with_double(facts.function, facts.module, self.node, self.history.names):
            return True
        if staging.is_meant_to_fail(facts.function, self.statement):
            return True
        if staging.is_tried_out(facts.function, self.statement, facts.around(self.statement)):
            return True
        releases = [op.statement for op in self.history.releases]
        tries = [one for release in releases for one in facts.around(release) if isinstance(one, ast.Try)]
        return staging.is_released_on_failure(facts.function, releases, tries)

    @property
    def is_named(self) -> bool:
        """Say whether a name, or a container, ever held it."""
        return bool(self.history.names) or self.history.is_contained

    @property
    def is_open_at_return(self) -> bool:
        """Say whether a normal way out leaves it open; a module's own names live as long as the process."""
        if self.facts.solution.setting.body is Body.MODULE and self.history.exit_names:
            return False
        return "returned" in self.history.exits

    @cached_property
    def is_left_by_empty_loop(self) -> bool:
        """Say whether a normal way out leaves it open only because a loop that hands it on may have nothing to do."""
        function, around = self.facts.function, self.facts.around(self.statement)
        loops = [one for one in self.facts.places if isinstance(one, ast.For | ast.AsyncFor) and one not in around]
        if function is None or not loops_that_hand_on(self.history.moves, loops):
            return False
        return not is_open_at_return(self.node, self.facts.project.solved_with_full_loops(function))

    @cached_property
    def is_released_or_handed_on(self) -> bool:
        """Say whether any path releases it, enters it or hands it on (in a loop that loses it: within that loop)."""
        history = self.history
        settling: list[Op] = [*history.releases, *history.enters, *history.moves, *history.returns]
        loop = self._losing_loop()
        if loop is not None:
            settling = [op for op in settling if loop.lineno <= op.line <= (loop.end_lineno or op.line)]
        return bool(settling)

    def _losing_loop(self) -> ast.stmt | None:
        if not any(isinstance(op, Call) and op.node is self.node for op in self.history.rebinds):
            return None
        loops = (one for one in self.facts.around(self.statement) if isinstance(one, ast.For | ast.AsyncFor | ast.While))
        return next(loops, None)

    @property
    def is_removed_somewhere(self) -> bool:
        """Say whether it is a directory that some path removes: the others are those on which it is gone already."""
        resource = self.site.resource
        return resource.only_in_fixtures and bool(resource.release_functions and self.history.releases)

    @property
    def releasing_calls(self) -> list[ast.Call]:
        """The calls that release it."""
        return [op.node for op in self.history.releases if isinstance(op, Call)]

    @property
    def is_misreleased(self) -> bool:
        """Say whether it meets a release of the other kind (`close()` of what has `aclose()`): a wrong of its own."""
        resource = self.site.resource
        if resource.releases and resource.async_releases:
            return False
        others = {"close", "aclose"} - resource.releases - resource.async_releases  # its own, as a use, is of what it gave
        return any(isinstance(op, Call) and op.method in others for op in self.history.uses)

    @property
    def is_handed_on(self) -> bool:
        """Say whether a path hands it to somebody else."""
        return bool(self.history.moves or self.history.returns)

    @property
    def is_entered_in_place(self) -> bool:
        """Say whether it is acquired in the head of a with that does not release it."""
        is_with = isinstance(self.statement, ast.With | ast.AsyncWith)
        return is_with and (self.history.is_kept_by_with or self.history.is_wrapped_in_with)

    @property
    def attributes(self) -> list[str]:
        """The attributes of self that keep it, where it goes nowhere else; what a class itself holds is for the process."""
        history, function = self.history, self.facts.function
        names = bodies.decorators(function) if function is not None else frozenset()
        if function is None or "classmethod" in names or history.is_ended or not _is_own_class(function):
            return []
        if "cached_property" in names:
            return [function.node.name] if history.returns and not history.moves else []
        kept = set(history.fields.values())
        return list(history.fields) if kept and not history.returns_open and all(op in kept for op in history.moves) else []

    @property
    def is_rebound(self) -> bool:
        """Say whether its only name is bound anew, or deleted, while it is open."""
        return bool(self.history.rebinds)

    @property
    def is_open_at_raise(self) -> bool:
        """Say whether an exception may leave the body while it is open."""
        return "raised" in self.history.exits

    @cached_property
    def raising(self) -> list[Op]:
        """The operations that may raise out of the body while it is open, in the order of the text."""
        leading = self._blocks_to_raise()
        found = [op for op, targets in self.history.raised_at.items() if any(target in leading for target in targets)]
        straight = self.facts.solution.setting.graph.raised  # those that no handler sees come first
        return sorted(found, key=lambda op: (straight not in self.history.raised_at[op], op.line))

    @property
    def explicit_raises(self) -> list[Op]:
        """The statements with which the body itself raises while it is open."""
        return [op for op in self.raising if isinstance(op, Raise) and op.is_explicit]

    def _blocks_to_raise(self) -> set[Block]:
        """The blocks from which the raised exit is reached with the resource open all the way."""
        graph = self.facts.solution.setting.graph
        return leading_to(graph.raised, self.site, self.facts.solution)


def is_judged(owner: Owner, attribute: str, source: Source) -> bool:
    """Say whether the rules of owners may speak of an attribute: nobody unknown may release it."""
    if not owner.is_closed or owner.is_derived or is_test_class(owner):
        return False
    return closer(attribute).search(source.text) is None


def is_made_for_caller(one: "Obligation", attribute: str) -> bool:
    """Say whether a method opens at every call what it gives to its caller, too: no property, nothing that is made once."""
    function = one.facts.function
    if function is None or function.node.name.startswith("__") or function.node.decorator_list:
        return False
    last = function.node.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    is_given = isinstance(value, ast.Attribute) and value.attr == attribute and isinstance(value.value, ast.Name)
    return is_given and one.statement in function.node.body


def closer(attribute: str) -> re.Pattern[str]:
    """Give what a release of an attribute of somebody else's object looks like."""
    methods = "a?close|stop|shutdown|terminate|release|dispose|cleanup"
    return re.compile(rf"(?<!self)(?<!cls)\.{re.escape(attribute)}\.(?:{methods})\b")


def is_test_class(owner: Owner) -> bool:
    """Say whether a class is a test case: what it opens belongs to the rules of set-ups."""
    names = [node.name for _, node in owner.family] + [terminal(base) for _, node in owner.family for base in node.bases]
    return any(name.startswith(("Test", "test")) or name.endswith(("Test", "Tests", "TestCase", "Case")) for name in names)


def is_real(obligation: Obligation) -> bool:
    """Say whether any rule may speak of an acquisition: it is real, and not meant to fail or to warn."""
    facts, site, history = obligation.facts, obligation.site, obligation.history
    if site.parameter is not None or facts.is_expected(obligation.line) or obligation.is_staged:
        return False
    return not any(facts.is_expected(op.line) for op in history.rebinds)


def is_reportable(obligation: Obligation) -> bool:
    """Say whether the rules of scopes may speak of an acquisition; fixtures, set-ups and loops have rules of their own."""
    history = obligation.history
    is_left = bool(history.exits or history.rebinds or obligation.attributes)
    return is_left and not obligation.site.resource.is_loop and is_of_scope(obligation)


def is_of_scope(obligation: Obligation) -> bool:
    """Say whether an acquisition is its scope's, and real: no fixture's, no set-up's."""
    facts, site, history = obligation.facts, obligation.site, obligation.history
    if site.resource.only_in_fixtures or not is_real(obligation):
        return False
    if not obligation.is_named and is_kept_by_attribute(site):
        return False
    if site.resource.ends_with_maker and facts.owner is not None and ends_with_maker(obligation, facts.owner):
        return False
    if facts.is_setup and obligation.is_named:
        return bool(history.releases or history.enters)
    if facts.solution.setting.body is Body.FIXTURE:
        return not (history.yields or history.returns or history.moves or history.crosses)
    return True


def ends_with_maker(one: Obligation, owner: Owner) -> bool:
    """Say whether the class releases what made it, which releases it too (`self.context.socket()`)."""
    made = one.node.func if one.site.resource.ends_with_maker and isinstance(one.node, ast.Call) else None
    function = one.facts.function
    if function is None or not isinstance(made, ast.Attribute):
        return False
    receiver, makers = receiver_of(function.node), set[str]()
    if isinstance(made.value, ast.Name):
        for statement in walk(function.node):
            if isinstance(statement, ast.Assign):
                sides = [*statement.targets, statement.value]
                if any(isinstance(side, ast.Name) and side.id == made.value.id for side in sides):
                    makers.update(*(own_attributes(side, receiver) for side in sides))
    return any(owner.is_released(name) for name in makers | own_attributes(made.value, receiver))


def _is_own_class(function: Function) -> bool:
    """Say whether what a method calls `self` is its own object: a class within a method may mean the one around.

    A mixin may say whose object it is: `def connect(self: "Client")`.
    """
    arguments = [*function.node.args.posonlyargs, *function.node.args.args]
    if not function.is_method or not arguments:
        return True
    annotation = arguments[0].annotation
    said = str(annotation.value) if isinstance(annotation, ast.Constant) else terminal(annotation) if annotation else ""
    name = said.rpartition(".")[2]
    is_variable = len(name) < 3 or "Self" in name or name.startswith(("T_", "_T")) or name.endswith("T")
    is_other = not is_variable and function.owner is not None and name != function.owner.name
    return arguments[0].arg in ("self", "cls") and not is_other


def _is_catalogued(obligation: Obligation) -> bool:
    """Say whether the acquiring call itself is catalogued, rather than a first-party one that leads there."""
    node = obligation.node
    dotted = obligation.facts.scope.dotted(node.func) if isinstance(node, ast.Call) else None
    return dotted is not None and obligation.facts.solution.setting.catalogue.summary(dotted) is not None


def names_in(node: ast.AST) -> set[str]:
    """Give every name that a piece of code mentions."""
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.arg):
            found.add(one.arg)
        stack.extend(children(one))
    return found
