"""Workflow commands of GitHub Actions, which show findings beside the lines of a pull request.

Source of the escapes: github.com/actions/toolkit, packages/core/src/command.ts.
"""

from collections.abc import Iterable

from leaklint.model.finding import Finding


def lines(path: str, findings: Iterable[Finding]) -> list[str]:
    """Give a file's findings, one command each; columns are 1-based."""
    return [_command(path, found) for found in findings]


def _command(path: str, found: Finding) -> str:
    span = found.span
    place = f"file={_property(path)},line={span.line},endLine={span.end_line}"
    if span.line == span.end_line:  # columns over several lines are refused
        place += f",col={span.column + 1},endColumn={span.end_column + 1}"
    return f"::error {place},title={found.code}::{_data(found.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
