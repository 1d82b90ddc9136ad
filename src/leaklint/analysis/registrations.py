"""Calls that register a release for later, and were given the release's result instead of the release.

It reads the syntax alone: `addCleanup(x.close())`. What `x` is, others know.
"""

import ast
from collections.abc import Iterator, Sequence

from leaklint.analysis.lower_sequence import REGISTERING
from leaklint.analysis.names import Function, children, terminal
from leaklint.analysis.prefilter import CALLED, lines_with
from leaklint.model.source import Source

RELEASES = frozenset(
    ("close", "aclose", "stop", "shutdown", "cleanup", "terminate", "quit", "disconnect", "dispose", "release", "server_close")
) | frozenset(("kill", "unlink", "uninstall"))

FUNCTIONS = frozenset(("shutil.rmtree", "os.close", "os.unlink", "os.remove", "os.rmdir", "os.removedirs"))


def registrations(source: Source, functions: Sequence[Function]) -> Iterator[tuple[ast.Call, ast.Call]]:
    """Yield each registering call with the release that is called among its arguments."""
    lines = lines_with(REGISTERING, source.text, CALLED)
    for function in functions:
        node = function.node
        if function.outer is None and not lines.isdisjoint(range(node.lineno, (node.end_lineno or 0) + 1)):
            yield from _in(node)


def _in(node: ast.AST) -> Iterator[tuple[ast.Call, ast.Call]]:
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        match one:
            case ast.Call(args=[ast.Call(func=ast.Attribute(value=ast.expr() as base, attr=name)) as released, *_]):
                is_method = name in RELEASES and not released.args and not released.keywords
                is_function = isinstance(base, ast.Name) and f"{base.id}.{name}" in FUNCTIONS and bool(released.args)
                if terminal(one) in REGISTERING and (is_method or is_function):
                    yield one, released
            case _:
                pass
        stack.extend(reversed(children(one)))
