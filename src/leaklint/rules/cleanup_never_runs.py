"""A generator, or a context manager, is called as a bare statement; a fixture yields a second time.

Why: calling a generator function runs nothing of it; what stands after a fixture's second `yield` never runs.

Bad:
    import pytest
    def cleaned(path):
        yield
        path.unlink()
    @pytest.fixture
    def path(tmp_path):
        cleaned(tmp_path / "a")  # LKR309
        return tmp_path / "a"

Good:
    import pytest
    def cleaned(path):
        yield
        path.unlink()
    @pytest.fixture
    def path(tmp_path):
        yield from cleaned(tmp_path / "a")

Fix: none; `yield from` it, or enter it.
"""

import ast
import re
from collections.abc import Iterator

from leaklint.analysis import bodies
from leaklint.analysis.fixtures import Fixture, own_yields
from leaklint.analysis.graph import Block, Graph, successors
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, Scope, children, function_scope, terminal, walk
from leaklint.analysis.ops import Yield
from leaklint.analysis.prefilter import WORD_ENDS, lines_with
from leaklint.model.finding import Finding
from leaklint.rules.rule import Rule

MISSING = ("ImportError", "ModuleNotFoundError")
BARE = re.compile(r"^[ \t]+(?:await[ \t]+)?(?:\w+\.)*(\w+)\(", re.MULTILINE)


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report bare calls of generator functions, and yields after a fixture's first."""
    yield from _second_yields(module)
    yielding = module.functions_on(lines_with({"yield"}, module.source.text, WORD_ENDS))
    called = set(BARE.findall(module.source.text)) if yielding else set()
    makers = {one.node.name for one in yielding if one.node.name in called and _is_maker(one.node)}
    fixtures = {one.function for one in module.fixtures}
    for function in module.functions:
        if function.outer is None and (makers or function in fixtures):
            yield from _bare_calls(module, function, makers, function in fixtures)


def _second_yields(module: ModuleFacts) -> Iterator[Finding]:
    for fixture in module.fixtures:
        if len(fixture.yields) < 2:
            continue
        spare = _spare_yields(fixture)
        graph = module.facts(fixture.function).solution.setting.graph
        for line in sorted(_later_yields(graph)):
            node = next((one for one in fixture.yields if one.lineno == line), None)
            if node is not None and node not in spare:
                text = "a second `yield` of the fixture: pytest stops here with an error, and what follows never runs"
                yield Finding(rule.code, module.source.span(node), text)


def _spare_yields(fixture: Fixture) -> set[ast.AST]:
    """Give the yields of a handler for what fails before the try comes to a yield of its own."""
    found: set[ast.AST] = set()
    for node in walk(fixture.node):
        if isinstance(node, ast.Try):
            is_early = _fails_early(node)
            for handler in node.handlers:
                if is_early or (handler.type is not None and terminal(handler.type) in MISSING):
                    found.update(one for one in walk(handler) if isinstance(one, ast.Yield))
    return found


def _fails_early(node: ast.Try) -> bool:
    """Say whether the body of a try calls something before it yields."""
    for statement in node.body:
        if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in walk(statement)):
            return False
        if any(isinstance(one, ast.Call) for one in walk(statement)):
            return True
    return False


def _later_yields(graph: Graph) -> set[int]:
    """Give the lines of the yields that another yield leads to."""
    found: set[int] = set()
    for block in graph.blocks:
        for index, op in enumerate(block.ops):
            if isinstance(op, Yield):
                after = [one.line for one in block.ops[index + 1 :] if isinstance(one, Yield)]
                found.update(line for line in [*after, *_reached(_following(block, index))] if line > op.line)
    return found


def _following(block: Block, index: int) -> list[Block]:
    """Give the blocks to which an operation of a block may lead: to a handler only where a later one may raise."""
    if any(raised is not None for raised in block.raises[index + 1 :]):
        return successors(block)
    return successors(Block(block.number, block.frame, end=block.end))


def _reached(first: list[Block]) -> Iterator[int]:
    seen: set[Block] = set()
    waiting = [*first]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            yield from (op.line for op in one.ops if isinstance(op, Yield))
            waiting.extend(successors(one))


def _bare_calls(module: ModuleFacts, function: Function, makers: set[str], is_fixture: bool) -> Iterator[Finding]:
    """Find the bare calls of a function; in a fixture, those of other modules' generators too."""
    scope = function_scope(function, module.scope)
    stack: list[ast.AST] = list(reversed(function.node.body))
    while stack:
        node = stack.pop()
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call) if name in makers:
                found = scope.definition(name)
                if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) or not _is_maker(found):
                    continue
                if not module.facts(function).is_expected(call.lineno):
                    yield _finding(module, call, found)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)) as call):
                own = [one for one in module.functions if one.owner is function.owner is not None and one.node.name == name]
                if name in makers and len(own) == 1 and _is_maker(own[0].node):
                    yield _finding(module, call, own[0].node)
            case ast.Expr(value=ast.Call(func=ast.Name() | ast.Attribute() as callee) as call) if is_fixture:
                definition = _imported(callee, scope, module)
                if definition is not None and _is_maker(definition):
                    yield _finding(module, call, definition)
            case _:
                pass
        stack.extend(reversed(children(node)))


def _imported(callee: ast.expr, scope: Scope, module: ModuleFacts) -> FunctionNode | None:
    """Give the function of another first-party module that an expression means."""
    dotted = scope.dotted(callee)
    found = module.project.find(dotted) if dotted is not None and not dotted.startswith("builtins.") else None
    definition = found[0].scope.definition(found[1]) if found is not None else None
    return definition if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef) else None


def _is_maker(node: FunctionNode) -> bool:
    """Say whether calling a function runs nothing of it: a generator function, or a context manager's."""
    names = {terminal(one) for one in node.decorator_list}
    if names and not names <= bodies.MANAGERS | {"staticmethod", "classmethod"}:
        return False
    return next(own_yields(node), None) is not None


def _finding(module: ModuleFacts, call: ast.Call, node: FunctionNode) -> Finding:
    is_manager = any(terminal(one) in bodies.MANAGERS for one in node.decorator_list)
    what, cure = ("context manager", "enter it in a `with`") if is_manager else ("generator", "`yield from` it, or iterate it")
    text = f"calling the {what} `{node.name}` runs nothing of it; {cure}"
    return Finding(rule.code, module.source.span(call), text)


rule = Rule("LKR309", "cleanup-never-runs", "a generator called as a statement; a second yield in a fixture", "none", check)
