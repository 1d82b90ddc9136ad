"""Who is called, as far as names and values tell, and so whose summary the call meets; what it does is in `effects`."""

import ast

from leaklint.analysis import arguments, attribute_calls, callee, containers, effects, events, opened_inline
from leaklint.analysis.acquiring import Outcome
from leaklint.analysis.ops import Call
from leaklint.analysis.own_calls import call_found, matters
from leaklint.analysis.setting import Project, Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import (
    NOTHING,
    BoundMethod,
    Box,
    Closing,
    Closure,
    Dependent,
    Field,
    Instance,
    Part,
    Reference,
    Site,
    View,
    instance,
    own_type,
)
from leaklint.model.resource import Effect

EVENTS = frozenset(f"{module}.Event" for module in ("asyncio", "threading", "trio", "anyio"))
ENTERING = frozenset(("__enter__", "__aenter__", "__index__"))  # methods that give the object itself
LEAVING = frozenset(("__exit__", "__aexit__", "__del__"))
STORING = ("add", "append", "insert", "register", "track", "keep", "enter")
STORED = frozenset(("put", "push", "store"))  # `put_object` sends what it is given
WRITING = frozenset(("builtins.str", "builtins.repr", "builtins.hex"))


def call(op: Call, store: Store, setting: Setting) -> Outcome:
    """Do to the store what a call does to its arguments, and give its result (not yet bound)."""
    outcome = Outcome()
    if op.reference is not None and op.reference.startswith(":"):
        _call_own(op, op.reference[1:], store, setting, outcome)
    elif op.reference is not None:
        _call_dotted(op, op.reference, store, setting, outcome)
    elif op.method is not None:
        _call_method(op, op.method, store, setting, outcome)
        outcome.diverges |= op.method == "wait" and _is_never_set(op, setting)
    else:
        _call_value(op, store, setting, outcome)
    if op.method in opened_inline.READING or op.reference in opened_inline.LOADING:
        opened_inline.acquire(op, store, setting, outcome)
    return outcome


def _is_never_set(op: Call, setting: Setting) -> bool:
    """Say whether it waits for an event without a name, which nobody can set: the end of a program's main function."""
    receiver = op.node.func.value if isinstance(op.node.func, ast.Attribute) else None
    return isinstance(receiver, ast.Call) and setting.scope.dotted(receiver.func) in EVENTS


def bind(op: Call, outcome: Outcome, store: Store, setting: Setting) -> None:
    """Bind the result of a call that has not raised; what it acquired is open now."""
    for site in outcome.sites:
        events.acquire(site, op, store, setting)
    for site in outcome.unopened:
        events.acquire(site, op, store, setting, is_unopened=True)
    for site in outcome.opened:
        events.open_now(site, op, store, setting)
    for site in outcome.lent:
        events.lend(site, store)
    for site in outcome.promised:
        events.promise(site, store)
    events.take_out(outcome.taken, store)
    store.bind(op.dest, frozenset(outcome.values))


