"""Which parameters a function passes on as they are, and to which parameters of its callees."""

import ast
from collections.abc import Iterator

from leaklint.analysis.names import FunctionNode, children, terminal, walk
from leaklint.analysis.release_words import RELEASE_METHODS
from leaklint.analysis.retention import retained
from leaklint.analysis.setting import REST
from leaklint.analysis.summary import parameters_of


def passing_calls(node: FunctionNode, words: frozenset[str]) -> Iterator[ast.Call]:
    """Yield the calls of a function that one of the words names, and that are given one of its parameters as it is."""
    own = {*parameters_of(node), rest_of(node)}
    stack: list[ast.AST] = list(node.body)
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Call) and terminal(one) in words:
            given = [*one.args, *(keyword.value for keyword in one.keywords)]
            if any(isinstance(argument, ast.Name) and argument.id in own for argument in given):
                yield one
        stack.extend(children(one))


def passed_to(call: ast.Call, node: FunctionNode, names: tuple[str, ...], asked: frozenset[str]) -> frozenset[str]:
    """Give the names that a call within a function passes to some of its callee's parameters, also through `**options`.

    `names` are the callee's positional parameters, without the receiver.
    """
    pairs = [*zip(names, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
    found = frozenset(value.id for name, value in pairs if isinstance(value, ast.Name) and name in asked)
    is_rest = any(name is None and isinstance(value, ast.Name) and value.id == rest_of(node) for name, value in pairs)
    through = (asked - {name for name, _ in pairs if name is not None}) | {REST} if is_rest and asked else frozenset[str]()
    return found | through


def rest_of(node: FunctionNode) -> str:
    """Give the name for the keyword arguments that a function takes without naming them, "" where it takes none."""
    return node.args.kwarg.arg if node.args.kwarg is not None else ""


@retained
def releases_parameter(node: FunctionNode) -> bool:
    """Say whether a function calls a release method of one of its parameters but the receiver, or `os.close` on one."""
    names = {*parameters_of(node)} - {"self", "cls"}
    for one in walk(node):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="close"), args=[ast.Name(id=name)]):
                is_release = True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
                is_release = method in RELEASE_METHODS
            case _:
                continue
        if is_release and name in names:
            return True
    return False


@retained
def changed_keys(node: FunctionNode) -> frozenset[str]:
    """Give the keys that a function sets among the arguments that it takes without naming them, `*` for some unknown ones."""
    found: set[str] = set()
    rest = rest_of(node)
    for one in walk(node):
        match one:
            case ast.Subscript(value=ast.Name(id=name), slice=key, ctx=ast.Store()) if name == rest:
                found.add(key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else REST)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="setdefault"), args=[key, *_]) if name == rest:
                found.add(key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else REST)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="update"), args=args, keywords=keywords) if (
                name == rest
            ):
                found.update(keyword.arg or REST for keyword in keywords)
                found.update(REST for _ in args)
            case _:
                pass
    return frozenset(found)
