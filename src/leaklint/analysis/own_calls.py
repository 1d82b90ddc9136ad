"""Calls of what the project itself defines, by its name: which of them can matter, and what their summary does."""

import ast

from leaklint.analysis import arguments, effects
from leaklint.analysis.acquiring import Outcome
from leaklint.analysis.hierarchy import may_return_memory, memory_type
from leaklint.analysis.names import Scope, terminal
from leaklint.analysis.ops import Call
from leaklint.analysis.setting import Project, Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import NOTHING, Closure, Values, instance, own_type
from leaklint.model.resource import Effect


def call_found(
    op: Call,
    project: Project,
    name: str,
    scope: Scope,
    store: Store,
    setting: Setting,
    outcome: Outcome,
    is_asked: bool = False,
) -> None:
    """Call what a name of a first-party module means; `Class.method` is called on the class."""
    definition = scope.definition(name)
    in_memory = memory_type(definition, scope, setting.catalogue)
    if in_memory is not None:
        outcome.values.add(instance(in_memory))
        return None
    if not (is_asked or matters(op, store, setting) or may_return_memory(definition, scope)):
        if isinstance(definition, ast.ClassDef):
            outcome.values.add(instance(own_type(project.path, name)))
        return None
    owner, _, method = name.rpartition(".")
    receiver: Values = NOTHING
    if owner:
        given = arguments.given(op, project.method_parameters(owner, method), store, setting.catalogue)
        summary = project.method(owner, method, given)
        receiver = frozenset((instance(own_type(project.path, owner)),))
    else:
        given = arguments.given(op, project.parameters(name, scope), store, setting.catalogue)
        summary = project.function(name, scope, given)
    if summary is None:
        return effects.spread(op, store, setting, lambda _: Effect.TAKES, outcome, is_unknown=True)
    return effects.apply_own(op, summary, receiver, store, setting, outcome)


def matters(op: Call, store: Store, setting: Setting) -> bool:
    """Say whether a first-party call can concern a resource or a loop: it may open one, is given one, or may run a loop."""
    name, project = terminal(op.node), setting.project
    if name in project.vocabulary.words or name in project.vocabulary.givers or name in project.vocabulary.running:
        return True
    given = [value for argument in op.arguments for value in store.values(argument.operand)]
    return any(isinstance(one, Closure) and one.keeps for one in given) or any(True for _ in store.carried(given))
