"""What a test stages: the failures and warnings that it expects, and the doubles that it puts in the place of what opens.

It reads the text of a function, of the functions around it, of its class's set-up and of the helpers and fixtures of the
module that it calls or asks for; what these call in turn, and what other modules do, it does not know.
"""

import ast
from collections.abc import Collection, Iterator, Sequence

from leaklint.analysis.callee import is_class_name, is_standard, words
from leaklint.analysis.expectations import EXPECTING
from leaklint.analysis.names import Function, Scope, terminal, walk
from leaklint.analysis.retention import retained
from leaklint.catalogue import Catalogue
from leaklint.model.data import dataclass

OPENERS = frozenset(("create_connection", "socket", "connect", "_new_conn", "getaddrinfo"))  # what connections open through
SETTING_UP = frozenset(("setUp", "asyncSetUp", "setUpClass", "setup_method", "setup_class"))
DOUBLES = frozenset(("fake", "mock", "stub", "dummy"))
PARTS = frozenset(("sock", "socket", "conn", "connection", "session", "transport", "stream", "pool", "channel", "process"))
HELPERS = 20  # that are looked into
ANSWERING = {"aioresponses": "aiohttp", "responses": "requests", "requests_mock": "requests", "respx": "httpx"}
ENABLING = frozenset(("enable", "install", "activate", "patch"))


@dataclass(frozen=True, slots=True)
class Stage:
    """The pieces of code that decide what the names of a body stand for while it runs."""

    own: Sequence[ast.AST]  # the body, and the functions around it with their decorators
    prepared: Sequence[ast.AST] = ()  # set-ups, and helpers that it calls: what they restore themselves stays as it was
    asked: Sequence[ast.AST] = ()  # fixtures: what they replace by name is replaced, what else they make is theirs

    @property
    def all(self) -> list[ast.AST]:
        """All of them."""
        return [*self.own, *self.prepared, *self.asked]


def stage(function: Function, module: Scope) -> Stage:
    """Give the stage of a function."""
    own: list[ast.AST] = []
    prepared: list[ast.AST] = []
    asked: list[ast.AST] = []
    current: Function | None = function
    while current is not None:
        own.append(current.node)
        if current.owner is not None:
            own += current.owner.decorator_list
            prepared += [one for one in _methods(current.owner, module) if one.name in SETTING_UP]
        prepared += _helpers(current, module)
        asked += _fixtures(current, module)
        current = current.outer
    return Stage(own, prepared, asked)


def is_replaced(staged: Stage, scope: Scope, catalogue: Catalogue) -> bool:
    """Say whether something that opens is replaced (`http.client.HTTPConnection = ...`), or a double is enabled."""
    if any(_is_replacing(one, frozenset(), scope, catalogue) for one in staged.own):
        return True
    return any(_is_replacing(one, _restored(one, scope), scope, catalogue) for one in staged.prepared)


def is_answered(resource: str, scope: Scope) -> bool:
    """Say whether a kind of resource is a response which a double that the module imports gives in the place of a server."""
    library, _, name = resource.partition(".")
    roots = (dotted.partition(".")[0] for dotted in scope.bindings.imports.values()) if name.endswith("Response") else ()
    return any(ANSWERING.get(root) == library for root in roots)


def patched_names(node: ast.AST) -> Iterator[str]:
    """Yield the last segments of the names that calls of `patch` and `setattr` below a node replace."""
    for one in walk(node):
        if isinstance(one, ast.Call) and terminal(one) in ("patch", "object", "setattr", "multiple"):
            if one.args and is_class_name(terminal(one.args[0])):
                yield terminal(one.args[0])  # `patch.object(subprocess.Popen, "_execute_child")`
            for argument in one.args[:2]:
                for text in walk(argument):  # the target may be computed: f"{__name__}.open"
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield text.value.rpartition(".")[2]
        elif isinstance(one, ast.Assign):
            for target in one.targets:  # `bz2.BZ2File = fake`
                if isinstance(target, ast.Attribute) and is_class_name(target.attr):
                    yield target.attr


