"""What calls do to containers made here: what is copied into one, put in, taken out."""

from leaklint.analysis import events
from leaklint.analysis.acquiring import Outcome
from leaklint.analysis.ops import Call
from leaklint.analysis.setting import Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import (
    ESCAPED,
    NOTHING,
    Box,
    Constant,
    Dependent,
    Elements,
    Site,
    Value,
    Values,
    View,
)

FILLING = frozenset(
    ["append", "add", "insert", "appendleft", "extend", "extendleft", "update", "push", "setdefault", "put", "put_nowait"]
)
NEXT = frozenset(("builtins.next", "builtins.anext"))
LAZY = frozenset(f"builtins.{name}" for name in ["enumerate", "zip", "iter", "map", "filter", "aiter"])
COPYING = LAZY | frozenset(f"builtins.{name}" for name in ["list", "tuple", "set", "frozenset", "sorted", "reversed", "dict"])


def copy(op: Call, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Make a container of what the arguments hold; what is read out of a generator is data, and free of its source."""
    contents: set[Value] = set()
    for argument in op.arguments:
        if argument.keyword is not None:
            contents.update(store.values(argument.operand))  # `dict(log=file)`
            continue
        for value in store.values(argument.operand):
            if isinstance(value, Box):
                held = store.env.get(value, NOTHING)
                contents.update(one for one in held if not isinstance(one, View | Dependent) and one is not ESCAPED)
            elif isinstance(value, Elements):
                contents.update(one for element in value.values for one in element)
            elif isinstance(value, Site) and value.resource.exhausts:
                events.release_all(value, op, store, setting)
    given = [value for argument in op.arguments for value in store.values(argument.operand)]
    is_lazy = op.reference in LAZY and any(isinstance(one, Box) and one.is_lazy for one in given)
    if not is_lazy:
        outcome.taken.extend(events.promised(given, store))
    box = setting.boxes.setdefault(op, Box(op.line, is_lazy))
    store.env[box] = frozenset(contents)
    outcome.values.add(box)


def take_next(op: Call, store: Store, outcome: Outcome) -> None:
    """Take one value out of the generator that is the first argument: `next(opened(paths))`."""
    given = store.values(op.arguments[0].operand) if op.arguments else NOTHING
    outcome.taken.extend(events.promised(given, store))
    for box in given:
        if isinstance(box, Box) and box.is_lazy:
            outcome.values.update(store.env.get(box, NOTHING) - {ESCAPED})


def call_on_box(op: Call, method: str, box: Box, store: Store, setting: Setting, outcome: Outcome) -> None:
    """Call a method of a container that the function made."""
    contents = store.env.get(box, NOTHING)
    if method in FILLING:
        for argument in op.arguments:
            values = store.values(argument.operand)
            if method in ("extend", "update", "extendleft"):
                for value in [one for one in values if isinstance(one, Box)]:
                    values |= frozenset(one for one in store.env.get(value, NOTHING) if not isinstance(one, View | Dependent))
                values = frozenset(one for one in values if not isinstance(one, Box))
            _put(box, values, op, store, setting)
        if method == "setdefault":
            outcome.values.update(store.env.get(box, NOTHING))
    elif method in ("pop", "popleft", "get", "popitem", "__getitem__"):
        outcome.values.update(value for value in contents if value is not ESCAPED)
    else:
        outcome.values.add(box)


def _put(box: Box, values: Values, op: Call, store: Store, setting: Setting) -> None:
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
