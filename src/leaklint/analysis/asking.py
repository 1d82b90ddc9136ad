"""The handlers of a try that asks for the running loop: where they run, no loop does. It looks at the text alone."""

import ast

from leaklint.analysis.names import terminal

ASKING = frozenset(("get_running_loop", "get_event_loop"))
EVERYTHING = frozenset(("Exception", "BaseException"))


def loopless_handlers(node: ast.Try | ast.TryStar) -> list[ast.ExceptHandler]:
    """Give the handlers that run because no loop does: RuntimeError's, and one for everything where nothing else may fail."""
    if not any(map(is_asking, node.body)):
        return []
    return [one for one in node.handlers if expects_no_loop(one, node)]


def expects_no_loop(handler: ast.ExceptHandler, node: ast.Try | ast.TryStar) -> bool:
    """Say whether a handler of a try that asks for the loop is there for its absence."""
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {terminal(one) if one is not None else "Exception" for one in types}
    return "RuntimeError" in names or (len(node.body) == 1 and not names.isdisjoint(EVERYTHING))


def is_asking(node: ast.stmt) -> bool:
    """Say whether a statement is nothing but a question for the loop."""
    value = node.value if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) else None
    return isinstance(value, ast.Call) and terminal(value) in ASKING
