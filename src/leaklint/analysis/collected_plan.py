"""The fix of what a test module opens while it is collected: a fixture of the same extent, asked for by each test that uses it.

It sees this module only. Where anything but a test or a fixture of it uses the name, there is no fix.
"""

import ast
import os
import re
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from leaklint.analysis.bodies import FIXTURES, decorators
from leaklint.analysis.extent import acquired_value, single_target
from leaklint.analysis.facts import Obligation, names_in
from leaklint.analysis.fixtures import fixture_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import LAMBDA, Function, children, function_scope, terminal, walk
from leaklint.analysis.setup_plan import ENTER, REGISTER, SINCE
from leaklint.analysis.way import Way, way_of
from leaklint.model.data import dataclass
from leaklint.model.fix import AddParameter, Applicability, Fix, Remove, Replace, Several, Single, ToFunction

NARROWER = {"module": ("function", "class", "module"), "class": ("function", "class")}
CASES = ("unittest.TestCase", "unittest.IsolatedAsyncioTestCase")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a statement opens at collection, `name = value`, and how it can be released."""

    statement: ast.stmt
    value: ast.expr
    way: Way
    method: str | None  # that releases it


def opened_by(one: Obligation) -> Opened | None:
    """Give what an acquisition opens, where its statement binds it and nothing else."""
    name, value = single_target(one.statement), acquired_value(one)
    way = way_of(one, name)
    if name is None or value is not one.node or way is None or one.site.resource.is_loop or one.history.is_captured:
        return None
    resource = one.site.resource
    return Opened(one.statement, value, way, resource.first_release if resource.first_release in resource.releases else None)


def plan_of_module(opened: Opened, module: ModuleFacts) -> Fix | None:
    """Give the fix of a name of a test module: a module-wide fixture."""
    name = single_target(opened.statement)
    stem = os.path.basename(module.source.path).removesuffix(".py")
    is_test_module = stem.startswith("test_") or stem.endswith("_test")
    if name is None or not is_test_module or opened.statement not in module.source.tree.body:
        return None
    new, users = _new_name(name, module), _users(name, module)
    if not users or new is None:
        return None
    edits: list[Single] = [AddParameter(module.source.span(one.node), new) for one in users]
    if new != name:
        edits += [Replace(module.source.span(node), new) for one in users for node in _mentions(name, one)]
    return _fixture(opened, new, "module", edits, module)


def plan_of_class(opened: Opened, siblings: Sequence[Opened], owner: ast.ClassDef, module: ModuleFacts) -> Fix | None:
    """Give the fix of an attribute of a test class: a fixture for the class, in unittest a set-up for all such attributes."""
    if owner.bases and all(module.scope.dotted(base) in CASES for base in owner.bases):
        return _setup(siblings, owner, module) if all(_can_move(one, owner) for one in siblings) else None
    name = single_target(opened.statement)
    if name is None or not _can_move(opened, owner) or not _is_plain(owner):
        return None
    new = _new_name(name, module)
    edits = _attribute_edits(name, new, owner, module) if new is not None else None
    return _fixture(opened, new, "class", edits, module) if edits and new is not None else None


def _can_move(opened: Opened, owner: ast.ClassDef) -> bool:
    """Say whether a value can be made in a function of its class: neither it nor the class's body needs the other's names."""
    bound = {node.id for one in owner.body for node in walk(one) if _is_stored(node)}
    bound |= {one.name for one in owner.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    name = single_target(opened.statement)
    return name is not None and not bound & names_in(opened.value) and not _is_read_in_class(name, owner, opened.statement)


def _fixture(opened: Opened, name: str, scope: str, edits: list[Single], module: ModuleFacts) -> Fix | None:
    """Give the edits that turn the statement into a fixture, beside those of its users."""
    decorator = _decorator(module)
    text = _value(opened, module)
    if decorator is None or text is None:
        return None
    head = [f'@{decorator[0]}(scope="{scope}")', f"def {name}():"]
    if scope == "class":  # there is no instance yet, for which pytest 9 would warn
        head[1:] = ["@classmethod", f"def {name}(cls):"]
    if opened.way.opener is not None:
        wrapper = opened.way.opener.wrapper
        body = [f"with {f'{wrapper}({text})' if wrapper else text} as {name}:", f"    yield {name}"]
    else:
        body = [f"{name} = {text}", f"yield {name}", *opened.way.lines]
    made = ToFunction(module.source.span(opened.statement), _lines(head, body))
    return Fix(Several((made, *edits)), Applicability.UNSAFE, (*opened.way.imports, *decorator[1]))


def _setup(siblings: Sequence[Opened], owner: ast.ClassDef, module: ModuleFacts) -> Fix | None:
    """Give the edits that turn the statements of a class into its `setUpClass`."""
    has_one = any(isinstance(one, ast.FunctionDef) and one.name in ("setUpClass", "tearDownClass") for one in owner.body)
    bodies = [_entered(one, module) for one in siblings]
    if has_one or None in bodies:
        return None
    body = [line for lines in bodies for line in lines or ()]
    span = module.source.span
    made = ToFunction(span(siblings[0].statement), _lines(["@classmethod", "def setUpClass(cls):"], body))
    return Fix(Several((made, *(Remove(span(one.statement)) for one in siblings[1:]))), Applicability.UNSAFE)


def _entered(opened: Opened, module: ModuleFacts) -> list[str] | None:
    """Give the lines that open something for a class of unittest, and register its release."""
    name, text, opener = single_target(opened.statement), _value(opened, module), opened.way.opener
    if name is None or text is None:
        return None
    if module.target >= SINCE and opener is not None and opener.wrapper is None:
        return [f"cls.{name} = cls.{ENTER['setUpClass']}({text})"]
    if opened.method is None:
        return None
    return [f"cls.{name} = {text}", f"cls.{REGISTER['setUpClass']}(cls.{name}.{opened.method})"]


def _lines(head: Sequence[str], body: Sequence[str]) -> tuple[str, ...]:
    """Give the lines of a function, those of its body indented."""
    return tuple("\n".join([*head, *("    " + one.replace("\n", "\n    ") for one in body)]).split("\n"))


def _decorator(module: ModuleFacts) -> tuple[str, tuple[str, ...]] | None:
    """Give the name of pytest's decorator, and the import that it needs."""
    bindings = module.scope.bindings
    for name, dotted in bindings.imports.items():
        if dotted in ("pytest", "pytest.fixture"):
            return (f"{name}.fixture" if dotted == "pytest" else name), ()
    return None if bindings.binds("pytest") else ("pytest.fixture", ("pytest",))