def is_made_by_double(type_name: str, staged: Stage) -> bool:
    """Say whether a class of the library of some type is replaced: what makes a thing of that type is a double."""
    for one in (one for node in staged.all for one in walk(node)):
        match one:
            case ast.Call(args=[ast.Constant(value=str(target)), *_]) if terminal(one) == "patch":
                library, _, name = target.rpartition(".")
                is_same = library.partition(".")[0] == type_name.partition(".")[0]
                if is_same and is_class_name(name) and not is_standard(library):
                    return True
            case _:
                pass
    return False


def patched_objects(node: ast.AST) -> Iterator[str]:
    """Yield the names of the objects of which calls below a node replace an attribute: `patch.object(client, "request")`."""
    for one in walk(node):
        match one:
            case ast.Call(args=[ast.Name(id=name), *_]) if terminal(one) in ("object", "setattr", "multiple", "spy"):
                yield name
            case _:
                pass


def _is_replacing(node: ast.AST, restored: frozenset[str], scope: Scope, catalogue: Catalogue) -> bool:
    is_double = is_enabled = False
    for one in walk(node):
        if isinstance(one, ast.Assign):
            names = [scope.dotted(target) for target in one.targets if isinstance(target, ast.Attribute)]
            if any(name and name not in restored and catalogue.summary(name) is not None for name in names):
                return True
        elif isinstance(one, ast.Call):
            is_double |= is_class_name(terminal(one)) and not DOUBLES.isdisjoint(words(terminal(one)))
            name = one.func.attr if isinstance(one.func, ast.Attribute) else ""
            is_enabled |= name in ENABLING or (name.startswith("set_") and scope.dotted(one.func) is not None)
    return is_double and is_enabled


def _restored(node: ast.AST, scope: Scope) -> frozenset[str]:
    """Give what a helper assigns in a `finally`: it is as before once the helper has returned."""
    if any(isinstance(one, ast.Yield) for one in walk(node)):
        return frozenset()
    finals = [statement for one in walk(node) if isinstance(one, ast.Try) for statement in one.finalbody]
    targets = [target for one in finals if isinstance(one, ast.Assign) for target in one.targets]
    return frozenset(name for target in targets if (name := scope.dotted(target)) is not None)


def is_filled_with_double(function: Function | None, module: Scope, node: ast.expr, names: Collection[str]) -> bool:
    """Say whether what an expression makes is given a double for what it would open: `client.sock = MockSocket()`.

    `names` are those that it has in the function; the helper that makes it may give it the double as well.
    """
    if function is None:
        return False
    if not _fillings(function.node).isdisjoint(names):
        return True
    seen: dict[ast.AST, None] = {}
    waiting = [node] if isinstance(node, ast.Call) else []
    while waiting and len(seen) < HELPERS:
        helpers = dict.fromkeys(one for one in _called(waiting, function, module) if one not in seen)
        seen |= helpers
        waiting = [call for helper in helpers for call in _calls(helper)]
    return any(_fillings(helper) for helper in seen)


def is_about_leaks(function: Function | None) -> bool:
    """Say whether a function names the warning of a leak: what leaks there is its subject."""
    while function is not None:
        if any(isinstance(one, ast.Name) and one.id == "ResourceWarning" for one in walk(function.node)):
            return True
        function = function.outer
    return False


