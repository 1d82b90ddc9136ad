"""`# noqa` comments, as flake8 reads them; flake8 is not asked, because importing it costs more than a small run.

A comment counts for every line of the statement or string that it ends (flake8 joins the physical lines between two
newline tokens), so the file is tokenized, but only where it has a finding and the word.
"""

import io
import re
from collections.abc import Iterable, Mapping

from leaklint.model.finding import Finding

INLINE = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)
_WORD = re.compile("noqa", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]")


def unsilenced(findings: Iterable[Finding], text: str) -> list[Finding]:
    """Give the findings that no noqa comment of the text silences."""
    kept = list(findings)
    if not kept or not _WORD.search(text):
        return kept
    lines = io.StringIO(text, newline=None).readlines()
    if any(FILE.match(line) for line in lines):
        return []
    ranges = logical_lines(lines)
    return [found for found in kept if not is_silenced(found.code, _line(found.span.line, lines, ranges))]


def is_silenced(code: str, line: str) -> bool:
    """Say whether the comment of a line, if it has one, silences a code."""
    comment = INLINE.search(line)
    if comment is None:
        return False
    if comment["codes"] is None:
        return True
    return code.startswith(tuple(part for part in _SEPARATOR.split(comment["codes"]) if part))


def logical_lines(lines: list[str]) -> Mapping[int, str]:
    """Map each 1-based line to the physical lines that are searched for its comment; empty where tokenizing fails."""
    import tokenize  # only here: few files have both a finding and the word, and importing it takes as long as a small one

    try:
        tokens = list(tokenize.generate_tokens(iter(lines).__next__))
    except (tokenize.TokenError, SyntaxError):
        return {}
    ranges: dict[int, str] = {}
    first, last = len(lines) + 2, -1
    for kind, _, (start, _), (end, _), _ in tokens:
        if kind in (tokenize.ENDMARKER, tokenize.DEDENT):
            continue
        first, last = min(first, start), max(last, end)
        if kind in (tokenize.NL, tokenize.NEWLINE):
            ranges.update(dict.fromkeys(range(first, last + 1), "".join(lines[first - 1 : last])))
            first, last = len(lines) + 2, -1
    return ranges


def _line(number: int, lines: list[str], ranges: Mapping[int, str]) -> str:
    if number in ranges:
        return ranges[number]
    return lines[number - 1] if 0 < number <= len(lines) else ""