def _value(opened: Opened, module: ModuleFacts) -> str | None:
    """Give the code of the value, its further lines as far from the margin as a statement of the module."""
    text = module.source.segment(module.source.span(opened.value))
    first, *rest = text.split("\n")
    if rest and ('"""' in text or "'''" in text):
        return None
    return "\n".join([first, *(line.removeprefix(" " * opened.statement.col_offset) for line in rest)])


def _new_name(name: str, module: ModuleFacts) -> str | None:
    """Give the name of the fixture: a constant's in small letters, None where the module mentions that already."""
    if not name.isupper():
        return name
    return None if name.lower() in names_in(module.source.tree) or module.scope.bindings.binds(name.lower()) else name.lower()


# --- users --------------------------------------------------------------------------------------------------------------


def _users(name: str, module: ModuleFacts) -> list[Function] | None:
    """Give the tests and fixtures that read a name of the module, None where anything else mentions it."""
    users, inside = [], 0
    for one in _outermost(module):
        count = len(_mentions(name, one))
        inside += count
        bindings = function_scope(one, module.scope).bindings
        if name in bindings.parameters or name in bindings.outside:
            return None  # a fixture of that name exists already, or the name is bound anew
        if count and not bindings.binds(name):
            if not _can_ask(one, "module", module):
                return None
            users.append(one)
    total = sum(isinstance(node, ast.Name) and node.id == name for node in walk(module.source.tree))
    is_asked = re.search(rf"(usefixtures|getfixturevalue)\([^)]*[\"']{name}[\"']", module.source.text)
    return users if total == inside + 1 and is_asked is None else None


def _mentions(name: str, function: Function) -> list[ast.Name]:
    """Give the mentions of a name in the body of a function."""
    found = (node for part in function.node.body for node in walk(part))
    return [node for node in found if isinstance(node, ast.Name) and node.id == name]


def _attribute_edits(name: str, new: str, owner: ast.ClassDef, module: ModuleFacts) -> list[Single] | None:
    """Give the edits of the methods that read an attribute of the class, None where anything else may do so."""
    derived = [node for node in walk(module.source.tree) if isinstance(node, ast.ClassDef) and _derives(node, owner)]
    if derived:
        return None
    edits: list[Single] = []
    span = module.source.span
    for one in _outermost(module):
        if one.owner is owner:
            found = [node for part in one.node.body for node in walk(part) if _is_attribute(node, name)]
            own = [node for node in found if terminal(node.value) == _receiver(one) and isinstance(node.value, ast.Name)]
            bindings = function_scope(one, module.scope).bindings
            if any(not isinstance(node.ctx, ast.Load) for node in own):
                return None
            if own and (bindings.binds(new) or not _can_ask(one, "class", module)):
                return None
            edits += [AddParameter(span(one.node), new)] if own else []
            edits += [Replace(span(node), new) for node in own]
    if any(_is_attribute(node, name) and terminal(node.value) in (owner.name, "cls") for node in walk(module.source.tree)):
        return None
    return edits


def _outermost(module: ModuleFacts) -> Iterator[Function]:
    return (one for one in module.functions if one.outer is None and one.node.name != LAMBDA)


def _is_attribute(node: ast.AST, name: str) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr == name


def _receiver(function: Function) -> str:
    arguments = function.node.args.args
    return arguments[0].arg if arguments and function.is_method else ""


def _can_ask(function: Function, scope: str, module: ModuleFacts) -> bool:
    """Say whether pytest gives a function what its parameters name: a test or a fixture, decorated by nobody unknown."""
    if function.owner is not None and not (_is_plain(function.owner) and function.is_method):
        return False
    for decorator in function.node.decorator_list:
        dotted = module.scope.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
        if dotted.partition(".")[0] not in ("pytest", "pytest_asyncio") and not dotted.startswith("unittest.mock."):
            return False
    if decorators(function) & FIXTURES:
        fixture = fixture_of(function, module.scope)
        return fixture is not None and fixture.scope in NARROWER[scope]
    return function.node.name.startswith("test")


def _is_plain(owner: ast.ClassDef) -> bool:
    """Say whether pytest itself runs a class, and no base of it has a say."""
    return owner.name.startswith("Test") and not owner.keywords and all(terminal(base) == "object" for base in owner.bases)


def _derives(node: ast.ClassDef, owner: ast.ClassDef) -> bool:
    return any(terminal(base) == owner.name for base in node.bases)


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)


def _is_read_in_class(name: str, owner: ast.ClassDef, statement: ast.stmt) -> bool:
    """Say whether the body of a class itself, or the head of a method, mentions a name again."""
    stack: list[ast.AST] = [one for one in owner.body if one is not statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and node.id == name:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            stack += [*node.decorator_list, node.args]
        else:
            stack += children(node)
    return False
