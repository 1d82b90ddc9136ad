"""What a solved function does for its callers: read off the histories of its parameters and of what it returns."""

import ast
from collections.abc import Iterable

from leaklint.analysis.names import Function, FunctionNode, terminal, walk
from leaklint.analysis.ops import Call, Escape, Literal, Yield
from leaklint.analysis.ownership import Solution
from leaklint.analysis.record import History
from leaklint.analysis.running import asks_loop, chooses_async, runs_loop
from leaklint.analysis.setting import Acquired, Body, FunctionSummary, ParameterEffect
from leaklint.analysis.transports import has_held_protocol
from leaklint.analysis.values import (
    MOVED,
    NONE,
    RELEASED,
    Box,
    Constant,
    Elements,
    Instance,
    Site,
    Value,
    Values,
    View,
    is_open,
)
from leaklint.model.data import replace
from leaklint.model.resource import Effect


def summary_of(solution: Solution, function: Function) -> FunctionSummary:
    """Summarise a solved function."""
    record, returned, body = solution.record, solution.setting.returned, solution.setting.body
    effects: dict[str, ParameterEffect] = {}
    for site, history in record.histories.items():
        if site.parameter is not None:
            effects[site.parameter] = effect_of(site.parameter, history, body)
    untouched = [name for name in solution.setting.scope.bindings.parameters if name not in effects]
    effects |= {name: ParameterEffect(Effect.BORROWS) for name in untouched}
    passes = {value.parameter for value in returned if isinstance(value, Site) and value.parameter}
    wraps = {value.site.parameter for value in returned if isinstance(value, View) and value.site.parameter}
    if body is Body.GENERATOR:
        wraps |= {name for name, one in effects.items() if one.effect is Effect.BORROWS}
    is_coroutine = isinstance(function.node, ast.AsyncFunctionDef)
    is_lazy = body is Body.GENERATOR or any(isinstance(one, Box) and one.is_lazy for one in returned)
    adopting = {value.over.parameter: _acquired_of(value) for value in returned if isinstance(value, Site) and value.over}
    return FunctionSummary(
        parameters_of(function.node),
        effects,
        acquires=() if body in (Body.GENERATOR, Body.CONTEXT_MANAGER) else tuple(_acquired(solution)),
        elements=()
        if body in (Body.GENERATOR, Body.CONTEXT_MANAGER) or _is_tuple_now_and_then(function.node)
        else _acquired_elements(solution),
        contents=() if is_lazy or body is Body.CONTEXT_MANAGER else _acquired_contents(solution),
        yields=_yielded(solution) if body is Body.GENERATOR else _acquired_contents(solution) if is_lazy else (),
        yielded_elements=_elements_of(solution.setting.yielded, solution) if body is Body.GENERATOR else (),
        passes=frozenset(passes),
        wraps=frozenset(wraps),
        returns=frozenset(name for value in returned if (name := _type_of(value, solution)) is not None),
        diverges=body is not Body.GENERATOR and solution.setting.graph.returned not in solution.stores,
        returns_none=NONE in returned,
        runs_loop=not is_coroutine and runs_loop(solution) and not chooses_async(function.node),
        asks_loop=asks_loop(solution),
        is_coroutine=(is_coroutine and body is Body.PLAIN) or _gives_awaitable(returned),
        adopts=frozenset(name for name in adopting if name is not None),
        adopter=next((one for name, one in adopting.items() if name is not None), None),
    )


def _gives_awaitable(returned: Iterable[Value]) -> bool:
    """Say whether a function returns what acquires only once its caller awaits it: `return aiosqlite.connect(path)`."""
    return any(isinstance(one, Site) and one.is_pending for one in returned)


def effect_of(name: str, history: History, body: Body) -> ParameterEffect:
    """Say what a function does to a parameter, by what has become of its site."""
    statuses = history.statuses
    uses = frozenset(op.method for op in history.uses if isinstance(op, Call) and op.method is not None)
    if not statuses or MOVED in statuses:
        return ParameterEffect(Effect.TAKES)
    if statuses == {RELEASED}:
        methods = frozenset(op.method or "__exit__" if isinstance(op, Call) else "__exit__" for op in history.releases)
        is_deferred = body in (Body.GENERATOR, Body.CONTEXT_MANAGER)
        return ParameterEffect(Effect.TAKES) if is_deferred else ParameterEffect(Effect.RELEASES, methods, uses)
    if all(is_open(status) for status in statuses):
        given = {argument.operand for op in history.uses if isinstance(op, Call) for argument in op.arguments}
        return ParameterEffect(Effect.BORROWS, uses=uses, is_lent=not given.isdisjoint((name, *history.names)))
    return ParameterEffect(Effect.TAKES)


def _type_of(value: Value, solution: Solution) -> str | None:
    """Give the type of a returned value that the caller need not release: somebody else keeps it, if it is a resource."""
    match value:
        case Instance(type_name=name):
            return name
        case Site(parameter=None, resource=resource, own_type=own_type) if solution.record.of(value).moves:
            return own_type or resource.name
        case _:
            return None


def _acquired(solution: Solution) -> list[Acquired]:
    found = _all_fresh(solution.setting.returned, solution)
    if any(one.resource.is_loop for one in found) and any(
        _is_others_loop(value, solution) for value in solution.setting.returned
    ):
        return []  # the current loop, or one that is made because there was none: nobody may close it
    kinds = {one.own_type for one in found}
    return found[:1] if len(kinds) == 1 else []  # which class it is, the caller will ask


