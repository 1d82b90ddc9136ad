"""The first-party class of what a method is called on: by the values of the dataflow, by the one binding of a name, by
what a class declares its attribute to be. Where these are silent or disagree, nobody knows."""

import ast

from leaklint.analysis.facts import Facts
from leaklint.analysis.loops import owner_of
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import Function, FunctionNode, Scope
from leaklint.analysis.ops import Call
from leaklint.analysis.probing import declared, named
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.values import Site


def class_of_receiver(call: ast.Call, facts: Facts, module: ModuleFacts) -> tuple[ModuleProject, ast.ClassDef] | None:
    """Give the one first-party class that the receiver of a call is known to be of, and its module."""
    if not isinstance(call.func, ast.Attribute):
        return None
    receivers = facts.solution.record.receivers
    known = next((values for op, values in receivers.items() if op.node is call), None)
    types = {one.own_type if isinstance(one, Site) else one.type_name for one in known or ()}
    name = types.pop() if len(types) == 1 else None
    where = module.project.class_at(name) if name is not None else None
    if where is not None:
        owner = where[0].scope.definition(where[1])
        return (where[0], owner) if isinstance(owner, ast.ClassDef) else None
    if known:
        return None
    return class_behind(call.func.value, facts.function, facts.scope, module)


def class_behind(
    node: ast.expr, function: Function | None, scope: Scope, module: ModuleFacts
) -> tuple[ModuleProject, ast.ClassDef] | None:
    """Give the first-party class of an expression, and its module, as bindings, annotations and assignments tell."""
    match node:
        case ast.Call(func=callee):
            return module.project.class_of(callee)
        case ast.Name(id=name):
            return _class_bound(name, scope, module)
        case ast.Attribute(value=ast.Name(id="self"), attr=attribute) if (own := owner_of(function)) is not None:
            found = [module.project.class_of(one) for one in declared(own, attribute)]
            return found[0] if found and all(one == found[0] for one in found) else None
        case _:
            return None


def _class_bound(name: str, scope: Scope, module: ModuleFacts) -> tuple[ModuleProject, ast.ClassDef] | None:
    """Give the class of what a name is bound to once, here or in a scope around."""
    bound = scope.find(name)
    if bound is None:
        return None
    annotation = bound.bindings.annotations.get(name)
    if annotation is not None:
        return module.project.class_of(named(annotation))
    is_once = bound.bindings.variables.get(name) == 1 and (bound is scope or name not in bound.bindings.shared)
    value = bound.bindings.values.get(name) if is_once else None
    return module.project.class_of(value.func) if isinstance(value, ast.Call) else None


def method_behind(node: ast.expr, facts: Facts, module: ModuleFacts) -> FunctionNode | None:
    """Give the method of a first-party class that an attribute certainly means."""
    if not isinstance(node, ast.Attribute):
        return None
    behind = class_behind(node.value, facts.function, facts.scope, module)
    return behind[0].method_node(behind[1], node.attr) if behind is not None else None


def running_methods(facts: Facts, module: ModuleFacts) -> list[Call]:
    """Give the calls of methods that run a loop, where the dataflow does not know what they are called on."""
    words, record = module.project.vocabulary.running, facts.solution.record
    found: dict[ast.Call, Call] = {}
    for block in facts.solution.setting.graph.blocks if words else ():
        for op in block.ops:
            if (
                isinstance(op, Call)
                and op.method in words
                and op not in record.running
                and not op.is_awaited
                and not facts.is_expected(op.line)
                and not any(first <= op.line <= last for first, last in facts.solution.setting.graph.loopless)
            ):
                owner = class_of_receiver(op.node, facts, module) if op not in record.receivers else None
                summary = owner[0].method(owner[1].name, op.method, ()) if owner is not None else None
                if summary is not None and summary.runs_loop:
                    found[op.node] = op
    return list(found.values())
