"""Calls on what is known by its type alone: methods of what an attribute holds, and objects that are called.

Only what such a method acquires is made of it here; what it does to its arguments, the caller guesses from its name.
"""

import ast

from leaklint.analysis import arguments, effects
from leaklint.analysis.acquiring import Outcome
from leaklint.analysis.names import terminal
from leaklint.analysis.ops import Call
from leaklint.analysis.setting import Setting
from leaklint.analysis.store import Store
from leaklint.analysis.values import NOTHING, instance


def acquire(op: Call, method: str, owner: str, attribute: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method that acquires on what an attribute holds (`self.listener.accept()`); say whether it is one."""
    type_name = setting.project.attribute_type(owner, attribute)
    return type_name is not None and acquire_by_type(op, method, type_name, store, setting, outcome)


def acquire_by_global(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method that acquires on what the module names (`engine.connect()`); say whether it is one."""
    receiver = op.node.func.value if isinstance(op.node.func, ast.Attribute) else None
    if op.receiver is not None or method not in setting.project.vocabulary.words or not isinstance(receiver, ast.Name):
        return False
    if setting.scope.find(receiver.id) is not setting.scope.module:
        return False
    type_name = setting.project.global_type(receiver.id)
    return type_name is not None and acquire_by_type(op, method, type_name, store, setting, outcome)


def acquire_by_import(op: Call, name: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method that acquires on what another module names (`database.engine.connect()`); say whether it is one."""
    receiver, _, method = name.rpartition(".")
    type_name = setting.project.imported_type(receiver) if "." in receiver else None
    return type_name is not None and acquire_by_type(op, method, type_name, store, setting, outcome)


def acquire_by_convention(op: Call, method: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method that acquires on what has a conventional name (`self.loop.create_server()`); say whether it is one."""
    receiver = op.node.func.value if isinstance(op.node.func, ast.Attribute) else None
    type_name = setting.catalogue.receiver_type(terminal(receiver)) if receiver is not None else None
    return type_name is not None and acquire_by_type(op, method, type_name, store, setting, outcome)


def acquire_by_type(op: Call, method: str, type_name: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call a method that acquires on an object of a type; say whether it is one."""
    summary = setting.catalogue.method(type_name, method)
    if summary is not None and any(summary.acquires):
        if summary.is_coroutine and not op.is_awaited:
            return False  # who awaits it has it
        effects.apply(op, summary, NOTHING, store, setting, outcome)
        return True
    found = setting.project.class_at(type_name)
    if found is None:
        return False
    given = arguments.given(op, found[0].method_parameters(found[1], method), store, setting.catalogue)
    own = found[0].method(found[1], method, given)
    if own is None or not own.gives_open or (own.is_coroutine and not op.is_awaited):
        return False
    effects.apply_own(op, own, frozenset((instance(type_name),)), store, setting, outcome)
    return True


def call_attribute(op: Call, attribute: str, owner: str, store: Store, setting: Setting, outcome: Outcome) -> bool:
    """Call what an attribute holds (`self.session_factory()`); say whether that acquires."""
    if attribute not in setting.project.vocabulary.words:
        return False
    type_name = setting.project.attribute_type(owner, attribute)
    return type_name is not None and acquire_by_type(op, "__call__", type_name, store, setting, outcome)


def is_callable(type_name: str, setting: Setting) -> bool:
    """Say whether it is known what calling an object of a first-party class does."""
    found = setting.project.class_at(type_name)
    return found is not None and found[0].method(found[1], "__call__", ()) is not None
