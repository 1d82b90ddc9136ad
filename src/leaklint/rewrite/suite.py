"""One suite of statements under several edits: removed releases go, moved siblings go into blocks."""

from collections.abc import Iterable, Sequence
from typing import assert_never

import libcst as cst

from leaklint.model.data import dataclass, replace
from leaklint.model.fix import (
    AddFunction,
    AddParameter,
    Append,
    Around,
    Bind,
    ChangeComment,
    DropParameter,
    FinallyBlock,
    FinallyRest,
    Instead,
    Precede,
    ReturnAfter,
    ToFunction,
    ToYield,
    TryBlock,
    WithBlock,
    WithName,
    WithTemporary,
)
from leaklint.rewrite.blocks import code_lines, finally_block, substitute, with_block, with_item, with_name, with_temporary
from leaklint.rewrite.layout import BlankLines, Lines, Run, Statement, joined, parts, remains
from leaklint.rewrite.lines import (
    added_functions,
    appended,
    around,
    as_function,
    bound,
    finally_rest,
    recommented,
    replaced,
    return_line,
    spaced,
    try_block,
    with_parameter,
    without_parameter,
    yielded,
)
from leaklint.rewrite.plan import AroundTask, BlockTask, ItemTask, LineTask, MoveTask, PlacedTask, Plan, ReplaceTask, TurnTask
from leaklint.rewrite.refusal import CannotRewrite
from leaklint.rewrite.remainder import Thinned, reduce


@dataclass(frozen=True, slots=True)
class Element:
    """Statements of the old text (`origins`), what has become of them, and the comment lines left after that."""

    origins: tuple[cst.CSTNode, ...]
    nodes: tuple[Statement, ...]
    after: Lines = ()


def thin(old: Iterable[cst.BaseStatement], new: Iterable[cst.BaseStatement], plan: Plan, thinned: Thinned) -> list[Element]:
    """Pair the lines of a suite with what their inner edits made of them, and take the removed statements out.

    A line on which an edit starts or ends is split at its semicolons.
    """
    found: list[Element] = []
    for before, line in zip(old, new, strict=True):
        assert isinstance(line, Statement)
        origins = parts(before)
        if any(map(plan.starts_at, origins)) or any(map(plan.ends_at, origins[:-1])):
            found += [Element((origin,), (part,)) for origin, part in zip(origins, _split(line), strict=True)]
        else:
            found.append(Element(origins, (line,)))
    return [_thinned(element, plan, thinned) for element in found]


def rearrange(elements: list[Element], plan: Plan, indent: str | None, is_top: bool, done: set[object]) -> Run:
    """Carry out the edits of the suite that the elements form, and note them in `done`."""
    for task in reversed(plan.tasks):
        if task in done:
            continue
        if isinstance(task, ReplaceTask):
            _replace_all(elements, task, plan, done)
            continue
        index = _index(elements, _start(task))
        if index is not None:
            elements = _carried_out(elements, index, task, indent, is_top)
            done.add(task)
    return joined((element.nodes, element.after) for element in elements)


def _start(task: PlacedTask) -> cst.CSTNode:
    """Give the statement at which an edit begins."""
    return task.first if isinstance(task, BlockTask | AroundTask) else task.statement


def _carried_out(elements: list[Element], index: int, task: PlacedTask, indent: str | None, is_top: bool) -> list[Element]:
    """Carry out one edit, whose statement is the element at an index."""
    if isinstance(task, BlockTask):
        return _enclosed(elements, index, task, indent, is_top)
    if isinstance(task, AroundTask):
        return _surrounded(elements, index, task, indent, is_top)
    if isinstance(task, MoveTask):
        return _moved(elements, index, task)
    if isinstance(task, ItemTask):
        elements[index] = _with_item(elements[index], task, indent)
    elif isinstance(task, TurnTask):
        elements[index] = _turned(elements[index], task)
    elif isinstance(task, LineTask):
        _check_names(elements, task)
        elements[index] = _changed(elements[index], task, indent, is_top)
        if isinstance(task.edit, ToFunction):
            return _apart(elements, index, is_top)
    else:
        assert_never(task)
    return elements


