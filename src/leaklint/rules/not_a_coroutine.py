"""A function stands where a coroutine belongs: it was not called.

Why: `asyncio.run(main)` raises, and nothing of main runs.

Bad:
    import asyncio
    async def main(): ...
    asyncio.run(main)  # LKR210

Good:
    import asyncio
    async def main(): ...
    asyncio.run(main())

Fix: add `()`, where the function needs no arguments.
"""

import ast
import re
from collections.abc import Iterator

from leaklint.analysis.facts import Facts
from leaklint.analysis.generators import yields
from leaklint.analysis.loops import LoopCall, arguments, definition_of, loop_calls, own_nodes
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import terminal
from leaklint.analysis.receivers import method_behind
from leaklint.model.finding import Finding
from leaklint.model.fix import Fix, Replace
from leaklint.rules.rule import Rule

AWAITED = re.compile(r"\bawait\s+[A-Za-z_]\w*(?:\.\w+)*[ \t]*(?:#.*)?$", re.MULTILINE)


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report functions that are passed for coroutines."""
    for call in loop_calls(module):
        if call.facts.is_expected(call.op.line):
            continue
        for argument in arguments(call, call.summary.coroutines):
            found = _finding(call, argument, module)
            if found is not None:
                yield found
    if "await" in module.source.text and AWAITED.search(module.source.text):
        yield from _awaited(module)


def _awaited(module: ModuleFacts) -> Iterator[Finding]:
    """Report functions that are awaited without being called."""
    lines = {module.source.text.count("\n", 0, found.start()) + 1 for found in AWAITED.finditer(module.source.text)}
    for facts in module.facts_on(lines):
        for node, _ in own_nodes(facts.body):
            if isinstance(node, ast.Await) and node.lineno in lines and isinstance(node.value, ast.Name | ast.Attribute):
                found = _of_function(node.value, "`await` gets", facts, module)
                if found is not None and isinstance(definition_of(node.value, facts, module), ast.AsyncFunctionDef):
                    yield found


def _finding(call: LoopCall, argument: ast.expr, module: ModuleFacts) -> Finding | None:
    span = module.source.span(argument)
    callee = terminal(call.node)
    if isinstance(argument, ast.Lambda):
        return Finding(rule.code, span, f"`{callee}` gets a lambda, not a coroutine; pass the coroutine itself")
    if isinstance(argument, ast.Call) and call.facts.scope.dotted(argument.func) == "functools.partial":
        return Finding(rule.code, span, f"`{callee}` gets a partial, not a coroutine; call it")
    return _of_function(argument, f"`{callee}` gets", call.facts, module)


def _of_function(argument: ast.expr, what: str, facts: Facts, module: ModuleFacts) -> Finding | None:
    node = definition_of(argument, facts, module) or method_behind(argument, facts, module)
    if node is None or node.decorator_list or (isinstance(argument, ast.Name) and facts.scope.is_local(argument.id)):
        return None
    span, name = module.source.span(argument), ast.unparse(argument)
    text = f"{what} the function `{name}`, not a coroutine; call it: `{name}()`"
    skipped = 1 if isinstance(argument, ast.Attribute) else 0
    required = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults) - skipped
    is_coroutine = isinstance(node, ast.AsyncFunctionDef) and not yields(node)
    if isinstance(node, ast.AsyncFunctionDef) and not is_coroutine:
        text = f"{what} the generator function `{name}`, not a coroutine"
    is_simple = required <= 0 and all(node.args.kw_defaults) and is_coroutine
    fix = Fix(Replace(span, f"{module.source.segment(span)}()")) if is_simple else None
    return Finding(rule.code, span, text, (), fix)


rule = Rule("LKR210", "not-a-coroutine", "a function stands where a coroutine belongs", "add ()", check)
