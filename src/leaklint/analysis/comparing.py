"""What a test tells of one value: True, False, or None where it tells nothing. It knows no store."""

import functools
import io

from leaklint.analysis.ops import Comparison, Literal, Test
from leaklint.analysis.values import Constant, Instance, Site, Value, is_double

PLAIN = frozenset(
    ("str", "bytes", "bytearray", "int", "float", "bool", "list", "tuple", "dict", "set", "frozenset", "PathLike")
)

PATHS = frozenset(("str", "bytes", "Path", "PurePath", "PathLike"))
TEXTUAL = frozenset((Comparison.AMONG, Comparison.STARTS, Comparison.ENDS))
FILE_METHODS = frozenset(("read", "readline", "readlines", "write", "close", "seek"))


def is_instance(value: Value, names: frozenset[str]) -> bool | None:
    """Say whether a value is an instance of one of the classes: a resource is no plain data, a descriptor is an int."""
    match value:
        case Site(resource=resource, own_type=own_type) if {resource.name.rpartition(".")[2], _class_of(own_type)} & names:
            return True
        case Site(resource=resource) if resource.name and resource.release_functions:
            return "int" in names or (False if names <= PLAIN else None)
        case Site(resource=resource) if resource.name:
            return False if names <= PLAIN else None
        case Constant(value=constant):
            return any(one.__name__ in names for one in type(constant).__mro__) or (False if names <= PLAIN else None)
        case Instance(type_name="io.BytesIO" | "io.StringIO"):
            return False if names <= PLAIN else None
        case _:
            return None


def _class_of(own_type: str | None) -> str | None:
    return own_type.rpartition(":")[2].rpartition(".")[2] if own_type is not None else None


def has(value: Value, attribute: str) -> bool | None:
    """Say whether a value has an attribute."""
    match value:
        case Site(resource=resource):
            return True if attribute in resource.releases | resource.async_releases | {"read", "write"} else None
        case Constant():
            return None if isinstance(value.value, str) else False
        case Instance(type_name="io.BytesIO" | "io.StringIO" as name):
            return hasattr(getattr(io, name.partition(".")[2]), attribute)
        case _:
            return True if is_double(value) else None


def is_empty(test: Test, outcome: bool) -> bool:
    """Say whether the outcome of a test tells that its name is empty or None, so that no file can be opened by it."""
    return test.comparison in (Comparison.TRUTH, Comparison.IS_NONE) and outcome is (test.comparison is Comparison.IS_NONE)


def is_no_path(test: Test, outcome: bool) -> bool:
    """Say whether the outcome of a test tells that its name is an open file rather than a path."""
    if test.comparison is Comparison.INSTANCE:
        return not outcome and not PATHS.isdisjoint(str(test.operand).split(","))
    return test.comparison is Comparison.HAS and outcome and test.operand in FILE_METHODS


def told(test: Test) -> frozenset[Value]:
    """Give the values that a test leaves to its name where it holds of something unknown; none where it does not tell."""
    match test.comparison:
        case Comparison.EQUALS:
            return frozenset((Constant(test.operand),))
        case Comparison.AMONG:
            return _constants(str(test.operand))
        case _:
            return frozenset()


@functools.cache
def _constants(operand: str) -> frozenset[Value]:
    """Give values for the strings of an operand."""
    return frozenset(Constant(one) for one in operand.split("\n"))


def compares(value: Value, comparison: Comparison, operand: Literal) -> bool | None:
    """Say how a value compares with a literal."""
    if comparison in TEXTUAL:
        return _is_text(value.value, comparison, str(operand).split("\n")) if isinstance(value, Constant) else None
    if isinstance(value, Constant):
        return _compare_constants(value.value, comparison, operand)
    if isinstance(value, Site) and value.parameter is None:
        if comparison is Comparison.EQUALS:
            return False
        if isinstance(operand, int):  # a file descriptor: never negative
            return comparison in (Comparison.GREATER, Comparison.AT_LEAST) if operand <= 0 else None
    if isinstance(value, Instance) and comparison is Comparison.EQUALS and operand is None:
        return False
    return None


def _is_text(value: Literal, comparison: Comparison, among: list[str]) -> bool | None:
    """Say whether a literal is one of some strings, or starts or ends with one; only a string can be asked for the latter."""
    if comparison is Comparison.AMONG:
        return value in among
    if not isinstance(value, str):
        return None
    return value.startswith(tuple(among)) if comparison is Comparison.STARTS else value.endswith(tuple(among))


def _compare_constants(value: Literal, comparison: Comparison, operand: Literal) -> bool | None:
    if comparison is Comparison.EQUALS:
        return value == operand
    if isinstance(value, int) and isinstance(operand, int):
        match comparison:
            case Comparison.GREATER:
                return value > operand
            case Comparison.AT_LEAST:
                return value >= operand
            case Comparison.LESS:
                return value < operand
            case Comparison.AT_MOST:
                return value <= operand
            case _:
                return None
    return None
