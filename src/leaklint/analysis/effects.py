"""What a summary does to the arguments and the result of a call; it does not know who is called."""

from collections.abc import Callable

from leaklint.analysis import arguments, callee, events
from leaklint.analysis.acquiring import (
    Outcome,
    acquire,
    acquire_contents,
    acquire_elements,
    acquire_kinds,
    acquire_unopened,
    mask,
    promise,
)
from leaklint.analysis.adoption import adoption
from leaklint.analysis.ops import Call
from leaklint.analysis.quiet import QUIET
from leaklint.analysis.setting import Acquired, FunctionSummary, ParameterEffect, Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import (
    NOTHING,
    SWALLOWER,
    BoundMethod,
    Box,
    Closing,
    Closure,
    Dependent,
    Elements,
    Site,
    Value,
    Values,
    instance,
)
from leaklint.analysis.wrapping import is_over_another
from leaklint.model.resource import Effect, Resource, Summary, Variant

NUMBERS = frozenset(("len", "int", "float", "bool", "sum", "max", "min", "isinstance", "hash", "id"))
ENTERING = frozenset(("__enter__", "__aenter__"))  # whoever opens it with a with, releases it too
PARAMETER = "self"  # how summaries call the receiver


def apply(op: Call, summary: Summary, receiver: Values, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Apply a catalogued summary."""
    variant = arguments.variant(op, summary, store)
    if PARAMETER in summary.effects and receiver:
        _affect_receiver(summary.effects[PARAMETER], receiver, op, store, setting, outcome)

    def effect(index: int) -> Effect:
        name = arguments.parameter(op.arguments[index], index, summary.parameters)
        for effects in (variant.effects, summary.effects) if variant else (summary.effects,):
            if name in effects:
                return effects[name]
            if "*" in effects:
                return effects["*"]
            if name == "*" and Effect.TAKES in effects.values():
                return Effect.TAKES  # `open(*args)`: the descriptor may be among them
        return Effect.BORROWS

    adopted = adoption(op, effect, store, setting)
    spread(op, store, setting, effect, outcome)
    setting.is_notable |= summary.is_about_loops
    if setting.record is not None and summary.is_about_loops:
        setting.record.note_loop_call(op, summary)
    if summary.runs_loop:
        setting.is_releasing = False  # whatever the coroutine raises comes out of it
    if summary.swallows:
        outcome.values.add(SWALLOWER)
    if variant is None or not variant.is_silent:
        _give_known(op, summary, store, setting, outcome)
    outcome.diverges |= summary.diverges
    is_dismissed = op.is_dropped and summary.effects.get(PARAMETER) is Effect.RELEASES  # `stack.pop_all()`
    kinds = () if is_dismissed or is_over_another(op, effect, store, setting) else summary.acquires
    if variant is not None and (variant.acquires is not None or variant.is_silent):
        kinds = _kinds_of(variant, kinds, op, setting, outcome)
    if adopted is not None and not adopted.is_own:
        outcome.values.update(instance(kind) for kind in kinds if kind)
        kinds = ()
    acquire_kinds(op, summary, kinds, variant, setting, outcome)
    if adopted is not None:
        for site in outcome.sites:
            site.over = adopted.site
    makers = [value for value in receiver if isinstance(value, Site)]
    for site in outcome.sites:
        if site.resource.ends_with_maker and len(makers) == 1:
            site.maker = makers[0]


def _give_known(op: Call, summary: Summary, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Make what a catalogued call gives besides what it acquires its result: values of known types, and containers."""
    if summary.returns is not None:
        outcome.values.add(instance(summary.returns))
    if summary.yields is not None:
        outcome.values.add(setting.elements.setdefault(op, Elements((frozenset((instance(summary.yields),)),))))
    contained = setting.catalogue.resource(summary.contains) if summary.contains else None
    if contained is not None:
        content = Acquired(contained, mask(contained, contained.needs), contained.label or contained.name)
        acquire_contents(op, (content,), store, setting, outcome)


def _kinds_of(
    variant: Variant, kinds: tuple[str | None, ...], op: Call, setting: Setting, outcome: Outcome
) -> tuple[str | None, ...]:
    """Give the types that a call acquires with the arguments of a variant; what it leaves closed becomes its result."""
    if variant.is_silent:
        return ()
    if kinds and not any(variant.acquires or ()):
        acquire_unopened(op, kinds[0], setting, outcome)
    return variant.acquires or ()


def apply_own(op: Call, summary: FunctionSummary, receiver: Values, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Apply the summary of a first-party function; the receiver is its first parameter."""
    parameters = summary.parameters[1:] if receiver else summary.parameters
    names = [arguments.parameter(one, index, parameters) for index, one in enumerate(op.arguments)]
    given = {name: store.values(one.operand) for name, one in zip(names, op.arguments, strict=True)}

    def effect(index: int) -> Effect:
        found = summary.effects.get(names[index])
        if found is None:
            return summary.rest
        if found.effect is Effect.RELEASES and not _releases_by(given[names[index]], found.methods):
            return Effect.BORROWS
        if found.effect is Effect.BORROWS and "close" in callee.words(_last_name(op)):
            return Effect.TAKES  # `close_socket(connection)` may close a part of it, which releases it as well
        return found.effect

    adopted = [
        site
        for name in sorted(summary.adopts)
        for site in store.carried(given.get(name, NOTHING))
        if store.is_open(site) and (site.parameter is None or site.resource.name)  # not a parameter that may be anything
    ]
    for name, values in given.items():
        _use_late(values, summary.effects.get(name), op, store, setting)
    spread(op, store, setting, effect, outcome)
    outcome.lent = [site for site in outcome.lent if _is_opened_by(summary, site, given, store)]
    setting.is_notable |= summary.runs_loop or summary.asks_loop
    if setting.record is not None and (summary.runs_loop or summary.asks_loop):
        setting.record.note_loop_helper(op, summary.runs_loop)
    outcome.diverges |= summary.diverges
    if receiver and summary.parameters and summary.parameters[0] in summary.effects:
        _affect_receiver(summary.effects[summary.parameters[0]].effect, receiver, op, store, setting, outcome)
        given[summary.parameters[0]] = receiver
    _pass_on(summary, given, store, outcome)
    _acquire_own(op, summary, setting, outcome)
    if adopted and summary.adopter is not None and not summary.acquires:
        acquire(op, (summary.adopter,), setting, outcome)
        made = outcome.sites[-1]
        is_circle = made in adopted or any(one.is_over(made) for one in adopted)  # `reader = Reader(reader)` in a loop
        made.over = adopted[0] if len(adopted) == 1 and not is_circle else made.over
    if summary.contents:
        acquire_contents(op, summary.contents, store, setting, outcome)
    elif summary.yields or summary.yielded_elements:
        promise(op, summary, store, setting, outcome)


def _is_opened_by(summary: FunctionSummary, site: Site, given: dict[str, Values], store: Store) -> bool:
    """Say whether a first-party function may open what it is lent: it calls a method that does, or lends it in turn."""
    met = [summary.effects.get(name) for name, values in given.items() if site in store.carried(values)]
    return any(one is None or one.is_lent or not one.uses.isdisjoint(site.resource.opened_by) for one in met)


def _pass_on(summary: FunctionSummary, given: dict[str, Values], store: Store, outcome: Outcome) -> None:
    """Make what a first-party function returns or wraps of its arguments its result."""
    for name, values in given.items():
        if name in summary.passes:
            outcome.values.update(values)
        elif name in summary.wraps:
            for site in store.carried(values):
                site.fields.update(attribute for parameter, attribute in summary.fields if parameter == name)
                outcome.values.add(site.view)
    outcome.values.update(instance(name) for name in summary.returns)


def _acquire_own(op: Call, summary: FunctionSummary, setting: Setting, outcome: Outcome) -> None:
    acquire(op, summary.acquires, setting, outcome)
    for site in outcome.sites:
        site.is_optional |= summary.returns_none
        site.is_pending = summary.is_coroutine and not op.is_awaited
    if summary.elements:
        acquire_elements(op, summary.elements, setting, outcome)


def _use_late(values: Values, effect: ParameterEffect | None, op: Call, store: Store, setting: Setting) -> None:
    """Note the uses of a callee that must fail where the resource is released already."""
    for value in values if effect is not None else ():
        if isinstance(value, Site) and effect is not None:
            for method in sorted(effect.uses & value.resource.fails_after_release)[:1]:
                events.use(value, op, store, setting, method)


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


def _releases_by(values: Values, methods: frozenset[str]) -> bool:
    """Say whether one of the methods releases what is given (all of it, where it is several things)."""
    sites = [value for value in values if isinstance(value, Site)]
    is_any = not methods or not sites or any("." in method or method == "__exit__" for method in methods)
    return is_any or any(
        events.is_release(site, method) or method in site.resource.drains for site in sites for method in methods
    )


def released_by_function(op: Call, name: str, store: Store, setting: Setting) -> bool:
    """Release the first argument where the called function releases its type (os.close)."""
    first = store.values(op.arguments[0].operand) if op.arguments else NOTHING
    found = [value for value in map(_itself, first) if isinstance(value, Site) and _is_releasing(name, value.resource)]
    for site in found:
        events.release_all(site, op, store, setting)
    return bool(found)


def _itself(value: Value) -> Value:
    """Give the directory of whose path something was made: `rmtree(repository.working_dir)` removes it."""
    return value.site if isinstance(value, Dependent) and value.site.resource.is_path else value


def _may_be_opened(site: Site) -> bool:
    """Say whether who is lent a resource may open it, and leave it so; a patcher is started by the one who made it."""
    return not site.resource.opened_by <= ENTERING and not site.resource.only_in_fixtures


def _is_releasing(name: str, resource: Resource) -> bool:
    """Say whether a function releases a type: one of its own, or one of another module by the same name (rmtree)."""
    if name in resource.release_functions:
        return True
    last = name.rpartition(".")[2]
    return any(last == one.rpartition(".")[2] for one in resource.release_functions)


def spread(
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
    _affect_functions(values, effect, op, store, setting, outcome)
    match effect:
        case Effect.TAKES | Effect.ADOPTS:
            events.move(
                [one for one in values if not isinstance(one, Closure) and not _is_reading(one) and not _is_refused(one, op)],
                op,
                store,
                setting,
            )
        case Effect.RELEASES:
            for site in list(store.carried(map(_itself, values))):
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
            outcome.lent.extend(site for site in store.carried(values) if site.resource.opened_by)
            outcome.values.update(site.view for site in store.carried(values))
            outcome.values.update(value for value in values if isinstance(value, Box))
        case Effect.READS:
            events.touch(values, op, store, setting)
            outcome.values.update(site.dependent for site in store.carried(values))
        case Effect.NAMES:
            setting.is_releasing = True
            outcome.values.update(one for one in values if isinstance(one, Site) and one.resource.is_path)
            outcome.values.update(one for one in values if isinstance(one, Dependent))
        case Effect.BORROWS:
            _lend(values, op, store, setting, outcome, is_unknown)


def _affect_functions(values: Values, effect: Effect, op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Do to functions that are handed on what becomes of what they hold: whoever has them calls them."""
    for value in values:  # a release method that is handed on will be called: `stack.callback(h.close)`
        if isinstance(value, BoundMethod) and events.is_release(value.site, value.method):
            events.move(frozenset((value,)), op, store, setting)
        elif isinstance(value, Closure):
            if effect is Effect.WRAPS:  # `iter(lambda: file.read(4), b"")` calls it as long as it is read from itself
                outcome.values.update(one.view for name in value.captured for one in store.carried(store.values(name)))
            else:
                events.capture((value,), op, store, setting)
            for name in value.keeps:
                events.move(store.values(name), op, store, setting)
        elif isinstance(value, BoundMethod):
            events.capture((value,), op, store, setting)


def _lend(values: Values, op: Call, store: Store, setting: Setting, outcome: Outcome, is_unknown: bool) -> None:
    """Lend values to a callee that only uses them; what it gives may need them."""
    events.touch(values, op, store, setting)
    if not _is_inspecting(op) and not setting.graph.is_expected(op.line):  # what is meant to fail opens nothing
        outcome.lent.extend(site for site in store.carried(values) if _may_be_opened(site))
    if callee.is_removing(_last_name(op)):  # `rmtree_ro(directory)`
        events.move(
            [v for v in map(_itself, values) if isinstance(v, Site) and v.resource.only_in_fixtures], op, store, setting
        )
    if not op.is_dropped and _last_name(op) not in NUMBERS:
        outcome.values.update(value for value in values if isinstance(value, Dependent))
    if not op.is_dropped and not callee.is_loading(_last_name(op)):  # what works in a directory may tell which one it is
        outcome.values.update(site.dependent for site in store.carried(values) if is_unknown or site.resource.is_path)


def _is_refused(value: Value, op: Call) -> bool:
    """Say whether `open` is given an open file: it takes over descriptors, and fails with anything else but a path."""
    return (
        op.reference == "builtins.open"
        and isinstance(value, Site)
        and bool(value.resource.name)
        and not value.resource.is_virtual
    )


def _is_reading(value: Value) -> bool:
    """Say whether a value is a method that only reads or writes (`setattr(x, "read", file.read)`): it cannot release."""
    return isinstance(value, BoundMethod) and value.site.own_type is None and callee.is_plain(value.method)


def _is_inspecting(op: Call) -> bool:
    """Say whether a call only looks at its arguments (`isinstance`, an assertion) or keeps them: it opens nothing lazy."""
    name = _last_name(op)
    return op.reference in QUIET or name.startswith(("assert", "_assert")) or callee.is_class_name(name)


def _last_name(op: Call) -> str:
    return op.method or (op.reference or "").rpartition(".")[2].lstrip(":")
