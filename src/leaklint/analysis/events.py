"""What becomes of a site: acquired, used, released, handed on. Each event changes the store and, when asked, is noted."""

import ast
from collections.abc import Iterable, Iterator

from leaklint.analysis.ops import Call, Enter, Exit, Op
from leaklint.analysis.setting import Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import (
    ENTERED,
    ESCAPED,
    MOVED,
    NOTHING,
    RELEASED,
    UNKNOWN,
    UNOPENED,
    BoundMethod,
    Box,
    Closing,
    Closure,
    Dependent,
    Elements,
    Instance,
    Part,
    Site,
    Value,
    View,
    instance,
    is_open,
)
from leaklint.model.resource import With

OPEN_NOWHERE = frozenset((RELEASED,))


def acquire(site: Site, op: Call, store: Store, setting: Setting, is_unopened: bool = False) -> None:
    """Open a site; one that is open from an earlier round of a loop, and that a plain name holds, is lost."""
    earlier = store.sites.get(site)
    if earlier is not None and setting.record is not None and any(is_open(status) for status in earlier):
        name = op.bound_to[site.element or 0] if len(op.bound_to) > (site.element or 0) else None
        if name is not None and site in store.values(name) and store.is_only_held_by(op.bound_to, site):
            setting.record.of(site).rebinds[op] = None
    is_lazy = bool(site.resource.opened_by) or is_unopened
    store.set_status(site, frozenset((UNOPENED if is_lazy else site.open_mask,)))
    if setting.record is not None:
        setting.record.of(site).is_unopened |= is_unopened


def open_now(site: Site, op: Call, store: Store, setting: Setting) -> None:
    """Begin the obligation of something that a method opens; released, it opens again unless the method fails then."""
    method = op.method or ""
    if setting.record is not None:
        setting.record.of(site).openings[op] = None
    statuses = store.sites.get(site, NOTHING_OPEN)
    closed = (UNOPENED,) if method in site.resource.fails_after_release else (UNOPENED, RELEASED)
    store.set_status(site, frozenset(site.open_mask if status in closed else status for status in statuses))


def lend(site: Site, store: Store) -> None:
    """Take something lazy, which nothing has opened so far, for opened by somebody who uses it."""
    statuses = store.sites.get(site, NOTHING_OPEN)
    store.set_status(site, frozenset(site.open_mask if status == UNOPENED else status for status in statuses))


def promise(site: Site, store: Store) -> None:
    """Make a site of what a generator will open; what it has opened at an earlier call stays as it is."""
    store.set_status(site, store.sites.get(site, NOTHING_OPEN) | {UNOPENED})


def promised(values: Iterable[Value], store: Store) -> list[Site]:
    """Give the sites of what the generators among some values open."""
    return list(store.carried([one for one in values if isinstance(one, Box) and one.is_lazy]))


def take_out(sites: Iterable[Site], store: Store) -> None:
    """Open what is taken out of a generator."""
    for site in sites:
        store.set_status(site, frozenset((UNOPENED if site.resource.opened_by else site.open_mask,)))


def is_release(site: Site, method: str) -> bool:
    """Say whether a method releases the site's resource, or a part of it."""
    resource = site.resource
    if method in resource.releases or method in resource.async_releases or method in ("__exit__", "__aexit__"):
        return True
    return method in resource.part_releases and method not in resource.closed


def is_all_it_holds(op: Call, method: str, site: Site) -> bool:
    """Say whether a call closes the one thing that an object of a first-party class holds: `client._socket.close()`."""
    match op.node.func:
        case ast.Attribute(value=ast.Attribute(attr=attribute)) if method in ("close", "aclose"):
            return site.own_type is not None and site.resource.holds == {attribute}
        case _:
            return False


def release(site: Site, method: str, op: Op, store: Store, setting: Setting) -> bool:
    """Release what a method releases; say whether it releases anything."""
    resource = site.resource
    part = resource.part_releases.get(method)
    if part is not None and method not in resource.releases and method not in resource.closed:
        setting.is_releasing = True
        use(site, op, store, setting)
        bit = 1 << resource.parts.index(part)
        statuses = store.sites.get(site, NOTHING_OPEN)
        left = frozenset(s & ~bit if s > 0 else s for s in statuses)
        store.set_status(site, left)
        if RELEASED in left:
            _note_release(site, op, setting)
        return True
    if method in resource.releases or method in resource.async_releases or method in ("__exit__", "__aexit__", "__del__"):
        release_all(site, op, store, setting)
        return True
    return False


