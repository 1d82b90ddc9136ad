"""Functions that a module makes by an assignment: of a lambda, of another name, of `functools.partial`, of a callable object.

Each is given as the function that would do the same. What is bound more than once, nobody knows.
"""

import ast

from leaklint.analysis.names import FunctionNode, Scope

ARGUMENTS, OPTIONS = "args", "options"  # what the function is given and hands on


def assigned_function(name: str, module: Scope) -> FunctionNode | None:
    """Give the function that a name of a module is bound to, None where it is bound to nothing that may be called."""
    value = module.bindings.values.get(name)
    if value is None or module.bindings.variables.get(name) != 1:
        return None
    match value:
        case ast.Lambda(args=parameters, body=body):
            result = body
        case ast.Name() | ast.Attribute() | ast.Call():  # a call of a partial is lowered as one of what it stands for
            parameters, result = _any_arguments(), _handing_on(value)
        case _:
            return None
    made = ast.FunctionDef(name, parameters, [ast.Return(result)], [], None, None)
    return ast.fix_missing_locations(ast.copy_location(made, value))


def _any_arguments() -> ast.arguments:
    return ast.arguments([], [], ast.arg(ARGUMENTS), [], [], ast.arg(OPTIONS), [])


def _handing_on(target: ast.expr) -> ast.Call:
    """Call a target with all that comes."""
    rest = ast.Starred(ast.Name(ARGUMENTS, ast.Load()), ast.Load())
    options = ast.keyword(None, ast.Name(OPTIONS, ast.Load()))
    return ast.fix_missing_locations(ast.copy_location(ast.Call(target, [rest], [options]), target))
