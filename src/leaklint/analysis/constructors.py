"""What constructing a first-party class does: what it acquires, which arguments it takes over, which it only stores."""

import ast

from leaklint.analysis import callee
from leaklint.analysis.closures import READING, RELEASING
from leaklint.analysis.fields import fields, is_dataclass
from leaklint.analysis.names import FunctionNode, children, terminal, walk
from leaklint.analysis.owners import Owner, is_built_in
from leaklint.analysis.ownership import Solution
from leaklint.analysis.retention import retained
from leaklint.analysis.running import asks_loop, runs_loop_always
from leaklint.analysis.setting import DEFAULT, Body, FunctionSummary, Given, Kind, ParameterEffect
from leaklint.analysis.summary import defaults_of, effect_of, parameters_of, stored_in
from leaklint.analysis.values import Instance, own_type
from leaklint.model.data import replace
from leaklint.model.resource import Effect

TAKES = ParameterEffect(Effect.TAKES)
BORROWS = ParameterEffect(Effect.BORROWS)


def inherited(owner: Owner, given: Given) -> FunctionSummary | None:
    """Summarise a constructor that nobody wrote: a dataclass's, or one without parameters."""
    if not owner.is_closed or (owner.node.decorator_list and not is_dataclass(owner.node)):
        return None
    names = tuple(name for name, _ in fields(owner.node))
    passed = {name for name, what in given if what != DEFAULT}
    builders = owner.builders()
    makes = any(name not in passed for name in owner.defaults) or any(is_built_in(one, builders) for one in owner.keeps())
    return _stored(owner, {name: {name} for name in names}, names, makes, _fields_given(owner, given))


def flags(owner: Owner) -> dict[str, str]:
    """Give the flags under which a class releases something and that are parameters of its constructor, with those."""
    asked = {flag for _, flag, _ in owner.released.guarded if flag}
    init = owner.methods.get("__init__")
    if not asked or init is None:
        return {}
    parameters = parameters_of(init[1])
    bound: dict[str, list[ast.expr | None]] = {}
    for node in walk(init[1]):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                bound.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name), value=value):
                bound.setdefault(name, []).append(value)
            case _:
                pass
    names = {name: values[0].id for name, values in bound.items() if len(values) == 1 and isinstance(values[0], ast.Name)}
    return {name: one for name, one in names.items() if name in asked and one in parameters}


def written(owner: Owner, solution: Solution, given: Given) -> FunctionSummary:
    """Summarise a constructor by its solved `__init__`, for what is known of its arguments."""
    stored: dict[str, set[str]] = {}
    others: dict[str, ParameterEffect] = {}
    makes = False
    for site, history in solution.record.histories.items():
        if site.parameter is None:
            makes |= bool(history.fields and history.moves)
        elif attributes := stored_in(history):
            stored[site.parameter] = attributes
        else:
            others[site.parameter] = effect_of(site.parameter, history, Body.PLAIN)
    builders = owner.builders() - {"__init__"}
    makes = makes or any(is_built_in(one, builders) for one in owner.keeps())
    node = owner.methods["__init__"][1]
    summary = _stored(owner, stored, parameters_of(node)[1:], makes, _flags_given(owner, node, given))
    effects = {**summary.effects, **others}
    return replace(summary, effects=effects, runs_loop=runs_loop_always(solution), asks_loop=asks_loop(solution))


def _fields_given(owner: Owner, given: Given) -> dict[str, bool | None]:
    """Say of each flag that is a field of a dataclass whether it is set, None where nobody knows."""
    asked = {flag for _, flag, _ in owner.released.guarded}
    found: dict[str, bool | None] = {}
    for name, statement in fields(owner.node) if asked else ():
        default = statement.value.value if isinstance(statement.value, ast.Constant) else DEFAULT
        if name in asked:
            found[name] = _is_set(name, given, default)
    return found


def _flags_given(owner: Owner, node: FunctionNode, given: Given) -> dict[str, bool | None]:
    """Say the same of the flags that are parameters of a constructor."""
    defaults = defaults_of(node)
    return {name: _is_set(one, given, defaults.get(one, DEFAULT)) for name, one in flags(owner).items()}


def _is_set(parameter: str, given: Given, default: object) -> bool | None:
    """Say whether a parameter is true for what is known of the arguments; one that is not among them may be anything."""
    for name, value in given:
        if name == parameter:
            known = default if value == DEFAULT else value
            return None if known == DEFAULT or isinstance(known, Kind | Instance) else bool(known)
    return None


def is_built_by_new(owner: Owner) -> bool:
    """Say whether `__new__` hands its arguments to that of a base, which keeps them: `tuple.__new__(cls, (size, stream))`."""
    return "__new__" in owner.methods and _gives_to_base(owner.methods["__new__"][1])


