"""Where a new `import` goes: into the first block of imports, or after the docstring and the __future__ imports."""

import sys
from collections.abc import Sequence

import libcst as cst

from leaklint.rewrite.extent import import_line
from leaklint.rewrite.layout import Statement

_Lines = list[Statement]


def with_imports(module: cst.Module, names: Sequence[str]) -> cst.Module:
    """Import modules that the module does not import at its top level already."""
    body: _Lines = [line for line in module.body if isinstance(line, Statement)]
    for name in names:
        if not any(name in _names(line) for line in body):
            body = _extended(body, name) or _inserted(body, name)
    return module.with_changes(body=body)


def is_late(module: cst.Module, name: str, index: int) -> bool:
    """Say whether the statement at an index runs before the module's only import of a name."""
    body = [line for line in module.body if isinstance(line, Statement)]
    places = [place for place, line in enumerate(body) if name in _names(line)]
    return bool(places) and not isinstance(body[index], cst.FunctionDef) and places[0] > index


def _extended(body: _Lines, name: str) -> _Lines | None:
    """Add a name to an import of other names from its module, where that stands on one line at the start of the module."""
    module, _, attribute = name.partition(":")
    for index, line in enumerate(body if attribute else []):
        if not _is_harmless(line) and index:
            return None
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or _imported(line) != module:
            continue
        small = line.body[0]
        if isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar) and small.lpar is None:
            aliases = [one.with_changes(comma=cst.MaybeSentinel.DEFAULT) for one in small.names]
            place = next((i for i, one in enumerate(aliases) if _dotted(one.name) > attribute), len(aliases))
            aliases.insert(place, cst.ImportAlias(name=cst.Name(attribute)))
            changed = line.with_changes(body=(small.with_changes(names=aliases),))
            return [*body[:index], changed, *body[index + 1 :]]
    return None


def _inserted(body: _Lines, name: str) -> _Lines:
    start = _prologue(body)
    first = next((i for i in range(start, len(body)) if not _is_harmless(body[i])), len(body))
    block = [i for i in range(start, first) if _imported(body[i])]
    if not block:
        return _alone(body, start, name)
    runs = _runs(body, block)
    begin, end = next((one for one in runs if _is_standard(body[one[0]]) == _is_standard_name(name)), runs[0])
    run = body[begin:end]
    if not any(_is_standard(line) for line in run) and _is_standard_name(name):
        leading = body[begin].leading_lines
        rest = body[begin].with_changes(leading_lines=(_blank(),))
        return [*body[:begin], _line(name).with_changes(leading_lines=leading), rest, *body[begin + 1 :]]
    return [*body[:begin], *_sorted_in(run, name), *body[end:]]


def _runs(body: _Lines, block: list[int]) -> list[tuple[int, int]]:
    """Give the runs of imports without a blank line or a comment between them, as start and end."""
    runs: list[tuple[int, int]] = []
    for place in block:
        if runs and runs[-1][1] == place and not body[place].leading_lines:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _sorted_in(run: _Lines, name: str) -> _Lines:
    """Put an import into a block: among the plain imports, which come before the from-imports unless they are mixed."""
    plain = [i for i, line in enumerate(run) if _plain_names(line)]
    froms = [i for i, line in enumerate(run) if not _plain_names(line)]
    is_mixed = bool(plain and froms) and froms[0] < plain[-1]
    same = froms if ":" in name else plain
    among = list(range(len(run))) if is_mixed else same
    after = [i for i in among if _imported(run[i]).lower() > name.partition(":")[0]]
    index = after[0] if after else same[-1] + 1 if same else len(run) if ":" in name else 0
    if index:
        return [*run[:index], _line(name), *run[index:]]
    first = run[0]
    return [_line(name).with_changes(leading_lines=first.leading_lines), first.with_changes(leading_lines=()), *run[1:]]


def _alone(body: _Lines, index: int, name: str) -> _Lines:
    """Put an import on its own, with blank lines around it."""
    line = _line(name).with_changes(leading_lines=(_blank(),) if index else ())
    rest = body[index:]
    if rest:
        gap = 2 if isinstance(rest[0], cst.FunctionDef | cst.ClassDef) else 1
        leading = rest[0].leading_lines
        blanks = next((i for i, empty in enumerate(leading) if empty.comment), len(leading))
        added = tuple(_blank() for _ in range(gap - blanks))
        rest = [rest[0].with_changes(leading_lines=(*added, *leading)), *rest[1:]]
    return [*body[:index], line, *rest]


def _prologue(body: _Lines) -> int:
    """Count the lines that must come first: the docstring and the __future__ imports."""
    index = 1 if body and _is_docstring(body[0]) else 0
    while index < len(body) and _imported(body[index]) == "__future__":
        index += 1
    return index


def _is_harmless(line: Statement) -> bool:
    """Say whether an import may come after a line: imports, also optional ones, and assignments to dunder names."""
    if _imported(line):
        return True
    if isinstance(line, cst.SimpleStatementLine):
        small = line.body[0]
        return isinstance(small, cst.Assign) and all(
            isinstance(target.target, cst.Name) and target.target.value.startswith("__") for target in small.targets
        )
    return False


def _is_docstring(line: Statement) -> bool:
    if not isinstance(line, cst.SimpleStatementLine):
        return False
    small = line.body[0]
    return isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString)


def _plain_names(line: Statement) -> tuple[str, ...]:
    """Give the modules that a line of plain imports binds under their own names."""
    if not isinstance(line, cst.SimpleStatementLine):
        return ()
    imports = [small for small in line.body if isinstance(small, cst.Import)]
    return tuple(_dotted(alias.name) for small in imports for alias in small.names if alias.asname is None)


def _names(line: Statement) -> tuple[str, ...]:
    """Give what a line imports under its own name: `module`, or `module:name`."""
    if not isinstance(line, cst.SimpleStatementLine):
        return ()
    found = list(_plain_names(line))
    for small in line.body:
        if isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar) and not small.relative:
            module = _dotted(small.module) if small.module else ""
            found += [f"{module}:{_dotted(alias.name)}" for alias in small.names if alias.asname is None]
    return tuple(found)


def _imported(line: Statement) -> str:
    """Give the first module that a line of imports names, dots for a relative one; "" where it is no such line."""
    if not isinstance(line, cst.SimpleStatementLine):
        return ""
    match line.body[0]:
        case cst.Import(names=names):
            return _dotted(names[0].name)
        case cst.ImportFrom(module=module, relative=relative):
            return "." * len(relative) + (_dotted(module) if module else "")
    return ""


def _is_standard(line: Statement) -> bool:
    return _is_standard_name(_imported(line))


def _is_standard_name(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _dotted(name: cst.BaseExpression) -> str:
    match name:
        case cst.Name(value=value):
            return value
        case cst.Attribute(value=value, attr=attr):
            return f"{_dotted(value)}.{attr.value}"
    return ""


def _line(name: str) -> cst.SimpleStatementLine:
    line = cst.parse_statement(import_line(name))
    assert isinstance(line, cst.SimpleStatementLine)
    return line


def _blank() -> cst.EmptyLine:
    return cst.EmptyLine(indent=False)
