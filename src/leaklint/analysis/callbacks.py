"""Which mentions of a method only hand it to somebody who may call it one day; who that is, and when, it does not know."""

import ast

from leaklint.analysis.names import terminal

STARTING = frozenset(("Thread", "Process", "Timer", "start_new_thread", "create_task", "ensure_future", "submit", "run", "map"))


def is_callback(path: list[ast.AST]) -> bool:
    """Say whether a mention is given to a call that starts nothing at once: `signal.connect(self.open)`."""
    match path[-2:]:
        case [_, ast.Call() as call] | [ast.Call() as call, ast.keyword()]:
            return terminal(call) not in STARTING
        case _:
            return False
