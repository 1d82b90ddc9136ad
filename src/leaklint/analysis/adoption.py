"""What a catalogued call is given to release with its result, which then holds nothing else.

`OpenAI(http_client=http)` is as open as `http` is: who closes that leaves nothing to close. So where the caller's own
open client is given, the result must be released, or the client; where somebody else has it, nothing here must.
"""

import ast
from collections.abc import Callable

from leaklint.analysis.arguments import literal_of
from leaklint.analysis.names import Scope
from leaklint.analysis.ops import Argument, Call
from leaklint.analysis.setting import Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import Site
from leaklint.model.data import dataclass
from leaklint.model.resource import Effect


@dataclass(frozen=True, slots=True)
class Adoption:
    """The resource that is handed to a result; None where somebody else has it, or it is one of several."""

    site: Site | None
    is_own: bool


def adoption(op: Call, effect: Callable[[int], Effect], store: Store, setting: Setting) -> Adoption | None:
    """Say what the result of a call adopts, before the call; None where it is given nothing of the kind."""
    for index, argument in enumerate(op.arguments):
        if effect(index) is not Effect.ADOPTS or literal_of(argument, store) is None:
            continue
        values = store.values(argument.operand)
        own = [site for site in store.carried(values) if store.is_open(site)]
        if own:
            return Adoption(own[0] if len(own) == 1 else None, is_own=True)
        if values or _is_somebodys(argument, op, setting.scope):
            return Adoption(None, is_own=False)
    return None


def _is_somebodys(argument: Argument, op: Call, scope: Scope) -> bool:
    """Say whether an argument of which nothing is known has a place outside of this function: whoever filled it has it."""
    given = [*op.node.args, *(keyword.value for keyword in op.node.keywords)]
    match given[op.arguments.index(argument)]:
        case ast.Name(id=name):
            bindings = scope.bindings
            return name in bindings.parameters or name not in bindings.variables
        case ast.Attribute() | ast.Subscript():
            return True
        case _:
            return False  # what an unknown call has made, the result alone has