def _call_dotted(op: Call, name: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    if name in WRITING:
        _write_out(op, store, setting)
    summary = setting.catalogue.summary(name)
    if summary is not None:
        return effects.apply(op, summary, NOTHING, store, setting, outcome)
    if effects.released_by_function(op, name, store, setting):
        return None
    if not callee.is_standard(name) and matters(op, store, setting):
        own = setting.project.find(name)
        if own is not None:
            return call_found(op, own[0], own[1], own[0].scope, store, setting, outcome)
        behind = setting.project.external(name)
        if behind != name:
            return _call_dotted(op, behind, store, setting, outcome)
        if attribute_calls.acquire_by_import(op, name, store, setting, outcome):
            return None
    last = name.rpartition(".")[2]
    if callee.is_standard(name):
        effect = Effect.TAKES if callee.is_class_name(last) else Effect.BORROWS
        effects.spread(op, store, setting, lambda _: effect, outcome)
        if name in containers.COPYING:
            containers.copy(op, store, setting, outcome)
        elif name in containers.NEXT:
            containers.take_next(op, store, outcome)
        if name in callee.PATHS:
            outcome.values.add(instance("builtins.str"))
        return None
    return _hand_on(op, last, store, setting, outcome)


def _call_own(op: Call, name: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Call a function or class of this module."""
    for value in store.values(op.callee):
        if isinstance(value, Closure):
            _call_closure(op, value, store, setting)
            outcome.values.update(one.view for name in value.holds for one in store.carried(store.values(name)))
    return call_found(op, setting.project, name, setting.scope, store, setting, outcome)


def _call_closure(op: Call, closure: Closure, store: Store, setting: Setting) -> None:
    events.touch((closure,), op, store, setting)
    if isinstance(closure.node, ast.ClassDef):  # its instance uses what it captures for as long as it likes
        events.capture((closure,), op, store, setting)
    for name in closure.keeps:
        events.move(store.values(name), op, store, setting)


def _call_value(op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Call what a variable holds."""
    is_known = False
    for value in store.values(op.callee):
        match value:
            case Reference(name=name):
                is_known = True
                if name.startswith(":"):
                    call_found(op, setting.project, name[1:], setting.scope, store, setting, outcome)
                else:
                    _call_dotted(op, name, store, setting, outcome)
            case Closure():
                is_known = True
                _call_closure(op, value, store, setting)
                effects.spread(op, store, setting, lambda _: Effect.TAKES, outcome, is_unknown=True)
            case BoundMethod(site=site, method=method):
                is_known = True
                _call_on_site(op, method, site, store, setting, outcome)
            case Instance(type_name=name) if op.callee == "cls" and ":" in name:  # a class method makes an object of its class
                is_known |= _call_own_class(op, name, store, setting, outcome)
            case Instance(type_name=name):
                is_known |= attribute_calls.acquire_by_type(op, "__call__", name, store, setting, outcome)
            case Site(own_type=str(name)) if attribute_calls.is_callable(name, setting):
                is_known = True
                _call_on_site(op, "__call__", value, store, setting, outcome)
            case Site():
                events.move((value,), op, store, setting)  # who knows what it does with itself
            case _:
                pass
    if not is_known:
        _call_unknown_value(op, store, setting, outcome)


def _call_unknown_value(op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    name = op.node.func.id if isinstance(op.node.func, ast.Name) else ""
    module = setting.scope.module
    if setting.scope.find(name) is module and setting.project.is_assigned(name):
        call_found(op, setting.project, name, module, store, setting, outcome)
    else:
        effects.spread(op, store, setting, callee.guesses(op, name), outcome, is_unknown=True)


def _call_own_class(op: Call, type_name: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    found = setting.project.class_at(type_name)
    if found is None or not (found[1] in found[0].vocabulary.words or matters(op, store, setting)):
        return False
    call_found(op, found[0], found[1], found[0].scope, store, setting, outcome, is_asked=True)
    return True


def _call_method(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    receivers = store.values(op.receiver)
    setting.is_notable |= any(isinstance(value, Instance) for value in receivers)
    if setting.record is not None:
        setting.record.note(setting.record.receivers, op, receivers)
    is_sure = sum(isinstance(value, Site) for value in receivers) == 1
    is_known = False
    for value in receivers:
        match value:
            case Site():
                is_known = True
                _call_on_site(op, method, value, store, setting, outcome, is_sure)
            case Box():
                is_known = True
                containers.call_on_box(op, method, value, store, setting, outcome)
            case Instance(type_name=type_name):
                is_known |= _call_on_instance(op, method, type_name, store, setting, outcome)
            case View(site=site) if events.is_all_it_holds(op, method, site):
                is_known = True
                events.release_all(site, op, store, setting)
            case View(site=site) | Dependent(site=site):
                is_known = True
                events.use(site, op, store, setting, method if isinstance(value, View) else None)
                if not callee.is_plain(method) and not op.is_dropped:
                    outcome.values.add(site.dependent)
                effects.spread(op, store, setting, lambda _: callee.guess_of_known(method), outcome)
            case Part(site=site, attribute=attribute):
                is_known = True
                if not events.release(site, f"{attribute}.{method}", op, store, setting):
                    events.use(site, op, store, setting)
                effects.spread(op, store, setting, lambda _: callee.guess_of_known(method), outcome)
            case Field(name=name, owner=owner) if method in setting.project.vocabulary.words:
                is_known |= attribute_calls.acquire(op, method, owner, name, store, setting, outcome)
            case Closing(site=site) if method in ENTERING:
                is_known = True
                outcome.values.add(site)
            case _:
                pass
    if not (is_known or attribute_calls.acquire_by_global(op, method, store, setting, outcome)):
        _call_unknown_method(op, method, store, setting, outcome)


def _call_unknown_method(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    summary = setting.catalogue.any_method(method)
    if summary is not None:
        return effects.apply(op, summary, NOTHING, store, setting, outcome)
    if method in containers.FILLING | STORED or method.startswith(STORING):
        _fill_field(op, store, setting)
    if method == "format":
        _write_out(op, store, setting)
    if _call_through_class(op, method, store, setting, outcome):
        return None
    if attribute_calls.acquire_by_convention(op, method, store, setting, outcome):
        return None
    setting.is_releasing |= callee.is_closing(method) and not op.arguments  # that a release fails is advice
    return _hand_on(op, method, store, setting, outcome)


def _hand_on(op: Call, name: str, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Give the arguments to what is known by its name alone, which may be one of this module's own that releases them."""
    given = [value for argument in op.arguments for value in store.values(argument.operand)]
    is_released = any(True for _ in store.carried(given)) and setting.project.has_releasing(name)
    effect = (lambda _: Effect.TAKES) if is_released else callee.guesses(op, name)
    effects.spread(op, store, setting, effect, outcome, is_unknown=True)


def _fill_field(op: Call, store: Store, setting: Setting) -> None:
    """Note what is put into a container that an attribute of self holds."""
    for value in store.values(op.receiver):
        if isinstance(value, Field) and setting.own_type in (None, value.owner):
            for argument in op.arguments:
                events.store_in_field(value.name, store.values(argument.operand), op, store, setting, is_container=True)


def _call_through_class(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method of a class of the module by the class's name: `Client.create()`, `Base.setUp(self)`."""
    name = op.node.func.value.id if isinstance(op.node.func, ast.Attribute) and isinstance(op.node.func.value, ast.Name) else ""
    owner = setting.scope.definition(name)
    if isinstance(owner, ast.ClassDef) and setting.project.is_unbound(name, method):
        call_found(op, setting.project, f"{name}.{method}", setting.scope, store, setting, outcome)
        return True
    body = owner.body if isinstance(owner, ast.ClassDef) else []
    if not any(isinstance(one, ast.FunctionDef) and one.name == method and not one.decorator_list for one in body):
        return False
    parameters = ("self", *setting.project.method_parameters(name, method))
    summary = setting.project.method(name, method, arguments.given(op, parameters, store, setting.catalogue))
    if summary is None:
        return False
    effects.apply_own(op, summary, NOTHING, store, setting, outcome)
    return True


def _write_out(op: Call, store: Store, setting: Setting) -> None:
    for argument in op.arguments:
        events.write_out(store.values(argument.operand), op, store, setting)


def _call_on_site(
    op: Call, method: str, site: Site, store: Store, setting: Setting, outcome: Outcome, is_sure: bool = True
) -> None:
    if _ends_or_enters(op, method, site, store, setting, outcome):
        return
    resource = site.resource
    is_expected = setting.graph.is_expected(op.line)
    if (method in resource.opened_by or "*" in resource.opened_by) and not is_expected:  # what is meant to fail opens nothing
        if site.own_type is None:
            events.open_now(site, op, store, setting)
        else:
            outcome.opened.append(site)  # a method of one's own that raises has opened nothing
    events.use(site, op, store, setting, method if is_sure else None)
    setting.is_releasing |= method in resource.fails_released
    if method in resource.fluent:
        outcome.values.add(site)
    elif method in resource.lazy or "*" in resource.lazy:
        outcome.values.add(site.view)
    elif not callee.is_plain(method) and not op.is_dropped:
        outcome.values.add(site.dependent)
    summary = setting.catalogue.method(resource.name, method)
    if summary is not None:
        effects.apply(op, summary, frozenset((site,)), store, setting, outcome)
        return
    if site.own_type is not None and _call_own_method(op, method, site, site.own_type, store, setting, outcome):
        return
    if site.own_type is None and _call_inside(op, method, site, resource.name, store, setting, outcome):
        return
    effects.spread(op, store, setting, lambda _: callee.guess_of_known(method), outcome)


def _ends_or_enters(op: Call, method: str, site: Site, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Do what a method does that releases a resource, enters it or lets it be kept; say whether it is one."""
    if method in site.resource.drains and not (method == "read" and op.arguments):
        events.use(site, op, store, setting, method)
        events.release_all(site, op, store, setting)
    elif method in LEAVING or events.is_release(site, method):
        events.release(site, method, op, store, setting)
        effects.spread(op, store, setting, lambda _: Effect.BORROWS, outcome)
    elif method in ENTERING:
        outcome.values.add(site)
        events.use(site, op, store, setting)
    elif method in site.resource.kept_by:
        events.move(frozenset((site,)), op, store, setting)
    else:
        return False
    return True


def _call_own_method(
    op: Call, method: str, receiver: Site | Instance, type_name: str, store: Store, setting: Setting, outcome: Outcome
) -> bool:
    """Call a method that a first-party class defines."""
    found = setting.project.class_at(type_name)
    if found is None:
        return False
    project, name = found
    if isinstance(receiver, Instance) and not matters(op, store, setting):
        return True
    summary = project.method(
        name, method, arguments.given(op, project.method_parameters(name, method), store, setting.catalogue)
    )
    if summary is None:
        return _call_class_attribute(op, project.class_attribute(name, method), store, setting, outcome)
    effects.apply_own(op, summary, frozenset((receiver,)), store, setting, outcome)
    return True


def _call_class_attribute(
    op: Call, found: tuple[Project, ast.expr] | None, store: Store, setting: Setting, outcome: Outcome
) -> bool:
    """Call a class that another one names in its body: `connection_class = Connection`, `self.connection_class(...)`."""
    if found is None:
        return False
    project, node = found
    if isinstance(node, ast.Name) and project.scope.definition(node.id) is not None:
        call_found(op, project, node.id, project.scope, store, setting, outcome)
        return True
    dotted = project.scope.dotted(node)
    own = project.find(dotted) if dotted is not None else None
    summary = setting.catalogue.summary(project.external(dotted)) if own is None and dotted is not None else None
    if own is not None:
        call_found(op, own[0], own[1], own[0].scope, store, setting, outcome)
    elif summary is not None:
        effects.apply(op, summary, NOTHING, store, setting, outcome)
    return own is not None or summary is not None


def _call_inside(
    op: Call, method: str, receiver: Site | Instance, type_name: str, store: Store, setting: Setting, outcome: Outcome
) -> bool:
    """Call a private method of a catalogued library's class, where the library is the project."""
    found = setting.project.inside(type_name) if type_name and method.startswith("_") else None
    if found is None:
        return False
    return _call_own_method(op, method, receiver, own_type(found[0].path, found[1]), store, setting, outcome)


def _call_on_instance(op: Call, method: str, type_name: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    if _call_own_method(op, method, instance(type_name), type_name, store, setting, outcome):
        return True
    if ":" in type_name:
        return attribute_calls.call_attribute(op, method, type_name, store, setting, outcome)
    found = setting.catalogue.method(type_name, method)
    if found is not None:
        effects.apply(op, found, NOTHING, store, setting, outcome)
        return True
    if setting.catalogue.any_method(method) is not None:
        return False
    if _call_inside(op, method, instance(type_name), type_name, store, setting, outcome):
        return True
    effects.spread(op, store, setting, lambda _: callee.guess_of_known(method), outcome)
    return True