def _replace_all(elements: list[Element], task: ReplaceTask, plan: Plan, done: set[object]) -> None:
    """Carry out the replacements within one element at once: each would move the others."""
    index = _holder(elements, task, plan)
    if index is not None:
        others = [one for one in plan.tasks if isinstance(one, ReplaceTask) and one not in done]
        same = [one for one in others if _holder(elements, one, plan) == index]
        elements[index] = _replaced(elements[index], same)
        done.update(same)


def _split(line: Statement) -> Iterable[Statement]:
    """Give each statement of a line its own line; the comment at the end stays with the last."""
    if not isinstance(line, cst.SimpleStatementLine):
        return (line,)
    plain = [small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for small in line.body]
    lines = [cst.SimpleStatementLine(body=(small,)) for small in plain]
    lines[0] = lines[0].with_changes(leading_lines=line.leading_lines)
    lines[-1] = lines[-1].with_changes(trailing_whitespace=line.trailing_whitespace)
    return lines


def _thinned(element: Element, plan: Plan, thinned: Thinned) -> Element:
    """Take the removed statements out of an element."""
    line = element.nodes[0]
    going = [origin in plan.removed for origin in element.origins]
    if all(going):
        return replace(element, nodes=(), after=remains(line))
    if not any(going):
        nodes, after = reduce(line, thinned)
        return replace(element, nodes=nodes, after=after)
    assert isinstance(line, cst.SimpleStatementLine)
    kept = [small for small, goes in zip(line.body, going, strict=True) if not goes]
    if going[-1]:
        kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return replace(element, nodes=(line.with_changes(body=kept),))


def _enclosed(elements: list[Element], first: int, task: BlockTask, indent: str | None, is_top: bool) -> list[Element]:
    """Put the siblings after an element into the block of an edit."""
    last = _index(elements, task.last)
    if last is None or last < first:
        raise CannotRewrite("the statements do not stand in one block")
    start = elements[first]
    if len(start.nodes) != 1 or len(start.origins) != 1:
        raise CannotRewrite("another fix has taken the statement apart")
    moved = joined((element.nodes, element.after) for element in elements[first + 1 : last + 1])
    line = start.nodes[0]
    nodes = tuple(node if node is line else _as_indented(node, is_top) for node in _block(task, line, moved, indent))
    origins = tuple(origin for element in elements[first : last + 1] for origin in element.origins)
    return [*elements[:first], Element(origins, nodes, start.after), *elements[last + 1 :]]


def _surrounded(elements: list[Element], first: int, task: AroundTask, indent: str | None, is_top: bool) -> list[Element]:
    """Put the siblings from an element on into a new with or try."""
    last = _index(elements, task.last)
    if last is None or last < first:
        raise CannotRewrite("the statements do not stand in one block")
    runs = [(element.nodes, element.after) for element in elements[first : last + 1]]
    origins = tuple(origin for element in elements[first : last + 1] for origin in element.origins)
    node: Statement
    match task.edit:
        case Around() as edit:
            node = around(edit, joined(runs), indent)
        case TryBlock() as edit:
            node = try_block(edit, joined(runs), indent)
        case FinallyRest():
            nodes, after = runs[0]
            if len(nodes) != 1 or first == last:
                raise CannotRewrite("another fix has taken the statement apart")
            node = finally_rest(nodes[0], joined([((), after), *runs[1:]]), indent)
    return [*elements[:first], Element(origins, (_as_indented(node, is_top),)), *elements[last + 1 :]]


def _moved(elements: list[Element], index: int, task: MoveTask) -> list[Element]:
    """Put an element right after another one that stands above it."""
    after = _index(elements, task.after)
    if after is None or after >= index:
        raise CannotRewrite("the statements do not stand in one block")
    rest = [*elements[:index], *elements[index + 1 :]]
    return [*rest[: after + 1], elements[index], *rest[after + 1 :]]


