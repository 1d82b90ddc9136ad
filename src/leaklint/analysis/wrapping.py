"""What a call is made over: a BytesIO, a mock or an open file, so that it holds nothing itself."""

from collections.abc import Callable

from leaklint.analysis import arguments
from leaklint.analysis.ops import Call, Operand
from leaklint.analysis.setting import Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import Instance, Site, Value, is_double
from leaklint.model.resource import Effect

FILE_METHODS = frozenset(("readline", "seek", "tell", "fileno"))  # read() a path may have, too


def is_over_another(op: Call, effect: Callable[[int], Effect], store: Store, setting: Setting) -> bool:
    """Say whether a call wraps a BytesIO or a mock, or reads from a file that is open: it holds nothing itself."""
    for index, argument in enumerate(op.arguments):
        wrapped = effect(index)
        values = store.values(argument.operand)
        if values and all(_is_nothing(one, wrapped, setting) for one in values):
            return True
        if wrapped in (Effect.WRAPS, Effect.TAKES) and not _is_writing(op):
            is_open = all(_is_file(one, setting) for one in values) and wrapped is Effect.WRAPS
            if is_open if values else argument.keyword == "fileobj" or _is_read_from(argument.operand, setting):
                return True
    return False


def _is_nothing(value: Value, wrapped: Effect, setting: Setting) -> bool:
    """Say whether a value leaves what is made over it with nothing to release."""
    if wrapped in (Effect.TAKES, Effect.ADOPTS):
        return is_double(value)
    return wrapped in (Effect.WRAPS, Effect.PASSES) and arguments.is_in_memory(value, setting.catalogue)


def _is_writing(op: Call) -> bool:
    """Say whether a mode among the arguments writes: what is written so is whole only once the wrapper is closed."""
    modes = [one.literal for index, one in enumerate(op.arguments) if one.keyword == "mode" or (index and not one.keyword)]
    return any(isinstance(mode, str) and not mode.startswith("r") for mode in modes)


def _is_file(value: Value, setting: Setting) -> bool:
    """Say whether a value is an open file, or some object of the module that stands for one."""
    match value:
        case Instance(type_name=name):
            return ":" in name  # of the project
        case Site(resource=resource):
            return setting.catalogue.is_a(resource.name, "io.IOBase")
        case _:
            return False


def _is_read_from(operand: Operand, setting: Setting) -> bool:
    """Say whether a parameter is used as an open file: it is the caller's, who closes it."""
    names = setting.scope.bindings
    if operand not in names.parameters or operand in names.variables:
        return False
    ops = (one for block in setting.graph.blocks for one in block.ops)
    return any(isinstance(one, Call) and one.receiver == operand and one.method in FILE_METHODS for one in ops)