@retained
def _gives_to_base(node: FunctionNode) -> bool:
    given = parameters_of(node)[1:]
    made = [one for one in walk(node) if isinstance(one, ast.Call) and terminal(one) == "__new__"]
    names = {one.id for call in made for one in walk(call) if isinstance(one, ast.Name)}
    return not names.isdisjoint(given)


def is_handed_on(owner: Owner, attributes: set[str]) -> bool:
    """Say whether a class may release an attribute outside its release methods, or hand it to somebody who may."""
    own_class = owner.node.name  # an argument of its own constructor only goes to another object of the same kind
    takers = (_handed_on(node).get(name, set()) for _, node in owner.family for name in attributes)
    return any(found - {own_class} for found in takers)


def _stored(
    owner: Owner, stored: dict[str, set[str]], parameters: tuple[str, ...], makes: bool, known: dict[str, bool | None]
) -> FunctionSummary:
    """Say what becomes of arguments that a constructor stores: released with the object, handed on, or only used by it.

    `known` are the flags that its caller sets: where one that decides about a release is unknown, nothing is said.
    """
    released, own = owner.released, owner.resource
    adopts: set[str] = set()
    effects: dict[str, ParameterEffect] = {}
    for name, attributes in stored.items():
        is_reached = released.reaches_all or bool(attributes & released.released)
        guards = {(flag, is_set) for attribute, flag, is_set in released.guarded if attribute in attributes}
        answers = {known[flag] is is_set if known[flag] is not None else None for flag, is_set in guards if flag in known}
        if is_reached and (not guards or (answers == {True} and all(flag in known for flag, _ in guards))):
            adopts.add(name)
            effects[name] = TAKES
        elif is_reached and None in answers:
            effects[name] = TAKES
        else:
            is_taken = not is_reached and (is_handed_on(owner, attributes) or _is_ended_by_another(owner))
            effects[name] = TAKES if is_taken else BORROWS
    wraps = frozenset(name for name in stored if effects[name] is BORROWS)
    itself = own_type(owner.path, owner.node.name)
    return FunctionSummary(
        parameters,
        effects,
        acquires=(own,) if own is not None and (makes or own.resource.opened_by) else (),
        wraps=wraps,
        fields=frozenset((name, attribute) for name in wraps for attribute in stored[name]),
        returns=frozenset((itself,)),
        adopts=frozenset(adopts),
        adopter=owner.adopter,
    )


def _is_ended_by_another(owner: Owner) -> bool:
    """Say whether a class gives itself to an object that it keeps, and releases that: it may release what the class stores."""
    found = [_given_itself(node) for _, node in owner.family]
    made = {name for names, _ in found for name in names}
    return any(name in made for _, names in found for name in names)


@retained
def _given_itself(node: ast.ClassDef) -> tuple[frozenset[str], frozenset[str]]:
    """Give the attributes that keep what a class gives itself to, and the attributes that it releases."""
    made: set[str] = set()
    ended: set[str] = set()
    for one in walk(node):
        match one:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=kept)], value=ast.Call() as call):
                given = [*call.args, *(keyword.value for keyword in call.keywords)]
                made.update([kept] if any(isinstance(it, ast.Name) and it.id == "self" for it in given) else ())
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=kept), attr=method)):
                ended.update([kept] if method in RELEASING else ())
            case _:
                pass
    return frozenset(made), frozenset(ended)


@retained
def _handed_on(node: ast.ClassDef) -> dict[str, set[str]]:
    """Give the attributes of which a class does more than read, with the names of the functions that are given them.

    The name is empty where an attribute is released, returned or the like.
    """
    found: dict[str, set[str]] = {}
    stack: list[ast.AST] = [node]
    while stack:
        parent = stack.pop()
        for one in children(parent):
            if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load):
                taker = _taker(one, parent)
                if taker is not None:
                    found.setdefault(one.attr, set()).add(taker)
            stack.append(one)
    return found


def _taker(node: ast.Attribute, parent: ast.AST) -> str | None:
    """Give the name of the function that a mention is given to, "" where it is released or kept, None where it is read."""
    match parent:
        case ast.Attribute(attr=attr):
            return "" if attr in RELEASING else None
        case ast.Compare() | ast.Subscript() | ast.If() | ast.While() | ast.UnaryOp() | ast.BinOp() | ast.FormattedValue():
            return None
        case ast.Call(func=func):
            name = "" if node is func else terminal(func)
            is_read = name in READING or name == "__class__" or callee.guess(name, is_dropped=False) is Effect.BORROWS
            return None if is_read else name
        case _:
            return ""
