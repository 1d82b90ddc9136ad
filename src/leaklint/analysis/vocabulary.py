"""The words by which the text of a module can acquire: catalogued ones, its own and those that it imports.

What stands on no line with such a word is never lowered. Most words are found by text, so some turn out to be prose.
"""

import ast
from collections.abc import Set
from functools import cached_property

from leaklint.analysis.graph import Graph
from leaklint.analysis.names import FunctionNode, Scope, terminal
from leaklint.analysis.openers import CALL, Openers
from leaklint.analysis.ops import Call, Evaluate, Op
from leaklint.analysis.prefilter import imported_roots, lines_with, may_concern_loops
from leaklint.analysis.runners import Runners
from leaklint.analysis.values import Reference
from leaklint.catalogue import Catalogue


class Vocabulary:
    """The words of one module, each kind found when first asked for; `path` is absolute."""

    def __init__(self, text: str, path: str, scope: Scope, catalogue: Catalogue, openers: Openers, runners: Runners) -> None:
        self._text = text
        self._path = path
        self._scope = scope
        self._catalogue = catalogue
        self._openers = openers
        self._runners = runners

    @cached_property
    def words(self) -> frozenset[str]:
        """The names that can acquire, as the module calls them."""
        opening = self._openers.words(self._text, self._path)
        words = self._catalogue.words(imported_roots(self._text)) | opening
        if not opening and not lines_with(words, self._text):
            return frozenset()  # it is looked at for another reason
        imports = self._scope.bindings.imports
        return words | {name for name, dotted in imports.items() if dotted.rpartition(".")[2] in words}

    @cached_property
    def givers(self) -> Set[str]:
        """The names of classes whose methods may give what is open: their objects' types must be known."""
        return self._openers.givers(self._text, self._path)

    @cached_property
    def running(self) -> frozenset[str]:
        """The names whose call may run an event loop."""
        return self._runners.words(self._text, self._path) if may_concern_loops(self._text) else frozenset()

    @cached_property
    def running_lines(self) -> set[int]:
        """The lines (1-based) on which such a name stands."""
        return lines_with(self.running, self._text)

    @cached_property
    def lines(self) -> set[int]:
        """The lines (1-based) on which a word that can acquire stands."""
        return lines_with(self.words, self._text)

    def may_acquire(self, node: ast.stmt) -> bool:
        """Say whether a word that can acquire stands on a line of a statement."""
        return not self.lines.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1))

    def acquires_in(self, graph: Graph) -> bool:
        """Say whether any call of a graph can acquire something: most of what the text promises is prose."""
        return any(self._may_acquire_by(op) for block in graph.blocks for op in block.ops)

    def is_default_of(self, node: FunctionNode) -> bool:
        """Say whether a parameter is by default what can acquire: `def load(path, opener=open)`."""
        return any(terminal(one) in self.words for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None)

    def _may_acquire_by(self, op: Op) -> bool:
        match op:
            case Call(reference=str(name), node=node):
                if name.startswith(":"):
                    return name.rpartition(".")[2].lstrip(":") in self.words
                is_word = name.rpartition(".")[2] in self.words or terminal(node) in self.words
                return is_word and (
                    self._catalogue.summary(name) is not None
                    or self._openers.may_open(self._path, name)
                    or self._openers.may_open(self._path, f"{name}.{CALL}")
                )
            case Call(method=str(method)):
                return method in self.words
            case Call(node=ast.Call(func=ast.Name(id=name)), reference=None):
                return name in self.words
            case Evaluate(value=Reference(name=name)):
                return name.rpartition(".")[2] in self.words
            case _:
                return False
