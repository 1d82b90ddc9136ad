"""JSON for programs. The shape is kept; a change that is more than a new key raises `VERSION`.

    {"version": 1,
     "findings": [{"path": "a.py", "line": 3, "column": 9, "end_line": 3, "end_column": 16, "code": "LKR101",
                   "message": "...", "trace": [{"line": 3, "text": "opened here"}],
                   "fix": {"kind": "WithBlock", "applicability": "safe"}}],
     "errors": [{"path": "b.py", "line": 7, "reason": "does not parse: invalid syntax"}]}

Lines and columns are 1-based, columns count characters, the end column is exclusive; `fix` is null where there is none,
`line` of an error is 0 where no line is to blame.
"""

import json
from collections.abc import Iterable

from leaklint.model.finding import Finding
from leaklint.model.source import SourceError

VERSION = 1


def document(findings: Iterable[tuple[str, Finding]], errors: Iterable[SourceError]) -> str:
    """Give the whole document for the findings, each with its path, and the files that could not be analysed."""
    content = {
        "version": VERSION,
        "findings": [_finding(path, found) for path, found in findings],
        "errors": [{"path": error.path, "line": error.line, "reason": error.reason} for error in errors],
    }
    return json.dumps(content, indent=2)


def _finding(path: str, found: Finding) -> dict[str, object]:
    fix = found.fix
    return {
        "path": path,
        "line": found.span.line,
        "column": found.span.column + 1,
        "end_line": found.span.end_line,
        "end_column": found.span.end_column + 1,
        "code": found.code,
        "message": found.message,
        "trace": [{"line": step.line, "text": step.text} for step in found.trace],
        "fix": None if fix is None else {"kind": type(fix.edit).__name__, "applicability": fix.applicability.value},
    }
