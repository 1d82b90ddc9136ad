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
        case ast.Call(func=partial, args=[target, *given], keywords=keywords) if module.dotted(partial) == "functools.partial":
            parameters, result = _any_arguments(), _handing_on(target, given, keywords)
        case ast.Name() | ast.Attribute() | ast.Call():
            parameters, result = _any_arguments(), _handing_on(value, [], [])
        case _:
            return None
    made = ast.FunctionDef(name, parameters, [ast.Return(result)], [], None, None)
    return ast.fix_missing_locations(ast.copy_location(made, value))


def _any_arguments() -> ast.arguments:
    return ast.arguments([], [], ast.arg(ARGUMENTS), [], [], ast.arg(OPTIONS), [])


def _handing_on(target: ast.expr, given: list[ast.expr], keywords: list[ast.keyword]) -> ast.Call:
    """Call a target with what it is given already and with all that comes."""
    rest = ast.Starred(ast.Name(ARGUMENTS, ast.Load()), ast.Load())
    options = ast.keyword(None, ast.Name(OPTIONS, ast.Load()))
    call = ast.Call(target, [*given, rest], [*keywords, options])
    return ast.fix_missing_locations(ast.copy_location(call, target))
