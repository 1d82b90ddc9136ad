"""What each operation other than a call does to the store; it knows operations, not syntax, and nothing of blocks."""

import ast

from leaklint.analysis import effects, events
from leaklint.analysis.ops import (
    Alias,
    Call,
    Collect,
    Delete,
    Element,
    Enter,
    Escape,
    Evaluate,
    Exit,
    Iterate,
    Load,
    Op,
    Put,
    Raise,
    Return,
    Use,
    Yield,
)
from leaklint.analysis.setting import Body, Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import (
    ENTERED,
    ESCAPED,
    NOTHING,
    OTHER,
    BoundMethod,
    Box,
    Closure,
    Constant,
    Dependent,
    Elements,
    Field,
    Instance,
    Part,
    Reference,
    Site,
    Value,
    Values,
    View,
    instance,
    is_open,
    reference,
)
from leaklint.model.resource import Effect

ITEM = "__getitem__"  # as a lazy method: what stands under a key still needs the resource, and leads to it
PATH = "pathlib.Path"
DEPTH = 3  # of tuples within tuples
ATTRIBUTE = "__getattr__"  # the same of every attribute


def transfer(op: Op, store: Store, setting: Setting) -> None:
    """Do to the store what an operation does."""
    match op:
        case Alias(dest=dest, source=source):
            values = store.values(source)
            if op.is_last and source is not None:
                store.bind(source, NOTHING)
            _bind_name(op, dest, values, store, setting)
        case Evaluate(dest=dest, value=value):
            _bind_name(op, dest, frozenset((value,)), store, setting)
        case Delete(name=name, is_binding=is_binding):
            _bind_name(op, name, NOTHING, store, setting, is_lost=is_binding)
        case Load(dest=dest, receiver=receiver, attribute=attribute):
            store.bind(dest, _load(op, store.values(receiver), attribute, store, setting))
        case Escape(source=source):
            if op.is_own and op.attribute is not None:
                events.store_in_field(op.attribute, store.values(source), op, store, setting)
            if _is_left_in_fixture(op, setting):
                events.capture(store.values(source), op, store, setting)
            else:
                events.move(store.values(source), op, store, setting)
            events.touch(store.values(op.receiver), op, store, setting)
            _give(op, store, setting)
        case Collect():
            _collect(op, store, setting)
        case Put():
            _put(op, store, setting)
        case Element(dest=dest, source=source):
            values = store.values(source)
            events.touch(values, op, store, setting)
            if op.index is not None:  # one of several at once, and nobody follows the others
                values = frozenset(one for one in values if not (isinstance(one, Box) and one.is_lazy))
            events.take_out(events.promised(values, store), store)
            store.bind(dest, frozenset(_elements(values, op, store)))
        case Iterate(source=source):
            _iterate(op, store, setting)
        case Enter(dest=dest, source=source):
            store.bind(dest, frozenset(events.enter(store.values(source), op, store, setting)))
        case Exit(source=source):
            events.leave(store.values(source), op, store, setting)
        case Use(sources=sources, dest=dest):
            _use(op, sources, dest, store, setting)
        case Yield(source=source):
            _yield(op, store.values(source), store, setting)
        case Return(source=source):
            _return(op, store.values(source), store, setting)
        case Raise() | Call():
            pass


def _bind_name(op: Op, dest: str, values: Values, store: Store, setting: Setting, is_lost: bool = True) -> None:
    """Bind a name; an open resource that only this name held is lost from here on."""
    if dest in setting.scope.bindings.shared:  # a nested function may have bound it anew at any call
        values = frozenset(OTHER if isinstance(one, Constant) else one for one in values)
    if not dest.startswith("%"):
        old = store.env.get(dest)
        if old is not None and is_lost and setting.record is not None:
            _note_rebound(op, dest, old, values, store, setting)
        for opaque in setting.graph.kills.get(dest, ()):
            store.bind(opaque, NOTHING)
        if dest in setting.scope.bindings.captured:
            _share(op, dest, values, store, setting)
        if setting.record is not None:
            for value in values:
                if isinstance(value, Site):
                    names = setting.record.of(value).names
                    if dest not in names:
                        names.append(dest)
                elif isinstance(value, Box):
                    events.contain(store.env.get(value, NOTHING), setting)
                elif isinstance(value, Elements):
                    events.contain([one for element in value.values for one in element], setting)
    store.bind(dest, values)


def _note_rebound(op: Op, dest: str, old: Values, new: Values, store: Store, setting: Setting) -> None:
    assert setting.record is not None
    kept = set(store.carried(new))
    for value in old:
        if isinstance(value, Site) and value not in kept:
            is_lost = any(is_open(status) for status in store.sites.get(value, events.NOTHING_OPEN))
            if is_lost and not store.holders(value, dest):
                setting.record.of(value).rebinds[op] = None


