"""The fixes of classes that own: new release methods, and releases that an existing method misses.

It decides which method releases what. How that is written is the business of `release_code`.
"""

import ast
from collections.abc import Iterable, Sequence

from leaklint.analysis.attributes import own_attributes
from leaklint.analysis.held import ENTERS, Held, empties, entering, held, is_nothing
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import FunctionNode, receiver_of, walk
from leaklint.analysis.owners import Owner
from leaklint.analysis.release_code import Code, release_code
from leaklint.model.fix import AddFunction, Append, Applicability, Fix, Precede, Remove, Several, Single, TryBlock, Turn

SELF_SINCE = (3, 11)  # typing.Self
PREFERRED = ("close", "aclose", "stop", "shutdown", "__exit__", "__aexit__")
WAITING = frozenset(("join", "wait_closed", "on_close", "kill", "end", "exit", "finish", "finalize", "free", "deinit"))
RISKY = (ast.Call, ast.Await, ast.Subscript, ast.Raise, ast.Delete, ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.Assert)


def plan_release_method(owner: Owner, names: Sequence[str], module: ModuleFacts) -> Fix | str:
    """Give the fix of a class without a release method, which keeps open what these attributes hold."""
    found = _all_held(owner, names, module)
    if isinstance(found, str):
        return found
    is_async = any(one.is_async for one in found)
    code = release_code(found, "self", module.scope, ("self", "exc_info"))
    if isinstance(code, str):
        return code
    name = "aclose" if is_async else "close"
    return _with_methods(owner, name, code, module)


def plan_missing_call(owner: Owner, names: Sequence[str], module: ModuleFacts) -> Fix | str:
    """Give the fix of a class whose release method leaves these attributes open."""
    entered = entering(owner, names)
    found = _all_held(owner, names, module, entered)
    if isinstance(found, str):
        return found
    is_async = any(one.is_async for one in found)
    method = _release_method(owner, entered, is_async)
    if method is None:
        return _beside(owner, found, module) if is_async else "no release method of the class takes no arguments"
    receiver = receiver_of(method)
    code = release_code(found, receiver, module.scope, {one.arg for one in walk(method) if isinstance(one, ast.arg)})
    if isinstance(code, str):
        return code
    if method in owner.node.body:
        return Fix(Several(_completed(method, code, owner, module, names)), Applicability.UNSAFE, code.imports)
    arguments = method.args
    if len(arguments.posonlyargs) + len(arguments.args) > 1 or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        return f"`{method.name}` is inherited, and takes arguments"
    await_ = "await " if isinstance(method, ast.AsyncFunctionDef) else ""
    body = ("try:", *_indented(code.lines), "finally:", f"    {await_}super().{method.name}()")
    lines = _function(method.name, body, owner, isinstance(method, ast.AsyncFunctionDef))
    return Fix(Several((_added(owner, lines, module),)), Applicability.UNSAFE, code.imports)


def plan_in_del(owner: Owner, module: ModuleFacts) -> Fix | str:
    """Give the fix of a class that releases in `__del__` only: that becomes `close`, which `__del__` then calls."""
    method = next((one for one in _own_methods(owner) if one.name == "__del__"), None)
    if method is None:
        return "`__del__` is inherited"
    if any(isinstance(one, ast.Attribute) and one.attr == "__del__" for one in walk(method)):
        return "`__del__` calls the one of the base"
    receiver = receiver_of(method)
    code = Code((f"{receiver}.close()",))
    added = _with_methods(owner, "close", None, module, _function("__del__", code.lines, owner, False))
    if isinstance(added, str):
        return added
    edits = added.edit.edits if isinstance(added.edit, Several) else (added.edit,)
    turned = Turn(module.source.span(method), is_async=False, name="close")
    return Fix(Several((turned, *edits)), Applicability.UNSAFE, added.imports, added.reveals)


def _all_held(owner: Owner, names: Iterable[str], module: ModuleFacts, entered: str | None = None) -> list[Held] | str:
    obligations = list(module.obligations)
    found = [held(owner, name, obligations, entered) for name in names]
    reasons = [one for one in found if isinstance(one, str)]
    return reasons[0] if reasons else [one for one in found if isinstance(one, Held)]


# --- new methods --------------------------------------------------------------------------------------------------------


def _with_methods(owner: Owner, name: str, code: Code | None, module: ModuleFacts, more: tuple[str, ...] = ()) -> Fix | str:
    """Add a release method of this code, and what makes a context manager of the class."""
    is_async = name == "aclose"
    enter, leave = ("__aenter__", "__aexit__") if is_async else ("__enter__", "__exit__")
    taken = {name, enter, leave} & (owner.methods.keys() | _attributes(owner))
    if taken:
        return f"`{owner.node.name}` has a `{min(taken)}` already"
    await_ = "await " if is_async else ""
    own, imports = _own_annotation(owner, module)
    parts = [_function(name, code.lines, owner, is_async)] if code is not None else []
    parts.append(_function(enter, ("return self",), owner, is_async, returns=own))
    parts.append(_function(leave, (f"{await_}self.{name}()",), owner, is_async, "*exc_info"))
    lines = tuple(line for part in (*parts, more) for line in part)
    needed = (*(code.imports if code is not None else ()), *imports)
    return Fix(Several((_added(owner, lines, module),)), Applicability.UNSAFE, needed, (owner.node.name,))


