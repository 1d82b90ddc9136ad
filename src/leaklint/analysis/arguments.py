"""Which argument is for which parameter, and what is known of it before the call; not what the callee does to it."""

from leaklint.analysis.ops import NOT_LITERAL, Absent, Argument, Call, Literal
from leaklint.analysis.setting import DEFAULT, REST, Given, Kind
from leaklint.analysis.store import Store
from leaklint.analysis.values import Constant, Dependent, Field, Instance, Keywords, Other, Part, Reference, Site, Value, View
from leaklint.catalogue import Catalogue
from leaklint.model.resource import Condition, Resource, Summary, Variant


def parameter(argument: Argument, index: int, parameters: tuple[str, ...]) -> str:
    """Give the parameter that an argument is for, `*` where it has no name of its own."""
    if argument.keyword is not None:
        return argument.keyword
    if argument.is_star or index >= len(parameters):
        return "*"
    return parameters[index]


def given(op: Call, parameters: tuple[str, ...], store: Store, catalogue: Catalogue) -> Given:
    """Give what is known of the arguments of a first-party call: literals, kinds of resources, doubles, what is left out."""
    found: list[tuple[str, Literal | Kind | Instance]] = []
    for index, argument in enumerate(op.arguments):
        name = parameter(argument, index, parameters)
        if name == "*" or argument.is_star:
            continue
        literal = literal_of(argument, store)
        if not isinstance(literal, Absent):
            found.append((name, literal))
        values = store.values(argument.operand)
        for value in values:
            if isinstance(value, Instance) and len(values) == 1 and is_in_memory(value, catalogue):
                found.append((name, value))
        sites = [value for value in values if isinstance(value, Site) and value.resource.name]
        if sites:
            one = min(sites, key=lambda site: site.label)
            is_certain = all(isinstance(value, Site) and not value.is_optional for value in values)
            found.append((name, Kind(one.resource, one.open_mask, one.label, one.own_type, is_certain)))
    rest = _rest(op, store)
    if rest is not None:
        given_by_name = [(index, one) for index, one in enumerate(op.arguments) if not one.is_star]
        named = {parameter(argument, index, parameters) for index, argument in given_by_name}
        known = {name: literal for name, literal in rest.known if name not in named}
        left_out = [name for name in (*parameters, REST) if name not in named | known.keys() | rest.changed]
        found.extend([*known.items(), *((name, DEFAULT) for name in left_out)])
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _rest(op: Call, store: Store) -> Keywords | None:
    """Give what a call hands on by `*` and `**`: nothing, or what its own function was given; None where nobody knows."""
    stars = [store.values(argument.operand) for argument in op.arguments if argument.is_star]
    found = [value for values in stars for value in values if isinstance(value, Keywords)]
    own = [value for values in stars for value in values if isinstance(value, Site) and value.parameter == REST]
    if not stars:
        return Keywords(())
    return found[0] if len(found) == 1 and len(found) + len(own) == len(stars) else None


def is_in_memory(value: Value, catalogue: Catalogue) -> bool:
    """Say whether a value is a thing that needs no release, nor opens any that does: a BytesIO, a mock, but no Path."""
    if not isinstance(value, Instance) or catalogue.method(value.type_name, "open") is not None:
        return False
    resource = catalogue.resource(value.type_name)
    return resource is not None and resource.silent is not None


def variant(op: Call, summary: Summary, store: Store) -> Variant | None:
    """Give the first variant of a summary whose condition the arguments of a call meet."""
    for one in summary.variants:
        if _meets(op, one.condition, summary.parameters, store):
            return one
    return None


def _meets(op: Call, condition: Condition, parameters: tuple[str, ...], store: Store) -> bool:
    given = {parameter(one, index, parameters): one for index, one in enumerate(op.arguments)}
    return all(_agrees(given.get(name), wanted, store) for name, wanted in condition.arguments)


def _agrees(argument: Argument | None, wanted: Literal, store: Store) -> bool:
    literal = literal_of(argument, store) if argument is not None else None
    is_none = literal is None
    if wanted == "<stream>":
        return argument is not None and any(_is_stream(value) for value in store.values(argument.operand))
    if wanted == "<unknown>":
        return argument is not None and literal is NOT_LITERAL and _is_unknown(argument, store)
    if wanted == "<given>":
        return not is_none
    if wanted == "<absent>":
        return is_none
    if isinstance(wanted, str) and wanted.startswith("<"):
        return argument is not None and any(_is_a(value, wanted[1:-1]) for value in store.values(argument.operand))
    if argument is None:
        return False
    if isinstance(wanted, str) and argument.reference is not None:
        return argument.reference == wanted
    if isinstance(wanted, str) and any(
        isinstance(one, Reference) and one.name == wanted for one in store.values(argument.operand)
    ):
        return True
    return literal == wanted and type(literal) is type(wanted)


def literal_of(argument: Argument, store: Store) -> Literal | Absent:
    """Give the literal that an argument is, also by a name that is bound to nothing else."""
    values = store.values(argument.operand)
    if argument.literal is NOT_LITERAL and len(values) == 1:
        return next((one.value for one in values if isinstance(one, Constant)), NOT_LITERAL)
    return argument.literal


def _is_a(value: Value, type_name: str) -> bool:
    match value:
        case Instance(type_name=name) | Site(resource=Resource(name=name)):
            return name == type_name
        case _:
            return False


def _is_unknown(argument: Argument, store: Store) -> bool:
    return all(isinstance(value, Other | Field) for value in store.values(argument.operand))


def _is_stream(value: Value) -> bool:
    """Say whether a value is open by itself, or in memory, rather than the name of something to open."""
    match value:
        case Site() | View() | Dependent() | Part():
            return True
        case Instance(type_name=name):
            return not name.startswith(("pathlib.", "builtins.", "py."))
        case _:
            return False