def _all_fresh(values: Iterable[Value], solution: Solution) -> list[Acquired]:
    """Give the fresh resources among some values, by label: sets have no order, and messages name the first."""
    found = [one for value in values if (one := _fresh(value, solution)) is not None]
    return sorted(found, key=lambda one: one.label)


def _is_others_loop(value: Value, solution: Solution) -> bool:
    return isinstance(value, Instance) and solution.setting.catalogue.is_a(value.type_name, "asyncio.AbstractEventLoop")


def _acquired_elements(solution: Solution) -> tuple[Acquired | int | None, ...]:
    """Give what each element of the one tuple that is returned is; empty where nothing in it is a resource.

    What leads to another element (a protocol to its transport) is the number of that one.
    """
    return _elements_of(solution.setting.returned, solution)


def _elements_of(values: Iterable[Value], solution: Solution) -> tuple[Acquired | int | None, ...]:
    tuples = [value for value in values if isinstance(value, Elements)]
    if len(tuples) != 1:
        return ()
    elements = tuples[0].values
    found = tuple(
        None if _is_told_by_another(element, elements) else next(iter(_all_fresh(element, solution)), None)
        for element in elements
    )
    if not any(found):
        return ()
    return tuple(one or _leading_to(element, elements) for one, element in zip(found, elements, strict=True))


def _leading_to(element: Values, elements: tuple[Values, ...]) -> int | None:
    """Give the number of the element that another one leads to."""
    sites = {value.site for value in element if isinstance(value, View)}
    return next((index for index, other in enumerate(elements) if not sites.isdisjoint(other)), None)


def _is_tuple_now_and_then(node: FunctionNode) -> bool:
    """Say whether a function returns a tuple on one path and one value on another: `return path` beside `return fd, path`."""
    returned = [one.value for one in walk(node) if isinstance(one, ast.Return) and one.value is not None]
    are_single = [isinstance(one, ast.Name | ast.Attribute) for one in returned]
    return any(are_single) and any(isinstance(one, ast.Tuple) for one in returned)


def _is_told_by_another(element: Values, elements: tuple[Values, ...]) -> bool:
    """Say whether an element is a resource only now and then, and another one may tell when: `return stream, close_it`."""
    if all(isinstance(value, Site) and value.parameter is None for value in element):
        return False
    return any(len(other) > 1 and any(isinstance(one, Constant) for one in other) for other in elements if other is not element)


def _acquired_contents(solution: Solution) -> tuple[Acquired, ...]:
    """Give what the container that is returned holds."""
    returned = solution.setting.returned
    if not any(isinstance(value, Box) for value in returned):
        return ()
    direct = {one for value in returned if isinstance(value, Elements) for element in value.values for one in element}
    held = solution.setting.contents - direct
    found = [_fresh(site, solution) for site in solution.record.histories if site in held and site not in returned]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.label))


def _yielded(solution: Solution) -> tuple[Acquired, ...]:
    """Give what a generator opens and yields, and never releases itself."""
    found = _all_fresh(solution.setting.yielded, solution)
    return tuple(found[:1]) if len({one.own_type for one in found}) == 1 else ()


def _fresh(value: Value, solution: Solution) -> Acquired | None:
    """Give the resource that a returned value is, where the caller alone has it from now on."""
    if not isinstance(value, Site) or value.parameter is not None or has_held_protocol(value):
        return None
    if value.over is not None and value.over.parameter is not None:
        return None  # only over what the caller gives: `return OpenAI(http_client=http)`
    history = solution.record.of(value)
    if solution.setting.yielded:
        is_kept = bool(history.releases or history.enters) or not all(isinstance(op, Yield) for op in history.moves)
    else:
        is_kept = not history.returns or bool(history.moves)
    if is_kept:
        return None
    is_opened = history.openings and history.returns_open.keys() == history.returns.keys()
    resource = replace(value.resource, opened_by=frozenset()) if is_opened else value.resource  # what opens it was called
    return replace(_acquired_of(value), resource=resource)


def _acquired_of(site: Site) -> Acquired:
    return Acquired(site.resource, site.open_mask, site.label, site.own_type)


def parameters_of(node: FunctionNode) -> tuple[str, ...]:
    """Give the names of a function's parameters, those that stand for several left out."""
    arguments = node.args
    return tuple(one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])


def is_static(node: FunctionNode) -> bool:
    """Say whether a method is given no receiver."""
    return any(terminal(one) == "staticmethod" for one in node.decorator_list)


def defaults_of(node: FunctionNode) -> dict[str, Literal]:
    """Give the parameters whose default is a literal."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = list(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found: dict[str, Literal] = {}
    for argument, value in pairs:
        if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool | int | str)):
            found[argument.arg] = value.value
    return found


def stored_in(history: History) -> set[str]:
    """Give the attributes of self in which a parameter ends; empty where it goes elsewhere too."""
    attributes: set[str] = set()
    for op in history.moves:
        if not isinstance(op, Escape) or op.attribute is None or not op.is_own:
            return set()
        attributes.add(op.attribute)
    return attributes


def is_abstract(node: FunctionNode) -> bool:
    """Say whether a body says nothing: a docstring, `...`, `pass`, `raise NotImplementedError`."""
    for statement in node.body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Raise(exc=ast.expr() as raised) if terminal(raised) == "NotImplementedError":
                continue
            case _:
                return False
    return True
