"""The names that the conditions of a body mention: what they are decides which way it goes."""

import ast

from leaklint.analysis.names import children

TESTING = (ast.If, ast.While, ast.IfExp, ast.Assert)
CHILDLESS = (ast.Name, ast.Constant)


def tested_names(body: list[ast.stmt]) -> frozenset[str]:
    """Give the plain names that conditions of the body mention, those of `given or Client()` included."""
    names: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        tests: list[ast.AST] = []
        if isinstance(node, TESTING):
            tests = [node.test]
        elif isinstance(node, ast.BoolOp):
            tests = [*node.values[:-1]]
        while tests:
            test = tests.pop()
            if isinstance(test, ast.Name):
                names.add(test.id)
            else:
                tests.extend(children(test))
        if not isinstance(node, CHILDLESS):
            stack.extend(children(node))
    return frozenset(names)
