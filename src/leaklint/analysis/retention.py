"""Answers about nodes, kept as long as the nodes are; it knows nothing of what is asked.

A method is asked about once for every class that inherits it: in a project of deep families that was a third of all work.
"""

import ast
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

Node = TypeVar("Node", bound=ast.AST)
Answer = TypeVar("Answer")


def retained(ask: Callable[[Node], Answer]) -> Callable[[Node], Answer]:
    """Let a function answer once for every node. No answer may hold the node: neither would ever end."""
    known: WeakKeyDictionary[Node, Answer] = WeakKeyDictionary()

    def answer(node: Node) -> Answer:
        if node not in known:
            known[node] = ask(node)
        return known[node]

    return answer
