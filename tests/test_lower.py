"""The control-flow graph, as text: fixtures/flow/*.graph beside the functions they are of.

Run as a script, this writes the graphs anew.
"""

import ast
import textwrap
from pathlib import Path

import pytest

from leaklint.analysis import bodies, ops
from leaklint.analysis.graph import Block, Branch, Graph, Jump, Reraise, ranked
from leaklint.analysis.lower import lower
from leaklint.analysis.names import function_scope, functions, module_scope
from leaklint.analysis.values import Closure, Constant, Reference, Value

FLOW = Path(__file__).parent.parent / "fixtures" / "flow"
FILES = sorted(FLOW.glob("*.py"))


def graph_of(text: str) -> Graph:
    """Lower the first function of a text."""
    tree = ast.parse(textwrap.dedent(text))
    function = next(iter(functions(tree)))
    scope = function_scope(function, module_scope(tree))
    kind = bodies.yield_kind(bodies.kind_of(function, scope))
    return lower(function.node.body, scope, kind)


def dump(graph: Graph) -> str:
    """Write a graph as text: its reachable blocks in order, what each operation may raise to, where control goes on."""
    order = sorted(ranked(graph).items(), key=lambda pair: pair[1])
    names = {block: f"b{number}" for block, number in order} | {graph.returned: "returned", graph.raised: "raised"}
    lines = []
    for block, _ in order:
        if block not in (graph.returned, graph.raised):
            lines.append(f"{names[block]}:")
            lines += [f"    {line}" for line in _block(block, names)]
    return "\n".join(lines) + "\n"


def _block(block: Block, names: dict[Block, str]) -> list[str]:
    lines = []
    for op, kind in zip(block.ops, block.raises, strict=True):
        targets = " | ".join(names[one] for one in block.frame.route(kind)) if kind is not None else ""
        lines.append(f"{op.line:3}  {describe(op)}" + (f"  ! {targets}" if targets else ""))
    match block.end:
        case Jump(target=target):
            lines.append(f"  -> {names[target]}")
        case Branch(test=test, then=then, otherwise=otherwise):
            asked = f"{test.comparison.value} {test.name} {test.operand}" if test else "?"
            lines.append(f"  -> {names[then]} | {names[otherwise]}  if {asked.removesuffix(' None')}")
        case Reraise(kinds=kinds, source=source, after=after):
            raised = sorted({names[one] for kind in kinds for one in block.frame.route(kind)})
            swallowed = f" | {names[after]} where {source} swallows" if after in names and source else ""
            lines.append(f"  -> {' | '.join(raised) or 'nowhere'}{swallowed}")
        case _:
            lines.append("  -> nowhere")
    return lines


def describe(op: ops.Op) -> str:
    """Write an operation; `_` is a value that nobody follows."""
    match op:
        case ops.Call():
            where = op.reference or (f"{op.receiver or '_'}.{op.method}" if op.method else op.callee or "_")
            arguments = ", ".join(_argument(one) for one in op.arguments)
            return f"{op.dest} = {'await ' if op.is_awaited else ''}{where}({arguments})"
        case ops.Alias():
            return f"{op.dest} = {op.source or '_'}"
        case ops.Evaluate():
            return f"{op.dest} = {_value(op.value)}"
        case ops.Load():
            return f"{op.dest} = {op.receiver}.{op.attribute}"
        case ops.Escape():
            return f"escape {op.source}"
        case ops.Collect():
            return f"{op.dest} = [{', '.join(one or '_' for one in op.elements)}]"
        case ops.Put():
            return f"put {op.source or '_'} into {op.container}"
        case ops.Element():
            return f"{op.dest} = element {'' if op.index is None else f'{op.index} '}of {op.source or '_'}"
        case ops.Iterate():
            return f"iterate {op.source or '_'}{' first' if op.is_first else ''}"
        case ops.Enter():
            return f"{op.dest} = {'async ' if op.is_async else ''}enter {op.source or '_'}"
        case ops.Exit():
            return f"{'async ' if op.is_async else ''}exit {op.source or '_'}"
        case ops.Use():
            return f"{f'{op.dest} = ' if op.dest else ''}use {', '.join(op.sources) or '_'}"
        case ops.Yield() | ops.Return():
            return f"{type(op).__name__.lower()} {op.source or '_'}"
        case ops.Raise():
            return "raise" if op.is_explicit else "raise again"
        case ops.Delete():
            return f"{'delete' if op.is_binding else 'forget'} {op.name}"


def _argument(argument: ops.Argument) -> str:
    text = argument.operand or ("_" if argument.literal is ops.NOT_LITERAL else repr(argument.literal))
    star = "*" if argument.is_star else ""
    return f"{argument.keyword}={text}" if argument.keyword else f"{star}{text}"


def _value(value: Value) -> str:
    match value:
        case Constant(value=constant):
            return repr(constant)
        case Reference(name=name):
            return name
        case Closure(captured=captured):
            return f"function of ({', '.join(sorted(captured))})"
        case _:
            return type(value).__name__


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_graph_is_as_drawn(path: Path) -> None:
    drawn = path.with_suffix(".graph").read_text(encoding="utf-8")
    assert dump(graph_of(path.read_text(encoding="utf-8"))) == drawn


def operations(graph: Graph) -> list[str]:
    """Every operation of the reachable blocks."""
    return [describe(op) for block in ranked(graph) for op in block.ops]


def test_a_finally_suite_is_lowered_once_for_every_way_out() -> None:
    text = """
        def f(xs):
            for x in xs:
                try:
                    if x.a():
                        return 1
                    if x.b():
                        break
                    if x.c():
                        continue
                    x.d()
                finally:
                    x.end()
    """
    ends = [line for line in operations(graph_of(text)) if ".end()" in line]
    assert len(ends) == 5  # return, break, continue, the normal end, an exception


def test_two_returns_share_the_copy_of_a_finally_suite() -> None:
    text = """
        def f(x):
            try:
                if x.a():
                    return 1
                return 2
            finally:
                x.end()
    """
    assert len([line for line in operations(graph_of(text)) if ".end()" in line]) == 2  # and one for an exception


@pytest.mark.parametrize(
    "statement", ["return 1", "raise ValueError", "while True: pass", "import sys; sys.exit(1)", "self.fail('no')"]
)
def test_what_follows_a_jump_is_left_out(statement: str) -> None:
    graph = graph_of(f"def f(self):\n    {statement}\n    late()\n".replace("; ", "\n    "))
    assert not [line for line in operations(graph) if "late" in line]


def test_a_condition_that_is_tested_twice_keeps_stores_apart() -> None:
    graph = graph_of("def f(a, b):\n    if a.x > b: g()\n    if a.x > b: h()\n    if b.y: i()\n")
    guards = [name for name in graph.guards if name.startswith("?")]
    assert len(guards) == 1
    assert {"a", "b"} <= {name for name, opaque in graph.kills.items() if guards[0] in opaque}


def test_blocks_that_are_meant_to_raise_are_noted() -> None:
    text = """
        def f():
            with pytest.raises(ValueError):
                g()
            with pytest.warns(ResourceWarning):
                h()
            with pytest.warns(UserWarning):
                i()
    """
    assert graph_of(text).expected == [(3, 4), (5, 6)]


if __name__ == "__main__":
    for one in FILES:
        one.with_suffix(".graph").write_text(dump(graph_of(one.read_text(encoding="utf-8"))), encoding="utf-8")