def _beside(owner: Owner, found: Sequence[Held], module: ModuleFacts) -> Fix | str:
    """Add an asynchronous release to a class whose release is plain, and cannot await."""
    plain = _release_method(owner, None, is_async=False)
    code = release_code(found, "self", module.scope, ("self", "exc_info"))
    if isinstance(code, str):
        return code
    if plain is None or plain.name.startswith("__"):
        return "its release takes an await, and no release method of the class is a coroutine"
    lines = ("try:", *_indented(code.lines), "finally:", f"    self.{plain.name}()")
    return _with_methods(owner, "aclose", Code(lines, code.imports), module)


def _added(owner: Owner, lines: tuple[str, ...], module: ModuleFacts) -> AddFunction:
    return AddFunction(module.source.span(_own_methods(owner)[-1]), lines)


def _function(
    name: str, body: Sequence[str], owner: Owner, is_async: bool, more: str = "", returns: str = "None"
) -> tuple[str, ...]:
    """Write a method, annotated where the others of the class are."""
    is_typed = any(one.returns is not None for one in _own_methods(owner))
    extra = f", {more}{': object' if is_typed else ''}" if more else ""
    result = f" -> {returns}" if is_typed else ""
    return (f"{'async ' if is_async else ''}def {name}(self{extra}){result}:", *_indented(body))


def _own_annotation(owner: Owner, module: ModuleFacts) -> tuple[str, tuple[str, ...]]:
    """Give the annotation that means the class itself, and what it needs imported."""
    if not any(one.returns is not None for one in _own_methods(owner)):
        return "", ()
    known = module.scope.dotted(ast.Name("Self", ast.Load()))
    if known in ("typing.Self", "typing_extensions.Self"):
        return "Self", ()
    if module.target >= SELF_SINCE and module.scope.find("Self") is None:
        return "Self", ("typing:Self",)
    return f'"{owner.node.name}"', ()


def _own_methods(owner: Owner) -> list[FunctionNode]:
    return [one for one in owner.node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]


def _attributes(owner: Owner) -> set[str]:
    """Give what the family binds besides methods: attributes of the class, and of its objects."""
    nodes = [one for _, node in owner.family for statement in node.body for one in walk(statement)]
    found = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return found | {one.attr for one in nodes if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)}


# --- an existing method -------------------------------------------------------------------------------------------------


def _release_method(owner: Owner, entered: str | None, is_async: bool) -> FunctionNode | None:
    """Choose the method that is to release: the leaving one for what entering opens, else one that releases already."""
    names = [name for name in owner.release_methods() if name not in WAITING]
    methods = [(name, owner.methods[name][1]) for name in names]
    fitting = [(name, node) for name, node in methods if isinstance(node, ast.AsyncFunctionDef) or not is_async]
    if entered is not None:
        return next((node for name, node in fitting if ENTERS.get(name) == entered), None)

    def order(pair: tuple[str, FunctionNode]) -> tuple[bool, bool, int]:
        name, node = pair
        is_idle = not owner.reached([name]).released
        place = PREFERRED.index(name) if name in PREFERRED else len(PREFERRED)
        return node not in owner.node.body, is_idle, place

    return next((node for _, node in sorted(fitting, key=order)), None)


def _completed(method: FunctionNode, code: Code, owner: Owner, module: ModuleFacts, names: Sequence[str]) -> tuple[Single, ...]:
    """Put a release where the method ends, whatever it does before; or right before it lets go of an attribute."""
    span = module.source.span
    body = method.body
    letting_go = next((one for one in body if empties(one, names, method, owner)), None)
    if letting_go is not None:
        return (Precede(span(letting_go), code.lines),)
    start = 1 if _is_text(body[0]) else 0
    owned = {one.attribute for one in owner.owned}
    while start < len(body) and _is_harmless(body[start], owned):
        start += 1
    end = len(body) - 1 if isinstance(body[-1], ast.Return) and not _is_risky(body[-1]) else len(body)
    idle = [one for one in body if isinstance(one, ast.Expr) and _is_ellipsis(one)]
    if idle:
        return (*(Remove(span(one)) for one in idle), Append(span(method), code.lines))
    if start < end:
        return (TryBlock(span(body[start]), span(body[end - 1]), final=code.lines),)
    if end < len(body):
        return (Precede(span(body[end]), code.lines),)
    return (Append(span(method), code.lines),)


def _is_harmless(statement: ast.stmt, owned: set[str]) -> bool:
    """Say whether a statement cannot raise, and leaves the method only where it was left like that before."""
    if isinstance(statement, ast.Pass):
        return True
    if _is_risky(statement):
        return False
    match statement:
        case ast.Assign() | ast.AnnAssign() | ast.Global() | ast.Nonlocal() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=test, body=[ast.Return(value=value)], orelse=[]):
            return (value is None or is_nothing(value)) and not own_attributes(test, "self") & owned
        case _:
            return False


def _is_risky(statement: ast.stmt) -> bool:
    return any(isinstance(one, RISKY) for one in walk(statement))


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_ellipsis(statement: ast.Expr) -> bool:
    return isinstance(statement.value, ast.Constant) and statement.value.value is ...


def _indented(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"    {line}" for line in lines)
