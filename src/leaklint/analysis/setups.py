"""Set-ups and their teardowns: which functions a test runner calls around the tests of a class or module, as one body.

It knows the names that unittest and pytest give them, and the bases of a class over modules; what a base that is not
first-party may release is not judged, unless it is a framework's.
"""

import ast
from collections.abc import Iterator, Sequence

from leaklint.analysis import bodies
from leaklint.analysis.attributes import own_attributes
from leaklint.analysis.events import is_release
from leaklint.analysis.facts import Facts, Obligation, is_real
from leaklint.analysis.lower_sequence import REGISTERING, Stage, lower_sequence
from leaklint.analysis.names import Function, Scope, function_scope, terminal, walk
from leaklint.analysis.ops import Call
from leaklint.analysis.ownership import solve_ownership
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.values import Site, is_patcher
from leaklint.model.data import dataclass

CLASS_WIDE = ("setUpClass", "setup_class", "setUpTestData")
EACH = ("setUp", "asyncSetUp", "setup_method", "setup")
MODULE_WIDE = ("setUpModule", "setup_module")
COUNTERPARTS = {
    "setUp": ("tearDown", "asyncTearDown"),
    "asyncSetUp": ("asyncTearDown", "tearDown"),
    "setUpClass": ("tearDownClass",),
    "setUpTestData": ("tearDownClass",),
    "setup_class": ("teardown_class",),
    "setup_method": ("teardown_method",),
    "setup": ("teardown",),
    "setUpModule": ("tearDownModule",),
    "setup_module": ("teardown_module",),
}
TEARDOWNS = ("asyncTearDown", "tearDown", "teardown_method", "teardown", "teardown_class", "tearDownClass")
FRAMEWORKS = frozenset(  # top-level modules whose classes know nothing of what their subclasses open
    (
        "unittest",
        "object",
        "django",
        "rest_framework",
        "tornado",
        "twisted",
        "testtools",
        "asynctest",
        "aiohttp",
        "flask_testing",
    )
) | frozenset(("parameterized", "absl", "wagtail", "fixtures", "testfixtures", "builtins", "typing", "abc"))


@dataclass(frozen=True, slots=True)
class Family:
    """A class and its bases, nearest first, each with its module; `is_closed` where no base is unknown that may release."""

    members: tuple[tuple[ModuleProject, ast.ClassDef], ...]
    is_closed: bool

    @property
    def functions(self) -> Iterator[Function]:
        """The methods of the classes, those of the nearest class first."""
        for project, node in self.members:
            yield from (one for one in project.functions if one.owner is node)


def family_of(node: ast.ClassDef, project: ModuleProject) -> Family:
    """Give a class of a module with its bases, over modules."""
    members: list[tuple[ModuleProject, ast.ClassDef]] = []
    waiting = [(project, node)]
    is_closed = True
    while waiting:
        home, one = waiting.pop(0)
        if any(one is known for _, known in members):
            continue
        members.append((home, one))
        for base in one.bases:
            found = home.class_of(base)
            if found is not None:
                waiting.append(found)
            else:
                dotted = home.scope.dotted(base)
                is_closed &= dotted is not None and home.external(dotted).partition(".")[0] in FRAMEWORKS
    return Family(tuple(members), is_closed)


