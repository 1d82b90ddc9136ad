"""Release methods that ask whether there is anything to call: `if hasattr(self.backend, "close"): ...`.

Read from the syntax: which attribute is asked for which method, and of which class the attribute is meant to be.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.callee import is_closing
from leaklint.analysis.names import FunctionNode, terminal, walk
from leaklint.analysis.owners import BUILDERS
from leaklint.analysis.release_words import RELEASING
from leaklint.model.data import dataclass

PROBES = frozenset(("hasattr", "getattr"))


@dataclass(frozen=True, slots=True)
class Probe:
    """A release method whose only release is one that an attribute may turn out not to have."""

    method: FunctionNode
    attribute: str
    asked: frozenset[str]  # the methods


def probes(node: ast.ClassDef, names: frozenset[str]) -> Iterator[Probe]:
    """Yield the release methods of a class, of these names, that do nothing but ask one of its attributes."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name in names:
            found = [pair for one in walk(method) if (pair := _asked(one, names)) is not None]
            attributes = {attribute for attribute, _ in found}
            if len(attributes) == 1 and not _releases_more(method, attributes):
                yield Probe(method, found[0][0], frozenset(name for _, name in found))


def _asked(node: ast.AST, names: frozenset[str]) -> tuple[str, str] | None:
    match node:
        case ast.Call(
            func=ast.Name(id=function),
            args=[ast.Attribute(value=ast.Name(id="self"), attr=attribute), ast.Constant(value=str(name)), *_],
        ) if function in PROBES and (name in RELEASING or name in names):
            return attribute, name
        case _:
            return None


def _releases_more(method: FunctionNode, asked: set[str]) -> bool:
    """Say whether a method may release anything but the attribute that it asks."""
    bound = {one.id for one in walk(method) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return any(_releases_other(one, asked, bound) for one in walk(method))


def _releases_other(node: ast.AST, asked: set[str], bound: set[str]) -> bool:
    match node:
        case ast.With() | ast.AsyncWith():
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=attribute), attr=name)):
            return attribute not in asked and name in RELEASING
        case ast.Call(func=ast.Attribute(value=value, attr=name)):
            return name in RELEASING or terminal(value) == "super" or _is_self(value)
        case ast.Call(func=ast.Name(id=name)):
            return name not in bound | PROBES and is_closing(name)
        case _:
            return False


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def declared(node: ast.ClassDef, attribute: str) -> list[ast.expr]:
    """Give the expressions that name the class of an attribute: annotations, and the classes that a default constructs."""
    return [named(one) for one in _declared(node, attribute)]


def named(node: ast.expr) -> ast.expr:
    """Look through quotes, `Optional` and `X | None`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return named(ast.parse(node.value, mode="eval").body)
        except (SyntaxError, ValueError):
            return node
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            return named(left)
        case ast.Subscript(value=value, slice=inner) if terminal(value) in ("Optional", "Final", "Annotated"):
            return named(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        case _:
            return node


def _declared(node: ast.ClassDef, attribute: str) -> list[ast.expr]:
    found: list[ast.expr] = []
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if name == attribute:
                found.append(annotation)
            case ast.FunctionDef(name=name) if name in BUILDERS:
                found += _declared_in(statement, attribute)
            case _:
                pass
    return found


def _declared_in(builder: ast.FunctionDef, attribute: str) -> Iterator[ast.expr]:
    annotations = {one.arg: one.annotation for one in [*builder.args.args, *builder.args.kwonlyargs] if one.annotation}
    for one in walk(builder):
        match one:
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation) if name == attribute:
                yield annotation
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value) if name == attribute:
                for part in walk(value):
                    if isinstance(part, ast.Name) and part.id in annotations:
                        yield annotations[part.id]
                    elif isinstance(part, ast.Call):
                        yield part.func
            case _:
                pass
