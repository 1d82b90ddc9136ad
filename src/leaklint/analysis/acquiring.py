"""What a call makes: sites for what a summary says it acquires, and the values that stand for them."""

import ast

from leaklint.analysis.names import Bindings
from leaklint.analysis.ops import Call
from leaklint.analysis.setting import Acquired, FunctionSummary, Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import NOTHING, Box, Elements, Site, Value, Values
from leaklint.model.data import dataclass, field
from leaklint.model.resource import Resource, Summary, Variant


@dataclass(eq=False, slots=True)
class Outcome:
    """What a call gives: values known now, and sites that become open when it has not raised."""

    values: set[Value] = field(default_factory=set)
    sites: list[Site] = field(default_factory=list)
    unopened: list[Site] = field(default_factory=list)
    opened: list[Site] = field(default_factory=list)
    diverges: bool = False  # the call never returns
    lent: list[Site] = field(default_factory=list)
    promised: list[Site] = field(default_factory=list)  # what is opened as it is taken out of a generator
    taken: list[Site] = field(default_factory=list)


def acquire(op: Call, found: tuple[Acquired, ...], setting: Setting, outcome: Outcome) -> None:
    """Make what a call acquires its result."""
    sites = [_made(op, one, 0, setting) for one in found]
    outcome.sites.extend(sites)
    outcome.values.update(sites)


def acquire_contents(op: Call, found: tuple[Acquired, ...], store: Store, setting: Setting, outcome: Outcome) -> None:
    """Make a container of what a call acquires its result."""
    sites = [_made(op, one, index, setting) for index, one in enumerate(found)]
    outcome.sites.extend(sites)
    box = setting.boxes.setdefault(op, Box(op.line))
    store.env[box] = frozenset(sites)
    outcome.values.add(box)


def promise(op: Call, summary: FunctionSummary, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Make a generator of what it opens and yields the result of a call."""
    yielded: set[Value] = {_made(op, one, 0, setting) for one in summary.yields}
    made = Outcome()
    if summary.yielded_elements:
        acquire_elements(op, summary.yielded_elements, setting, made)
    box = setting.boxes.setdefault(op, Box(op.line, is_lazy=True))
    store.env[box] = frozenset(yielded | made.values)
    outcome.promised.extend([*(one for one in yielded if isinstance(one, Site)), *made.sites])
    outcome.values.add(box)


def acquire_elements(op: Call, found: tuple[Acquired | int | None, ...], setting: Setting, outcome: Outcome) -> None:
    """Make a tuple of what a call acquires its result; a number stands for what leads to that element."""
    sites: dict[int, Site] = {}
    for index, one in enumerate(found):
        if isinstance(one, Acquired):
            sites[index] = _made(op, one, index, setting)
            sites[index].element = index
            outcome.sites.append(sites[index])
    elements: list[Values] = []
    for index, one in enumerate(found):
        if index in sites:
            elements.append(frozenset((sites[index],)))
        else:
            elements.append(frozenset((sites[one].view,)) if isinstance(one, int) and one in sites else NOTHING)
    outcome.values.add(_elements(op, tuple(elements), setting))


def acquire_kinds(
    op: Call,
    summary: Summary,
    kinds: tuple[str | None, ...],
    variant: Variant | None,
    setting: Setting,
    outcome: Outcome,
) -> None:
    """Make what the catalogue says that a call acquires its result; `kinds` are types, None for what holds nothing."""
    elements: list[Values] = []
    for index, kind in enumerate(kinds):
        resource = setting.catalogue.resource(kind) if kind else None
        if resource is None or resource.silent:
            elements.append(NOTHING)
            continue
        needs = variant.needs if variant is not None and variant.needs is not None else resource.needs
        site = _site(op, resource, mask(resource, needs), resource.label or resource.name, index, setting)
        site.is_pending = summary.is_coroutine and not op.is_awaited
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


def acquire_unopened(op: Call, kind: str | None, setting: Setting, outcome: Outcome) -> None:
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


def _made(op: Call, one: Acquired, index: int, setting: Setting) -> Site:
    """Give the site of what a first-party function acquires."""
    site = _site(op, one.resource, one.open_mask, one.label, index, setting)
    site.own_type = one.own_type
    return site


def _site(op: Call, resource: Resource, open_mask: int, label: str, index: int, setting: Setting) -> Site:
    key = (op, resource.name, index)
    if key not in setting.sites:
        site = Site(op.node, op.statement, resource, open_mask, label, is_awaited=op.is_awaited)
        site.by = _path_name(op.node, setting.scope.bindings) if resource.label == "open file" else None
        setting.sites[key] = site
    return setting.sites[key]


def _path_name(node: ast.Call, bindings: Bindings) -> str | None:
    """Give the name that a call is given first, where nothing binds it anew."""
    match node.args:
        case [ast.Name(id=name), *_]:
            times = bindings.variables.get(name, 0) + (name in bindings.parameters)
            return name if times == 1 and name not in bindings.shared else None
        case _:
            return None
