"""Where no with can stand, what pathlib says in one call: `open(p).read()` is `Path(p).read_text()`."""

import ast

from leaklint.analysis.evaluation import path_to
from leaklint.analysis.facts import Facts, Obligation
from leaklint.model.fix import (
    Applicability,
    Fix,
    Replace,
)


def plan_one_shot(obligation: Obligation) -> Fix | None:
    """Where no with can stand, `open(p).read()` is `Path(p).read_text()`."""
    facts, node = obligation.facts, obligation.node
    path = path_to(obligation.statement, node)
    if path is None or len(path) < 3 or not isinstance(node, ast.Call):
        return None
    attribute, call = path[-2], path[-3]
    is_read = isinstance(attribute, ast.Attribute) and attribute.attr == "read"
    if not is_read or not isinstance(call, ast.Call) or call.func is not attribute or call.args or call.keywords:
        return None
    owner = _path_of(node, facts)
    method = _reader(node, 0 if isinstance(node.func, ast.Attribute) else 1)
    if owner is None or method is None:
        return None
    keywords = ", ".join(f"{one.arg}={ast.unparse(one.value)}" for one in node.keywords if one.arg != "mode")
    text, imports = owner
    return Fix(Replace(facts.source.span(call), f"{text}.{method}({keywords})"), Applicability.SAFE, imports)


def _path_of(node: ast.Call, facts: Facts) -> tuple[str, tuple[str, ...]] | None:
    """Give the text of a pathlib.Path for what a call opens, and what must be imported for it."""
    if isinstance(node.func, ast.Attribute):
        dotted = facts.scope.dotted(node.func)
        if dotted is None and node.func.attr == "open":
            return facts.source.segment(facts.source.span(node.func.value)), ()
        return None
    if facts.scope.dotted(node.func) != "builtins.open" or not node.args:
        return None
    argument = facts.source.segment(facts.source.span(node.args[0]))
    for name, dotted in (("Path", "pathlib.Path"), ("pathlib", "pathlib")):
        if facts.scope.dotted(ast.Name(name, ast.Load())) == dotted:
            return f"{name if name == 'Path' else 'pathlib.Path'}({argument})", ()
    return None if facts.scope.find("pathlib") else (f"pathlib.Path({argument})", ("pathlib",))


def _reader(node: ast.Call, mode_index: int) -> str | None:
    """Give the method of Path that reads all in the mode of an `open`, None where the call says more than Path can."""
    if len(node.args) > mode_index + 1 or any(one.arg not in ("mode", "encoding", "errors") for one in node.keywords):
        return None
    modes = [*node.args[mode_index:], *(one.value for one in node.keywords if one.arg == "mode")]
    mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else "r" if not modes else None
    if mode in ("r", "rt"):
        return "read_text"
    return "read_bytes" if mode == "rb" and not any(one.arg != "mode" for one in node.keywords) else None