NOTHING_OPEN: frozenset[int] = frozenset()


def release_all(site: Site, op: Op, store: Store, setting: Setting) -> None:
    """Release a site in whole."""
    setting.is_releasing = True
    statuses = store.sites.get(site)
    if statuses is None:
        return
    store.set_status(site, frozenset(MOVED if status == MOVED else RELEASED for status in statuses))
    _note_release(site, op, setting)
    for one in _ending_with(site, store):
        release_all(one, op, store, setting)


def _ending_with(site: Site, store: Store) -> list[Site]:
    """Give what is released with a resource: what its methods gave, and the object that was to release it."""
    return [one for one in store.sites if one.maker is site or one.is_over(site)]


def _note_release(site: Site, op: Op, setting: Setting) -> None:
    if setting.record is not None:
        setting.record.of(site).releases[op] = None


def use(site: Site, op: Op, store: Store, setting: Setting, method: str | None = None) -> None:
    """Note a use of a site; a use that must fail once it is released is late where it is."""
    if setting.record is None:
        return
    history = setting.record.of(site)
    history.uses[op] = None
    if method is not None and method in site.resource.fails_after_release:
        statuses = store.sites.get(site, NOTHING_OPEN)
        history.late.setdefault(op, set()).add(statuses == OPEN_NOWHERE)


def store_in_field(
    name: str, values: Iterable[Value], op: Op, store: Store, setting: Setting, is_container: bool = False
) -> None:
    """Note that an attribute of self, or (`is_container`) a container that it holds, keeps the values."""
    if setting.record is not None:
        for value in values:
            for site in store.carried((value,)):
                if store.sites.get(site) == OPEN_NOWHERE:
                    continue
                history = setting.record.of(site)
                history.fields[name] = op
                if is_container or isinstance(value, Box | Elements):
                    history.contained.add(name)


def contain(values: Iterable[Value], setting: Setting) -> None:
    """Note that a container holds the values."""
    if setting.record is not None:
        for value in values:
            if isinstance(value, Site):
                setting.record.of(value).is_contained = True


def touch(values: Iterable[Value], op: Op, store: Store, setting: Setting) -> None:
    """Note a use of everything that the values carry."""
    if setting.record is None:
        return
    for value in values:
        match value:
            case Closure(captured=captured):
                held = {one for name in captured for one in store.values(name)}
                touch([one for one in held if not isinstance(one, Closure)], op, store, setting)
            case View() | Closing() | Dependent() | Part() | BoundMethod():
                use(value.site, op, store, setting)
            case _:
                for site in store.carried((value,)):
                    use(site, op, store, setting)


def move(values: Iterable[Value], op: Op, store: Store, setting: Setting, is_return: bool = False) -> None:
    """Hand on the obligations that the values carry; containers and closures are out of reach from now on."""
    values = tuple(_flat(values))
    for site in list(store.carried(values, is_moving=True)):
        _move_site(site, op, store, setting, is_return)
    if setting.record is not None:
        for value in values:
            if isinstance(value, Dependent):
                setting.record.of(value.site).is_captured |= not is_return
                use(value.site, op, store, setting)
            elif isinstance(value, Closure):
                capture((value,), op, store, setting)
    for value in values:
        if isinstance(value, Box) and ESCAPED not in store.env.get(value, NOTHING):
            store.env[value] = store.env.get(value, NOTHING) | {ESCAPED}
            store.version += 1
        elif isinstance(value, Closure) and value not in store.env:
            store.env[value] = UNKNOWN
            for name in value.captured:
                move(store.values(name), op, store, setting)


def write_out(values: Iterable[Value], op: Op, store: Store, setting: Setting) -> None:
    """Hand on what is written into a text: a descriptor is a number, which somebody else will use."""
    move([one for one in values if isinstance(one, Site) and one.resource.release_functions], op, store, setting)


def capture(values: Iterable[Value], op: Op, store: Store, setting: Setting) -> None:
    """Note that somebody may use what the values hold at a time of his own."""
    if setting.record is None:
        return
    touch(values, op, store, setting)
    for value in values:
        held = [one for name in value.captured for one in store.values(name)] if isinstance(value, Closure) else [value]
        for site in store.carried(held):
            setting.record.of(site).is_captured = True