@dataclass(frozen=True, eq=False)
class Run:
    """What runs around the tests of a class or module, solved as one body.

    `teardowns` are the names of the teardown functions that exist.
    """

    setups: tuple[Function, ...]
    teardowns: frozenset[str]
    is_closed: bool  # no base that we do not know
    obligations: tuple[Obligation, ...]
    after: tuple[Function, ...]
    helpers: tuple[Function, ...]  # methods of the module that the set-up or the teardown calls
    others: tuple[Function, ...]  # methods that neither the set-up nor the teardown calls, tests left out
    tests: tuple[Function, ...]

    def setup_of(self, obligation: Obligation) -> Function | None:
        """Give the set-up that acquires, or whose helper does; None where a teardown does."""
        function = obligation.facts.function
        if function is None or function.node.name in TEARDOWNS:
            return None
        return function if function in self.setups else self.setups[0]

    def teardowns_of(self, setup: Function) -> list[Function]:
        """Give the teardowns that run when a set-up has run."""
        return [one for one in self.after if one.node.name in COUNTERPARTS.get(setup.node.name, ())]

    def lines_of(self, setup: Function) -> set[int]:
        """Give the lines of a set-up and of the methods that it calls itself."""
        called = {one.attr for one in walk(setup.node) if isinstance(one, ast.Attribute)}
        parts = [setup, *(one for one in self.helpers if one.node.name in called)]
        return {line for one in parts for line in range(one.node.lineno, (one.node.end_lineno or 0) + 1)}

    def registration_of(self, setup: Function, obligation: Obligation) -> int | None:
        """Give the line at which a set-up registers what releases an acquisition: a lambda, or a function of its own."""
        releasing = {id(op.node) for op in obligation.history.releases if isinstance(op, Call)}
        for one in walk(setup.node):
            match one:
                case ast.Call(func=func, args=[what, *_]) if terminal(func) in REGISTERING:
                    if any(id(node) in releasing for body in self._bodies(what, setup) for node in walk(body)):
                        return one.lineno
                case _:
                    pass
        return None

    def _bodies(self, what: ast.expr, setup: Function) -> list[ast.AST]:
        if isinstance(what, ast.Lambda):
            return [what]
        nested = [one for one in walk(setup.node) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [one for one in (*nested, *(one.node for one in self.helpers)) if one.name == terminal(what)]

    def has_counterpart(self, setup: Function) -> bool:
        """Say whether a teardown exists that runs when this set-up has run."""
        return any(name in self.teardowns for name in COUNTERPARTS.get(setup.node.name, ()))


def is_setup(function: Function) -> bool:
    """Say whether a function is a set-up of unittest or pytest."""
    name, owner = function.node.name, function.owner
    if bodies.decorators(function) & bodies.FIXTURES:
        return False  # a fixture by the name `setup`
    if name in MODULE_WIDE:
        return owner is None and function.outer is None
    if (name not in CLASS_WIDE and name not in EACH) or owner is None:
        return False
    return ("_" not in name and name != "setup") or is_test_class(owner)


def is_test_class(node: ast.ClassDef) -> bool:
    """Say whether a class is one that a runner collects, by its name and its bases'; none with a constructor of its own."""
    if _is_left_out(node):
        return False
    names = [node.name, *(terminal(one) for one in node.bases)]
    ends = ("Test", "Tests", "TestCase", "TestBase", "Case")
    return any(one.startswith(("Test", "test")) or one.endswith(ends) for one in names)


def _is_left_out(node: ast.ClassDef) -> bool:
    for one in node.body:
        match one:
            case ast.Assign(targets=[ast.Name(id="__test__")], value=ast.Constant(value=False)):
                return True
            case ast.FunctionDef(name="__init__") if not node.bases:
                return True
            case _:
                pass
    return False


def runs(project: ModuleProject) -> Iterator[Run]:
    """Solve the set-ups of a module, each with its tests and its teardown, where a line in them can acquire."""
    functions = project.functions
    setups = [one for one in functions if is_setup(one)]
    if not setups:
        return
    nodes = list(dict.fromkeys(one.owner for one in functions if one.owner is not None))
    bases = {base.id for node in nodes for base in node.bases if isinstance(base, ast.Name)}
    classes = [one for one in project.scope.bindings.definitions.values() if isinstance(one, ast.ClassDef)]
    for node in dict.fromkeys([*nodes, *classes]):
        family = family_of(node, project)
        is_run = node.name not in bases or any(one.owner is node and one.node.name.startswith("test") for one in functions)
        own = {id(member) for home, member in family.members if home is project}
        is_worth = any(
            id(one.owner) in own and not _is_test(one) and project.vocabulary.may_acquire(one.node) for one in functions
        )
        if is_run and is_worth and any(id(one.owner) in own for one in setups):
            stage = _stage(family, project)
            yield _run(_called_by_runner((*CLASS_WIDE, *EACH), stage), stage, family.is_closed, project)
    before = [one for one in setups if one.owner is None]
    if any(project.vocabulary.may_acquire(one.node) for one in before):
        after = [one for one in functions if one.node.name in COUNTERPARTS[before[0].node.name] and one.owner is None]
        names = frozenset(name for one in before + after for name in function_scope(one, project.scope).bindings.outside)
        yield _run(before, Stage(project.scope, globals=names, prefix=""), True, project, after)


def fixture_run(function: Function, project: ModuleProject) -> Run:
    """Solve a fixture that stores on `self` (or `request.cls`), with the teardown of its class."""
    if function.owner is None:
        return _run([function], Stage(project.scope), True, project)
    family = family_of(function.owner, project)
    return _run([function], _stage(family, project), family.is_closed, project)


def _stage(family: Family, project: ModuleProject) -> Stage:
    methods: dict[str, list[Function]] = {}
    for function in family.functions:
        if not bodies.decorators(function) & {"property", "staticmethod", "cached_property"}:
            methods.setdefault(function.node.name, []).append(function)
    scopes = {one.node: home.scope for home, _ in family.members if home is not project for one in home.functions}
    fixtures = frozenset(name for name, several in methods.items() if bodies.decorators(several[0]) & bodies.FIXTURES)
    return Stage(project.scope, tuple(node for _, node in family.members), methods, scopes=scopes, fixtures=fixtures)


def _run(
    before: list[Function], stage: Stage, is_closed: bool, project: ModuleProject, teardowns: Sequence[Function] | None = None
) -> Run:
    after = _called_by_runner(TEARDOWNS, stage) if teardowns is None else [*teardowns]
    sequenced = lower_sequence(before, after, stage)
    scope = Scope(sequenced.bindings, stage.module)
    setting = Setting(project.catalogue, project, scope, sequenced.graph, Body.FIXTURE, {})
    functions = [*before, *after, *(one for several in stage.methods.values() for one in several)]
    env: bodies.Names = {}
    for one in [*reversed(functions), *reversed(before)]:
        env |= bodies.starting_names(one, function_scope(one, stage.module), project.catalogue, project.path)
    solution = solve_ownership(setting, env, {})
    own = [one for one in functions if one.node not in stage.scopes]
    facts: dict[Function, Facts] = {}
    for site, history in solution.record.histories.items():
        function = _around(site, own)
        if site.parameter is None and site.statement is not None and function is not None:
            known = facts.setdefault(function, Facts(project.source, project, function, True, solution))
            known.obligations.append(Obligation(known, site, history))
    found = [one for known in facts.values() for one in known.obligations]
    found.sort(key=lambda one: (one.node.lineno, one.node.col_offset, one.site.element or 0, one.site.label))
    ends = {one.node for one in (*before, *after)}
    helpers = tuple(one for one in own if one.node in sequenced.functions and one.node not in ends)
    others = tuple(one for one in functions if one.node not in sequenced.functions and not _is_test(one))
    names = frozenset(one.node.name for one in after)
    tests = tuple(one for one in functions if _is_test(one))
    return Run(tuple(before), names, is_closed, tuple(found), tuple(after), helpers, others, tests)


def _called_by_runner(names: Sequence[str], stage: Stage) -> list[Function]:
    """Give the methods by some names; what one of the others calls (`await self.setup()`), the runner does not call again."""
    found = [stage.methods[name][0] for name in names if name in stage.methods]
    called = {
        (one.node, node.func.attr)
        for one in found
        for node in walk(one.node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and own_attributes(node.func, "self")
    }
    return [one for one in found if not any(name == one.node.name and by is not one.node for by, name in called)]


def _around(site: Site, functions: Sequence[Function]) -> Function | None:
    """Give the function in which an acquisition stands."""
    return next((one for one in functions if any(node is site.statement for node in walk(one.node))), None)


def _is_test(function: Function) -> bool:
    return function.node.name.startswith("test")


def left_open(found: Sequence[Run], text: str) -> Iterator[tuple[Function, Obligation, Run]]:
    """Yield each acquisition of a set-up that its teardown leaves open, once, with the set-up; `text` is the module's."""
    seen: set[tuple[ast.expr, int | None]] = set()
    for run in found:
        for one in run.obligations:
            setup = run.setup_of(one)
            key = (one.node, one.site.element)
            if setup is None or key in seen or not one.is_open_at_return or not is_real(one):
                continue
            if one.is_misreleased or one.is_removed_somewhere:
                continue
            kept = {name.removeprefix("self.") for name in one.history.names if name.startswith("self.")}
            if kept and (not run.is_closed or any(_releases(other, kept, one) for other in run.others)):
                continue  # a base that we do not know, or whoever calls that method, may release it
            if kept and run.tests and all(_releases(test, kept, one) for test in run.tests):
                continue  # every test does
            if not one.is_named and not one.history.openings:
                continue  # LKR104 speaks of what has no name
            if is_patcher(one.site.resource) and ("stopall" in text or _stops_all(run)):
                continue
            seen.add(key)
            yield setup, one, run


def _stops_all(run: Run) -> bool:
    """Say whether a method of a base, perhaps in another module, stops every patcher."""
    methods = (*run.setups, *run.after, *run.others)
    return any(isinstance(node, ast.Attribute) and node.attr == "stopall" for one in methods for node in walk(one.node))


def _releases(function: Function, attributes: set[str], obligation: Obligation) -> bool:
    """Say whether a method calls, or hands on, a release of one of the attributes."""
    for node in walk(function.node):
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(), attr=attribute), attr=method):
                if attribute in attributes and is_release(obligation.site, method):
                    return True
            case _:
                pass
    return False