def _share(op: Op, dest: str, values: Values, store: Store, setting: Setting) -> None:
    """A name that an escaped closure captured: what it holds from now on is out of reach too."""
    for place in list(store.env):
        if isinstance(place, Closure) and dest in place.captured:
            events.move(values, op, store, setting)


def _load(op: Load, values: Values, attribute: str, store: Store, setting: Setting) -> Values:
    loaded: set[Value] = set()
    for value in values:
        match value:
            case Site():
                events.use(value, op, store, setting)
                if attribute in value.resource.drains:
                    events.release_all(value, op, store, setting)
                if attribute == "__dict__":  # `self.__dict__.update(base.__dict__)`: all that it holds is somebody else's
                    events.move(frozenset((value,)), op, store, setting)
                loaded.update(_attribute(value, attribute, setting))
            case Part(site=site, attribute=part) if f"{part}.{attribute}" in site.resource.part_releases:
                loaded.add(_bound(site, f"{part}.{attribute}", setting))
            case View(site=site) if attribute in site.fields:
                loaded.add(site)
            case View(site=site) | Dependent(site=site) | Part(site=site):
                events.use(site, op, store, setting)
                loaded.add(value if isinstance(value, View) and ATTRIBUTE in site.resource.lazy else site.dependent)
            case Instance(type_name=name) if ":" in name:
                loaded.add(setting.fields.setdefault((name, attribute), Field(attribute, name)))
            case Instance(type_name=name):
                summary = setting.catalogue.method(name, attribute)
                if summary is not None and summary.returns is not None:
                    loaded.add(instance(summary.returns))
            case Reference(name=name) if setting.catalogue.summary(f"{name}.{attribute}") is not None:
                loaded.add(reference(f"{name}.{attribute}"))
            case _:
                pass
    return frozenset(loaded)


def _attribute(site: Site, attribute: str, setting: Setting) -> list[Value]:
    resource = site.resource
    if attribute in resource.data:
        return []
    if events.is_release(site, attribute) or _is_method(site, attribute, setting):
        return [_bound(site, attribute, setting)]
    if any(name.startswith(f"{attribute}.") for name in resource.part_releases):
        return [setting.parts.setdefault((site, attribute), Part(site, attribute))]
    return [site.view if ATTRIBUTE in resource.lazy or attribute in resource.holds else site.dependent]


def _is_method(site: Site, attribute: str, setting: Setting) -> bool:
    resource = site.resource
    if attribute in resource.fails_after_release or attribute in resource.lazy:
        return True
    return setting.catalogue.method(resource.name, attribute) is not None


def _bound(site: Site, method: str, setting: Setting) -> BoundMethod:
    return setting.bound.setdefault((site, method), BoundMethod(site, method))


def _is_left_in_fixture(op: Escape, setting: Setting) -> bool:
    """Say whether a test puts something into an object of its set-up (`self.request.body = file`) that nobody ever releases."""
    if setting.test_class is None or op.is_own or not isinstance(op.statement, ast.Assign):
        return False
    match op.statement.targets[0]:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=attribute)):
            return not setting.project.lets_go(setting.test_class, attribute)
        case _:
            return False


def _give(op: Escape, store: Store, setting: Setting) -> None:
    """An attribute that stands for what the resource would have opened: what it holds now is somebody else's."""
    for value in store.values(op.receiver):
        if isinstance(value, Site) and op.attribute in value.resource.given_through:
            events.move((value,), op, store, setting)


def _collect(op: Collect, store: Store, setting: Setting) -> None:
    if op.is_tuple:
        elements = tuple(_shallow(store.values(name)) for name in op.elements)
        depth = 1 + max((one.depth for values in elements for one in values if isinstance(one, Elements)), default=0)
        store.bind(op.dest, frozenset((setting.tuples.setdefault((op, elements), Elements(elements, depth)),)))
        return
    box = setting.boxes.setdefault(op, Box(op.line))
    contents = {value for name in op.elements for value in store.values(name)}
    store.env[box] = frozenset(contents)
    store.bind(op.dest, frozenset((box,)))


def _shallow(values: Values) -> Values:
    """Give values of which no tuple is nested deep: one that is wrapped once more in every round of a loop has no end."""
    if not any(isinstance(one, Elements) and one.depth >= DEPTH for one in values):
        return values
    inner = {one for value in values if isinstance(value, Elements) for element in value.values for one in element}
    return _shallow(frozenset(one for one in values if not isinstance(one, Elements)) | inner)


