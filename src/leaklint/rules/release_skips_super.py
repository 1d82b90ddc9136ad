"""An override of a release method does not call the base's, which releases something.

Why: what the base opened stays open in every instance of the subclass.

Bad:
    class Base:
        def __init__(self, path):
            self.file = open(path)
        def close(self):
            self.file.close()
    class Loud(Base):
        def close(self):  # LKR404
            print("bye")

Good:
    class Base:
        def __init__(self, path):
            self.file = open(path)
        def close(self):
            self.file.close()
    class Loud(Base):
        def close(self):
            print("bye")
            super().close()

Fix: the call becomes the last statement, where nothing returns before.
"""

import ast
from collections.abc import Iterator

from leaklint.analysis.modules import ModuleFacts
from leaklint.analysis.names import FunctionNode
from leaklint.analysis.owners import Owner
from leaklint.model.finding import Finding
from leaklint.model.fix import Append, Fix
from leaklint.model.source import Source
from leaklint.model.span import Span
from leaklint.rules.rule import Rule


def check(module: ModuleFacts) -> Iterator[Finding]:
    """Report the release methods that leave out what the base's release."""
    for owner in module.owners:
        for statement in owner.node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name in owner.vocabulary:
                bases = [(base, _missed(owner, base, statement)) for base in module.project.bases(owner.node)]
                yield from (_finding(owner, base, statement, name, module.source) for base, name in bases[:1] if name)


def _finding(owner: Owner, base: Owner, method: FunctionNode, attribute: str, source: Source) -> Finding:
    line = source.lines[method.lineno - 1]
    span = Span(method.lineno, len(line) - len(line.lstrip()), method.lineno, len(line))
    await_ = "await " if isinstance(method, ast.AsyncFunctionDef) else ""
    text = (
        f"`{owner.node.name}.{method.name}` does not call `{base.node.name}.{method.name}`, which releases "
        f"`self.{attribute}`; add `{await_}super().{method.name}()`"
    )
    arguments = method.args
    is_same = isinstance(base.methods[method.name][1], type(method)) and len(arguments.args) == 1
    is_same &= not arguments.kwonlyargs and arguments.kwarg is None
    given = f"*{arguments.vararg.arg}" if arguments.vararg is not None else ""
    call = (f"{await_}super().{method.name}({given})",)
    fix = Fix(Append(source.span(method), call)) if is_same and _falls_off(method) else None
    return Finding(rule.code, span, text, fix=fix)


def _falls_off(method: FunctionNode) -> bool:
    """Say whether a method is left only where its body ends, so that what is appended always runs."""
    return not any(isinstance(one, ast.Return | ast.Raise) for one in ast.walk(method))


def _missed(owner: Owner, base: Owner, statement: FunctionNode) -> str | None:
    """Give an attribute that the base's method of the same name releases and the override, with all it calls, does not."""
    found = owner.reached([statement.name])
    if statement.name not in base.methods or base.methods[statement.name][1] in found.nodes:
        return None
    kept = {one.attribute for one in base.keeps() if owner.opens(one)} & base.reached([statement.name]).released
    return None if found.reaches_all else next(iter(sorted(kept - found.released)), None)


rule = Rule("LKR404", "release-skips-super", "an override of the release does not call super()", "super() call", check)