def _flat(values: Iterable[Value], seen: set[Value] | None = None) -> Iterator[Value]:
    """Yield the values, and what tuples among them hold."""
    seen = set() if seen is None else seen
    for value in values:
        yield value
        if isinstance(value, Elements) and value not in seen:
            seen.add(value)
            for element in value.values:
                yield from _flat(element, seen)


def _move_site(site: Site, op: Op, store: Store, setting: Setting, is_return: bool) -> None:
    statuses = store.sites.get(site)
    if statuses is None:
        return
    for one in _ending_with(site, store):
        if one.node is not _node(op):  # the one from an earlier round of a loop is not handed on by making the next
            _move_site(one, op, store, setting, is_return)
    store.set_status(site, frozenset(MOVED if is_open(s) or s == UNOPENED else s for s in statuses))
    if setting.record is None:
        return
    history = setting.record.of(site)
    history.uses[op] = None
    if is_return and any(is_open(status) or status in (UNOPENED, MOVED) for status in statuses):
        history.returns[op] = None
    elif not is_return and any(status != RELEASED for status in statuses):
        history.moves[op] = None
    if is_return and any(is_open(status) for status in statuses):
        history.returns_open[op] = None


def _node(op: Op) -> ast.expr | None:
    return op.node if isinstance(op, Call) else None


def enter(values: Iterable[Value], op: Enter, store: Store, setting: Setting) -> set[Value]:
    """Enter a with on the values; give what it binds."""
    bound: set[Value] = set()
    setting.is_notable |= any(isinstance(value, Instance) for value in values)
    if setting.record is not None:
        setting.record.note(setting.record.entered, op, values)
    for value in values:
        match value:
            case Closing(site=site):
                _hold(site, op, store, setting)
                bound.add(site)
            case Site():
                if _releasing(value, op.is_async):
                    _hold(value, op, store, setting)
                elif setting.record is not None:
                    setting.record.of(value).is_kept_by_with = True
                use(value, op, store, setting)
                target = value.resource.with_target
                bound.add(instance(target) if target else value)
            case View(site=site) | Dependent(site=site) if ":" in site.resource.name and _enters_attribute(op):
                move((site,), op, store, setting)  # `with server.context:` enters what the class keeps
                bound.add(value)
            case View(site=site):
                if setting.record is not None:
                    setting.record.of(site).is_wrapped_in_with = True
                use(site, op, store, setting)
                bound.add(value)
            case _:
                bound.add(value)
    return bound


def _enters_attribute(op: Enter) -> bool:
    """Say whether the item of a with is a plain attribute."""
    items = op.statement.items if isinstance(op.statement, ast.With | ast.AsyncWith) else []
    return any(isinstance(one.context_expr, ast.Attribute) and one.context_expr.lineno == op.line for one in items)


def _releasing(site: Site, is_async: bool) -> bool:
    """Say whether a with releases; one of the wrong kind counts, for the rules of loops speak of it."""
    own = site.resource.async_with if is_async else site.resource.sync_with
    other = site.resource.sync_with if is_async else site.resource.async_with
    return (other if own is With.ABSENT else own) is not With.KEEPS


def _hold(site: Site, op: Enter, store: Store, setting: Setting) -> None:
    statuses = store.sites.get(site)
    if statuses is None:
        return
    store.set_status(site, frozenset(_entered(status, site) for status in statuses))
    if setting.record is not None:
        setting.record.of(site).enters[op] = None


def _entered(status: int, site: Site) -> int:
    if status == UNOPENED:
        return site.open_mask | ENTERED
    return status | ENTERED if status > 0 else status


def leave(values: Iterable[Value], op: Exit, store: Store, setting: Setting) -> None:
    """Leave a with on the values."""
    for value in values:
        match value:
            case Closing(site=site):
                _let_go(site, op, store, setting)
            case Site() if _releasing(value, op.is_async):
                _let_go(value, op, store, setting)
            case Part(site=site, attribute=attribute):
                release(site, f"{attribute}.close", op, store, setting)
            case _:
                pass


def _let_go(site: Site, op: Exit, store: Store, setting: Setting) -> None:
    statuses = store.sites.get(site)
    if statuses is not None:
        store.set_status(site, frozenset(status if status == MOVED else RELEASED for status in statuses))
        _note_release(site, op, setting)
        for one in _ending_with(site, store):
            release_all(one, op, store, setting)
