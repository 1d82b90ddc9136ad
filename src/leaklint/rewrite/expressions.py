"""Expressions that change places: what they need around them to stay the same expression."""

import ast

import libcst as cst

from leaklint.rewrite.refusal import CannotRewrite

_LOOSE = (cst.IfExp, cst.BooleanOperation, cst.Comparison, cst.Lambda, cst.NamedExpr, cst.Yield, cst.Tuple)


def parse_expression(text: str) -> cst.BaseExpression:
    """Parse the text of a fix; raises CannotRewrite."""
    try:
        return cst.parse_expression(text)
    except cst.ParserSyntaxError:
        raise CannotRewrite(f"`{text}` is no expression") from None


def alone(value: cst.BaseExpression) -> cst.BaseExpression:
    """Give an expression as it can stand in a with item: bare where it is short, in parentheses where it must be."""
    if isinstance(value, cst.Tuple) and value.lpar:
        return value
    bare = value.with_changes(lpar=(), rpar=())
    if _has_plain_parentheses(value) and not isinstance(bare, _LOOSE) and _is_whole(bare):
        return bare
    if value.lpar or isinstance(value, cst.GeneratorExp) or not (isinstance(value, _LOOSE) or not _is_whole(value)):
        return value
    return value.with_changes(lpar=(cst.LeftParen(),), rpar=(cst.RightParen(),))


def called(wrapper: str, value: cst.BaseExpression) -> cst.BaseExpression:
    """Give `wrapper(value)`; the parentheses that a value of several lines had become those of the call."""
    call = cst.Call(func=parse_expression(wrapper), args=[cst.Arg(value)])
    if len(value.lpar) != 1 or isinstance(value, cst.Tuple):
        return call
    bare = value.with_changes(lpar=(), rpar=())
    argument = cst.Arg(bare, whitespace_after_arg=value.rpar[0].whitespace_before)
    return call.with_changes(args=[argument], whitespace_before_args=value.lpar[0].whitespace_after)


def realigned(value: cst.BaseExpression, old: int, new: int) -> cst.BaseExpression:
    """Move the lines that are aligned with an opening bracket of the value along with it, from one column to another.

    Both are counted from where the statement starts, as the value's first character.
    """
    if isinstance(value, cst.Tuple):
        return value
    lines = cst.Module(body=()).code_for_node(value.with_changes(lpar=(), rpar=())).split("\n")
    columns: set[int] = set()
    for number, line in enumerate(lines):
        start = len(line) - len(line.lstrip()) if number else -old
        if number == 0 or start in columns:
            columns |= {index + 1 - min(start, 0) for index, one in enumerate(line.rstrip()[:-1]) if one in "([{"}
    moved = value.visit(_Shifted(columns, new - old)) if columns and old != new else value
    return moved if isinstance(moved, cst.BaseExpression) else value


def stand_in(old: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
    """Give `new` with the parentheses of `old`: they may hold comments, or keep words apart, as in `return(x)`."""
    return new.with_changes(lpar=(*old.lpar, *new.lpar), rpar=(*new.rpar, *old.rpar)) if old.lpar else new


def fitted(new: cst.BaseExpression, before: str, after: str) -> cst.BaseExpression:
    """Give a new expression with parentheses where the text around it on its lines could pull it apart."""
    if isinstance(new, cst.Await):
        is_safe = not after.lstrip().startswith((".", "[", "("))
    elif isinstance(new, (*_LOOSE, cst.BinaryOperation, cst.UnaryOperation)):
        is_safe = (before.strip() or "(")[-1] in "([{,=" and (after.strip() or ")")[0] in ")]},#"
    else:
        is_safe = True
    return new if is_safe else new.with_changes(lpar=(cst.LeftParen(),), rpar=(cst.RightParen(),))


def is_plain(test: cst.BaseExpression) -> bool:
    """Say whether evaluating a test does nothing: names, attributes, literals, their comparisons, not, and, or."""
    match test:
        case cst.Name() | cst.SimpleString() | cst.Integer():
            return True
        case cst.Attribute(value=value):
            return is_plain(value)
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return is_plain(inner)
        case cst.BooleanOperation(left=left, right=right):
            return is_plain(left) and is_plain(right)
        case cst.Comparison(left=left, comparisons=others):
            return is_plain(left) and all(is_plain(other.comparator) for other in others)
    return False


class _Shifted(cst.CSTTransformer):
    """Moves the lines that start at certain columns."""

    def __init__(self, columns: set[int], by: int) -> None:
        super().__init__()
        self._columns = columns
        self._by = by

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        lines = [line.with_changes(whitespace=self._moved(line.whitespace)) for line in updated_node.empty_lines]
        return updated_node.with_changes(last_line=self._moved(updated_node.last_line), empty_lines=lines)

    def _moved(self, space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        column = len(space.value)
        is_moved = column in self._columns and not space.value.strip(" ")
        return space.with_changes(value=" " * max(column + self._by, 0)) if is_moved else space


def _has_plain_parentheses(value: cst.BaseExpression) -> bool:
    return all(
        isinstance(space, cst.SimpleWhitespace) and "\n" not in space.value
        for space in (
            *(left.whitespace_after for left in value.lpar),
            *(right.whitespace_before for right in value.rpar),
        )
    )


def _is_whole(value: cst.BaseExpression) -> bool:
    """Say whether an expression is one without the parentheses around it: a line break may end it."""
    try:
        ast.parse(cst.Module(body=()).code_for_node(value), mode="eval")
    except SyntaxError:
        return False
    return True
