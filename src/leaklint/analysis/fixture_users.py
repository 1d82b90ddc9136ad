"""What those who ask for a fixture do with its value: another fixture may release it, and nobody may ever open it.

It reads the text of the module, for a conftest that of the tests below it, too; who else imports a fixture, it does not know.
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from leaklint.analysis.events import is_release
from leaklint.analysis.facts import Obligation
from leaklint.analysis.fixtures import Fixture
from leaklint.analysis.names import terminal, walk
from leaklint.analysis.pytest_settings import neighbours
from leaklint.model.source import Source

ENTERING = frozenset(("__enter__", "__aenter__"))  # who enters it, leaves it


def is_left_to_users(fixture: Fixture, one: Obligation, fixtures: Iterable[Fixture], source: Source) -> bool:
    """Say whether a fixture need not release what it hands out: one that asks for it does, or it never holds anything."""
    if not (one.history.returns or one.history.yields):
        return False
    return any(_releases(other, fixture.node.name, one) for other in fixtures) or _is_never_opened(one, source)


def _releases(fixture: Fixture, name: str, one: Obligation) -> bool:
    """Say whether a fixture asks for the value of another one, and enters or releases it."""
    arguments = fixture.node.args
    if all(each.arg != name for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)):
        return False
    for node in walk(fixture.node):
        match node:
            case ast.withitem(context_expr=ast.Name(id=entered)) if entered == name:
                return True
            case ast.withitem(context_expr=ast.Call(args=[ast.Name(id=entered)]) as call) if entered == name:
                return terminal(call) in ("closing", "aclosing")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=released), attr=method)):
                if released == name and is_release(one.site, method):
                    return True
            case _:
                pass
    return False


def _is_never_opened(one: Obligation, source: Source) -> bool:
    """Say whether it is an object that holds nothing until a method of its is called, and no text near calls one."""
    opening = one.site.resource.opened_by - ENTERING
    if one.site.own_type is None or not one.site.resource.opened_by or "*" in opening or one.history.openings:
        return False
    path = Path(source.path)
    text = source.text + (neighbours(path.absolute().parent) if path.name == "conftest.py" else "")
    return not (opening and re.search(rf"\.(?:{'|'.join(map(re.escape, sorted(opening)))})\b", text))
