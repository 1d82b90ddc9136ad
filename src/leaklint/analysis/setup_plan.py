"""The fix of a set-up: a release that is registered where the resource is opened, or a line in the matching teardown.

unittest registers (`addCleanup`, `enterContext` from Python 3.11); pytest's own set-ups have only their teardown.
"""

import ast
from collections.abc import Sequence

from leaklint.analysis.extent import acquired_value, plan, single_target
from leaklint.analysis.facts import Facts, Obligation
from leaklint.analysis.names import Function, receiver_of
from leaklint.analysis.ops import Call
from leaklint.analysis.setups import COUNTERPARTS, Run
from leaklint.analysis.way import way_of
from leaklint.model.fix import AddFunction, Append, FinallyBlock, Fix, Replace

UNITTEST = frozenset(("setUp", "asyncSetUp", "setUpClass", "setUpModule"))
REGISTER = {"setUp": "addCleanup", "asyncSetUp": "addCleanup", "setUpClass": "addClassCleanup"}
ENTER = {"setUp": "enterContext", "asyncSetUp": "enterContext", "setUpClass": "enterClassContext"}
SINCE = (3, 11)  # of enterContext and kin


def plan_setup(
    one: Obligation, setup: Function, run: Run, siblings: Sequence[Obligation], target: tuple[int, int]
) -> Fix | None:
    """Give the fix of what a set-up leaves open; `siblings` are all that the same set-up does."""
    if one.site.resource.outlives:
        return None
    if is_local(one, setup):
        narrow = plan(one)
        if narrow is not None:
            return narrow
    name = setup.node.name
    if name in UNITTEST:
        is_free = not one.history.releases and one.site.element is None
        return (entered(one, setup, target) if is_free else None) or _registered(one, setup)
    return _torn_down(setup, run, siblings)


def is_local(one: Obligation, setup: Function) -> bool:
    """Say whether only the set-up itself uses what it opens."""
    is_kept = any(name.startswith("self.") for name in one.history.names) or setup.owner is None
    return not is_kept and not one.history.openings and not one.history.is_captured


# --- unittest -----------------------------------------------------------------------------------------------------------


def entered(one: Obligation, setup: Function, target: tuple[int, int]) -> Fix | None:
    """Enter it where it is opened: `self.file = self.enterContext(open(p))`."""
    facts, name = one.facts, setup.node.name
    value, way = acquired_value(one), way_of(one, None)
    if target < SINCE or value is None or way is None or way.opener is None or way.opener.wrapper or name not in ENTER:
        return None
    if not facts.is_test_case:
        return None
    text = facts.source.segment(facts.source.span(value))
    receiver = _receiver(facts)
    if "\n" in text or receiver is None:
        return None
    if not way.opener.is_async:
        return Fix(Replace(facts.source.span(value), f"{receiver}.{ENTER[name]}({text})"))
    if name != "asyncSetUp" or isinstance(value, ast.Await):
        return None
    return Fix(Replace(facts.source.span(value), f"await {receiver}.enterAsyncContext({text})"))


def _registered(one: Obligation, setup: Function) -> Fix | None:
    """Register the release in the line after the one that opens it."""
    facts, statement = one.facts, opening_statement(one)
    code = _code(one, _started(one))
    receiver = "unittest" if setup.node.name == "setUpModule" else _receiver(facts)
    if statement not in facts.places or code is None or receiver is None:
        return None
    register = "addModuleCleanup" if setup.node.name == "setUpModule" else REGISTER[setup.node.name]
    resource = one.site.resource
    method = resource.first_release
    imports: tuple[str, ...] = ("unittest",) if receiver == "unittest" else ()
    if method in resource.releases:
        call = f"{receiver}.{register}({code}.{method})"
    elif method in resource.async_releases and setup.node.name == "asyncSetUp":
        call = f"{receiver}.addAsyncCleanup({code}.{method})"
    elif method in resource.release_functions:
        call = f"{receiver}.{register}({method}, {code})"
        imports = (*imports, *(way.imports if (way := way_of(one, code)) else ()))
    else:
        return None
    span = facts.source.span(statement)
    return Fix(FinallyBlock(span, span, (call,)), imports=imports)


def opening_statement(one: Obligation) -> ast.stmt:
    """Give the statement after which a resource is open; a patcher is when it is started."""
    started = _started(one)
    return started.statement if started is not None else one.statement


def _started(one: Obligation) -> Call | None:
    return next((op for op in one.history.openings if isinstance(op, Call) and one.site.resource.only_in_fixtures), None)


def _code(one: Obligation, started: Call | None) -> str | None:
    """Give the code that means the resource right after it was opened."""
    if started is not None:
        receiver = started.node.func.value if isinstance(started.node.func, ast.Attribute) else None
        return ast.unparse(receiver) if isinstance(receiver, ast.Name | ast.Attribute) else None
    names = one.history.names
    if not names:
        return None
    return _spelled(names[0], one.facts, one.statement)


def _spelled(name: str, facts: Facts, statement: ast.stmt | None = None) -> str | None:
    """Give a variable of the sequence as the function writes it: `self.h` of a class method is `cls.h`."""
    plain = name.partition("'")[0]
    if not plain.startswith("self."):
        if (
            isinstance(statement, ast.Assign)
            and single_target(statement) is None
            and facts.function
            and not facts.function.owner
        ):
            return ast.unparse(statement.targets[0])  # `module.connection = ...`
        return plain if plain.isidentifier() else None
    receiver = _receiver(facts)
    return f"{receiver}.{plain.removeprefix('self.')}" if receiver else None


def _receiver(facts: Facts) -> str | None:
    function = facts.function
    if function is None or not function.is_method or not function.node.args.args:
        return None
    return function.node.args.args[0].arg


# --- pytest -------------------------------------------------------------------------------------------------------------


def _torn_down(setup: Function, run: Run, siblings: Sequence[Obligation]) -> Fix | None:
    """Release in the teardown, which is added where there is none, everything that the set-up opens."""
    name = COUNTERPARTS[setup.node.name][0]
    own = next((one for one in run.teardowns_of(setup) if one.owner is setup.owner), None)
    if own is None and name in run.teardowns:
        return None  # an inherited one: an override would have to call it
    lines = [_release(one, own or setup) for one in siblings]
    if not lines or any(line is None for line in lines):
        return None
    written = tuple(line for line in lines if line is not None)
    span = siblings[0].facts.source.span
    if own is not None:
        return Fix(Append(span(own.node), written))
    head = [f"def {name}({receiver_of(setup.node)}):", *(f"    {line}" for line in written)]
    if any(isinstance(one, ast.Name) and one.id == "classmethod" for one in setup.node.decorator_list):
        head.insert(0, "@classmethod")
    return Fix(AddFunction(span(setup.node), tuple(head)))


def _release(one: Obligation, teardown: Function) -> str | None:
    kept = [name for name in one.history.names if name.startswith("self.") or teardown.owner is None]
    method = one.site.resource.first_release
    if not kept or method not in one.site.resource.releases or one.site.resource.outlives:
        return None
    parameter = receiver_of(teardown.node)
    if teardown.owner is not None:
        return f"{parameter}.{kept[0].removeprefix('self.')}.{method}()" if parameter else None
    is_global = isinstance(one.statement, ast.Assign) and single_target(one.statement) is not None
    return f"{kept[0]}.{method}()" if is_global or not parameter else f"{parameter}.{kept[0]}.{method}()"
