"""What a call does to the store: who takes over, releases or only borrows its arguments, and what its result is."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from leaklint.analysis import callee, events
from leaklint.analysis.ops import NOT_LITERAL, Argument, Call, Literal
from leaklint.analysis.setting import DEFAULT, Acquired, FunctionSummary, Given, Kind, Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import (
    ESCAPED,
    NOTHING,
    SWALLOWER,
    BoundMethod,
    Box,
    Closing,
    Closure,
    Constant,
    Dependent,
    Elements,
    Instance,
    Part,
    Reference,
    Site,
    Value,
    Values,
    View,
    instance,
)
from leaklint.model.resource import Condition, Effect, Resource, Summary, Variant

ENTERING = frozenset(("__enter__", "__aenter__", "__index__"))  # methods that give the object itself
LEAVING = frozenset(("__exit__", "__aexit__", "__del__"))
NUMBERS = frozenset(("len", "int", "float", "bool", "sum", "max", "min", "isinstance", "hash", "id"))
FILLING = frozenset(
    ["append", "add", "insert", "appendleft", "extend", "extendleft", "update", "push", "setdefault", "put", "put_nowait"]
)
COPYING = frozenset(
    f"builtins.{name}"
    for name in ["list", "tuple", "set", "frozenset", "sorted", "reversed", "enumerate", "zip", "iter", "dict", "map", "filter"]
)
PARAMETER = "self"  # how summaries call the receiver


@dataclass(eq=False, slots=True)
class Outcome:
    """What a call gives: values known now, and sites that become open when it has not raised."""

    values: set[Value] = field(default_factory=set)
    sites: list[Site] = field(default_factory=list)
    unopened: list[Site] = field(default_factory=list)
    opened: list[Site] = field(default_factory=list)


def call(op: Call, store: Store, setting: Setting) -> Outcome:
    """Do to the store what a call does to its arguments, and give its result (not yet bound)."""
    outcome = Outcome()
    if op.reference is not None and op.reference.startswith(":"):
        _call_own(op, op.reference[1:], store, setting, outcome)
    elif op.reference is not None:
        _call_dotted(op, op.reference, store, setting, outcome)
    elif op.method is not None:
        _call_method(op, op.method, store, setting, outcome)
    else:
        _call_value(op, store, setting, outcome)
    return outcome


def bind(op: Call, outcome: Outcome, store: Store, setting: Setting) -> None:
    """Bind the result of a call that has not raised; what it acquired is open now."""
    for site in outcome.sites:
        events.acquire(site, op, store, setting)
    for site in outcome.unopened:
        events.acquire(site, op, store, setting, is_unopened=True)
    for site in outcome.opened:
        events.open_now(site, store, op.method or "")
    store.bind(op.dest, frozenset(outcome.values))


# --- who is called ------------------------------------------------------------------------------------------------------


def _call_dotted(op: Call, name: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    summary = setting.catalogue.summary(name)
    if summary is not None:
        return _apply(op, summary, NOTHING, store, setting, outcome)
    own = _releases_by_function(op, name, store, setting)
    if own:
        return None
    last = name.rpartition(".")[2]
    if callee.is_standard(name):
        effect = Effect.TAKES if callee.is_class_name(last) else Effect.BORROWS
        _spread(op, store, setting, lambda _: effect, outcome)
        if name in COPYING:
            _copy(op, store, setting, outcome)
        return None
    return _spread(op, store, setting, _guesses(op, last), outcome, is_unknown=True)


def _copy(op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Make a container of what the arguments hold; what is read out of a generator is data, and free of its source."""
    contents: set[Value] = set()
    for argument in op.arguments:
        for value in store.values(argument.operand):
            if isinstance(value, Box):
                held = store.env.get(value, NOTHING)
                contents.update(one for one in held if not isinstance(one, View | Dependent) and one is not ESCAPED)
            elif isinstance(value, Elements):
                contents.update(one for element in value.values for one in element)
            elif isinstance(value, Site) and value.resource.exhausts:
                events.release_all(value, op, store, setting)
    box = setting.boxes.setdefault(op, Box(op.line))
    store.env[box] = frozenset(contents)
    outcome.values.add(box)