def _changed(element: Element, task: LineTask, indent: str | None, is_top: bool) -> Element:
    """Carry out an edit of one statement."""
    edit, line = task.edit, element.nodes[0]
    if isinstance(edit, ReturnAfter):
        return replace(element, nodes=(*element.nodes, return_line()))
    if isinstance(edit, AddFunction):
        return replace(element, nodes=(*element.nodes, *added_functions(edit, line, is_top)))
    if len(element.nodes) != 1 or (len(element.origins) != 1 and not isinstance(edit, ChangeComment)):
        raise CannotRewrite("another fix has taken the statement apart")
    match edit:
        case ToYield():
            return replace(element, nodes=(yielded(line),))
        case Append():
            return replace(element, nodes=(appended(edit, line, indent),))
        case ChangeComment():
            return replace(element, nodes=(recommented(edit, line),))
        case Precede(lines=lines):
            first, *rest = code_lines(lines)
            above = first.with_changes(leading_lines=line.leading_lines)
            return replace(element, nodes=(above, *rest, line.with_changes(leading_lines=())))
        case ToFunction():
            return replace(element, nodes=(as_function(edit, line),))
        case AddParameter():
            return replace(element, nodes=(with_parameter(edit, line),))
        case Instead():
            return replace(element, nodes=replaced(edit, line))
        case DropParameter():
            return replace(element, nodes=(without_parameter(edit, line),))
        case Bind() if task.value:
            nodes = tuple(_as_indented(node, is_top) for node in bound(edit, line, task.value))
            return replace(element, nodes=nodes)
    raise CannotRewrite("the value is missing")


def _check_names(elements: Sequence[Element], task: LineTask) -> None:
    """Raise CannotRewrite where a new function has the name of one that stands in the suite already."""
    if isinstance(task.edit, AddFunction):
        known = {node.name.value for element in elements for node in element.nodes if isinstance(node, cst.FunctionDef)}
        for one in code_lines(task.edit.lines):
            if not isinstance(one, cst.FunctionDef):
                raise CannotRewrite("the new function is none")
            if one.name.value in known:
                raise CannotRewrite(f"there is a `{one.name.value}` already")


def _apart(elements: list[Element], index: int, is_top: bool) -> list[Element]:
    """Set the function at an index apart from what stands around it."""
    new = list(elements)
    for place in (index, index + 1):
        if 0 < place < len(new) and new[place].nodes:
            first, *rest = new[place].nodes
            new[place] = replace(new[place], nodes=(spaced(first, is_top), *rest))
    return new


def _block(task: BlockTask, line: Statement, moved: Run, indent: str | None) -> tuple[Statement, ...]:
    match task.edit:
        case WithBlock() as edit if task.value:
            return (with_block(edit, line, task.value, moved, indent),)
        case WithTemporary() as edit if task.value:
            return (with_temporary(edit, line, task.value, moved, indent),)
        case WithName() as edit:
            return line, with_name(edit, moved, indent)
        case FinallyBlock() as edit:
            return line, *finally_block(edit, moved, indent)
    raise CannotRewrite("the value is missing")


def _as_indented(node: Statement, is_top: bool) -> Statement:
    if not is_top:
        return node
    indented = node.visit(BlankLines())
    assert isinstance(indented, Statement)
    return indented


def _with_item(element: Element, task: ItemTask, indent: str | None) -> Element:
    node = element.nodes[0] if len(element.nodes) == 1 else None
    if not isinstance(node, cst.With):
        raise CannotRewrite("another fix has taken the with apart")
    return replace(element, nodes=(with_item(task.edit, node, task.value, indent),))


def _turned(element: Element, task: TurnTask) -> Element:
    node = element.nodes[0] if len(element.nodes) == 1 else None
    if not isinstance(node, cst.With | cst.FunctionDef):
        raise CannotRewrite("another fix has taken the statement apart")
    turned = node.with_changes(asynchronous=cst.Asynchronous() if task.edit.is_async else None)
    if task.edit.name is not None and isinstance(turned, cst.FunctionDef):
        turned = turned.with_changes(name=cst.Name(task.edit.name))
    return replace(element, nodes=(turned,))


def _replaced(element: Element, tasks: Sequence[ReplaceTask]) -> Element:
    if len(element.nodes) != 1:
        raise CannotRewrite("another fix has taken the statement apart")
    return replace(element, nodes=(substitute(element.nodes[0], {task.old: task.new for task in tasks}),))


def _index(elements: Sequence[Element], origin: cst.CSTNode) -> int | None:
    return next((index for index, element in enumerate(elements) if origin in element.origins), None)


def _holder(elements: Sequence[Element], task: ReplaceTask, plan: Plan) -> int | None:
    """Find the statement of an expression: the innermost suite is asked first."""
    for index, element in enumerate(elements):
        if any(plan.holds(origin, task.edit.span) for origin in element.origins):
            return index
    return None
