"""Dataclasses that cost little to define: those of the standard library, as far as this project needs them.

The standard library writes and compiles the methods of a class when it is defined. For all of ours, most of which a run
never makes, that takes as long as the rest of a small run. Here `__init__` is written when the first object is made, the
other methods are shared, and nothing but a type checker keeps a frozen object from being changed.
"""

import operator
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from reprlib import recursive_repr

ABSENT = object()
Values = tuple[object, ...]
ORDER: dict[str, Callable[[Values, Values], object]] = {
    "__lt__": operator.lt,
    "__le__": operator.le,
    "__gt__": operator.gt,
    "__ge__": operator.ge,
}


class Field:
    """One field of a class; `is_given` where it is a parameter of `__init__`."""

    __slots__ = ("default", "factory", "is_given", "name")

    def __init__(self, default: object, factory: Callable[[], object] | None = None, is_given: bool = True) -> None:
        self.name = ""
        self.default = default
        self.factory = factory
        self.is_given = is_given


def dataclass(*, frozen: bool = False, eq: bool = True, order: bool = False, slots: bool = False) -> Callable[[type], type]:
    """Make a class a dataclass; the options mean what they mean in the standard library."""

    def make(cls: type) -> type:
        own = {name: _field(name, cls.__dict__.get(name, ABSENT)) for name in cls.__annotations__}
        known = {one.name: one for one in fields(cls)} | own
        methods: dict[str, object] = {"__fields__": known, "__match_args__": tuple(known)}
        methods |= {"__init__": _first_init, "__repr__": _repr}
        if eq:
            methods |= _comparisons(known, order)
            methods["__hash__"] = methods["__hash__"] if frozen else None
        return _slotted(cls, methods, tuple(own)) if slots else _extended(cls, methods)

    return make


def field(*, default_factory: Callable[[], object] | None = None, init: bool = True) -> Field:
    """Describe a field whose default is made anew for each object, or that `__post_init__` sets."""
    return Field(ABSENT, default_factory, init)


def fields(cls: type) -> tuple[Field, ...]:
    """Give the fields of a class, those of its bases first."""
    known: Mapping[str, Field] = getattr(cls, "__fields__", {})
    return tuple(known.values())


def replace(one: object, **changes: object) -> object:
    """Give a copy of an object with some fields changed."""
    kept = {known.name: getattr(one, known.name) for known in fields(type(one)) if known.is_given}
    return type(one)(**{**kept, **changes})


def _field(name: str, value: object) -> Field:
    known = value if isinstance(value, Field) else Field(value)
    known.name = name
    return known


def _extended(cls: type, methods: Mapping[str, object]) -> type:
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def _slotted(cls: type, methods: Mapping[str, object], names: tuple[str, ...]) -> type:
    """Make the class again: slots are laid out when a class is made, and a default may not stand in their place."""
    body = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__", *names)}
    made = type(cls)(cls.__name__, cls.__bases__, {**body, **methods, "__slots__": names})
    made.__qualname__ = cls.__qualname__
    return made


def _comparisons(names: Iterable[str], has_order: bool) -> dict[str, object]:
    values = _values_of(*names)

    def compared(compare: Callable[[Values, Values], object]) -> Callable[[object, object], object]:
        return lambda one, other: compare(values(one), values(other)) if type(one) is type(other) else NotImplemented

    methods: dict[str, object] = {"__eq__": compared(operator.eq), "__hash__": lambda one: hash(values(one))}
    return methods | {name: compared(compare) for name, compare in ORDER.items()} if has_order else methods


def _values_of(first: str, *others: str) -> Callable[[object], Values]:
    if others:
        return operator.attrgetter(first, *others)
    return lambda one: (getattr(one, first),)


@recursive_repr()
@reprlib.recursive_repr()
def _repr(one: object) -> str:
    shown = ", ".join(f"{known.name}={getattr(one, known.name)!r}" for known in fields(type(one)))
    return f"{type(one).__qualname__}({shown})"


def _first_init(self: object, *args: object, **kwargs: object) -> None:
    """Write the `__init__` of the class, which takes the place of this one, and run it."""
    cls = next(one for one in type(self).__mro__ if "__init__" in one.__dict__)
    names: dict[str, object] = {"ABSENT": ABSENT}
    body = [*_assignments(fields(cls), names), "self.__post_init__()" if hasattr(cls, "__post_init__") else "pass"]
    parameters = ["self", *(_parameter(one, names) for one in fields(cls) if one.is_given)]
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body), names)
    init = names["__init__"]
    assert callable(init)
    _extended(cls, {"__init__": init})
    init(self, *args, **kwargs)


def _parameter(known: Field, names: dict[str, object]) -> str:
    if known.default is not ABSENT:
        names[f"default_{known.name}"] = known.default
        return f"{known.name}=default_{known.name}"
    return known.name if known.factory is None else f"{known.name}=ABSENT"


def _assignments(known: tuple[Field, ...], names: dict[str, object]) -> Iterator[str]:
    for one in known:
        if one.factory is not None:
            names[f"make_{one.name}"] = one.factory
            yield f"self.{one.name} = make_{one.name}() if {one.name} is ABSENT else {one.name}"
        elif one.is_given:
            yield f"self.{one.name} = {one.name}"
