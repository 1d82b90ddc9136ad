"""A test module opens a resource while it is collected: in the body of a test class, among the arguments of parametrize.

Why: it is open before the first test runs, also where no test of the module runs at all, and nobody can release it.

Bad:
    import httpx
    class TestApi:
        client = httpx.Client()  # LKR310

Good:
    import httpx, pytest
    class TestApi:
        @pytest.fixture(scope="class")
        @classmethod
        def client(cls):
            with httpx.Client() as client:
                yield client

Fix: none by default; unsafe: a fixture of the class (`setUpClass` in unittest), where only its tests use the attribute.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.collected_plan import opened_by, plan_of_class
from leaklint.analysis.facts import Obligation, is_real
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import children, terminal, walk
from leaklint.analysis.registrations import RELEASES
from leaklint.analysis.setups import is_test_class
from leaklint.model.finding import Finding, Step
from leaklint.model.fix import Fix
from leaklint.rules.rule import Rule
from leaklint.rules.wording import opening, subject


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report what the module's own body acquires inside a test class or a decorator of parameters."""
    classes = [one for one in walk(module.source.tree) if isinstance(one, ast.ClassDef)] if _has_module_facts(module) else []
    found = [
        one
        for facts in module.bodies
        if facts.function is None
        for one in facts.obligations
        if is_real(one) and not one.history.releases and not one.history.enters
        if _is_collected(one, classes) and _is_opened(one, module)
    ]
    for one in {one.node: one for one in reversed(found)}.values():  # once a call, whatever it gives
        text = f"{subject(one)} is opened while the tests are collected; open it in a fixture"
        yield opening(one, rule.code, text, (Step(one.line, "acquired here"),), _fix(one, found, classes, module))


def _fix(one: Obligation, found: list[Obligation], classes: list[ast.ClassDef], module: ModuleFacts) -> Fix | None:
    owner = next((node for node in classes if one.statement in node.body), None)
    if owner is None:
        return None
    siblings = {other: opened_by(other) for other in found if other.statement in owner.body}
    known = [other for other in siblings.values() if other is not None]
    opened = siblings[one]
    return plan_of_class(opened, known, owner, module) if opened is not None and len(known) == len(siblings) else None


def _has_module_facts(module: ModuleFacts) -> bool:
    return any(facts.function is None and facts.obligations for facts in module.bodies)


def _is_opened(one: Obligation, module: ModuleFacts) -> bool:
    """Say whether it is open at once, or a method that opens it is called on what the statement binds."""
    opening, statement = one.site.resource.opened_by, one.statement
    if not opening or one.history.openings:
        return True
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = {terminal(target) for target in targets}
    calls = (node.func for node in walk(module.source.tree) if isinstance(node, ast.Call))
    return any(isinstance(node, ast.Attribute) and node.attr in opening and terminal(node.value) in names for node in calls)


def _is_collected(one: Obligation, classes: list[ast.ClassDef]) -> bool:
    statement = one.statement
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return any(_is_parameters(decorator, one.node) for decorator in statement.decorator_list)
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if value is None or not _holds(value, one.node):
        return False
    around = [node for node in classes if statement in node.body]
    return any(is_test_class(node) and not _releases(node, statement) for node in around)


def _is_parameters(decorator: ast.expr, node: ast.expr) -> bool:
    if terminal(decorator) not in ("parametrize", "fixture", "expand", "parameterized", "parameterized_class"):
        return False
    return isinstance(decorator, ast.Call) and any(
        _holds(value, node) for value in [*decorator.args, *(one.value for one in decorator.keywords)]
    )


def _holds(value: ast.expr, node: ast.expr) -> bool:
    """Say whether a value is a node, or a literal container (or `pytest.param`) of it; what is made of it does not count."""
    match value:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return any(_holds(one, node) for one in elements)
        case ast.Call(args=arguments) if terminal(value) == "param":
            return any(_holds(one, node) for one in arguments)
        case _:
            return value is node


def _releases(node: ast.ClassDef, statement: ast.stmt) -> bool:
    """Say whether the class itself releases what a statement of its body binds."""
    names = {one.id for one in walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        match one:
            case ast.Attribute(value=ast.Attribute(attr=name) | ast.Name(id=name), attr=attr):
                if attr in RELEASES and name in names:
                    return True
            case _:
                pass
        stack.extend(children(one))
    return False


rule = Rule("LKR310", "opened-at-collection", "a test module opens it while it is collected", "none by default", check)
