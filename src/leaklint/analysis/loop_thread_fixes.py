"""Unsafe fixes for a loop that runs in a thread: it is stopped threadsafely, its thread joined, and the loop closed."""

import ast

from leaklint.analysis.loop_fixes import UNSAFE
from leaklint.analysis.loop_threads import Ending, LoopThread
from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import FunctionNode, terminal, walk
from leaklint.model.fix import AddFunction, Append, Bind, FinallyBlock, Fix, Replace, Several, Single
from leaklint.model.span import Span

ENDING = ("close", "stop", "shutdown", "aclose", "__exit__", "__del__")


def stop_threadsafe(call: ast.Call, thread: LoopThread, found: Ending, module: ModuleFacts) -> Fix | None:
    """Stop a loop from another thread as it must be, then join and close what is not yet joined and closed."""
    function = call.func
    statement = next((one for one in walk(module.source.tree) if isinstance(one, ast.Expr) and one.value is call), None)
    if statement is None or not isinstance(function, ast.Attribute) or len(found.wrong_stops) != 1:
        return None
    source = module.source
    loop, stop = source.segment(source.span(function.value)), source.segment(source.span(function))
    lines: list[str] = []
    if not found.is_joined:
        name = _thread_name(thread)
        if name is None:
            return None
        lines.append(f"{name}.join()")
    if not found.is_closed:
        lines.append(f"{loop}.close()")
    span = source.span(statement)
    follows = (FinallyBlock(span, span, tuple(lines)),) if lines else ()
    return Fix(Several((Replace(source.span(call), f"{loop}.call_soon_threadsafe({stop})"), *follows)), UNSAFE)


def end_loop(thread: LoopThread, found: Ending, module: ModuleFacts) -> Fix | None:
    """Add what is missing: a method that ends the loop, steps after the stop, a `finally` after the start of a thread."""
    if thread.owner is None:
        return None if found.is_stopped else _end_in_body(thread, module)
    if found.is_stopped:
        return _complete(thread, thread.owner, found, module)
    return _end_in_class(thread, thread.owner, module)


# --- a class that keeps the loop ----------------------------------------------------------------------------------------


def _end_in_class(thread: LoopThread, owner: ast.ClassDef, module: ModuleFacts) -> Fix | None:
    kept = _thread_name(thread)
    edits: list[Single] = []
    if kept is None:
        started = _started(thread, owner, module)
        if started is None:
            return None
        kept, edit = started
        edits.append(edit)
    receiver = kept.partition(".")[0]
    loop = f"{receiver}.{thread.name}"
    lines = (f"{loop}.call_soon_threadsafe({loop}.stop)", f"{kept}.join()", f"{loop}.close()")
    methods = [one for one in owner.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    ending = [one for one in methods if one.name in ENDING]
    if ending:
        own = ending[0]
        if len(ending) > 1 or not isinstance(own, ast.FunctionDef) or not _falls_off(own) or _receiver(own) != receiver:
            return None
        edits.append(Append(module.source.span(own), lines))
    elif any(name in module.project.described(owner).methods for name in ENDING):
        return None  # an inherited one: an override would have to call it
    else:
        head = (f"def close({receiver}):", *(f"    {line}" for line in lines))
        edits.append(AddFunction(module.source.span(methods[-1]), head))
    return Fix(Several(tuple(edits)), UNSAFE)


def _started(thread: LoopThread, owner: ast.ClassDef, module: ModuleFacts) -> tuple[str, Single] | None:
    """Give an attribute for a thread that nobody keeps, and the edit that keeps it there."""
    taken = {one.attr for one in walk(owner) if isinstance(one, ast.Attribute)} | {
        one.name for one in owner.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    name = next(f"{prefix}thread" for prefix in ("_" if thread.name.startswith("_") else "", "loop_", "_loop_"))
    method = next((one for one in owner.body if isinstance(one, ast.FunctionDef) and thread.launch in walk(one)), None)
    if name in taken or method is None or _receiver(method) is None or not isinstance(thread.launch, ast.Call):
        return None
    kept, span = f"{_receiver(method)}.{name}", module.source.span
    for one in walk(method):
        match one:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr="start"), args=[])) if value is thread.launch:
                return kept, Bind(span(one), span(thread.launch), kept, ())
            case ast.Assign(targets=[ast.Name(id=local)], value=value) if value is thread.launch:
                return kept, FinallyBlock(span(one), span(one), (f"{kept} = {local}",))
            case _:
                pass
    return None


def _receiver(method: FunctionNode) -> str | None:
    return method.args.args[0].arg if method.args.args and not method.decorator_list else None


def _falls_off(method: ast.FunctionDef) -> bool:
    return not any(isinstance(one, ast.Return | ast.Yield | ast.Raise) for one in walk(method))


def _complete(thread: LoopThread, owner: ast.ClassDef, found: Ending, module: ModuleFacts) -> Fix | None:
    """Join and close where the loop is stopped already: after the join, else after the stop."""
    kept = _thread_name(thread)
    stops = [one for one in _calls(owner, "call_soon_threadsafe") if _names(one, thread.name, "stop")]
    if kept is None or len(stops) != 1:
        return None
    loop = f"{kept.partition('.')[0]}.{thread.name}"
    joins = [one for one in _calls(owner, "join") if ast.unparse(one).startswith(f"{kept}.join(")]
    is_joined = len(joins) == 1 and joins[0].lineno > stops[0].lineno
    if found.is_joined and not is_joined:
        return None
    lines = [] if is_joined else [f"{kept}.join()"]
    lines += [] if found.is_closed else [f"{loop}.close()"]
    span: Span = module.source.span(joins[0] if is_joined else stops[0])
    return Fix(FinallyBlock(span, span, tuple(lines)), UNSAFE) if lines else None


def _calls(node: ast.AST, name: str) -> list[ast.Expr]:
    """Give the statements below a node that are calls of something of this name."""
    found = [one for one in walk(node) if isinstance(one, ast.Expr)]
    return [one for one in found if isinstance(one.value, ast.Call) and terminal(one.value) == name]


def _names(node: ast.AST, name: str, attribute: str) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == attribute and terminal(one.value) == name for one in walk(node))


def _thread_name(thread: LoopThread) -> str | None:
    """Give the expression that holds the thread."""
    owner = thread.owner
    if owner is not None and any(terminal(base) == "Thread" for base in owner.bases):
        return "self"
    for one in walk(owner) if owner is not None else ():
        match one:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=own), attr=attr)], value=value) if value is thread.launch:
                return f"{own}.{attr}"
            case _:
                pass
    return None


# --- a body that keeps it -----------------------------------------------------------------------------------------------


def _end_in_body(thread: LoopThread, module: ModuleFacts) -> Fix | None:
    """Put what follows the start of a thread in a try, and end the loop in its finally."""
    facts = module.facts(thread.function) if thread.function is not None else None
    if facts is None:
        return None
    body = facts.body
    names = [
        target.id
        for one in body
        if isinstance(one, ast.Assign) and one.value is thread.launch
        for target in one.targets
        if isinstance(target, ast.Name)
    ]
    starts = [one for one in body if names and one in _calls(one, "start") and _names(one, names[0], "start")]
    if len(starts) != 1:
        return None
    loop, span = thread.name, module.source.span
    lines = (f"{loop}.call_soon_threadsafe({loop}.stop)", f"{names[0]}.join()", f"{loop}.close()")
    return Fix(FinallyBlock(span(starts[0]), span(body[-1]), lines), UNSAFE)
