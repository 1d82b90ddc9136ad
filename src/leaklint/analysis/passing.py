"""Which parameters a function passes on as they are, and to which parameters of its callees."""

import ast
from collections.abc import Iterator

from leaklint.analysis.names import FunctionNode, children, terminal
from leaklint.analysis.summary import parameters_of


def passing_calls(node: FunctionNode, words: frozenset[str]) -> Iterator[ast.Call]:
    """Yield the calls of a function that one of the words names, and that are given one of its parameters as it is."""
    own = set(parameters_of(node))
    stack: list[ast.AST] = list(node.body)
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Call) and terminal(one) in words:
            given = [*one.args, *(keyword.value for keyword in one.keywords)]
            if any(isinstance(argument, ast.Name) and argument.id in own for argument in given):
                yield one
        stack.extend(children(one))


def passed_to(call: ast.Call, callee: FunctionNode, asked: frozenset[str]) -> frozenset[str]:
    """Give the names that a call passes to some of its callee's parameters."""
    names = parameters_of(callee)[1:] if callee.name == "__init__" else parameters_of(callee)
    pairs = [*zip(names, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
    return frozenset(value.id for name, value in pairs if isinstance(value, ast.Name) and name in asked)
