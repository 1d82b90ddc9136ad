"""A method gives an attribute a new value without releasing the open resource that it holds.

Why: `reset` and `reopen` look as if they cleaned up; each call leaks the old resource.

Bad:
    class Log:
        def __init__(self, path):
            self.file = open(path)
        def reopen(self, path):
            self.file = open(path)  # LKR403
        def close(self):
            self.file.close()

Good:
    class Log:
        def __init__(self, path):
            self.file = open(path)
        def reopen(self, path):
            self.file.close()
            self.file = open(path)
        def close(self):
            self.file.close()

Fix: none yet; release the old one first.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.attributes import RELEASE_METHODS
from leaklint.analysis.facts import is_test_class
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import FunctionNode
from leaklint.analysis.owners import BUILDERS, Owner
from leaklint.model.finding import Finding
from leaklint.model.source import Source
from leaklint.rules.rule import Rule

OPENING = frozenset(("__enter__", "__aenter__", "open", "connect", "start"))  # they begin anew what was released


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the assignments that drop what the attribute held since the object was made."""
    for owner in module.owners:
        if owner.is_closed and not is_test_class(owner):
            yield from _check(owner, module.source)


def _check(owner: Owner, source: Source) -> Iterator[Finding]:
    builders = owner.builders()
    held = {one.attribute for one in owner.keeps() if one.method in BUILDERS}
    for statement in owner.node.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if statement.name in builders | RELEASE_METHODS | OPENING or statement.name in _closing(owner):
            continue
        for name in sorted(held):
            for target in _overwrites(owner, statement, name):
                text = f"`self.{name}` is still open when `{statement.name}` gives it a new value; release the old one first"
                yield Finding(rule.code, source.span(target), text)


def _closing(owner: Owner) -> set[str]:
    """Give the methods that release methods call: what they overwrite is released there."""
    return owner.reached(owner.release_methods()).calls


def _overwrites(owner: Owner, method: FunctionNode, name: str) -> list[ast.expr]:
    """Give the plain assignments to an attribute in a method that neither releases nor tests it."""
    if name in owner.reached([method.name]).released or _is_tested(method, name):
        return []
    found: list[ast.expr] = []
    for one in ast.walk(method):
        if isinstance(one, ast.Assign):
            is_new = isinstance(one.value, ast.Call) or (isinstance(one.value, ast.Constant) and one.value.value is None)
            found += [target for target in one.targets if is_new and _is_attribute(target, name)]
    return found


def _is_attribute(node: ast.expr, name: str) -> bool:
    return (
        isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.value, ast.Name) and node.value.id == "self"
    )


def _is_tested(method: FunctionNode, name: str) -> bool:
    tests = [one.test for one in ast.walk(method) if isinstance(one, ast.If | ast.While | ast.IfExp)]
    return any(isinstance(one, ast.Attribute) and one.attr == name for test in tests for one in ast.walk(test))


rule = Rule("LKR403", "attribute-overwritten-while-open", "an attribute gets a new value while it is open", "none", check)