def _put(op: Put, store: Store, setting: Setting) -> None:
    values = store.values(op.source)
    if op.is_lazy:
        values = frozenset(View(value, is_reading=True) if isinstance(value, Site) else value for value in values)
    kept = store.values(op.container)
    if op.container is not None and any(isinstance(one, Constant) for one in kept):  # `count += 1`: nobody counts along
        store.bind(op.container, frozenset(OTHER if isinstance(one, Constant) else one for one in kept))
    events.touch(store.values(op.container), op, store, setting)
    containers = [value for value in store.values(op.container) if isinstance(value, Box)]
    for value in [one for one in values if isinstance(one, Box) and op.source is not None]:
        values |= store.env.get(value, NOTHING) - {ESCAPED}
    for box in containers:
        contents = store.env.get(box, NOTHING)
        if ESCAPED in contents:
            events.move(values, op, store, setting)
        if store.is_named(box):
            events.contain(values, setting)
        if not values <= contents:
            store.env[box] = contents | values
            store.version += 1
    for container in store.values(op.container):
        if isinstance(container, Field) and setting.own_type in (None, container.owner):
            events.store_in_field(container.name, values, op, store, setting, is_container=True)
    if not containers:
        own = set(store.carried(store.values(op.container)))  # what comes from the container may go back into it
        events.move([one for one in values if not isinstance(one, Dependent) or one.site not in own], op, store, setting)


def _elements(values: Values, op: Element, store: Store) -> set[Value]:
    found: set[Value] = set()
    index = op.index
    for value in values:
        match value:
            case Box():
                # a constant may have been replaced by now: who has the container may fill it
                found.update(OTHER if isinstance(one, Constant) else one for one in store.env.get(value, NOTHING) - {ESCAPED})
            case Elements(values=elements):
                chosen = elements if index is None else elements[index:][:1]
                for element in chosen:
                    found.update(element)
            case Dependent() | Instance() | Field():
                found.add(value)
            case Site(parameter=str(), resource=resource) if not resource.name:
                found.add(value)  # the elements of a parameter stand for it: who closes them all closes it
            case View(site=site):
                found.add(value if op.is_key and ITEM in site.resource.lazy else site.dependent)
            case Site(resource=resource) if ITEM in resource.lazy:
                found.add(value.view if op.is_key else value.dependent)
            case Site(parameter=None) if index is not None and not op.is_key:
                found.add(value)  # of tuples in a container that a function returns only the resources are known
            case _:
                pass
    return found


def _iterate(op: Iterate, store: Store, setting: Setting) -> None:
    for value in store.values(op.source):
        if isinstance(value, Site):
            events.use(value, op, store, setting, "__next__")
            if value.resource.exhausts:
                events.release_all(value, op, store, setting)
            summary = setting.catalogue.method(value.resource.name, "__aiter__")
            if summary is not None and summary.effects.get(effects.PARAMETER) is Effect.TAKES:
                events.move((value,), op, store, setting)
        elif isinstance(value, View | Dependent):
            events.use(value.site, op, store, setting)


def _use(op: Use, sources: tuple[str, ...], dest: str | None, store: Store, setting: Setting) -> None:
    result: set[Value] = set()
    for source in sources:
        values = store.values(source)
        events.touch(values, op, store, setting)
        result.update(value for value in values if isinstance(value, Box | Instance | Dependent))
        events.write_out(values, op, store, setting)
    if op.is_path and not any(isinstance(one, Instance) for one in result):
        result.add(instance(PATH))
    if dest is not None:
        store.bind(dest, frozenset(result))


def _yield(op: Yield, values: Values, store: Store, setting: Setting) -> None:
    """A driver (contextmanager, pytest) hands the value back; any other consumer has it for good."""
    if setting.body in (Body.CONTEXT_MANAGER, Body.FIXTURE):
        _lend(values, store)
        events.touch(values, op, store, setting)
        if setting.record is not None:
            for site in store.carried(values):
                setting.record.of(site).yields[op] = None
            for site in store.sites:
                if store.is_open(site):
                    setting.record.of(site).crosses[op] = None
    else:
        if setting.record is not None:
            setting.yielded.update(values)
        events.move([one for one in values if not isinstance(one, Dependent)], op, store, setting)


def _lend(values: Values, store: Store) -> None:
    """What opens lazily is taken for used by the code that is driven here."""
    for site in list(store.carried(values)):
        events.lend(site, store)


def _return(op: Return, values: Values, store: Store, setting: Setting) -> None:
    if setting.body is Body.FIXTURE:
        _lend(values, store)
    if setting.record is not None:
        setting.returned.update(values)
        setting.contents.update(store.contents(values))
        for site in store.carried(values):
            statuses = store.sites.get(site, events.NOTHING_OPEN)
            if (site.resource.fails_after_release and statuses and all(s > 0 and s & ENTERED for s in statuses)) or (
                site.resource.fails_after_release and statuses == events.OPEN_NOWHERE
            ):
                setting.record.of(site).late.setdefault(op, set()).add(True)
            else:
                setting.record.of(site).late.setdefault(op, set()).add(False)
    events.move(frozenset(v for v in values if not _is_own_parameter(v)), op, store, setting, is_return=True)
    if setting.record is not None:
        events.touch(values, op, store, setting)


def _is_own_parameter(value: Value) -> bool:
    """Say whether a value is a parameter, or only uses one: the summary tells the caller, whose it stays."""
    site = value.site if isinstance(value, View) else value
    return isinstance(site, Site) and site.parameter is not None
