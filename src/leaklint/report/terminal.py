"""Findings for a person at a terminal: each with its source lines and the path on which the resource leaks.

app.py:2:9 LKR102 `h` (open file) stays open when line 4 returns; open it in a `with` block
  2 |     h = open(path)
    |         ^^^^^^^^^^ opened here
  4 |         return None
    |         ^^^^^^^^^^^ returns here
"""

from collections.abc import Iterable

from rich.text import Text

from leaklint.model.finding import Finding

WIDTH = 160  # longer lines of code are cut


def frames(path: str, findings: Iterable[Finding], text: str) -> list[Text]:
    """Give a file's findings with frames out of its text."""
    code = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [frame(path, found, code) for found in findings]


def frame(path: str, found: Finding, code: list[str]) -> Text:
    """Give one finding: a headline, then the line of the finding and the lines of its trace in the trace's order."""
    output = Text()
    output.append(path, "bold").append(f":{found.span.line}:{found.span.column + 1} ", "dim")
    output.append(found.code, "bold red").append(f" {found.message}\n")
    notes = {step.line: step.text for step in reversed(found.trace)}
    shown = list(dict.fromkeys([found.span.line, *(step.line for step in found.trace)]))
    shown = [number for number in shown if 0 < number <= len(code)]
    width = len(str(max(shown, default=0)))
    for number in shown:
        line = code[number - 1].expandtabs(4)[:WIDTH]
        output.append(f"  {number:{width}} | ", "dim").append(f"{line}\n")
        start, end = _marked(found, number, code[number - 1])
        output.append(f"  {'':{width}} | ", "dim").append(" " * start)
        output.append("^" * (end - start), "red").append(f" {notes.get(number, '')}".rstrip() + "\n", "red")
    if found.fix is not None:
        option = "" if found.fix.applicability.value == "safe" else " --unsafe-fixes"
        output.append(f"  {'':{width}} = ", "dim").append(f"leaklint fix{option} can rewrite this\n", "green")
    return output


def _marked(found: Finding, number: int, line: str) -> tuple[int, int]:
    """Give the columns to underline: of the finding on its own line, of all the code on a line of the trace."""
    start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    if number == found.span.line:
        start = found.span.column
        end = found.span.end_column if found.span.end_line == number else end
    first = min(len(line[:start].expandtabs(4)), WIDTH)
    return first, max(first + 1, min(len(line[:end].expandtabs(4)), WIDTH))
