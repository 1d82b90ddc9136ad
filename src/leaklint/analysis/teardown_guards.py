"""What a teardown asks of a resource before it releases it: whether there is anything left to release.

    if reader.is_running():
        reader.stop()

It knows only conditions about the resource itself; what any other condition means for it, it refuses to guess.
"""

import ast
import re

from leaklint.analysis.facts import Obligation
from leaklint.analysis.names import walk


def asked_before_release(one: Obligation) -> list[ast.expr]:
    """Give the conditions about a resource itself under which it is released."""
    names = frozenset(one.history.names)
    around = [guard for op in one.history.releases for guard in one.facts.around(op.statement)]
    return [guard.test for guard in around if isinstance(guard, ast.If) and _is_about(guard.test, names)]


def _is_about(test: ast.expr, names: frozenset[str]) -> bool:
    text = ast.unparse(test)
    mentioned = {one.id for one in walk(test) if isinstance(one, ast.Name)}
    return any(
        mentioned == {name.partition(".")[0]} and re.search(rf"(?<![\w.]){re.escape(name)}\.\w", text) is not None
        for name in names
    )