def is_tried_out(function: Function | None, statement: ast.stmt, around: list[ast.stmt]) -> bool:
    """Say whether a test swallows the failure of a statement, the last of its try, and uses nothing that it gives.

    `around` are the compound statements around it, innermost first.
    """
    tried = next((one for one in around if isinstance(one, ast.Try)), None)
    if function is None or "test" not in words(function.node.name) or tried is None or _last(tried.body) is not statement:
        return False
    if not tried.handlers or any(_gives_up(one) for one in tried.handlers):
        return False
    bound = {one.id for one in walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    uses = [one for one in walk(function.node) if isinstance(one, ast.Name) and one.id in bound]
    return all(isinstance(one.ctx, ast.Store) for one in uses)


def is_released_on_failure(function: Function | None, releases: list[ast.stmt], tries: list[ast.Try]) -> bool:
    """Say whether a test releases only in handlers of what it tries out: that it fails is what the test is about."""
    handled = {
        id(one)
        for tried in tries
        if is_tried_out(function, _last(tried.body), [tried])
        for handler in tried.handlers
        for one in walk(handler)
    }
    return bool(releases) and all(id(one) in handled for one in releases)


def _gives_up(handler: ast.ExceptHandler) -> bool:
    """Say whether a handler ends the test, or the attempt, where nothing should have failed."""
    return any(
        isinstance(one, ast.Raise | ast.Return | ast.Break)
        or (isinstance(one, ast.Call) and terminal(one) in ("fail", "skip", "skipTest", "xfail"))
        for one in walk(handler)
    )


def is_meant_to_fail(function: Function | None, statement: ast.stmt) -> bool:
    """Say whether a statement is the last of a nested function that is only called where a failure is expected."""
    if function is None or function.outer is None or _last(function.node.body) is not statement:
        return False
    name, around = function.node.name, function.outer.node
    expecting = [one for one in walk(around) if isinstance(one, ast.Call) and terminal(one) in EXPECTING]
    heads = {id(one) for one in expecting}
    withs = [one for one in walk(around) if isinstance(one, ast.With | ast.AsyncWith)]
    places: list[ast.AST] = [one for one in withs if any(id(item.context_expr) in heads for item in one.items)]
    covered = {id(one) for place in [*places, *expecting] for one in walk(place)}
    uses = [one for one in walk(around) if isinstance(one, ast.Name) and one.id == name]
    return bool(uses) and all(id(one) in covered for one in uses)


def _last(body: list[ast.stmt]) -> ast.stmt:
    statement = body[-1]
    while isinstance(statement, ast.With | ast.AsyncWith):
        statement = statement.body[-1]
    return statement


def _methods(owner: ast.ClassDef, module: Scope, depth: int = 0) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the methods of a class, then those of its bases in the module."""
    yield from (one for one in owner.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    for base in owner.bases if depth < 8 else ():
        found = module.definition(base.id) if isinstance(base, ast.Name) else None
        if isinstance(found, ast.ClassDef):
            yield from _methods(found, module, depth + 1)


@retained
def _fillings(node: ast.AST) -> frozenset[str]:
    """Give the names of the objects for a part of which code puts a double."""
    found: set[str] = set()
    for one in walk(node):
        match one:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr=part)], value=ast.Call() as made):
                is_double = is_class_name(terminal(made)) and not DOUBLES.isdisjoint(words(terminal(made)))
                if is_double and not PARTS.isdisjoint(words(part)):
                    found.add(name)
            case _:
                pass
    return frozenset(found)


def _fixtures(function: Function, module: Scope) -> Iterator[ast.AST]:
    """Yield the fixtures of the module that a function asks for by its parameters."""
    for argument in function.node.args.args:
        found = module.definition(argument.arg)
        if isinstance(found, ast.FunctionDef) and any(terminal(one) == "fixture" for one in found.decorator_list):
            yield found


def _helpers(function: Function, module: Scope) -> list[ast.AST]:
    """Give the functions of the module, and the methods of its class, that a function calls."""
    return _called(_calls(function.node), function, module)


def _calls(node: ast.AST) -> list[ast.Call]:
    return [one for one in walk(node) if isinstance(one, ast.Call)]


def _called(calls: Sequence[ast.Call], function: Function, module: Scope) -> list[ast.AST]:
    """Give what calls within a function mean: functions of the module, or methods of its class."""
    called = [one.func for one in calls]
    named = {one.id for one in called if isinstance(one, ast.Name)}
    own = {one.attr for one in called if isinstance(one, ast.Attribute) and terminal(one.value) in ("self", "cls")}
    found: list[ast.AST] = [one for name in named if isinstance(one := module.definition(name), ast.FunctionDef)]
    if function.owner is not None and own:
        found += [one for one in _methods(function.owner, module) if one.name in own]
    return found
