"""The blocks that edits build: with statements and try/finally around statements that move."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeVar

import libcst as cst

from leaklint.model.fix import FinallyBlock, Opener, WithBlock, WithItem, WithName, WithTemporary
from leaklint.rewrite.expressions import alone, called, parse_expression, realigned, stand_in
from leaklint.rewrite.layout import Run, Statement, block, joined, parts, without_blank_start
from leaklint.rewrite.refusal import CannotRewrite

Node = TypeVar("Node", bound=cst.CSTNode)


def with_block(edit: WithBlock, line: Statement, value: cst.BaseExpression, moved: Run, indent: str | None) -> cst.With:
    """Turn an assignment, or an expression alone, into a with over the moved statements."""
    small = parts(line)[0]
    if not isinstance(line, cst.SimpleStatementLine) or _bound_value(small) is not value:
        raise CannotRewrite("the statement does more than bind one name to the value")
    entered = value
    if edit.is_part:
        if not isinstance(value, cst.Attribute):
            raise CannotRewrite("the value is no attribute")
        entered = value.value
    return _with(edit.opener, entered, edit.target, moved, indent, _column(edit)).with_changes(
        leading_lines=line.leading_lines,
        body=block(*moved, indent, line.trailing_whitespace),
    )


def with_name(edit: WithName, moved: Run, indent: str | None) -> cst.With:
    """Build a with on a name that is bound already."""
    names = edit.name.split(", ")
    built = _with(edit.opener, parse_expression(names[0]), None, moved, indent)
    more = [_item(edit.opener, parse_expression(name), None) for name in names[1:]]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    items = [*built.items, *more]
    return built.with_changes(items=[*(one.with_changes(comma=comma) for one in items[:-1]), items[-1]])


def with_temporary(edit: WithTemporary, node: Statement, value: cst.BaseExpression, moved: Run, indent: str | None) -> cst.With:
    """Enter an expression of a statement before it; where it is the whole statement, the block starts after it."""
    small = parts(node)[0]
    if isinstance(node, cst.SimpleStatementLine) and isinstance(small, cst.Expr) and small.value is value:
        return _with(edit.opener, value, None, moved, indent, _column(edit)).with_changes(
            leading_lines=node.leading_lines, body=block(*moved, indent, node.trailing_whitespace)
        )
    using = substitute(node.with_changes(leading_lines=()), {value: cst.Name(edit.name)})
    body = joined([((using,), ()), moved])
    outer = _with(edit.opener, value, edit.name, body, indent, _column(edit))
    return outer.with_changes(leading_lines=node.leading_lines)


def finally_block(edit: FinallyBlock, moved: Run, indent: str | None) -> tuple[Statement, ...]:
    """Build try/finally over the moved statements; only the release where nothing moves."""
    statements, after = moved
    release = code_lines(edit.release)
    if not statements:
        return joined([((), after), (release, ())])[0]
    final = cst.Finally(body=block(release, (), indent, cst.TrailingWhitespace()))
    only = statements[0]
    if len(statements) == 1 and not after and isinstance(only, cst.Try) and only.finalbody is None and only.handlers:
        return (only.with_changes(finalbody=final, leading_lines=without_blank_start(only.leading_lines)),)
    return (cst.Try(body=block(*moved, indent, cst.TrailingWhitespace()), finalbody=final),)


def with_item(edit: WithItem, node: cst.With, value: cst.BaseExpression, indent: str | None) -> cst.With:
    """Give a resource inside an item an item of its own, before that item."""
    index = next((i for i, item in enumerate(node.items) if is_within(value, item)), None)
    if index is None:
        raise CannotRewrite("no item of the with holds the expression")
    item = node.items[index]
    if item.item is not value:
        new, old = _item(edit.opener, value, edit.name), substitute(item, {value: cst.Name(edit.name)})
    elif item.asname is None or isinstance(item.asname.name, cst.Tuple | cst.List):
        new, old = _item(edit.opener, value, edit.name), item.with_changes(item=cst.Name(edit.name))
    else:
        new = _item(edit.opener, value, None).with_changes(asname=item.asname)
        old = item.with_changes(item=item.asname.name, asname=None)
    if bool(node.asynchronous) == edit.opener.is_async:
        return node.with_changes(items=_inserted(node, index, new, old))
    if index:
        raise CannotRewrite("a with cannot hold sync and async items")
    items = (old, *node.items[1:])
    inner = node.with_changes(items=items, leading_lines=())
    outer = _with(edit.opener, value, None, ((inner,), ()), indent)
    return outer.with_changes(items=(new,), leading_lines=node.leading_lines)


def substitute(node: Node, new: Mapping[cst.BaseExpression, cst.BaseExpression]) -> Node:
    """Give a node with some of its expressions replaced; raises CannotRewrite where one is not there."""
    changed: cst.CSTNode = node
    for old, value in new.items():
        path = _path(old, changed)
        if not path:
            raise CannotRewrite("the expression is not where it was")
        changed = stand_in(old, value)
        for parent, child in reversed(list(pairwise(path))):
            changed = _with_child(parent, child, changed)
    if not isinstance(changed, type(node)):
        raise CannotRewrite("the expression is the whole statement")
    return changed


def _path(inner: cst.CSTNode, outer: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    """Give the nodes from an outer one down to an inner one; empty where it is not there."""
    if inner is outer:
        return (outer,)
    return next(((outer, *path) for child in outer.children if (path := _path(inner, child))), ())


def _with_child(parent: cst.CSTNode, old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    """Give a node with one of its children replaced; the others stay the very same nodes, for other edits look for them."""
    for name in parent.__dataclass_fields__:
        value: object = getattr(parent, name)
        if value is old:
            return parent.with_changes(**{name: new})
        if isinstance(value, tuple | list) and any(one is old for one in value):
            return parent.with_changes(**{name: tuple(new if one is old else one for one in value)})
    raise CannotRewrite("the expression is not where it was")


def is_within(inner: cst.CSTNode, outer: cst.CSTNode) -> bool:
    """Say whether a node is another, or a part of it."""
    return inner is outer or any(is_within(inner, child) for child in outer.children)


def _column(edit: WithBlock | WithTemporary) -> int | None:
    """Give the column of the value, counted from the start of the statement, where both start on one line."""
    return edit.value.column - edit.statement.column if edit.value.line == edit.statement.line else None


def _with(
    opener: Opener,
    value: cst.BaseExpression,
    target: str | None,
    moved: Run,
    indent: str | None,
    column: int | None = None,
) -> cst.With:
    return cst.With(
        items=(_item(opener, value, target, column),),
        body=block(*moved, indent, cst.TrailingWhitespace()),
        asynchronous=cst.Asynchronous() if opener.is_async else None,
    )


def _item(opener: Opener, value: cst.BaseExpression, target: str | None, column: int | None = None) -> cst.WithItem:
    entered = alone(value)
    if column is not None:
        start = len("async with " if opener.is_async else "with ") + len(entered.lpar)
        entered = realigned(entered, column, start + (len(opener.wrapper) + 1 if opener.wrapper else 0))
    if opener.wrapper:
        entered = called(opener.wrapper, entered)
    return cst.WithItem(item=entered, asname=_as_name(target) if target else None)


def _as_name(target: str) -> cst.AsName | None:
    try:
        statement = cst.parse_statement(f"with _ as {target}:\n    pass\n")
    except cst.ParserSyntaxError:
        raise CannotRewrite(f"`{target}` cannot be bound by a with") from None
    return statement.items[0].asname if isinstance(statement, cst.With) else None


def _inserted(node: cst.With, index: int, new: cst.WithItem, old: cst.WithItem) -> tuple[cst.WithItem, ...]:
    """Give the items with a new one before the old; one per line where they are set so already."""
    space: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if isinstance(node.lpar, cst.LeftParen) and isinstance(node.lpar.whitespace_after, cst.ParenthesizedWhitespace):
        space = cst.ParenthesizedWhitespace(indent=True, last_line=node.lpar.whitespace_after.last_line)
    separated = new.with_changes(comma=cst.Comma(whitespace_after=space))
    return (*node.items[:index], separated, old, *node.items[index + 1 :])


def code_lines(release: tuple[str, ...]) -> tuple[Statement, ...]:
    """Parse lines of code; raises CannotRewrite."""
    try:
        body = cst.parse_module("\n".join(release) + "\n").body
    except cst.ParserSyntaxError:
        raise CannotRewrite(f"`{release[0]}` is no statement") from None
    return tuple(line for line in body if isinstance(line, Statement))


def _bound_value(small: cst.CSTNode) -> cst.BaseExpression | None:
    """Give the value of a statement that binds at most one name."""
    match small:
        case cst.Assign(targets=[_], value=value) | cst.Expr(value=cst.NamedExpr(value=value)) | cst.Expr(value=value):
            return value
        case cst.AnnAssign(value=value):
            return value
    return None
