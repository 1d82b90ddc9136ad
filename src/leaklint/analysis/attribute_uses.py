"""What a method does with the attributes of its object through names that stand for them: calls, gives away, binds."""

import ast

from leaklint.analysis.attributes import behind_names, own_attributes
from leaklint.analysis.names import FunctionNode, receiver_of, walk
from leaklint.analysis.retention import retained


@retained
def called_on(node: FunctionNode) -> dict[str, set[str]]:
    """Give the methods that a method calls on an attribute, also by a name that may stand for it (`x = self.x; x.load()`)."""
    own, behind = receiver_of(node), behind_names(node)
    found: dict[str, set[str]] = {}
    for one in walk(node):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
                attributes = behind.get(name, set())
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=attribute), attr=method)):
                attributes = {attribute} if name == own else set()
            case _:
                continue
        for attribute in attributes:
            found.setdefault(attribute, set()).add(method)
    return found


@retained
def given_away(node: FunctionNode) -> frozenset[str]:
    """Give the attributes that a method returns, perhaps in something else, and keeps no longer: `self.fd = None`."""
    own, behind = receiver_of(node), behind_names(node)
    returned: set[str] = set()
    emptied: set[str] = set()
    for one in walk(node):
        if isinstance(one, ast.Return) and one.value is not None:
            returned |= own_attributes(one.value, own)
            returned.update(*(behind.get(name.id, ()) for name in walk(one.value) if isinstance(name, ast.Name)))
        elif isinstance(one, ast.Assign):
            pairs = [pair for target in one.targets for pair in _pairs(target, one.value)]
            emptied.update(*(own_attributes(target, own) for target, value in pairs if _is_constant(value)))
    return frozenset(returned & emptied)


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Give what an assignment binds to what, element by element where both sides are displays."""
    match target, value:
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            return list(zip(targets, values, strict=True))
        case _:
            return [(target, value)]


def _is_constant(value: ast.expr) -> bool:
    """Say whether an expression is a constant, or an attribute that is named like one: `self.CONVERTED`."""
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Attribute) and value.attr.isupper())


@retained
def stored_in(node: FunctionNode) -> frozenset[str]:
    """Give the attributes of its object that a method binds."""
    own = receiver_of(node)
    found = (one for one in walk(node) if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store))
    return frozenset(one.attr for one in found if isinstance(one.value, ast.Name) and one.value.id == own)
