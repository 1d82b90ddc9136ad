"""Decorators of the project that give back the function they are given: they note it somewhere, and change nothing.

`def register(function): COMMANDS[function.__name__] = function; return function`, or a function that gives one.
"""

import ast

from leaklint.analysis.lending import own_nodes
from leaklint.analysis.names import FunctionNode
from leaklint.analysis.retention import retained


@retained
def returns_given(node: FunctionNode) -> bool:
    """Say whether a decorator gives back what it decorates."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    return len(arguments) > 0 and _returned(node) == {arguments[0].arg} and not _is_bound(arguments[0].arg, node)


@retained
def returns_registering(node: FunctionNode) -> bool:
    """Say whether a function gives a decorator that gives back what it decorates: `@register("name")`."""
    inner = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
    names = _returned(node)
    return len(names) == 1 and all(name in inner and returns_given(inner[name]) for name in names)


def _returned(node: FunctionNode) -> set[str]:
    """Give the names that a function returns; one that is empty stands for anything else."""
    found = [one.value for one in own_nodes(node) if isinstance(one, ast.Return)]
    return {one.id if isinstance(one, ast.Name) else "" for one in found}


def _is_bound(name: str, node: FunctionNode) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store) for one in own_nodes(node))
