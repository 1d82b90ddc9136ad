"""What constructing a first-party class does: what it acquires, which arguments it takes over, which it only stores."""

import ast

from leaklint.analysis.closures import READING, RELEASING
from leaklint.analysis.names import children, terminal, walk
from leaklint.analysis.owners import Owner, is_dataclass
from leaklint.analysis.ownership import Solution
from leaklint.analysis.running import asks_loop, runs_loop
from leaklint.analysis.setting import DEFAULT, Body, FunctionSummary, Given, ParameterEffect
from leaklint.analysis.summary import effect_of, parameters_of, stored_in
from leaklint.analysis.values import own_type
from leaklint.model.data import replace
from leaklint.model.resource import Effect

TAKES = ParameterEffect(Effect.TAKES)
BORROWS = ParameterEffect(Effect.BORROWS)


def fields_of(node: ast.ClassDef) -> tuple[str, ...]:
    """Give the names of a dataclass's fields, which are its constructor's parameters."""
    return tuple(one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name))


def inherited(owner: Owner, given: Given) -> FunctionSummary | None:
    """Summarise a constructor that nobody wrote: a dataclass's, or one without parameters."""
    if not owner.is_closed or (owner.node.decorator_list and not is_dataclass(owner.node)):
        return None
    fields = fields_of(owner.node) if is_dataclass(owner.node) else ()
    passed = {name for name, what in given if what != DEFAULT}
    builders = owner.builders()
    makes = any(name not in passed for name in owner.defaults) or any(one.method in builders for one in owner.keeps())
    return _stored(owner, {name: {name} for name in fields}, fields, makes)


def written(owner: Owner, solution: Solution) -> FunctionSummary:
    """Summarise a constructor by its solved `__init__`."""
    stored: dict[str, set[str]] = {}
    others: dict[str, ParameterEffect] = {}
    makes = False
    for site, history in solution.record.histories.items():
        if site.parameter is None:
            makes |= bool(history.fields and history.moves)
        elif attributes := stored_in(history):
            stored[site.parameter] = attributes
        else:
            others[site.parameter] = effect_of(history, Body.PLAIN)
    builders = owner.builders() - {"__init__"}
    makes = makes or any(one.method in builders for one in owner.keeps())
    summary = _stored(owner, stored, parameters_of(owner.methods["__init__"][1])[1:], makes)
    effects = {**summary.effects, **others}
    return replace(summary, effects=effects, runs_loop=runs_loop(solution), asks_loop=asks_loop(solution))


def is_handed_on(owner: Owner, attributes: set[str]) -> bool:
    """Say whether a class may release an attribute outside its release methods, or hand it to somebody who may."""
    for _, node in owner.family:
        stack: list[tuple[ast.AST, ast.AST | None]] = [(node, None)]
        while stack:
            one, parent = stack.pop()
            is_it = isinstance(one, ast.Attribute) and one.attr in attributes and isinstance(one.ctx, ast.Load)
            if is_it and not _is_only_read(one, parent, owner.node.name):
                return True
            stack.extend((child, one) for child in children(one))
    return False


def _stored(owner: Owner, stored: dict[str, set[str]], parameters: tuple[str, ...], makes: bool) -> FunctionSummary:
    """Say what becomes of arguments that a constructor stores: released with the object, handed on, or only used by it."""
    released, own = owner.released, owner.resource
    adopts: set[str] = set()
    effects: dict[str, ParameterEffect] = {}
    for name, attributes in stored.items():
        is_reached = released.reaches_all or bool(attributes & released.released)
        if is_reached and not attributes & released.guarded:
            adopts.add(name)
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
        returns=frozenset((itself,)),
        adopts=frozenset(adopts),
        adopter=owner.adopter,
    )


def _is_ended_by_another(owner: Owner) -> bool:
    """Say whether a class gives itself to an object that it keeps, and releases that: it may release what the class stores."""
    made: set[str] = set()
    ended: set[str] = set()
    for node in (one for _, part in owner.family for one in walk(part)):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=kept)], value=ast.Call() as call):
                given = [*call.args, *(one.value for one in call.keywords)]
                made.update([kept] if any(isinstance(one, ast.Name) and one.id == "self" for one in given) else ())
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=kept), attr=method)):
                ended.update([kept] if method in RELEASING else ())
            case _:
                pass
    return bool(made & ended)


def _is_only_read(node: ast.AST, parent: ast.AST | None, own_class: str) -> bool:
    """Say whether a mention only reads from what it mentions, compares it, or makes another object of the same class of it."""
    match parent:
        case ast.Attribute(attr=attr):
            return attr not in RELEASING
        case ast.Compare() | ast.Subscript() | ast.If() | ast.While() | ast.UnaryOp() | ast.BinOp() | ast.FormattedValue():
            return True
        case ast.Call(func=func):
            return node is not func and terminal(func) in READING | {own_class, "__class__"}
        case _:
            return False
