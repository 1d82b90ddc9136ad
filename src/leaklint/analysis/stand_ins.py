"""Calls that stand for others: `partial(open, path)()` for `open(path)`, `map(open, paths)` for a generator of such calls.

It knows a partial that is called where it is made, or by a local name that is bound once; of `map` the form with one iterable.
"""

import ast

from leaklint.analysis.names import Scope

ELEMENT = "<element>"  # no program has such a name


def called_by_partial(node: ast.Call, scope: Scope) -> ast.Call | None:
    """Give the call that calling a `functools.partial` comes to."""
    function: ast.expr | None = node.func
    if isinstance(function, ast.Name):
        bindings = scope.bindings
        is_sure = bindings.variables.get(function.id) == 1 and function.id not in bindings.parameters
        function = bindings.values.get(function.id) if is_sure and scope.outer is not None else None
    match function:
        case ast.Call(func=maker, args=[target, *given], keywords=keywords) if scope.dotted(maker) == "functools.partial":
            anew = {one.arg for one in node.keywords}
            kept = [one for one in keywords if one.arg is None or one.arg not in anew]
            return ast.copy_location(ast.Call(target, [*given, *node.args], [*kept, *node.keywords]), node)
        case _:
            return None


def mapped(node: ast.Call, scope: Scope) -> ast.GeneratorExp | None:
    """Give the generator that a `map` over one iterable comes to."""
    match node:
        case ast.Call(func=ast.Name(id="map") as name, args=[ast.Name() | ast.Attribute() as function, source], keywords=[]):
            if isinstance(source, ast.Starred) or scope.dotted(name) != "builtins.map":
                return None
        case _:
            return None
    dotted = scope.dotted(function)
    if dotted is not None and dotted.startswith("builtins.") and dotted != "builtins.open":
        return None  # `map(repr, found)` opens, keeps and releases nothing
    call = ast.Call(function, [ast.Name(ELEMENT, ast.Load())], [])
    found = ast.GeneratorExp(call, [ast.comprehension(ast.Name(ELEMENT, ast.Store()), source, [], 0)])
    return ast.fix_missing_locations(ast.copy_location(found, node))