def _call_own(op: Call, name: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Call a function or class of this module."""
    for value in store.values(op.callee):
        if isinstance(value, Closure):
            _call_closure(op, value, store, setting)
    inherited = setting.project.resource_of(name, setting.scope)
    if inherited is not None:
        _spread(op, store, setting, lambda _: Effect.TAKES, outcome, is_unknown=True)
        return _acquire(op, (inherited,), setting, outcome)
    given = _given(op, setting.project.parameters(name, setting.scope), store)
    summary = setting.project.function(name, setting.scope, given)
    if summary is None:
        return _spread(op, store, setting, lambda _: Effect.TAKES, outcome, is_unknown=True)
    return _apply_own(op, summary, NOTHING, store, setting, outcome)


def _call_closure(op: Call, closure: Closure, store: Store, setting: Setting) -> None:
    events.touch((closure,), op, store, setting)
    for name in closure.keeps:
        events.move(store.values(name), op, store, setting)


def _call_value(op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Call what a variable holds."""
    is_known = False
    for value in store.values(op.callee):
        match value:
            case Reference(name=name):
                is_known = True
                _call_dotted(op, name, store, setting, outcome)
            case Closure():
                is_known = True
                _call_closure(op, value, store, setting)
                _spread(op, store, setting, lambda _: Effect.TAKES, outcome, is_unknown=True)
            case BoundMethod(site=site, method=method):
                is_known = True
                _call_on_site(op, method, site, store, setting, outcome)
            case Site():
                events.move((value,), op, store, setting)  # who knows what it does with itself
            case _:
                pass
    if not is_known:
        name = op.node.func.id if isinstance(op.node.func, ast.Name) else ""
        _spread(op, store, setting, _guesses(op, name), outcome, is_unknown=True)


def _call_method(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    receivers = store.values(op.receiver)
    is_sure = sum(isinstance(value, Site) for value in receivers) == 1
    is_known = False
    for value in receivers:
        match value:
            case Site():
                is_known = True
                _call_on_site(op, method, value, store, setting, outcome, is_sure)
            case Box():
                is_known = True
                _call_on_box(op, method, value, store, setting, outcome)
            case Instance(type_name=type_name):
                is_known |= _call_on_instance(op, method, type_name, store, setting, outcome)
            case View(site=site) | Dependent(site=site):
                is_known = True
                events.use(site, op, store, setting, method if isinstance(value, View) else None)
                if not callee.is_plain(method) and not op.is_dropped:
                    outcome.values.add(site.dependent)
                _spread(op, store, setting, lambda _: _known_receiver(method), outcome)
            case Part(site=site, attribute=attribute):
                is_known = True
                if not events.release(site, f"{attribute}.{method}", op, store, setting):
                    events.use(site, op, store, setting)
                _spread(op, store, setting, lambda _: _known_receiver(method), outcome)
            case Closing(site=site) if method in ENTERING:
                is_known = True
                outcome.values.add(site)
            case _:
                pass
    if not is_known:
        _call_unknown_method(op, method, store, setting, outcome)


def _call_unknown_method(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    summary = setting.catalogue.any_method(method)
    if summary is not None:
        return _apply(op, summary, NOTHING, store, setting, outcome)
    return _spread(op, store, setting, _guesses(op, method), outcome, is_unknown=True)


def _guesses(op: Call, name: str) -> Callable[[int], Effect]:
    """Give the guess for each argument of a call to something unknown."""
    if isinstance(op.node.func, ast.Attribute) and isinstance(op.node.func.value, ast.Constant):
        return lambda _: Effect.BORROWS  # a method of a literal: `", ".join(lines)`
    if name.startswith(("assert", "_assert")) and name != "assert_type":
        return lambda _: Effect.BORROWS
    return lambda index: callee.guess(name, op.is_dropped, op.arguments[index].keyword)


def _known_receiver(method: str) -> Effect:
    return Effect.TAKES if callee.is_adding(method) and method not in ("connect", "start", "wrap") else Effect.BORROWS


def _call_on_site(
    op: Call, method: str, site: Site, store: Store, setting: Setting, outcome: Outcome, is_sure: bool = True
) -> None:
    resource = site.resource
    if method in resource.drains and not (method == "read" and op.arguments):
        events.use(site, op, store, setting, method)
        events.release_all(site, op, store, setting)
        return
    if method in LEAVING or events.is_release(site, method):
        events.release(site, method, op, store, setting)
        _spread(op, store, setting, lambda _: Effect.BORROWS, outcome)
        return
    if method in ENTERING:
        outcome.values.add(site)
        events.use(site, op, store, setting)
        return
    is_expected = any(first <= op.line <= last for first, last in setting.graph.expected)
    if method in resource.opened_by and not is_expected:  # what is meant to fail opens nothing
        events.open_now(site, store, method)
    events.use(site, op, store, setting, method if is_sure else None)
    if method in resource.lazy or "*" in resource.lazy:
        outcome.values.add(site.view)
    elif not callee.is_plain(method) and not op.is_dropped:
        outcome.values.add(site.dependent)
    summary = setting.catalogue.method(resource.name, method)
    if summary is not None:
        _apply(op, summary, frozenset((site,)), store, setting, outcome)
        return
    if site.label != resource.name and _call_inherited(op, method, site, store, setting, outcome):
        return
    _spread(op, store, setting, lambda _: _known_receiver(method), outcome)


def _call_inherited(op: Call, method: str, site: Site, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method that a first-party subclass of a resource defines."""
    parameters = setting.project.method_parameters(site.label, method)
    summary = setting.project.method(site.label, method, _given(op, parameters, store))
    if summary is None:
        return False
    _apply_own(op, summary, frozenset((site,)), store, setting, outcome)
    return True


def _call_on_box(op: Call, method: str, box: Box, store: Store, setting: Setting, outcome: Outcome) -> None:
    contents = store.env.get(box, NOTHING)
    if method in FILLING:
        for argument in op.arguments:
            values = store.values(argument.operand)
            if method in ("extend", "update", "extendleft"):
                for value in [one for one in values if isinstance(one, Box)]:
                    values |= frozenset(one for one in store.env.get(value, NOTHING) if not isinstance(one, View | Dependent))
                values = frozenset(one for one in values if not isinstance(one, Box))
            put(box, values, op, store, setting)
        if method == "setdefault":
            outcome.values.update(store.env.get(box, NOTHING))
    elif method in ("pop", "popleft", "get", "popitem", "__getitem__"):
        outcome.values.update(value for value in contents if value is not ESCAPED)
    else:
        outcome.values.add(box)


def put(box: Box, values: Values, op: Call, store: Store, setting: Setting) -> None:
    """Put values into a container made here; into one that has escaped, they escape too."""
    contents = store.env.get(box, NOTHING)
    if ESCAPED in contents:
        events.move(values, op, store, setting)
    if store.is_named(box):
        events.contain(values, setting)
    carried = frozenset(value for value in values if not isinstance(value, Constant))
    if carried and not carried <= contents:
        store.env[box] = contents | carried
        store.version += 1


def _call_on_instance(op: Call, method: str, type_name: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    if type_name.startswith(":"):
        parameters = setting.project.method_parameters(type_name[1:], method)
        summary = setting.project.method(type_name[1:], method, _given(op, parameters, store))
        if summary is not None:
            _apply_own(op, summary, frozenset((instance(type_name),)), store, setting, outcome)
        return summary is not None
    found = setting.catalogue.method(type_name, method)
    if found is not None:
        _apply(op, found, NOTHING, store, setting, outcome)
        return True
    if setting.catalogue.any_method(method) is not None:
        return False
    _spread(op, store, setting, lambda _: _known_receiver(method), outcome)
    return True


# --- what it does -------------------------------------------------------------------------------------------------------


def _apply(op: Call, summary: Summary, receiver: Values, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Apply a catalogued summary."""
    variant = _variant(op, summary)
    if PARAMETER in summary.effects and receiver:
        _affect_receiver(summary.effects[PARAMETER], receiver, op, store, setting, outcome)

    def effect(index: int) -> Effect:
        name = _parameter(op.arguments[index], index, summary.parameters)
        for effects in (variant.effects, summary.effects) if variant else (summary.effects,):
            if name in effects:
                return effects[name]
            if "*" in effects:
                return effects["*"]
        return Effect.BORROWS

    _spread(op, store, setting, effect, outcome)
    if summary.swallows:
        outcome.values.add(SWALLOWER)
    if summary.returns is not None:
        outcome.values.add(instance(summary.returns))
    if summary.yields is not None:
        outcome.values.add(setting.elements.setdefault(op, Elements((frozenset((instance(summary.yields),)),))))
    is_dismissed = op.is_dropped and summary.effects.get(PARAMETER) is Effect.RELEASES  # `stack.pop_all()`
    kinds = () if is_dismissed or _is_over_memory(op, effect, store, setting) else summary.acquires
    if variant is not None and (variant.acquires is not None or variant.is_silent):
        if not variant.is_silent and kinds and not any(variant.acquires or ()):
            _acquire_unopened(op, kinds[0], setting, outcome)
        kinds = () if variant.is_silent else variant.acquires or ()
    _acquire_kinds(op, summary, kinds, variant, setting, outcome)


def _is_over_memory(op: Call, effect: Callable[[int], Effect], store: Store, setting: Setting) -> bool:
    """Say whether what a call wraps is something in memory (a BytesIO), so that the wrapper holds nothing either."""
    for index, argument in enumerate(op.arguments):
        values = store.values(argument.operand)
        if values and effect(index) in (Effect.WRAPS, Effect.PASSES) and all(_is_in_memory(one, setting) for one in values):
            return True
    return False


def _is_in_memory(value: Value, setting: Setting) -> bool:
    if not isinstance(value, Instance):
        return False
    resource = setting.catalogue.resource(value.type_name)
    return resource is not None and resource.silent is not None


def _affect_receiver(effect: Effect, receiver: Values, op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    match effect:
        case Effect.TAKES:
            events.move(receiver, op, store, setting)
        case Effect.RELEASES:
            for value in receiver:
                if isinstance(value, Site):
                    events.release_all(value, op, store, setting)
        case Effect.OPENS:
            outcome.opened.extend(value for value in receiver if isinstance(value, Site))
        case Effect.PASSES:
            outcome.values.update(receiver)
        case Effect.WRAPS:
            outcome.values.update(value.view for value in receiver if isinstance(value, Site))
        case _:
            pass


def _acquire_kinds(
    op: Call,
    summary: Summary,
    kinds: tuple[str | None, ...],
    variant: Variant | None,
    setting: Setting,
    outcome: Outcome,
) -> None:
    elements: list[Values] = []
    for index, kind in enumerate(kinds):
        resource = setting.catalogue.resource(kind) if kind else None
        if resource is None or resource.silent:
            elements.append(NOTHING)
            continue
        needs = variant.needs if variant is not None and variant.needs is not None else resource.needs
        site = _site(op, resource, mask(resource, needs), resource.label or resource.name, index, setting)
        if summary.is_tuple:
            site.element = index
        outcome.sites.append(site)
        elements.append(frozenset((site,)))
    if summary.is_linked:
        views = frozenset(site.view for site in outcome.sites)
        elements = [element or views for element in elements]
    if summary.is_tuple and kinds:
        outcome.values.add(_elements(op, tuple(elements), setting))
    elif elements:
        outcome.values.update(elements[0])


def _acquire_unopened(op: Call, kind: str | None, setting: Setting, outcome: Outcome) -> None:
    """Make a thing that the arguments leave closed, and that a method may open (`SMTP()`)."""
    resource = setting.catalogue.resource(kind) if kind else None
    if resource is not None and not resource.silent:
        site = _site(op, resource, mask(resource, resource.needs), resource.label or resource.name, 0, setting)
        outcome.unopened.append(site)
        outcome.values.add(site)


def _elements(op: Call, values: tuple[Values, ...], setting: Setting) -> Elements:
    return setting.elements.setdefault(op, Elements(values))


def mask(resource: Resource, needs: tuple[str, ...]) -> int:
    """Give the mask of open parts after an acquisition."""
    if not resource.parts:
        return 1
    return sum(1 << index for index, part in enumerate(resource.parts) if part in (needs or resource.parts))


def _site(op: Call, resource: Resource, open_mask: int, label: str, index: int, setting: Setting) -> Site:
    key = (op, resource.name, index)
    if key not in setting.sites:
        setting.sites[key] = Site(op.node, op.statement, resource, open_mask, label, is_awaited=op.is_awaited)
    return setting.sites[key]


def _acquire(op: Call, found: tuple[Acquired, ...], setting: Setting, outcome: Outcome) -> None:
    for one in found:
        site = _site(op, one.resource, one.open_mask, one.label, 0, setting)
        outcome.sites.append(site)
        outcome.values.add(site)


def _acquire_elements(op: Call, found: tuple[Acquired | None, ...], setting: Setting, outcome: Outcome) -> None:
    elements: list[Values] = []
    for index, one in enumerate(found):
        if one is None:
            elements.append(NOTHING)
            continue
        site = _site(op, one.resource, one.open_mask, one.label, index, setting)
        site.element = index
        outcome.sites.append(site)
        elements.append(frozenset((site,)))
    outcome.values.add(_elements(op, tuple(elements), setting))


def _apply_own(op: Call, summary: FunctionSummary, receiver: Values, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Apply the summary of a first-party function; the receiver is its first parameter."""
    parameters = summary.parameters[1:] if receiver else summary.parameters
    names = [_parameter(one, index, parameters) for index, one in enumerate(op.arguments)]
    given = {name: store.values(one.operand) for name, one in zip(names, op.arguments, strict=True)}

    def effect(index: int) -> Effect:
        found = summary.effects.get(names[index])
        if found is None:
            return summary.rest
        if found.effect is Effect.RELEASES and not _releases_by(given[names[index]], found.methods):
            return Effect.BORROWS
        return found.effect

    _spread(op, store, setting, effect, outcome)
    if receiver and summary.parameters and summary.parameters[0] in summary.effects:
        _affect_receiver(summary.effects[summary.parameters[0]].effect, receiver, op, store, setting, outcome)
        given[summary.parameters[0]] = receiver
    for name, values in given.items():
        if name in summary.passes:
            outcome.values.update(values)
        elif name in summary.wraps:
            outcome.values.update(site.view for site in store.carried(values))
    outcome.values.update(instance(name) for name in summary.returns)
    _acquire(op, summary.acquires, setting, outcome)
    for site in outcome.sites if summary.returns_none else ():
        site.is_optional = True
    if summary.elements:
        _acquire_elements(op, summary.elements, setting, outcome)


def _releases_by(values: Values, methods: frozenset[str]) -> bool:
    """Say whether one of the methods releases what is given (all of it, where it is several things)."""
    sites = [value for value in values if isinstance(value, Site)]
    is_any = not methods or not sites or any("." in method or method == "__exit__" for method in methods)
    return is_any or any(events.is_release(site, method) for site in sites for method in methods)


def _releases_by_function(op: Call, name: str, store: Store, setting: Setting) -> bool:
    """Release the first argument where the called function releases its type (os.close)."""
    first = store.values(op.arguments[0].operand) if op.arguments else NOTHING
    found = [value for value in first if isinstance(value, Site) and name in value.resource.release_functions]
    for site in found:
        events.release_all(site, op, store, setting)
    return bool(found)


def _spread(
    op: Call,
    store: Store,
    setting: Setting,
    effect: Callable[[int], Effect],
    outcome: Outcome,
    is_unknown: bool = False,
) -> None:
    """Do to each argument what the callee does to it."""
    for index, argument in enumerate(op.arguments):
        values = store.values(argument.operand)
        if values:
            _affect(values, effect(index), op, store, setting, outcome, is_unknown)


def _affect(
    values: Values, effect: Effect, op: Call, store: Store, setting: Setting, outcome: Outcome, is_unknown: bool
) -> None:
    for value in values:  # a release method that is handed on will be called: `stack.callback(h.close)`
        if isinstance(value, BoundMethod) and events.is_release(value.site, value.method):
            events.move(frozenset((value,)), op, store, setting)
        elif isinstance(value, Closure):
            events.capture((value,), op, store, setting)
            for name in value.keeps:
                events.move(store.values(name), op, store, setting)
        elif isinstance(value, BoundMethod):
            events.capture((value,), op, store, setting)
    match effect:
        case Effect.TAKES:
            events.move(values - frozenset(v for v in values if isinstance(v, Closure)), op, store, setting)
        case Effect.RELEASES:
            for site in list(store.carried(values)):
                events.release_all(site, op, store, setting)
        case Effect.ENTERS:
            outcome.values.update(value.site if isinstance(value, Closing) else value for value in values)
            events.move(values, op, store, setting)
        case Effect.PASSES:
            setting.is_releasing = True  # that a mere wrapper fails is not worth an alarm
            outcome.values.update(values)
        case Effect.CLOSES:
            outcome.values.update(site.closing for site in store.carried(values))
        case Effect.WRAPS:
            events.touch(values, op, store, setting)
            outcome.values.update(site.view for site in store.carried(values))
            outcome.values.update(value for value in values if isinstance(value, Box))
        case Effect.BORROWS:
            events.touch(values, op, store, setting)
            if not op.is_dropped and _last_name(op) not in NUMBERS:
                outcome.values.update(value for value in values if isinstance(value, Dependent))
            if is_unknown and not op.is_dropped and not callee.is_loading(_last_name(op)):
                outcome.values.update(site.dependent for site in store.carried(values))


def _last_name(op: Call) -> str:
    return op.method or (op.reference or "").rpartition(".")[2].lstrip(":")


# --- arguments ----------------------------------------------------------------------------------------------------------


def _parameter(argument: Argument, index: int, parameters: tuple[str, ...]) -> str:
    if argument.keyword is not None:
        return argument.keyword
    if argument.is_star or index >= len(parameters):
        return "*"
    return parameters[index]


def _given(op: Call, parameters: tuple[str, ...], store: Store) -> Given:
    """Give what is known of the arguments of a first-party call: literals, kinds of resources, what is left out."""
    found: list[tuple[str, Literal | Kind]] = []
    for index, argument in enumerate(op.arguments):
        name = _parameter(argument, index, parameters)
        if name == "*" or argument.is_star:
            continue
        if argument.literal is not NOT_LITERAL:
            found.append((name, argument.literal))
        for value in store.values(argument.operand):
            if isinstance(value, Site) and value.resource.name:
                found.append((name, Kind(value.resource.name, value.open_mask, value.label)))
                break
    given = {_parameter(argument, index, parameters) for index, argument in enumerate(op.arguments)}
    if not any(argument.is_star for argument in op.arguments):
        found.extend((name, DEFAULT) for name in parameters if name not in given)
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _variant(op: Call, summary: Summary) -> Variant | None:
    for variant in summary.variants:
        if _meets(op, variant.condition, summary.parameters):
            return variant
    return None


def _meets(op: Call, condition: Condition, parameters: tuple[str, ...]) -> bool:
    given = {_parameter(one, index, parameters): one for index, one in enumerate(op.arguments)}
    return all(_agrees(given.get(name), wanted) for name, wanted in condition.arguments)


def _agrees(argument: Argument | None, wanted: Literal) -> bool:
    is_none = argument is None or argument.literal is None
    if wanted == "<given>":
        return not is_none
    if wanted == "<absent>":
        return is_none
    if argument is None:
        return False
    if isinstance(wanted, str) and argument.reference is not None:
        return argument.reference == wanted
    return argument.literal == wanted and type(argument.literal) is type(wanted)
