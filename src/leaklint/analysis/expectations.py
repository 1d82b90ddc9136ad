"""Blocks that are meant to raise, or to warn of what stays open: nobody is told of what they leave open."""

import ast

from leaklint.analysis.names import terminal

EXPECTING = frozenset(("raises", "assertRaises", "assertRaisesRegex", "assertRaisesRegexp", "deprecated_call"))
WARNING = frozenset(("warns", "assertWarns", "assertWarnsRegex", "check_warnings"))


def is_expecting(manager: ast.expr) -> bool:
    """Say whether the block of a context manager is meant to raise, or to warn of what stays open."""
    name = terminal(manager)
    return name in EXPECTING or (name in WARNING and "ResourceWarning" in ast.dump(manager))
