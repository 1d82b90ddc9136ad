"""What kind of body a function has, by its decorators, its name and its class; what its names hold when it starts."""

import ast
from collections.abc import Iterator

from leaklint.analysis.graph import Kind, Thrown
from leaklint.analysis.names import Function, FunctionNode, Scope, terminal
from leaklint.analysis.setting import Body
from leaklint.analysis.store import Place
from leaklint.analysis.values import NONE, OTHER, Values, instance, own_type, reference
from leaklint.catalogue import Catalogue

Names = dict[Place, Values]
FIXTURES = frozenset(("fixture", "yield_fixture", "async_fixture"))
MANAGERS = frozenset(("contextmanager", "asynccontextmanager"))
TRANSPARENT = frozenset(
    ("staticmethod", "classmethod", "wraps", "override", "final", "no_type_check", "typechecked", "overload")
)
DRIVERS = frozenset(("coroutine", "gen_test", "inlineCallbacks", "engine"))  # they make a coroutine of a generator
MARKING = frozenset(("pytest", "unittest", "mock"))  # modules whose decorators drive nothing
ABSTRACT = frozenset(("builtins", "typing", "typing_extensions", "collections"))  # modules of containers and of protocols
PIPE = "subprocess.PIPE"
CACHES = frozenset(("lru_cache", "cache", "cached_property", "memoize", "alru_cache", "singleton"))


def decorators(function: Function) -> frozenset[str]:
    """Give the last segments of a function's decorators."""
    return frozenset(terminal(one) for one in function.node.decorator_list)


def is_driven(function: Function, module: Scope) -> bool:
    """Say whether a generator is a coroutine in the old style: what it yields is awaited, and comes back.

    A decorated test method that yields is one, too: nothing else could run it.
    """
    if isinstance(function.node, ast.AsyncFunctionDef) or not function.node.decorator_list:
        return False
    if decorators(function) & DRIVERS:
        return True
    found = [module.dotted(one.func if isinstance(one, ast.Call) else one) or "" for one in function.node.decorator_list]
    return (
        function.is_method and function.node.name.startswith("test") and not {one.partition(".")[0] for one in found} & MARKING
    )


def kind_of(function: Function, scope: Scope) -> Body:
    """Say what kind of body a function has; `scope` is its own."""
    names = decorators(function)
    if names & FIXTURES:
        return Body.FIXTURE
    if names & MANAGERS:
        return Body.CONTEXT_MANAGER
    return Body.GENERATOR if scope.bindings.yields and not is_driven(function, scope) else Body.PLAIN


def yield_kind(body: Body) -> Kind | None:
    """Say what a yield may raise: a test never raises into its fixture, an abandoned generator is closed."""
    match body:
        case Body.CONTEXT_MANAGER:
            return Thrown.IMPLICIT
        case Body.FIXTURE | Body.MODULE:
            return None
        case _:
            return Thrown.GENERATOR_EXIT


def starting_names(function: Function, scope: Scope, catalogue: Catalogue, path: str) -> Names:
    """Give what the parameters hold by their annotations, by convention, and as `self`."""
    env: dict[Place, Values] = _captured(function, scope, catalogue) | _object_around(function, scope, path)
    first, optional = next(iter(scope.bindings.parameters), None), _optional(function.node)
    for name in scope.bindings.parameters:
        if name == first and function.owner is not None and function.is_method:
            env[name] = frozenset((instance(own_type(path, function.owner.name)),))
            continue
        found = annotated(scope.bindings.annotations.get(name), scope, path) or catalogue.parameter_type(name)
        if found is not None:
            env[name] = frozenset((instance(found), NONE) if name in optional else (instance(found),))
    return env | _defaults(function.node, scope, catalogue)


def _defaults(node: FunctionNode, scope: Scope, catalogue: Catalogue) -> Names:
    """Give the parameters that are, unless a call says otherwise, what a library calls so: `opener=open`, `stdout=PIPE`."""
    env: Names = {}
    for name, default in _with_defaults(node):
        dotted = scope.module.dotted(default) if isinstance(default, ast.Name | ast.Attribute) else None
        if dotted is not None and (dotted == PIPE or catalogue.summary(dotted) is not None):
            env[name] = frozenset((reference(dotted), OTHER))
    return env


def _with_defaults(node: FunctionNode) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters that have a default."""
    arguments, defaults = node.args, node.args.defaults
    positional = [*arguments.posonlyargs, *arguments.args]
    for one, default in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        yield one.arg, default
    for one, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if given is not None:
            yield one.arg, given


def _optional(node: FunctionNode) -> set[str]:
    """Give the parameters that may be None: by their defaults, or as their annotations say."""
    every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    said = {one.arg for one in every if one.annotation and _admits_none(one.annotation)}
    pairs = _with_defaults(node)
    return said | {name for name, default in pairs if isinstance(default, ast.Constant) and default.value is None}


def _admits_none(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return "Optional[" in text or text.rstrip().endswith("| None")
        case ast.BinOp(op=ast.BitOr(), right=ast.Constant(value=None)):
            return True
        case ast.Subscript(value=value):
            return terminal(value) == "Optional"
        case _:
            return False


def _captured(function: Function, scope: Scope, catalogue: Catalogue) -> Names:
    """Give what names of the function around hold that are bound once, by a call that gives nothing to release."""
    env: Names = {}
    outer = scope.outer if function.outer is not None and function.owner is None else None
    for name, value in outer.bindings.values.items() if outer is not None else ():
        if (
            not isinstance(value, ast.Call)
            or outer is None
            or outer.bindings.variables.get(name) != 1
            or scope.bindings.binds(name)
        ):
            continue
        dotted = outer.dotted(value.func)
        summary = catalogue.summary(dotted) if dotted is not None else None
        if summary is not None and summary.returns is not None:
            env[name] = frozenset((instance(summary.returns),))
    return env


def _object_around(function: Function, scope: Scope, path: str) -> Names:
    """Give the object of the method around a nested function, which calls it as the method does."""
    outer, around = function.outer, scope.outer
    while function.owner is None and outer is not None and outer.owner is None:
        outer, around = outer.outer, around.outer if around is not None else None
    if function.owner is not None or outer is None or outer.owner is None or around is None or not outer.is_method:
        return {}
    name = next(iter(around.bindings.parameters), "")
    is_same = name == "self" and scope.find(name) is around and not around.bindings.variables.get(name)
    return {name: frozenset((instance(own_type(path, outer.owner.name)),))} if is_same else {}


def annotated(node: ast.expr | None, scope: Scope, path: str | None = None) -> str | None:
    """Give the one type that an annotation names, `Optional` and `X | None` looked through.

    With the path of the module its own classes are named as well.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError):
            return None
    match node:
        case ast.Name(id=name) if path is not None and isinstance(scope.module.definition(name), ast.ClassDef):
            return own_type(path, name) if scope.find(name) is scope.module else None
        case ast.Name() | ast.Attribute():
            dotted = scope.dotted(node)
            return None if dotted is None or dotted.startswith("builtins.") else dotted
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            return annotated(left, scope, path)
        case ast.Subscript(value=value, slice=inner) if terminal(value) in ("Optional", "Annotated", "Final"):
            return annotated(inner.elts[0] if isinstance(inner, ast.Tuple) else inner, scope, path)
        case ast.Subscript(value=value):
            dotted = scope.dotted(value)
            is_abstract = dotted is not None and dotted.partition(".")[0] in ABSTRACT and terminal(value) != "IO"
            return None if is_abstract else dotted
        case _:
            return None
